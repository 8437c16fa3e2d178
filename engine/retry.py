# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When to try again, and what an HTTP answer means.

Back-off is exponential with a random share, so that many messages that failed together do not come
back together (source: AWS Architecture Blog, "Exponential Backoff And Jitter").
"""

from __future__ import annotations

import dataclasses
import email.utils
import math
import re
from datetime import datetime, timezone

_MAX_EXPONENT = 64
_DELTA_SECONDS = re.compile(r"\d{1,10}", re.ASCII)
_MAX_HEADER_CHARACTERS = 64


@dataclasses.dataclass(frozen=True)
class RetryPolicy:
    """How often and how fast a transient failure is tried again.

    ``max_attempts``  all attempts together, the first included.
    ``jitter``        share of each delay that is random, 0 to 1; 1 = full jitter: any delay up to the full one.
    ``retry_after_cap_seconds``  longest pause that the other side may ask for.
    """

    max_attempts: int = 8
    base_seconds: int = 5
    factor: int = 3
    cap_seconds: int = 3600
    jitter: float = 1.0
    retry_after_cap_seconds: int = 21_600

    def __post_init__(self):
        if self.max_attempts < 1 or self.base_seconds < 1 or self.factor < 1:
            raise ValueError("max_attempts, base_seconds and factor must be at least 1")
        if self.cap_seconds < self.base_seconds or self.retry_after_cap_seconds < 1:
            raise ValueError("cap_seconds must not be below base_seconds, the Retry-After cap not below 1")
        if not 0 <= self.jitter <= 1:
            raise ValueError("jitter is a share between 0 and 1")


def next_delay_seconds(
    policy: RetryPolicy, attempt: int, retry_after_seconds: int | None, random_unit: float
) -> int | None:
    """Return the seconds to wait after ``attempt`` (1 = the first try failed); None = the policy is spent.

    ``random_unit`` is a number in [0, 1); with the same number, delays never shrink from attempt to attempt.
    ``retry_after_seconds`` of the other side is a lower bound, itself bounded by the policy.
    """
    if attempt < 1:
        raise ValueError("attempts are counted from 1")
    if attempt >= policy.max_attempts:
        return None
    full_seconds = policy.base_seconds * policy.factor ** min(attempt - 1, _MAX_EXPONENT)
    full_seconds = min(full_seconds, policy.cap_seconds)
    share = 1 - policy.jitter + policy.jitter * min(max(random_unit, 0), 1)
    delay_seconds = max(1, math.ceil(full_seconds * share))
    if retry_after_seconds is not None:
        delay_seconds = max(delay_seconds, min(retry_after_seconds, policy.retry_after_cap_seconds))
    return delay_seconds


def parse_retry_after(text: str | None, now: datetime) -> int | None:
    """Return the seconds that a ``Retry-After`` header asks for (RFC 9110, section 10.2.3).

    Both forms are read: seconds, and an HTTP date compared with ``now`` (UTC-aware). A past date is 0;
    a missing or unreadable header is None: the policy then decides alone.
    """
    if text is None or len(text) > _MAX_HEADER_CHARACTERS:
        return None
    text = text.strip()
    if _DELTA_SECONDS.fullmatch(text):
        return int(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return max(0, math.ceil((moment - now).total_seconds()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


DONE = "done"
NOT_DONE = "not_done"
UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one try to send means.

    ``code``    error code of the catalogue, None when it succeeded.
    ``effect``  DONE, NOT_DONE (sending again is safe) or UNKNOWN (ask first, never blindly resend).
    """

    code: str | None
    effect: str


# (first status, last status, outcome); the first row that holds the status counts. The effect answers
# "may the other side have acted on it?": 500 and 504 come from systems that may have, 503 and 429 have not.
HTTP_OUTCOMES: tuple[tuple[int, int, Outcome], ...] = (
    (200, 299, Outcome(None, DONE)),
    (300, 399, Outcome("destination_redirected", NOT_DONE)),
    (401, 401, Outcome("credential_refused", NOT_DONE)),
    (403, 403, Outcome("credential_refused", NOT_DONE)),
    (407, 407, Outcome("credential_refused", NOT_DONE)),
    (408, 408, Outcome("destination_unavailable", NOT_DONE)),
    # The Idempotency-Key draft: 409 = the same key is being worked on at this moment.
    (409, 409, Outcome("destination_busy", UNKNOWN)),
    (423, 423, Outcome("destination_busy", NOT_DONE)),
    (425, 425, Outcome("destination_busy", NOT_DONE)),
    (429, 429, Outcome("destination_rate_limited", NOT_DONE)),
    (400, 499, Outcome("destination_refused", NOT_DONE)),
    (501, 501, Outcome("destination_refused", NOT_DONE)),
    (503, 503, Outcome("destination_server_error", NOT_DONE)),
    (500, 599, Outcome("destination_server_error", UNKNOWN)),
)
NOTHING_SENT = Outcome("destination_unavailable", NOT_DONE)
SENT_WITHOUT_ANSWER = Outcome("destination_timeout", UNKNOWN)
UNREADABLE_ANSWER = Outcome("destination_garbage", UNKNOWN)


def classify_status(status: int) -> Outcome:
    """Return what an HTTP ``status`` means; a number outside 200–599 is an unreadable answer."""
    for first, last, outcome in HTTP_OUTCOMES:
        if first <= status <= last:
            return outcome
    return UNREADABLE_ANSWER


def classify_failure(*, sent: bool) -> Outcome:
    """Return what a failed connection means; ``sent`` = at least one byte of the request went out."""
    return SENT_WITHOUT_ANSWER if sent else NOTHING_SENT
