# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import audit_seal
from . import bundle_keys
from . import sealer
from . import verification
from . import verification_words
from . import exporter
from . import recorded
from . import recorded_models
from . import access_trail
from . import history
from . import signature_again
from . import words
