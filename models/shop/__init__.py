# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import order
from . import step
from . import connection
from . import summary
from . import legal_number
from . import breakage
from . import gateway
from . import drain
from . import writing
from . import writing_exception
from . import writing_wishes
from . import scheduled_prices
