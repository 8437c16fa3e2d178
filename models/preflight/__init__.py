# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import point
from . import facts
from . import facts_books
from . import facts_collection
from . import facts_rights
from . import facts_deferrals
from . import connection
from . import flow
