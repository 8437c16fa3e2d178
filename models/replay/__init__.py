# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import replay
from . import replay_line
from . import replay_selection
from . import replay_plan
from . import replay_approval
from . import replay_request
from . import replay_run
from . import replay_result
