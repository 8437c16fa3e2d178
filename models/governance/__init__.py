# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import binding
from . import binding_release
from . import mapping_target
from . import mapping
from . import mapping_version
from . import mapping_resolver
from . import mapping_force
from . import mapping_change
from . import mapped_effect
from . import mapping_policy
from . import own_words
from . import outside_code
from . import mapping_names
from . import mapping_coverage
from . import what_if
from . import role_account
