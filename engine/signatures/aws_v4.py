# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Signs requests to object stores that speak S3: AWS Signature Version 4 in the Authorization header.

Source: Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)",
with its examples as tests. The body is signed as a whole.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timezone
from urllib.parse import parse_qsl, quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "s3"
# Characters that are never percent-encoded; in a path the slash is not either.
_UNRESERVED = "-._~"


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    key_id: str,
    secret: str,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """Return ``headers`` with what proves who sends them.

    :param url: absolute, percent-encoded as it goes over the wire.
    :param now: UTC-aware; the store refuses more than fifteen minutes of difference.
    """
    parts = urlsplit(url)
    instant = now.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    sent = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    sent |= {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": instant}
    names = ";".join(sorted(sent))
    canonical = "\n".join(
        [
            method,
            parts.path or "/",
            _canonical_query(parts.query),
            *(f"{name}:{sent[name]}" for name in sorted(sent)),
            "",
            names,
            digest,
        ]
    )
    scope = f"{instant[:8]}/{region}/{SERVICE}/aws4_request"
    text = "\n".join([ALGORITHM, instant, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (instant[:8], region, SERVICE, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    proof = f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**{name: value for name, value in sent.items() if name != "host"}, "authorization": proof}


def _canonical_query(query: str) -> str:
    pairs = sorted(
        (encoded(name), encoded(value)) for name, value in parse_qsl(query, keep_blank_values=True)
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


def encoded(text: str, *, path: bool = False) -> str:
    """Return ``text`` percent-encoded as the signature wants it; ``path``: slashes stay."""
    return quote(text, safe=_UNRESERVED + ("/" if path else ""))
