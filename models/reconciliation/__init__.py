# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import movement
from . import processor_statement
from . import waiting
from . import waiting_parents
