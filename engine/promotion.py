# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A configuration as a signed file: its one form, its signature, and what is refused of it (M5).

A bundle names everything by what people call it (codes, names, sign-in names), never by the number of a record, and
holds no secret and no address of an outside system: both belong to one environment. It is one JSON file::

    {"bundle": text, "signature": base64, "public_key": base64}

``text`` is the RFC 8785 form of the content; it is signed with Ed25519 (RFC 8032). The name of the format stands in the
signed text, so that a signature under a seal of the audit trail is never one under a bundle, or the other way round.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from .audit_seal import SigningKey, key_id_of, signature_holds
from .canonical_json import canonical_bytes, digest
from .errors import AuthorizationError, ContractError
from .json_guard import parse_json_object
from .promotion_sense import names_records_by_number, ownership_problems, spans_overlap
from .promotion_values import (
    DAY,
    DECIMAL,
    FLAG,
    MAX_TEXT,
    PARTS,
    SPANS,
    STEPS,
    TAXES,
    TEXT,
    TIERS,
    WHOLE,
    fits,
)

FORMAT = "finance-integration-configuration/4"
# What each form has brought: section → fields, None = the whole section.
_NEW_IN: dict[str, dict[str, tuple[str, ...] | None]] = {
    "finance-integration-configuration/4": {
        "connections": ("customers_out", "bank_journal_ids"),
        "mappings": ("taxes",),
        "collection_agreements": None,
    },
    "finance-integration-configuration/3": {
        "connections": (
            "routed_from_id",
            "payout_journal_ids",
            "prepayment_vat_country_ids",
            "billing_issuer",
            "billing_products",
        ),
        "shared_rules": None,
        "shared_approval_rules": None,
    },
    "finance-integration-configuration/2": {
        "connections": ("shop_booking", "shop_guest_id"),
        "balance_accounts": None,
        "rules": None,
    },
    "finance-integration-configuration/1": {},
}


def _not_said() -> dict[str, dict[str, tuple[str, ...] | None]]:
    """Return the forms that are read, each with what it does not say: all that came with a later one.

    What is not said stays as it is where the bundle is brought in.
    """
    forms: dict[str, dict[str, tuple[str, ...] | None]] = {}
    unsaid: dict[str, tuple[str, ...] | None] = {}
    for form, brought in _NEW_IN.items():
        forms[form] = dict(unsaid)
        for section, names in brought.items():
            unsaid[section] = None if names is None else (*(unsaid.get(section) or ()), *names)
    return forms


_NOT_SAID = _not_said()
MAX_BYTES = 5_000_000
MAX_RECORDS = 20_000
ENVIRONMENTS = ("production", "sandbox", "test")


@dataclasses.dataclass(frozen=True)
class Section:
    """One kind of record of a configuration.

    ``model``   of Odoo.
    ``key``     names of the parts by which one record is known in every environment.
    ``fields``  name → kind of value.
    """

    model: str
    key: tuple[str, ...]
    fields: Mapping[str, str]


_FLOW_TEXTS = ("mode", "criticality", "data_contract", "runbook_url", "numbering", "numbering_policy")
_FLOW_NUMBERS = (
    "latency_target_seconds", "batch_size", "sla_hours", "max_attempts", "first_delay_seconds", "delay_factor",
    "longest_delay_seconds", "inbound_rate_per_second", "outbound_rate_per_second", "retention_days", "parent_hours",
    "gap_hours",
)  # fmt: skip
_LIMITS = (
    "materiality", "difference_amount", "difference_percent", "user_day_amount", "partner_month_amount",
    "application_amount", "write_off_amount",
)  # fmt: skip
_RULE: dict[str, str] = {
    "active": FLAG, "sequence": WHOLE, "user_id": "ref:user", "scope": TEXT, "each_time": FLAG,
    "condition": TEXT, "deadline_hours": DECIMAL, "prerequisite_ids": PARTS, "action_ids": STEPS,
}  # fmt: skip
_APPROVAL_RULE: dict[str, str] = {
    "amount_from": DECIMAL, "currency_id": "ref:currency", "ask_hours": WHOLE, "valid_hours": WHOLE,
    "remind_hours": WHOLE, "tiers": TIERS,
}  # fmt: skip
# Sections of what counts for every company of a server.
SHARED = ("shared_rules", "shared_approval_rules")

# In the order in which they are carried out: what others name comes first.
SECTIONS: dict[str, Section] = {
    "connections": Section(
        "integration.connection",
        ("name",),
        {
            "active": FLAG, "connector": TEXT, "system_role": TEXT, "time_zone": TEXT, "fetch_from": DAY,
            "reference_keys": TEXT, "sales_journal_id": "ref:journal", "issued_journal_id": "ref:journal",
            "entry_journal_id": "ref:journal", "tax_tolerance": DECIMAL, "fee_mode": TEXT,
            "fee_partner_id": "ref:partner", "shop_booking": TEXT, "shop_guest_id": "ref:partner",
            # A connection of another company: its name follows that of its company.
            "routed_from_id": "ref:feeder", "payout_journal_ids": "refs:journal",
            "prepayment_vat_country_ids": "refs:country",
            "billing_issuer": TEXT, "billing_products": FLAG,
            "customers_out": TEXT, "bank_journal_ids": "refs:journal",
        },
    ),
    "balance_accounts": Section(
        "integration.balance.account", ("connection_id", "currency_id"), {"journal_id": "ref:journal"}
    ),
    "flows": Section(
        "integration.flow",
        ("connection_id", "direction", "kind"),
        {
            **dict.fromkeys(_FLOW_TEXTS, TEXT), **dict.fromkeys(_FLOW_NUMBERS, WHOLE), "customers_first": FLAG,
            "contract_id": "ref:contract", "user_id": "ref:user", "has_processing_window": FLAG,
            "processing_days": TEXT, "processing_from": DECIMAL, "processing_to": DECIMAL,
            "has_posting_window": FLAG, "posting_days": TEXT, "posting_from": DECIMAL, "posting_to": DECIMAL,
        },
    ),
    "role_accounts": Section(
        "integration.role.account", ("connection_id", "role"), {"account_id": "ref:account"}
    ),
    # What this company collects for another one; both companies' records are named, each as its own company does.
    "collection_agreements": Section(
        "integration.collection.agreement",
        ("payee_id",),
        {
            "payable_account_id": "ref:account", "receivable_account_id": "ref:payee_account",
            "journal_id": "ref:journal", "payee_journal_id": "ref:payee_journal",
            "payee_partner_id": "ref:other_contact", "collector_partner_id": "ref:other_contact",
            "valid_from": DAY, "valid_until": DAY, "at_once": TEXT,
        },
    ),
    "mappings": Section(
        "integration.mapping",
        ("connection_id", "mapping", "outside_value"),
        # A name alone does not say which tax is meant: ``taxes`` says what each is that the spans name.
        {"spans": SPANS, "taxes": TAXES},
    ),
    "ownership": Section(
        "integration.ownership",
        ("object", "field", "connection_id"),
        {
            "owner": TEXT, "owner_role": TEXT, "owner_role_2": TEXT, "owner_role_3": TEXT,
            "owner_connection_id": "ref:connection", "conflict": TEXT, "fills_empty": FLAG,
        },
    ),
    "subscriptions": Section(
        "integration.subscription",
        ("connection_id", "kind", "number"),
        {
            "active": FLAG, "journal_ids": "refs:journal", "country_ids": "refs:country", "amount_from": DECIMAL,
            "currency_id": "ref:currency", "domain": TEXT,
        },
    ),
    "rules": Section("integration.rule", ("name",), _RULE),
    "shared_rules": Section("integration.rule", ("name",), _RULE),
    "assignment_rules": Section(
        "integration.assignment.rule",
        ("name",),
        {
            "active": FLAG, "sequence": WHOLE, "connection_id": "ref:connection", "error_class": TEXT,
            "reason_id": "ref:reason", "amount_from": DECIMAL, "user_ids": "refs:user",
        },
    ),
    "limits": Section("integration.workbench.setting", ("what",), dict.fromkeys(_LIMITS, DECIMAL)),
    "approval_rules": Section("integration.approval.policy", ("name", "kind"), _APPROVAL_RULE),
    "shared_approval_rules": Section("integration.approval.policy", ("name", "kind"), _APPROVAL_RULE),
}  # fmt: skip

# section → {key: {field: value}}, the form in which configurations are compared.
Rows = dict[str, dict[tuple[str, ...], dict[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What a bundle says.

    ``source``  company, environment and database that it comes from, in words.
    ``target``  company and environment that it is made for; '' = any.
    ``needs``   what has to be supplied in the target: secrets and addresses, in order.
    ``form``    of the file; rows of an older one lack the fields that it does not know.
    """

    source: Mapping[str, str]
    target: Mapping[str, str]
    made_at: str
    rows: Rows
    needs: tuple[Mapping[str, str], ...] = ()
    form: str = FORMAT


def fields_said(form: str, section: str) -> Mapping[str, str] | None:
    """Return the fields of a section (name → kind) that a form of bundles says; None = it lacks the section.

    :raises ContractError: ``bundle_format``: no such form is read here.
    """
    if form not in _NOT_SAID:
        raise ContractError("bundle_format", params={"stated": str(form)[:80], "known": FORMAT})
    unsaid = _NOT_SAID[form].get(section, ())
    if unsaid is None:
        return None
    return {name: kind for name, kind in SECTIONS[section].fields.items() if name not in unsaid}


# -- writing ------------------------------------------------------------------------------------------------------


def bundle_text(bundle: Bundle) -> str:
    """Return the one form of a bundle in which it is signed, with a digest for each section."""
    sections = _as_lists(bundle.rows, bundle.form)
    return canonical_bytes(
        {
            "format": bundle.form,
            "source": dict(bundle.source),
            "target": dict(bundle.target),
            "made_at": bundle.made_at,
            "manifest": {
                name: {"records": len(rows), "digest": digest(canonical_bytes(rows))}
                for name, rows in sections.items()
            },
            "sections": sections,
            "needs": [dict(need) for need in bundle.needs],
        }
    ).decode()


def rows_digest(rows: Rows) -> str:
    """Return the SHA-256 of a configuration."""
    return digest(canonical_bytes(_as_lists(rows)))


def write_bundle(bundle: Bundle, key: SigningKey) -> bytes:
    """Return the file of a bundle, signed with ``key``."""
    text = bundle_text(bundle)
    return canonical_bytes({"bundle": text, "signature": key.sign(text), "public_key": key.public})


def _as_lists(rows: Rows, form: str = FORMAT) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [{"key": list(key), "values": rows.get(name, {})[key]} for key in sorted(rows.get(name, {}))]
        for name in SECTIONS
        if fields_said(form, name) is not None
    }


# -- reading ------------------------------------------------------------------------------------------------------


def read_bundle(
    raw: bytes, known_keys: Iterable[str], *, company: str, environment: str
) -> tuple[Bundle, str, str]:
    """Return (bundle, its signed text, id of the key) of a file, having checked everything that can be without a
    database.

    :param known_keys: ids of the public keys whose bundles are taken.
    :param company: name of the company that it is read for; ``environment`` one of ENVIRONMENTS.
    :raises ContractError: ``bundle_too_large``, ``bundle_unreadable``, ``bundle_format``, ``bundle_altered``,
        ``bundle_not_for_here``, ``bundle_contradiction``.
    :raises AuthorizationError: ``bundle_key_unknown``, ``bundle_signature``.
    """
    if len(raw) > MAX_BYTES:
        raise ContractError("bundle_too_large", params={"limit": str(MAX_BYTES // 1_000_000)})
    file = _parsed(raw)
    text, signature, public = (file.get(name) for name in ("bundle", "signature", "public_key"))
    if file.keys() != {"bundle", "signature", "public_key"} or not all(
        isinstance(part, str) for part in (text, signature, public)
    ):
        raise ContractError("bundle_unreadable", "not the envelope of a bundle")
    content = _parsed(text.encode("utf-8", "surrogatepass"))
    _said(content.get("format"))
    key_id = _check_signature(text, signature, public, known_keys)
    bundle = _content(content)
    if bundle_text(bundle) != text:
        raise ContractError("bundle_altered", "digests or form are not those of the content")
    _check_target(bundle, company, environment)
    _check_sense(bundle.rows)
    return bundle, text, key_id


def read_text(text: str) -> Bundle:
    """Return the bundle of a text that ``read_bundle`` or ``bundle_text`` gave before.

    :raises ContractError: something else.
    """
    return _content(_parsed(text.encode()))


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        return parse_json_object(raw, max_bytes=MAX_BYTES)
    except ContractError as error:
        raise ContractError("bundle_unreadable", error.code) from error


def _check_signature(text: str, signature: str, public: str, known_keys: Iterable[str]) -> str:
    try:
        key_id = key_id_of(public)
    except ValueError as error:
        raise AuthorizationError("bundle_signature", "no public key") from error
    if not signature_holds(text, signature, public):
        raise AuthorizationError("bundle_signature", key_id)
    if key_id not in set(known_keys):
        raise AuthorizationError("bundle_key_unknown", key_id, params={"key": key_id[:16]})
    return key_id


def _content(content: Mapping[str, Any]) -> Bundle:
    expected = {"format", "source", "target", "made_at", "manifest", "sections", "needs"}
    sections, said = content.get("sections"), _said(content.get("format"))
    if content.keys() != expected or not isinstance(sections, dict) or sections.keys() != said.keys():
        raise ContractError("bundle_unreadable", "other parts than a bundle has")
    for name in ("source", "target"):
        _check_words(content[name])
    needs = content["needs"]
    if not isinstance(needs, list) or not isinstance(content["made_at"], str):
        raise ContractError("bundle_unreadable", "needs")
    for need in needs:
        _check_words(need)
    rows: Rows = {name: _rows(name, sections[name], said[name]) if name in said else {} for name in SECTIONS}
    if sum(map(len, rows.values())) > MAX_RECORDS:
        raise ContractError("bundle_too_large", "records", params={"limit": str(MAX_BYTES // 1_000_000)})
    return Bundle(
        content["source"], content["target"], content["made_at"], rows, tuple(needs), content["format"]
    )


def _said(form: Any) -> dict[str, Mapping[str, str]]:
    """Return the sections that a form says, with their fields."""
    listed = {name: fields_said(form if isinstance(form, str) else str(form), name) for name in SECTIONS}
    return {name: fields for name, fields in listed.items() if fields is not None}


def _check_words(value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(part, str) for part in value.values()):
        raise ContractError("bundle_unreadable", "texts expected")


def _rows(name: str, listed: Any, fields: Mapping[str, str]) -> dict[tuple[str, ...], dict[str, Any]]:
    section, rows = SECTIONS[name], {}
    if not isinstance(listed, list):
        raise ContractError("bundle_unreadable", name)
    for row in listed:
        if not isinstance(row, dict) or row.keys() != {"key", "values"}:
            raise ContractError("bundle_unreadable", name)
        key, values = row["key"], row["values"]
        if (
            not isinstance(key, list)
            or len(key) != len(section.key)
            or not all(isinstance(part, str) and len(part) <= MAX_TEXT for part in key)
            or not isinstance(values, dict)
            or values.keys() != fields.keys()
            or tuple(key) in rows
        ):
            raise ContractError("bundle_unreadable", name)
        for field, kind in fields.items():
            if not fits(kind, values[field]):
                raise ContractError("bundle_unreadable", f"{name}: {field}")
        rows[tuple(key)] = values
    return rows


def _check_target(bundle: Bundle, company: str, environment: str) -> None:
    wanted = bundle.target
    if wanted.get("company") not in ("", None, company) or wanted.get("environment") not in (
        "",
        None,
        environment,
    ):
        made_for = " / ".join(filter(None, (wanted.get("company"), wanted.get("environment"))))
        raise ContractError(
            "bundle_not_for_here", params={"made_for": made_for, "here": f"{company} / {environment}"}
        )


# -- what must make sense -------------------------------------------------------------------------------------------


def _check_sense(rows: Rows) -> None:
    for (_connection, kind, value), values in rows["mappings"].items():
        if spans_overlap(values["spans"]):
            raise ContractError("bundle_contradiction", "overlap", params={"what": f"{kind} {value}"})
    for key, values in rows["subscriptions"].items():
        if names_records_by_number(values["domain"]):
            raise ContractError("bundle_contradiction", "numbers", params={"what": " ".join(key[:2])})
    for (name,), values in (*rows["rules"].items(), *rows["shared_rules"].items()):
        if any(names_records_by_number(part["domain"]) for part in values["prerequisite_ids"]):
            raise ContractError("bundle_contradiction", "numbers", params={"what": name})
    if names := ownership_problems(rows):
        raise ContractError("bundle_contradiction", "ownership", params={"what": names})
