# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Shopify's webhook headers, written after the vendor's public description alone.

Source: https://shopify.dev/docs/apps/build/webhooks/subscribe/https (HMAC-SHA256 of the raw body with the app's client
secret, in Base64; topic, shop and ids stand in headers that are not signed; after the client secret is rotated the old
one signs for a while longer).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timezone

from ..ids import token
from ..sending import Event

FAMILIES = ("X-Shopify-", "Shopify-")


def signature(body: bytes, secret: str) -> str:
    """Return the signature of a body.

    :raises ValueError: the secret is empty.
    """
    if not secret:
        raise ValueError("an empty secret signs nothing")
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class ShopifySigner:
    """Signs for one shop; ``roll`` takes a new secret, ``family`` is the beginning of the headers' names."""

    def __init__(self, secret: str, shop: str, api_version: str = "2026-01", family: str = FAMILIES[0]):
        if family not in FAMILIES:
            raise ValueError(f"Shopify has no headers that begin with {family}")
        self.shop, self.api_version, self.family = shop, api_version, family
        self._secret = secret

    def roll(self, secret: str) -> None:
        """Sign with ``secret`` from now on."""
        self._secret = secret

    def headers(self, event: Event, timestamp: int) -> dict[str, str]:
        """Return the headers of a delivery at ``timestamp`` (seconds since 1970)."""
        at = datetime.fromtimestamp(timestamp, timezone.utc)
        told = {
            "Topic": event.type,
            "Shop-Domain": self.shop,
            "API-Version": self.api_version,
            "Webhook-Id": token("webhook", event.id, timestamp, length=32),
            "Event-Id": token("event", event.id, length=32),
            "Triggered-At": at.strftime("%Y-%m-%dT%H:%M:%S.000000000Z"),
            "Hmac-Sha256": signature(event.body, self._secret),
        }
        return {f"{self.family}{name}": value for name, value in told.items()}
