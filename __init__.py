# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import controllers
from . import models
from . import wizards
from .hooks import post_load, uninstall_hook
from .models.access.right import put_rights_in_front

put_rights_in_front()
