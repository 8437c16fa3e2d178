# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import entry
from . import entry_data
from . import line
from . import collection
from . import explanation
