# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Every error code of the hub: its class, its words and its remedy, as data.

The words go through the marker ``_`` of :mod:`.base`, so that the translation extractor finds them;
whoever shows them translates first and fills the parameters afterwards (``fill``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .application import APPLICATION_CODES
from .audit import AUDIT_CODES
from .authorization import AUTHORIZATION_CODES
from .base import FIX_BUTTONS, FIX_CLASSES, SEVERITIES, CodeInfo, ErrorClass
from .batch import BATCH_CODES
from .billing import BILLING_CODES
from .business import BUSINESS_CODES
from .collection import COLLECTION_CODES
from .contract import CONTRACT_CODES
from .credentials import CREDENTIAL_CODES
from .promotion import PROMOTION_CODES
from .query import QUERY_CODES
from .governance import GOVERNANCE_CODES
from .hub import RULE_CODES, UPGRADE_CODES, WATCH_CODES
from .reference import REFERENCE_CODES
from .resolution import ACTORS, BACK_OFFS, CLASS_LABELS, REPLAYS, Resolution, resolutions_of
from .settlement import SETTLEMENT_CODES
from .shop import SHOP_CODES
from .transient import ANSWER_CODES, TRANSIENT_CODES
from .written import WRITTEN_CODES

__all__ = [
    "ACTORS",
    "BACK_OFFS",
    "CLASS_LABELS",
    "CODES",
    "FIX_BUTTONS",
    "FIX_CLASSES",
    "REPLAYS",
    "RESOLUTIONS",
    "SEVERITIES",
    "CodeInfo",
    "ErrorClass",
    "Resolution",
    "fill",
    "retries_by_itself",
    "unfill",
]

CODES: dict[str, CodeInfo] = {
    **CONTRACT_CODES,
    **REFERENCE_CODES,
    **BUSINESS_CODES,
    **BILLING_CODES,
    **BATCH_CODES,
    **APPLICATION_CODES,
    **COLLECTION_CODES,
    **AUTHORIZATION_CODES,
    **CREDENTIAL_CODES,
    **TRANSIENT_CODES,
    **QUERY_CODES,
    **RULE_CODES,
    **GOVERNANCE_CODES,
    **WATCH_CODES,
    **UPGRADE_CODES,
    **ANSWER_CODES,
    **AUDIT_CODES,
    **PROMOTION_CODES,
    **SETTLEMENT_CODES,
    **WRITTEN_CODES,
    **SHOP_CODES,
}

RESOLUTIONS: dict[str, Resolution] = resolutions_of(CODES)

_UNKNOWN_VALUE = "…"


class _Known(dict):
    """Parameters in which a missing name reads as an ellipsis: an error must never fail to show."""

    def __missing__(self, key: str) -> str:
        return _UNKNOWN_VALUE


def fill(template: str, params: Mapping[str, str]) -> str:
    """Return ``template`` (a sentence of the catalogue, perhaps translated) with ``params`` filled in.

    A parameter that is missing reads as "…"; a translation with a broken placeholder comes back as it is.
    """
    try:
        return template % _Known(params)
    except (ValueError, TypeError):
        return template


def unfill(template: str, text: str) -> dict[str, str] | None:
    """Return what fills ``template`` in ``text``; None where it is not that sentence, or could be read in two ways."""
    pieces = re.split(r"%\((\w+)\)s", template)
    found = []
    for anything in (".+", ".+?"):
        pattern, names = re.escape(pieces[0]), set()
        for name, words in zip(pieces[1::2], pieces[2::2], strict=True):
            pattern += f"(?P={name})" if name in names else f"(?P<{name}>{anything})"
            pattern += re.escape(words)
            names.add(name)
        match = re.fullmatch(pattern, text, re.DOTALL)
        if not match:
            return None
        found.append(match.groupdict())
    return found[0] if found[0] == found[1] else None


def retries_by_itself(code: str) -> bool:
    """Whether an event that failed with ``code`` is tried again unasked.

    :raises KeyError: the code is not in the catalogue.
    """
    return RESOLUTIONS[code].by_itself
