# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import report
from . import make
from . import monthly_duties
