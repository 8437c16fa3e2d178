# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A step that is a transaction of its own: committed when it returns, repeated when the database was in the way."""

import logging
import random
import time
from contextlib import closing

from odoo import SUPERUSER_ID, api

from . import isolation
from .fetched import with_fetches

_logger = logging.getLogger(__name__)

DATABASE_TRIES = 5
# unique_violation: somebody else has just done the same, because the connection that held the lock was lost.
TWICE_STATE = "23505"


def states(tries_left):
    """Return the SQLSTATEs that are answered by doing everything again, and are no errors for the log until then."""
    return (*isolation.CONFLICT_STATES, TWICE_STATE) if tries_left else isolation.CONFLICT_STATES


def in_own_transaction(registry, step, context=None):
    """Run ``step(env)`` on a cursor of its own and commit; a database conflict repeats it from a fresh snapshot.

    A connection that is lost during the commit repeats it, too, and nobody knows whether it was committed: ``step`` has
    to find what it did before. What it needs from outside (a secret of a vault, an access token) is fetched when no
    transaction is open, and then it is done again.

    :raises psycopg2.Error: again and again.
    """
    return with_fetches(lambda: _repeated(registry, step, context))


def _repeated(registry, step, context):
    for tries_left in reversed(range(DATABASE_TRIES)):
        try:
            with isolation.conflicts_are_expected(states(tries_left)), closing(registry.cursor()) as cr:
                env = api.Environment(cr, SUPERUSER_ID, context or {})
                result = step(env)
                env.flush_all()
                cr.commit()  # pylint: disable=invalid-commit
            registry.signal_changes()
            return result
        except isolation.DATABASE_ERRORS as error:
            registry.reset_changes()
            if not tries_left:
                raise
            _logger.info("transaction repeated after %s", type(error).__name__)
            time.sleep(random.uniform(0.02, 0.2))
    raise AssertionError("unreachable")
