# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import binding
from . import binding_release
from . import mapping
from . import role_account
from . import ownership
from . import ownership_change
from . import field_source
from . import proposed_value
from . import contract
from . import flow_contract
from . import source_shape
from . import duplicate_key
from . import duplicate
from . import duplicate_display
from . import duplicate_merge
from . import duplicate_reader
from . import legal_number
