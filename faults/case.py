# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One bad request and what the hub must answer."""

from __future__ import annotations

import json
from dataclasses import dataclass

TYPE = "Content-Type: application/json"


@dataclass(frozen=True)
class Case:
    """One request.

    ``status``   what must be answered; ``problem`` = with a problem document
    ``stored``   the event is kept although something is wrong with it
    ``code``     what then stops it (None = nothing does)
    ``counted``  the refusal is counted at its address
    """

    name: str
    request: bytes
    status: int
    stored: bool = False
    code: str | None = None
    problem: bool = True
    counted: bool = False


def dump(content: object) -> bytes:
    """Return ``content`` as a body."""
    return json.dumps(content).encode()
