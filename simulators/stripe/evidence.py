# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Evidence at the simulated account: uploaded files, and what was handed in for a dispute.

Sources: https://docs.stripe.com/api/files/create, https://docs.stripe.com/api/disputes/update.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP

from .holdings import Holdings, RefusedError
from .shapes import Shape

MAX_FILE_BYTES = 5_000_000
MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png")


class Evidence(Holdings):
    """Files and submissions of one account."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.files: dict[str, Shape] = {}

    def upload(self, content_type: str, body: bytes) -> Shape:
        """Take a multipart form with ``purpose`` and ``file``."""
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
        if set(parts) != {"purpose", "file"} or parts["purpose"].get_content().strip() != "dispute_evidence":
            raise RefusedError("a file needs its purpose")
        content = parts["file"].get_payload(decode=True)
        if parts["file"].get_content_type() not in MEDIA_TYPES or not 0 < len(content) <= MAX_FILE_BYTES:
            raise RefusedError("this is no file that can be evidence")
        made = {
            "id": self.ids.next("file"),
            "object": "file",
            "created": self.clock.timestamp,
            "filename": parts["file"].get_filename(),
            "purpose": "dispute_evidence",
            "size": len(content),
            "type": parts["file"].get_content_subtype(),
        }
        self._keep(self.files, made)
        return copy.deepcopy(made)

    def submit_evidence(
        self, dispute_id: str, evidence: Mapping[str, str], metadata: Mapping[str, str], submit: bool = True
    ) -> Shape:
        """Take the evidence of a dispute; submitted, it goes to the bank and cannot be changed any more."""
        held = self._held(self.disputes, dispute_id)
        if held["status"] not in ("needs_response", "warning_needs_response"):
            raise RefusedError(f"{dispute_id} takes no evidence any more")
        for value in evidence.values():
            if value.startswith("file_") and value not in self.files:
                raise RefusedError(f"there is no {value}")
        held.setdefault("evidence", {}).update(evidence)
        held.setdefault("metadata", {}).update(metadata)
        before = held["status"]
        details = held["evidence_details"]
        details["has_evidence"] = True
        if submit:
            held["status"] = "warning_under_review" if before.startswith("warning") else "under_review"
            details["submission_count"] += 1
        self._tell("charge.dispute.updated", held, {"status": before})
        return copy.deepcopy(held)
