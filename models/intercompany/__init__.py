# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import agreement
from . import agreement_change
from . import agreement_user
from . import collection
from . import compare
from . import collection_allowance
from . import collection_loss
from . import named
