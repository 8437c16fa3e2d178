# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How each error goes on, as data: by itself or not, with which pauses, who acts, whether replaying helps.

The class of a code gives the rule, ``_EXCEPTIONS`` names the codes for which the rule is not the truth. Nothing outside
this table decides whether an event is tried again unasked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from .application import APPLICATION_CODES
from .base import CodeInfo, ErrorClass, _
from .promotion import PROMOTION_CODES
from .settlement import SETTLEMENT_CODES

CLASS_LABELS = {
    ErrorClass.TRANSIENT: _("Passes by itself"),
    ErrorClass.CONTRACT: _("Not as agreed"),
    ErrorClass.REFERENCE: _("Something is missing here"),
    ErrorClass.BUSINESS: _("A rule of the books refuses"),
    ErrorClass.AUTHORIZATION: _("Not allowed"),
}
BACK_OFFS = {
    "none": _("Not tried again by itself"),
    "growing": _("By itself, after growing pauses, or when the other side says so"),
    "next_fetch": _("By itself, at the next fetch"),
    "at_once": _("By itself, at once"),
}
ACTORS = {
    "hub": _("Nobody: the hub goes on by itself"),
    "operator": _("Accountant (operator)"),
    "approver": _("Approver"),
    "administrator": _("Integration administrator"),
    "source": _("The system that sent it"),
    "destination": _("The system that receives it"),
}
REPLAYS = {
    "resume": _("Goes on in its place once the cause is removed: try again"),
    "same_result": _("Ends the same way until the source sends something else"),
    "booked": _("It is booked: processing it again changes nothing"),
    "not_stored": _("It was refused and not stored: the sender has to send it again"),
}


@dataclasses.dataclass(frozen=True)
class Resolution:
    """How one error goes on.

    ``by_itself``     whether the hub tries again unasked, as the flow's retry policy allows.
    ``back_off``      key of BACK_OFFS.
    ``actor``         key of ACTORS: who acts (``hub``: nobody, until its tries are spent).
    ``actor_later``   key of ACTORS: who acts when the tries are spent, or has the last word.
    ``replay``        key of REPLAYS: whether working it off again is of use.
    ``affects_books`` whether something is missing, waiting or in question in the books meanwhile.
    """

    code: str
    error_class: ErrorClass
    by_itself: bool
    back_off: str
    actor: str
    actor_later: str
    replay: str
    affects_books: bool

    def __post_init__(self):
        if self.by_itself != (self.back_off != "none"):
            raise ValueError(f"{self.code}: tried again by itself if and only if there is a back-off")
        if self.back_off not in BACK_OFFS or self.replay not in REPLAYS:
            raise ValueError(f"{self.code}: unknown back-off or use of a replay")
        if self.actor not in ACTORS or self.actor_later not in ACTORS or self.actor_later == "hub":
            raise ValueError(f"{self.code}: unknown actor")


_RULES = {
    ErrorClass.TRANSIENT: {
        "by_itself": True,
        "back_off": "growing",
        "actor": "hub",
        "actor_later": "operator",
        "replay": "resume",
        "affects_books": False,
    },
    ErrorClass.CONTRACT: {
        "by_itself": False,
        "back_off": "none",
        "actor": "source",
        "actor_later": "operator",
        "replay": "same_result",
        "affects_books": True,
    },
    ErrorClass.REFERENCE: {
        "by_itself": False,
        "back_off": "none",
        "actor": "operator",
        "actor_later": "operator",
        "replay": "resume",
        "affects_books": True,
    },
    ErrorClass.BUSINESS: {
        "by_itself": False,
        "back_off": "none",
        "actor": "operator",
        "actor_later": "operator",
        "replay": "resume",
        "affects_books": True,
    },
    ErrorClass.AUTHORIZATION: {
        "by_itself": False,
        "back_off": "none",
        "actor": "administrator",
        "actor_later": "administrator",
        "replay": "resume",
        "affects_books": False,
    },
}
_REFUSED_AT_THE_DOOR = (
    "invalid_json",
    "not_an_object",
    "too_deep",
    "duplicate_key",
    "body_too_large",
    "number_out_of_range",
    "signature_missing",
    "signature_malformed",
    "signature_invalid",
    "signature_stale",
    "signature_future",
    "secret_ended",
)
_SET_UP = (
    "role_account_missing",
    "journal_missing",
    "balance_account_missing",
    "bank_account_unknown",
    "service_user_missing",
    "time_zone_missing",
    "wrong_account",
    "wrong_environment",
    "unknown_event_type",
    "unknown_kind",
    "internal_error",
)
_WAITS_FOR_ANOTHER = {
    "by_itself": True,
    "back_off": "growing",
    "actor": "hub",
    "actor_later": "operator",
    "replay": "resume",
}
_EXCEPTIONS: dict[str, dict[str, object]] = {
    **{code: {"replay": "not_stored", "affects_books": False} for code in _REFUSED_AT_THE_DOOR},
    **{code: {"actor": "administrator", "actor_later": "administrator"} for code in _SET_UP},
    # Business that waits for something that comes by itself is tried again like a passing problem.
    "settlement_amount_unknown": _WAITS_FOR_ANOTHER,
    # It has waited as long as the flow allows, and goes on by itself when what it belongs to comes all the same.
    "parent_missing": {"actor": "source"},
    "version_conflict": {"actor": "source", "replay": "same_result"},
    "sequence_gap": {"actor": "source"},
    "database_retry": {"back_off": "at_once", "actor_later": "administrator"},
    "source_unavailable": {"back_off": "next_fetch", "actor_later": "administrator"},
    "source_rate_limited": {"back_off": "next_fetch", "actor_later": "administrator"},
    "destination_refused": {"actor": "destination", "affects_books": False},
    "destination_garbage": {
        "actor": "administrator",
        "actor_later": "destination",
        "replay": "resume",
        "affects_books": False,
    },
    "event_id_conflict": {"actor_later": "approver"},
    "control_total_differs": {"replay": "resume"},
    # The event stands, but the right to book what it says is missing.
    "rights_missing": {"affects_books": True},
    "approval_missing": {"actor": "approver", "actor_later": "approver"},
    # About the evidence, not about an event: nothing of the books waits for it.
    "audit_broken": {"affects_books": False},
    "seals_late": {"actor_later": "administrator"},
    "seal_folder_unusable": {"actor_later": "administrator"},
    "seal_heads_differ": {"actor": "administrator", "affects_books": False},
    "seal_entry_unreadable": {"affects_books": False},
    # The event is booked; only a value that it says besides waits.
    "value_not_owned": {"replay": "booked", "affects_books": False},
    "value_kept_out": {"replay": "booked", "affects_books": False},
    "owned_value_edited": {"replay": "booked", "affects_books": False},
    "document_not_owned": {"actor": "administrator", "actor_later": "approver"},
    "product_uncertain": {"affects_books": False},
    "product_archived": {"affects_books": False},
    "price_currency_differs": {"replay": "booked", "affects_books": False},
    "bank_details_differ": {"replay": "booked", "affects_books": False},
    "duplicate_suspected": {"replay": "booked", "affects_books": False, "actor_later": "approver"},
    "legal_number_missing": {"replay": "same_result"},
    # About what Odoo tells, not about an event: the books are as they are.
    "shop_not_written": {"replay": "booked", "affects_books": False},
    # Whoever locks the books acts, in Odoo; no event waits.
    **{
        code: {"actor": "approver", "replay": "booked", "affects_books": False}
        for code in ("lock_opened", "lock_opened_endless")
    },
    "source_changed": {"actor": "operator", "replay": "booked", "affects_books": False},
    "contract_deprecated": {"actor": "administrator", "replay": "booked", "affects_books": False},
    "contract_not_agreed": {"replay": "booked", "affects_books": False},
    **{code: {"actor_later": "administrator"} for code in ("secret_store_unavailable", "token_unavailable")},
    # Without its content an event can only come once more.
    "content_erased": {"actor": "source", "replay": "same_result"},
    "content_unreadable": {"affects_books": True},
    # A file that was refused; no event waits for it.
    **{
        code: {
            "actor": "administrator",
            "actor_later": "administrator",
            "replay": "not_stored",
            "affects_books": False,
        }
        for code in PROMOTION_CODES
    },
    "before_start_date": {"actor": "administrator", "actor_later": "administrator", "affects_books": False},
}
# Codes about what is booked already; the one that waits for its amount is not.
_BOOKED = (frozenset(APPLICATION_CODES) | SETTLEMENT_CODES.keys()) - {"settlement_amount_unknown"}


def _resolution(code: str, info: CodeInfo) -> Resolution:
    facts = dict(_RULES[info.error_class])
    if info.error_class is ErrorClass.BUSINESS and info.fix_class == "c":
        facts["actor_later"] = "approver"
    if code in _BOOKED:
        facts["replay"] = "booked"
    return Resolution(code=code, error_class=info.error_class, **{**facts, **_EXCEPTIONS.get(code, {})})


def resolutions_of(codes: Mapping[str, CodeInfo]) -> dict[str, Resolution]:
    """Return {code: how it goes on} for every code of the catalogue.

    :raises ValueError: an exception names a code that does not exist, or contradicts itself.
    """
    if unknown := _EXCEPTIONS.keys() - codes.keys():
        raise ValueError(f"exceptions for unknown codes: {sorted(unknown)}")
    return {code: _resolution(code, info) for code, info in codes.items()}
