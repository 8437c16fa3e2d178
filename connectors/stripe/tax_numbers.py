# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Tax numbers of customers that are written to Stripe: objects of their own below the customer, made and deleted.

Which type a number has is read from the number and from the customer's country, as Stripe lists them; a number that
fits none has no type, and is not written.

Sources: https://docs.stripe.com/billing/customer/tax-ids#supported-tax-id (types and their forms),
https://docs.stripe.com/api/tax_ids/customer_create, https://docs.stripe.com/api/tax_ids/customer_list,
https://docs.stripe.com/api/tax_ids/customer_delete. They have no metadata and cannot be changed.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from ..base import HttpAnswer, HttpRequest
from ..reading import Wire, WireId, read_answer, read_as, schema_violation
from .client import get

MAX_LISTED = 100
_EUROPEAN = re.compile(
    r"(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI)[0-9A-Z+*]{7,12}"
)
# Country → (type, form of the number without spaces and signs, how Stripe writes it: groups of that form).
_NATIONAL: dict[str, tuple[tuple[str, str, str], ...]] = {
    "AE": (("ae_trn", r"(\d{15})", "{0}"),),
    "AU": (("au_abn", r"(\d{11})", "{0}"),),
    "BR": (
        ("br_cnpj", r"(\d{2})(\d{3})(\d{3})(\d{4})(\d{2})", "{0}.{1}.{2}/{3}-{4}"),
        ("br_cpf", r"(\d{3})(\d{3})(\d{3})(\d{2})", "{0}.{1}.{2}-{3}"),
    ),
    "CA": (("ca_gst_hst", r"(\d{9}RT\d{4})", "{0}"), ("ca_bn", r"(\d{9})", "{0}")),
    "CH": (("ch_vat", r"CHE(\d{3})(\d{3})(\d{3})(MWST|TVA|IVA)", "CHE-{0}.{1}.{2} {3}"),),
    "GB": (("gb_vat", r"(GB(?:\d{9}|\d{12}|GD\d{3}|HA\d{3}))", "{0}"),),
    "IN": (("in_gst", r"(\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z])", "{0}"),),
    "IS": (("is_vat", r"(\d{5,6})", "{0}"),),
    "JP": (("jp_trn", r"(T\d{13})", "{0}"),),
    "KR": (("kr_brn", r"(\d{3})(\d{2})(\d{5})", "{0}-{1}-{2}"),),
    "MX": (("mx_rfc", r"([A-ZÑ&]{3,4}\d{6}[0-9A-Z]{3})", "{0}"),),
    "NO": (("no_vat", r"(?:NO)?(\d{9}MVA)", "{0}"),),
    "NZ": (("nz_gst", r"(\d{8,9})", "{0}"),),
    "SA": (("sa_vat", r"(\d{15})", "{0}"),),
    "SG": (("sg_gst", r"(M[0-9A-Z]\d{7}[A-Z])", "{0}"), ("sg_uen", r"(\d{8,9}[A-Z])", "{0}")),
    "US": (("us_ein", r"(\d{2})(\d{7})", "{0}-{1}"),),
    "ZA": (("za_vat", r"(4\d{9})", "{0}"),),
}


class TaxId(Wire):
    """https://docs.stripe.com/api/tax_ids/object"""

    id: WireId
    object: str
    type: Annotated[str, msgspec.Meta(max_length=64)]
    value: Annotated[str, msgspec.Meta(max_length=255)] = ""


class Listed(Wire):
    object: str
    data: Annotated[list[TaxId], msgspec.Meta(max_length=MAX_LISTED)]


def named(number: str, country: str) -> dict[str, str]:
    """Return a number as Stripe keeps it: {type, value}; {value} where it fits no type; {} where there is none.

    :param country: two-letter code of the customer's country, '' = not known.
    """
    bare = _bare(number)
    if not bare:
        return {}
    # A number that names its country is of that country, wherever the customer lives.
    for code in dict.fromkeys((country.upper(), *(code for code in ("GB", "CH") if bare.startswith(code)))):
        for kind, form, written in _NATIONAL.get(code, ()):
            if found := re.fullmatch(form, bare):
                return {"type": kind, "value": written.format(*found.groups())}
    if _EUROPEAN.fullmatch(bare):
        return {"type": "eu_vat", "value": bare}
    return {"value": number.strip()}


def find_request(outside_id: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the question which tax numbers a customer has there."""
    return get(_path(outside_id), [("limit", str(MAX_LISTED))], settings, secret)


def found(answer: HttpAnswer, number: Mapping[str, str], ours: str | None) -> tuple[str | None, list[str]]:
    """Return (id of this number, None where it is not there; ids of those that have to go).

    A number of the same type is replaced, and the one that was written from here; those of other types are other
    people's and stay.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    page = read_as(read_answer(answer), Listed)
    if page.object != "list":
        raise schema_violation("$.object", "Expected “list”")
    kind, value = number.get("type"), number.get("value", "")
    held = next((one.id for one in page.data if one.type == kind and _same(one.value, value)), None)
    return held, [one.id for one in page.data if one.id != held and (one.type == kind or one.id == ours)]


def write_request(
    outside_id: str, number: Mapping[str, str], once: str, settings: Mapping[str, Any], secret: str
) -> HttpRequest:
    """Return the request that adds a tax number."""
    request = get(_path(outside_id), [], settings, secret)
    headers = {
        **request.headers,
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": once,
    }
    form = [("type", number["type"]), ("value", number["value"])]
    return replace(request, method="POST", headers=headers, body=urllib.parse.urlencode(form).encode())


def written(answer: HttpAnswer) -> str:
    """Return the id of what was added.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    made = read_as(read_answer(answer), TaxId)
    if made.object != "tax_id":
        raise schema_violation("$.object", "Expected “tax_id”")
    return made.id


def remove_request(outside_id: str, number_id: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the request that deletes a tax number."""
    path = f"{_path(outside_id)}/{urllib.parse.quote(number_id, safe='')}"
    return replace(get(path, [], settings, secret), method="DELETE")


def removed(answer: HttpAnswer) -> None:
    """Read the answer; gone already is as good.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    if answer.status != 404:
        read_answer(answer)


def _same(one: str, other: str) -> bool:
    """Whether two spellings are the same number."""
    return _bare(one) == _bare(other)


def _bare(number: str) -> str:
    return re.sub(r"[\s.\-/]", "", number).upper()


def _path(outside_id: str) -> str:
    return f"/v1/customers/{urllib.parse.quote(outside_id, safe='')}/tax_ids"
