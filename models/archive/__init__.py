# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import archive
from . import archived_payload
from . import retention
from . import retention_class
