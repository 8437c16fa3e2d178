# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One exchange with a receiver, as it is handed from the transaction that prepares it to the one that records it."""

import dataclasses

from ...connectors.base import UNSAID, HttpAnswer, HttpRequest, Receipt
from ...engine.errors import IntegrationError

# The whole exchange with a destination, however slowly it answers.
TOTAL_SECONDS = 20
MAX_ACKNOWLEDGEMENT_BYTES = 65_536
DELIVER, QUESTION = "deliver", "question"


@dataclasses.dataclass
class Prepared:
    """One request that is ready to go: an event (DELIVER), or the question whether the receiver has it (QUESTION).

    ``proofs`` are the secrets with one of which the receiver may sign what it says; ``reports``: it tells a source what
    became of its own event.
    """

    message_id: int
    act: str
    event_id: str
    connector: str
    flow_id: int | None
    request: HttpRequest
    allowed_hosts: tuple
    expectation: str
    proofs: tuple = dataclasses.field(default=(), repr=False)
    is_probe: bool = False
    reports: bool = False
    attempt_id: int | None = None


@dataclasses.dataclass
class Tried:
    """What came of one request: the ``answer`` or none, the judged ``state`` and ``effect``, an ``error`` or none."""

    state: str
    effect: str
    answer: HttpAnswer | None = None
    error: IntegrationError | None = None
    receipt: Receipt = dataclasses.field(default_factory=lambda: Receipt(UNSAID))
    signed: bool = False
    duration_ms: int = 0
    retry_after_seconds: int = 0
