# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import event_filter
from . import subscription
from . import rule
from . import rule_part
from . import wait
from . import fact
from . import follow_up
