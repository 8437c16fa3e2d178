# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import promotion_rows
from . import promotion_abroad
from . import promotion_gaps
from . import promotion_apply
from . import promotion
from . import promotion_books
from . import promotion_rules
from . import promotion_agreements
from . import promotion_taxes
from . import promotion_steps
from . import promotion_line
