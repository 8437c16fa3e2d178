# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import bench
from . import workbench
from . import audit_cost
from . import post_again
