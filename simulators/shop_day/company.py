# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sets the day up in Odoo, by the clicks of an administrator: a company, three taxes, three banks, five connections."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from decimal import Decimal

from ..distributor.offices import RIGHTS, Company, Line, Office, give_rights
from ..local_server import HOST
from ..odoo_setup import Odoo, activate_currency, hand_over_secret
from ..paypal.signing import CERTIFICATE_PATH, PayPalSigner
from ..sending import Signer
from ..shopify.signing import ShopifySigner
from ..stripe.webhook import StripeSigner
from .world import CURRENCIES, MERCHANT, PAYPAL, SHOPS, STRIPE, SYSTEMS, DayWorld

# One unit in euros on each day; the books convert with it.
RATES = {"USD": Decimal("0.90"), "JPY": Decimal("0.0060")}
COMPANY = Company("Nordhandel Day (simulated)", "EUR", "Europe/Berlin", SYSTEMS)
_SHOPS = {shop.key: shop for shop in SHOPS}


def tokens() -> dict[str, str]:
    """Return fresh keys with which the hub may ask."""
    return {system: f"sk_test_{secrets.token_hex(16)}" for system in SYSTEMS}


def set_up(
    odoo: Odoo, login: str, world: DayWorld, keys: dict[str, str], urls: dict[str, str]
) -> dict[str, Line]:
    """Return the five connections by system, all of them active.

    :raises SetupError: Odoo refuses.
    """
    give_rights(odoo, login, RIGHTS)
    for code in CURRENCIES:
        activate_currency(odoo, code)
    office = _office(odoo, world.month)
    lines = {system: _connect(office, system, world, keys[system], urls[system]) for system in SYSTEMS}
    for line in lines.values():
        office.call("integration.connection", "action_activate", [line.id])
    return lines


def _office(odoo: Odoo, day: date) -> Office:
    """Return a new company with its chart, a bank account and rates per currency, and a tax per shop."""
    euro = odoo.call("res.currency", "search", [["name", "=", "EUR"]])[0]
    # Each run has a company of its own: the sums of an earlier one would be in the way.
    taken = odoo.call("res.company", "search_count", [["name", "=like", f"{COMPANY.name}%"]])
    name = f"{COMPANY.name} {taken + 1}" if taken else COMPANY.name
    values = {
        "name": name,
        "currency_id": euro,
        "country_id": odoo.call("res.country", "search", [["code", "=", "US"]])[0],
    }
    found = odoo.call("res.company", "create", [values])
    odoo.call("account.chart.template", "try_loading", [], "generic_coa", found[0])
    odoo.call("res.company", "write", found, {"currency_id": euro})
    office = Office(odoo, found[0], COMPANY)
    office.banks["EUR"] = office.find(
        "account.journal", ["type", "=", "bank"], ["company_id", "=", office.id], ["code", "=like", "BNK%"]
    )
    tax = office.find(
        "account.tax", ["type_tax_use", "=", "sale"], ["amount", "=", 15], ["company_id", "=", office.id]
    )
    for shop in SHOPS:
        rate = str((Decimal(shop.rate) * 100).normalize() + 0)
        office.call("account.tax", "copy", [tax], {"name": shop.tax, "amount": rate})
        if shop.currency in RATES:
            _bank(office, shop.currency, day)
    return office


def _bank(office: Office, currency: str, day: date) -> None:
    number = office.find("res.currency", ["name", "=", currency])
    values = {
        "name": f"Bank in {currency}", "code": f"BK{currency}", "type": "bank", "currency_id": number,
        "company_id": office.id,
    }  # fmt: skip
    office.banks[currency] = office.call("account.journal", "create", [values])[0]
    days = [day + timedelta(days=each) for each in range(-2, 15)]
    rates = [
        {
            "currency_id": number, "company_id": office.id, "name": each.isoformat(),
            "inverse_company_rate": str(RATES[currency]),
        }
        for each in days
    ]  # fmt: skip
    office.call("res.currency.rate", "create", rates)


def _connect(office: Office, system: str, world: DayWorld, key: str, url: str) -> Line:
    shop = _SHOPS.get(system)
    values = {
        "name": f"Day {system}",
        "connector": "shopify" if shop else system,
        "environment": "test",
        "company_id": office.id,
        "time_zone": COMPANY.time_zone,
        "outside_account": shop.domain if shop else MERCHANT if system == PAYPAL else False,
        "fetch_from": (world.month - timedelta(days=1)).isoformat(),
        # The day asks for what is to be fetched itself.
        "pull_every_minutes": 1440,
    }
    number = office.call("integration.connection", "create", [values])[0]
    office.call("integration.connection", "action_propose_accounting", [number])
    _balances(office, system, number, (shop.currency,) if shop else CURRENCIES)
    if shop:
        tax = office.find("account.tax", ["name", "=", shop.tax], ["company_id", "=", office.id])
        mapping = {"connection_id": number, "mapping": "tax", "outside_value": shop.tax, "tax_id": tax}
        office.call("integration.mapping", "create", [mapping])
    office.call("integration.connection", "write", [number], {"allowed_hosts": HOST, "api_base_url": url})
    secret, signer = _secret(system, world, url)
    hand_over_secret(office.odoo, number, "inbound_signature", secret)
    if system == PAYPAL:
        # Its own grant for a token is tried elsewhere; here it carries the token itself.
        credential = {"connection_id": number, "purpose": "api", "kind": "api_key", "value": key}
        office.call("integration.credential", "create", [credential])
    else:
        hand_over_secret(office.odoo, number, "api", key)
    endpoint = office.call(
        "integration.endpoint", "search_read", [["connection_id", "=", number]], ["path"], limit=1
    )
    return Line(office, number, office.odoo.url + endpoint[0]["path"], signer)


def _balances(office: Office, system: str, number: int, currencies: tuple[str, ...]) -> None:
    """Give the connection a balance account per currency, and the banks into which it pays out."""
    proposed = office.call(
        "integration.balance.account", "search_read", [["connection_id", "=", number]], ["currency_id"]
    )
    present = {row["currency_id"][1] for row in proposed}
    for currency in currencies:
        if currency in present:
            continue
        number_of = office.find("res.currency", ["name", "=", currency])
        taken = office.call("account.journal", "search_count", [["company_id", "=", office.id]])
        journal = {
            "name": f"{system} {currency}", "code": f"P{taken}", "type": "bank", "currency_id": number_of,
            "company_id": office.id,
        }  # fmt: skip
        journal_id = office.call("account.journal", "create", [journal])[0]
        account = {"connection_id": number, "currency_id": number_of, "journal_id": journal_id}
        office.call("integration.balance.account", "create", [account])
    banks = [[4, office.banks[currency]] for currency in currencies]
    office.call("integration.connection", "write", [number], {"payout_journal_ids": banks})


def _secret(system: str, world: DayWorld, url: str) -> tuple[str, Signer]:
    """Return what the hub is given to know the sender by, and who signs."""
    if system == PAYPAL:
        webhook = "8PT597110X687430LKGECATA"
        signer = PayPalSigner(world.authority, webhook, f"{url}{CERTIFICATE_PATH}")
        return world.authority.secret(webhook), signer
    if system == STRIPE:
        secret = f"whsec_{secrets.token_hex(16)}"
        return secret, StripeSigner(secret)
    secret = f"shpss_{secrets.token_hex(16)}"
    return secret, ShopifySigner(secret, _SHOPS[system].domain)
