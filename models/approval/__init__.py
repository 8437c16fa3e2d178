# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import policy
from . import delegation
from . import bank_change
from . import decision
from . import request_people
from . import request_preview
from . import request_notice
from . import request_guard
