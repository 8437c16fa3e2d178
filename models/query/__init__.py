# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import policy
from . import answer
from . import questions
from . import asking
