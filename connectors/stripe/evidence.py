# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Evidence for a dispute: files are uploaded, then everything is handed in at once, and only once.

Sources: https://docs.stripe.com/api/disputes/update (``evidence``, ``submit``, ``metadata``; all texts together 150,000
characters), https://docs.stripe.com/api/files/create (``multipart/form-data`` to files.stripe.com, purpose
``dispute_evidence``), https://docs.stripe.com/disputes/api, https://docs.stripe.com/api/idempotent_requests.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...engine.canonical_json import digest
from ..base import HttpAnswer, HttpRequest
from ..reading import Wire, WireId, read_answer, read_as, schema_violation
from .client import get

FILES_URL = "https://files.stripe.com"
KEY_NAME = "integration_evidence"
MAX_TEXT = 20_000
MAX_TEXTS = 150_000
# https://docs.stripe.com/file-upload: 5 MB for evidence; PDF, JPEG or PNG.
MAX_FILE_BYTES = 5_000_000
MEDIA_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png"})
UPLOAD_SECONDS = 60

# https://docs.stripe.com/api/disputes/evidence_object
TEXTS = frozenset(
    {
        "access_activity_log",
        "billing_address",
        "cancellation_rebuttal",
        "customer_email_address",
        "customer_name",
        "product_description",
        "refund_refusal_explanation",
        "service_date",
        "shipping_carrier",
        "shipping_date",
        "shipping_tracking_number",
        "uncategorized_text",
    }
)
FILES = frozenset(
    {
        "cancellation_policy",
        "customer_communication",
        "customer_signature",
        "receipt",
        "refund_policy",
        "service_documentation",
        "shipping_documentation",
        "uncategorized_file",
    }
)


class Uploaded(Wire):
    id: WireId
    object: str


class Told(Wire):
    id: WireId
    object: str
    metadata: dict[str, str] | None = None


def upload_request(
    name: str, media_type: str, content: bytes, key: str, settings: Mapping[str, Any], secret: str
) -> HttpRequest:
    """Return the request that uploads one file; the same ``key`` uploads it once.

    :raises ContractError: the file is none that Stripe takes as evidence.
    """
    if media_type not in MEDIA_TYPES or not 0 < len(content) <= MAX_FILE_BYTES:
        raise schema_violation("file", "Evidence is a PDF, JPEG or PNG of at most 5 MB")
    base = settings.get("api_base_url") or FILES_URL
    request = get("/v1/files", [], {**settings, "api_base_url": base}, secret)
    # What separates the parts must not stand in them; a digest of the content does not.
    boundary = f"finance-integration-{digest(content)[:32]}"
    plain = name.replace('"', "_").replace("\r", "_").replace("\n", "_")[:200]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ndispute_evidence\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    headers = {
        **request.headers,
        "content-type": f"multipart/form-data; boundary={boundary}",
        "idempotency-key": key,
    }
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return replace(request, method="POST", headers=headers, body=body, timeout_seconds=UPLOAD_SECONDS)


def uploaded(answer: HttpAnswer) -> str:
    """Return the id of an uploaded file.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    made = read_as(read_answer(answer), Uploaded)
    if made.object != "file":
        raise schema_violation("$.object", "Expected “file”")
    return made.id


def submit_request(
    dispute: str,
    texts: Mapping[str, str],
    files: Mapping[str, str],
    key: str,
    settings: Mapping[str, Any],
    secret: str,
) -> HttpRequest:
    """Return the request that hands the evidence in for good.

    :param texts: field → text; ``files``: field → id of an uploaded file.
    :raises ContractError: a field is none of Stripe's, or the texts are too long.
    """
    if unknown := sorted((texts.keys() - TEXTS) | (files.keys() - FILES)):
        raise schema_violation("evidence", f"Stripe has no field {unknown[0][:64]}")
    if any(len(text) > MAX_TEXT for text in texts.values()) or sum(map(len, texts.values())) > MAX_TEXTS:
        raise schema_violation(
            "evidence", "A text is longer than 20,000 characters, or all together than 150,000"
        )
    form = [(f"evidence[{name}]", value) for name, value in sorted({**texts, **files}.items())]
    form += [("submit", "true"), (f"metadata[{KEY_NAME}]", key)]
    request = get(_path(dispute), [], settings, secret)
    headers = {
        **request.headers,
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": key,
    }
    return replace(request, method="POST", headers=headers, body=urllib.parse.urlencode(form).encode())


def find_request(dispute: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the question how a dispute stands."""
    return get(_path(dispute), [], settings, secret)


def submitted(answer: HttpAnswer, key: str) -> bool:
    """Say whether the evidence with this key was handed in.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    told = read_as(read_answer(answer), Told)
    if told.object != "dispute":
        raise schema_violation("$.object", "Expected “dispute”")
    return (told.metadata or {}).get(KEY_NAME) == key


def _path(dispute: str) -> str:
    return f"/v1/disputes/{urllib.parse.quote(dispute, safe='')}"
