# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import dispatcher
from . import webhook
from . import batch
from . import query
from . import ops
from . import audit_export
from . import paper
