# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Accepting a dispute: nothing is handed in, it is lost at once and for good.

Sources: https://docs.stripe.com/api/disputes/close (no parameters; ``needs_response`` becomes ``lost``; irreversible),
https://docs.stripe.com/api/idempotent_requests.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..base import HttpAnswer, HttpRequest
from ..reading import Wire, WireId, read_answer, read_as, schema_violation
from .client import get


class Closed(Wire):
    """https://docs.stripe.com/api/disputes/object"""

    id: WireId
    object: str
    status: str


def close_request(dispute: str, key: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the request that accepts a dispute."""
    request = get(f"/v1/disputes/{urllib.parse.quote(dispute, safe='')}/close", [], settings, secret)
    headers = {
        **request.headers,
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": key,
    }
    return replace(request, method="POST", headers=headers)


def closed(answer: HttpAnswer) -> bool:
    """Say whether the dispute is lost.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    told = read_as(read_answer(answer), Closed)
    if told.object != "dispute":
        raise schema_violation("$.object", "Expected “dispute”")
    return told.status == "lost"
