# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Bytes as they go over the wire."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec

# A rate is a JSON number on Stripe's wire; through a float it would lose digits.
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def pretty(document: Any) -> bytes:
    """Return ``document`` as indented JSON, the way Stripe writes events and answers."""
    return msgspec.json.format(_ENCODER.encode(document), indent=2)


def compact(document: Any) -> bytes:
    """Return ``document`` as JSON without white space."""
    return _ENCODER.encode(document)


def parse(body: bytes) -> Any:
    """Return the JSON value of ``body``, numbers with a fraction as exact Decimal.

    :raises ValueError: the body is not JSON.
    """
    return json.loads(body, parse_float=Decimal)
