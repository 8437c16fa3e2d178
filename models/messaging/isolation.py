# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What may go wrong with a single event without touching its neighbours.

The drain promises that every received event ends in a visible state. So at this one place, and nowhere else,
every exception that concerns one event is caught and becomes an outcome of that event; errors of the database
itself (lost connection, serialisation, deadlock) are not caught: they concern the batch. What makes a whole batch
fail again and again is caught here, too: the batch is then worked off event by event.
"""

import contextlib
import logging
import threading
import traceback

import psycopg2

from odoo.exceptions import AccessError, UserError

from ...engine.errors import AuthorizationError, BusinessError, IntegrationError
from .fetched import NeedsFetchError

_logger = logging.getLogger(__name__)

MAX_TRACE_CHARS = 4000
# serialization_failure, deadlock_detected, lock_not_available
CONFLICT_STATES = ("40001", "40P01", "55P03")
CANCELLED_STATE = "57014"  # query_canceled
# Classes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection, transaction rolled
# back, insufficient resources, object in use, operator intervention, system error.
PASSING_STATES = ("08", "40", "53", "55", "57", "58")


# These concern the whole batch: it is repeated from a fresh snapshot.
DATABASE_ERRORS = (psycopg2.OperationalError, psycopg2.IntegrityError, psycopg2.InterfaceError)


class _KnownConflicts(logging.Filter):
    """Keeps conflicts out of the log that the caller answers by doing everything again."""

    expected = threading.local()

    def filter(self, record):
        states = getattr(self.expected, "states", ())
        if not states:
            return True
        arguments = record.args if isinstance(record.args, tuple) else ()
        return not any(getattr(argument, "pgcode", None) in states for argument in arguments)


logging.getLogger("odoo.sql_db").addFilter(_KnownConflicts())


@contextlib.contextmanager
def conflicts_are_expected(states=CONFLICT_STATES):
    """Run a transaction that is repeated after a conflict: Odoo would log each as an error of a query."""
    expected = _KnownConflicts.expected
    before = getattr(expected, "states", ())
    expected.states = (*before, *states)
    try:
        yield
    finally:
        expected.states = before


def time_limits_are_expected():
    """Run statements that are cancelled when their time is up, and answer for it."""
    return conflicts_are_expected((*CONFLICT_STATES, CANCELLED_STATE))


@contextlib.contextmanager
def one_event():
    """Run what concerns one event; yields a list that holds its error afterwards, if there was one."""
    errors = []
    try:
        yield errors
    except (*DATABASE_ERRORS, NeedsFetchError):
        raise
    except Exception as error:  # noqa: BLE001 - the one place: see the module's docstring
        errors.append(as_integration_error(error))


@contextlib.contextmanager
def one_batch():
    """Run what concerns a batch; yields a list that holds its error afterwards, unless the error passes by itself."""
    errors = []
    try:
        yield errors
    except Exception as error:  # an event that spoils its batch must not stop the lane for ever
        if passes(error):
            raise
        errors.append(error)


def passes(error):
    """Whether an error says nothing about what was written: a conflict, a lost connection, a value to be fetched."""
    if isinstance(error, (psycopg2.InterfaceError, NeedsFetchError)):
        return True
    if not isinstance(error, psycopg2.OperationalError):
        return False
    return error.pgcode is None or error.pgcode.startswith(PASSING_STATES)


def _trace(error):
    return "".join(traceback.format_exception(error))[-MAX_TRACE_CHARS:]


def internal_error(error):
    """Return the outcome of an unexpected error: a sentence for the accountant, the trace for the engineer."""
    trace = _trace(error)
    _logger.info("an event failed unexpectedly: %s", trace)
    return BusinessError("internal_error", trace)


def as_integration_error(error):
    """Return what Odoo or a rule said, as a typed error."""
    if isinstance(error, IntegrationError):
        return error
    if isinstance(error, AccessError):
        return AuthorizationError("rights_missing", _trace(error))
    if isinstance(error, UserError):  # includes validation errors and redirect warnings
        return BusinessError("core_refused", str(error), params={"reason": str(error).strip()})
    return internal_error(error)
