# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the answer to a delivered event means: for the event, and for what we think of its destination.

Two questions that are often confused are kept apart. *Did the event arrive?* Yes, no, or nobody knows: the effect of
``engine.retry``. *Is the destination well?* An answer that refuses one event says nothing against it; no answer, an
error of its own, a redirect or a page that is no answer do.
"""

from __future__ import annotations

import dataclasses

from .retry import DONE, NOT_DONE, UNKNOWN, UNREADABLE_ANSWER, classify_status

# What a connection expects of an answer before an event counts as confirmed.
BY_STATUS, READABLE, SIGNED = "status", "readable", "signed"
EXPECTATIONS = (BY_STATUS, READABLE, SIGNED)

# What is done about an event of which nobody knows whether it arrived.
ASK, RESEND, PERSON = "ask", "resend", "person"
# What to do where the receiver cannot be asked.
POLICIES = (RESEND, PERSON)

CONFIRMED = "confirmed"
TAKEN_OVER = "taken_over"
FAILED = "failed"
MISSING = "missing"
REFUSED = "refused"
_SAID = {"received": CONFIRMED, "accepted": TAKEN_OVER, "refused": REFUSED}

# These say that the destination is not well, whatever event was sent.
FAILING_CODES = frozenset(
    {
        "destination_unavailable",
        "destination_timeout",
        "destination_server_error",
        "destination_redirected",
        "destination_garbage",
        "source_unavailable",
    }
)
# With these nothing can arrive until a person has changed something: sending stops at once.
PAUSING_CODES = frozenset(
    {
        "credential_refused",
        "address_forbidden",
        "secret_missing",
        "secret_unusable",
        "credential_unreadable",
        "secret_reference_malformed",
        "secret_reference_unresolved",
        "secret_store_refused",
        "encryption_key_unusable",
        "grant_refused",
    }
)
# After these the destination has taken its time; a job that met one gives its place in the job runner back.
SLOW_CODES = frozenset({"destination_timeout"})
# The answer to a question that says that the receiver does not know the question.
NO_QUESTION_CODES = frozenset({"destination_garbage", "destination_refused"})


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of one try.

    ``state``   CONFIRMED, TAKEN_OVER (the receiver says later what became of it) or FAILED; of a question
                also MISSING and REFUSED.
    ``code``    error code of the catalogue when it failed.
    ``effect``  DONE, NOT_DONE (sending again is safe) or UNKNOWN (nobody knows whether it arrived).
    """

    state: str
    code: str | None
    effect: str


_CONFIRMED = Verdict(CONFIRMED, None, DONE)


def judge_answer(status: int, said: str, expectation: str, signature_holds: bool) -> Verdict:
    """Return what an HTTP answer means for the event that was sent.

    :param status: of the answer.
    :param said: verdict of the connector's ``read_acknowledgement`` for a 2xx answer: 'received', 'accepted',
        'refused', or 'unsaid' when nothing could be read.
    :param expectation: one of EXPECTATIONS.
    :param signature_holds: whether the answer carries a valid signature over its body and the event's id.
    """
    outcome = classify_status(status)
    if outcome.effect != DONE:
        return Verdict(FAILED, outcome.code, outcome.effect)
    if expectation == BY_STATUS:
        return _CONFIRMED
    if said == "unsaid" or (expectation == SIGNED and not signature_holds):
        return Verdict(FAILED, UNREADABLE_ANSWER.code, UNREADABLE_ANSWER.effect)
    if said == "refused":
        return Verdict(FAILED, "destination_refused", NOT_DONE)
    return _CONFIRMED if said == "received" else Verdict(TAKEN_OVER, None, DONE)


def judge_question(status: int, said: str, expectation: str, signature_holds: bool) -> Verdict:
    """Return what the answer to the question whether the receiver has an event means.

    ``state`` is CONFIRMED, TAKEN_OVER, MISSING, REFUSED, or FAILED: then nothing is known, and ``code`` says why. Of
    these ``destination_garbage`` and ``destination_refused`` mean that it cannot be asked.

    :param said: verdict of the connector's ``read_status``.
    """
    if said == MISSING:  # sending again under the same id does no harm: this needs no signature
        return Verdict(MISSING, None, NOT_DONE)
    if said in _SAID and (signature_holds or expectation != SIGNED):
        return Verdict(_SAID[said], None, DONE)
    outcome = classify_status(status)
    code = outcome.code or UNREADABLE_ANSWER.code
    return Verdict(FAILED, code, UNKNOWN)


def judge_failure(code: str) -> Verdict:
    """Return what a try without an answer means; only ``destination_timeout`` says that something was sent."""
    return Verdict(FAILED, code, UNKNOWN if code == "destination_timeout" else NOT_DONE)


def after_unknown(*, can_ask: bool, policy: str) -> str:
    """Return what to do about an event of which nobody knows whether it arrived: ASK, RESEND or PERSON.

    :raises ValueError: ``policy`` is none of POLICIES.
    """
    if policy not in POLICIES:
        raise ValueError(f"unknown policy {policy!r}")
    return ASK if can_ask else policy


def is_failing(code: str | None) -> bool | None:
    """Return whether the destination failed, None = the try says nothing about it (nothing was sent)."""
    if code is None:
        return False
    if code in FAILING_CODES:
        return True
    return None if code in PAUSING_CODES else False
