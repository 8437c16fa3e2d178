# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a step needs from outside before it can go on: fetched between two tries of it, never inside its transaction.

A step that needs a secret of a vault or an access token asks ``known``. What is remembered is returned; what is not
raises ``NeedsFetchError``, the transaction is given up, the value is fetched with no transaction open and remembered
for a short time in this process, and the step is done again.

A failure is remembered, too: the step then meets it where it
needs the value, and it becomes the outcome of whatever the step was about.
"""

import threading
import time

from ...engine.errors import IntegrationError, TransientError

# One step needs a few values at most; whoever needs more goes round in circles.
MAX_FETCHES = 8
FAILURE_SECONDS = 15
MAX_REMEMBERED = 2000

_remembered: dict[tuple, tuple[float, object]] = {}
_lock = threading.Lock()


class NeedsFetchError(Exception):
    """A step cannot go on before ``fetch()`` was called with no transaction open."""

    def __init__(self, key, fetch):
        super().__init__(key[0])
        self._key = key
        self._fetch = fetch

    def fetch(self):
        """Fetch and remember the value, or why it could not be had. No transaction is open here."""
        try:
            value, seconds = self._fetch()
        except IntegrationError as error:
            value, seconds = error, FAILURE_SECONDS
        remember(self._key, value, seconds)


def known(key, fetch):
    """Return what is remembered under ``key`` (a tuple).

    :param fetch: function without arguments that returns (value, seconds to remember it).
    :raises NeedsFetchError: nothing is remembered.
    :raises IntegrationError: the last try to fetch it failed, a moment ago.
    """
    with _lock:
        until, value = _remembered.get(key, (0, None))
    if until <= time.monotonic():
        raise NeedsFetchError(key, fetch)
    if isinstance(value, IntegrationError):
        raise value.with_traceback(None)
    return value


def is_known(key):
    """Whether something is remembered under ``key``: a value, or why it could not be had."""
    with _lock:
        until, _value = _remembered.get(key, (0, None))
    return until > time.monotonic()


def remember(key, value, seconds):
    """Remember ``value`` for so many seconds in this process."""
    with _lock:
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        _remembered[key] = (time.monotonic() + seconds, value)


def forget(key=None):
    """Forget what is remembered under ``key``, or everything."""
    with _lock:
        if key is None:
            _remembered.clear()
        else:
            _remembered.pop(key, None)


def with_fetches(run, before_fetch=None):
    """Return ``run()``; whenever it needs something, that is fetched and it is run again.

    :param before_fetch: called before each fetch, to end the transaction that ``run`` has worked in.
    """
    for _fetch in range(MAX_FETCHES):
        try:
            return run()
        except NeedsFetchError as need:
            if before_fetch:
                before_fetch()
            need.fetch()
    raise TransientError("secret_store_unavailable", "one step needs too many values", params={"status": "–"})
