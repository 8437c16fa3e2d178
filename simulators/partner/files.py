# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the partner puts into a folder: files with control totals, written so that nobody reads half of one."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from .. import wire

MOVEMENT_HEAD = "movement_id,type,occurred_at,amount,currency,invoice"


def ndjson(events: Sequence[tuple[str, str, Mapping[str, Any]]], sums: Mapping[str, Decimal]) -> bytes:
    """Return a file of (id, type, document) events; ``sums`` are the control totals per currency."""
    lines = [
        wire.compact(
            {"id": event_id, "type": event_type, "timestamp": document["occurred_at"], "data": dict(document)}
        )
        for event_id, event_type, document in events
    ]
    control = {"count": len(events), "sums": {code: str(amount) for code, amount in sums.items()}}
    return b"\n".join([*lines, wire.compact({"control": control}), b""])


def movements_csv(rows: Sequence[tuple[str, str, str, str, str, str]], *, trailer: bool = True) -> bytes:
    """Return a file of movements (id, type, instant, amount, currency, invoice) with its trailer."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row[4]] = sums.get(row[4], Decimal(0)) + Decimal(row[3])
    lines = [MOVEMENT_HEAD, *(",".join(row) for row in rows)]
    if trailer:
        totals = [f"{code}={amount}" for code, amount in sorted(sums.items())]
        lines.append(",".join(["TRAILER", str(len(rows)), *totals]))
    return "".join(f"{line}\n" for line in lines).encode()


def put(folder: Path, name: str, content: bytes, *, packed: bool = False) -> Path:
    """Write a file under another name and rename it; returns where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (f"{name}.gz" if packed else name)
    part = target.with_name(f"{target.name}.part")
    part.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    part.replace(target)
    return target
