# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import brings
from . import guide
from . import guide_test
from . import guide_codes
from . import billing
