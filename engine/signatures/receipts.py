# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whether a receiver signed what it says of an event: the same signature as on its own events, over its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..errors import AuthorizationError
from .base import Secret, SignedRequest
from .standard_webhooks import StandardWebhooksV1, StandardWebhooksV1a

ID_HEADER = "webhook-id"
TOLERANCE_SECONDS = 300
_SCHEMES = (StandardWebhooksV1(), StandardWebhooksV1a())


def receipt_is_signed(
    headers: Mapping[str, str], body: bytes, event_id: str, secrets: Sequence[Secret], now: datetime
) -> bool:
    """Return whether one of ``secrets`` signed ``body`` for this very event, within five minutes of ``now``.

    :param headers: of the answer, names in lower case; ``webhook-id`` must be the id of the event that it confirms.
    :param secrets: shared secrets, or the receiver's public keys.
    """
    if headers.get(ID_HEADER) != event_id:
        return False
    request = SignedRequest("", "", list(headers.items()), body)
    for scheme in _SCHEMES:
        for secret in secrets:
            try:
                scheme.verify(request, [secret], now, TOLERANCE_SECONDS)
            except AuthorizationError:
                continue
            return True
    return False
