# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is said to an object store that speaks S3, and what its answers mean; pure, the requests are sent elsewhere.

Source: Amazon S3 API Reference (ListObjectsV2, GetObject, HeadObject, PutObject, CopyObject, DeleteObject, error
responses). Addresses are written path-style, ``<endpoint>/<bucket>/<key>``, which every such store understands.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from .errors import AuthorizationError, ContractError, IntegrationError, TransientError
from .file_names import forbidden
from .formats.xml_guard import parse_xml
from .signatures.aws_v4 import encoded

if TYPE_CHECKING:
    from .formats.xml_guard import Element

PAGE_KEYS = 1000
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = re.compile(r"(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
REGION = re.compile(r"[a-z0-9-]{1,40}")
# Who we are, or what we sign with, is not accepted; anything else that is denied is a right that is missing.
CREDENTIAL_CODES = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_MAX_CODE_CHARACTERS = 60


@dataclasses.dataclass(frozen=True)
class Bucket:
    """Where objects are. ``endpoint`` has no path; ``region`` is part of the signature."""

    endpoint: str
    name: str
    region: str

    def url(self, key: str = "", **query: str) -> str:
        """Return the address of an object, or of the bucket itself."""
        path = f"/{self.name}/{encoded(key, path=True)}" if key else f"/{self.name}"
        return f"{self.endpoint}{path}" + (f"?{urlencode(sorted(query.items()))}" if query else "")

    def listing_url(self, prefix: str, token: str = "") -> str:
        """Return the address of a page of what lies directly below ``prefix`` (ends with a slash, or is empty)."""
        query = {"list-type": "2", "delimiter": "/", "max-keys": str(PAGE_KEYS), "prefix": prefix}
        if token:
            query["continuation-token"] = token
        return self.url(**query)

    def copy_source(self, key: str) -> str:
        """Return the header value that names an object of the bucket as what is copied."""
        return encoded(f"/{self.name}/{key}", path=True)


@dataclasses.dataclass(frozen=True)
class Listed:
    """An object of a listing; ``etag`` changes with its content."""

    key: str
    size_bytes: int
    etag: str


def endpoint_of(url: str, region: str) -> str:
    """Return the endpoint without a slash at its end; empty = Amazon's own of the region."""
    return (url or f"https://s3.{region}.amazonaws.com").rstrip("/")


def read_listing(body: bytes) -> tuple[list[Listed], str]:
    """Return the objects of a page and the token of the next one, '' at the end.

    :raises TransientError: ``source_unavailable``: it is no listing.
    """
    root = _xml(body, "ListBucketResult")
    found = [
        Listed(_text(item, "Key"), int(_text(item, "Size") or 0), _text(item, "ETag"))
        for item in root.iter()
        if _name(item) == "Contents"
    ]
    more = _text(root, "IsTruncated") == "true"
    return found, _text(root, "NextContinuationToken") if more else ""


def is_copied(body: bytes) -> bool:
    """Whether the answer to a copy says that it was made: its status alone is sent before the copying is done."""
    try:
        _xml(body, "CopyObjectResult")
    except TransientError:
        return False
    return True


def refusal(status: int, body: bytes, name: str) -> IntegrationError:
    """Return the error that an answer other than success means.

    :param name: what was asked for, for people.
    """
    code = _error_code(body)
    if code in CREDENTIAL_CODES or status == 401:
        return AuthorizationError("credential_refused", code, params={"status": code or str(status)})
    if status in (301, 302, 303, 307, 308):
        return forbidden(name, "the bucket is in another region, or at another address")
    if status in (403, 404):
        return forbidden(name, code or f"HTTP {status}")
    # 412: it was replaced while it was read; 5xx and 429 pass.
    return TransientError("source_unavailable", code, params={"status": code or f"HTTP {status}"})


def _error_code(body: bytes) -> str:
    try:
        return _text(_xml(body, "Error"), "Code")[:_MAX_CODE_CHARACTERS]
    except TransientError:
        return ""


def _xml(body: bytes, wanted: str) -> Element:
    """Return the root of an answer."""
    problem = TransientError("source_unavailable", wanted, params={"status": "an unreadable answer"})
    try:
        root = parse_xml(body, wanted)
    except ContractError as error:
        raise problem from error
    if _name(root) != wanted:
        raise problem
    return root


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: Element, name: str) -> str:
    return next(((child.text or "") for child in element if _name(child) == name), "")
