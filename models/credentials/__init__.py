# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import access
from . import token
from . import ending
from . import rolling
from . import encryption_key
from . import key_rotation
from . import environment_mark
from . import erasure
