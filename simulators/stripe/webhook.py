# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe's webhook signature, written after the vendor's public description alone.

Source: https://docs.stripe.com/webhooks#verify-manually. Signed is ``<t>.<raw body>`` with HMAC-SHA256;
the key is the whole endpoint secret, its ``whsec_`` included. While a secret is rolled the header
carries one ``v1`` for each secret that is still valid; test events also carry a ``v0``, to be ignored.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from .. import wire
from ..sending import Event
from .shapes import Shape

HEADER = "Stripe-Signature"


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """Return the hexadecimal ``v1`` signature of ``body`` sent at ``timestamp``.

    :raises ValueError: the secret is empty.
    """
    if not secret:
        raise ValueError("an empty secret signs nothing")
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def sign(body: bytes, secrets: Sequence[str], timestamp: int) -> str:
    """Return the value of ``Stripe-Signature`` with one ``v1`` for each secret."""
    if not secrets:
        raise ValueError("at least one secret is needed")
    return ",".join([f"t={timestamp}", *(f"v1={signature(body, secret, timestamp)}" for secret in secrets)])


class StripeSigner:
    """Signs with the endpoint's secrets; ``roll`` adds a new one, ``expire`` drops the oldest."""

    def __init__(self, secret: str):
        self._secrets = [secret]

    def roll(self, secret: str) -> None:
        """Sign with ``secret`` too from now on; at most two are valid at once."""
        self._secrets = [*self._secrets, secret][-2:]

    def expire(self) -> None:
        """Stop signing with the older of two secrets."""
        self._secrets = self._secrets[-1:]

    def headers(self, event: Event, timestamp: int) -> dict[str, str]:
        """Return the signature header of ``event`` sent at ``timestamp``."""
        return {HEADER: sign(event.body, self._secrets, timestamp)}


def as_event(told: Shape) -> Event:
    """Return one of the account's events in the form in which it is delivered."""
    return Event(id=told["id"], type=told["type"], body=wire.pretty(told))
