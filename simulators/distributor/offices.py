# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sets the distributor up in Odoo, by the clicks of an administrator: two companies, their books, five connections."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from ..local_server import HOST
from ..odoo_setup import MODULE, Odoo, SetupError, activate_currency, hand_over_secret
from ..partner.signing import PartnerSigner, make_secret
from ..paypal.signing import CERTIFICATE_PATH, PayPalSigner
from ..sending import Signer
from ..shopify.signing import ShopifySigner
from ..stripe.webhook import StripeSigner
from .world import EU_STRIPE, MERCHANT, PARTNER, PAYPAL, SHOP, SHOP_NAME, US_STRIPE, World

# One yen in dollars on each day of the month; the books convert yen with it.
YEN = Decimal("0.0066")
RIGHTS = (
    f"{MODULE}.group_operator",
    f"{MODULE}.group_administrator",
    "account.group_account_manager",
    "account.group_account_basic",
)


@dataclasses.dataclass(frozen=True)
class Company:
    """One of the two companies."""

    name: str
    currency: str
    time_zone: str
    systems: tuple[str, ...]


EUROPE = Company("Nordhandel Europe (simulated)", "EUR", "Europe/Berlin", (SHOP, PAYPAL, EU_STRIPE))
AMERICA = Company("Nordhandel Americas (simulated)", "USD", "America/New_York", (US_STRIPE, PARTNER))
COMPANIES = (EUROPE, AMERICA)
CONNECTORS = {
    SHOP: ("shopify", "Nordhandel shop"),
    PAYPAL: ("paypal", "Nordhandel PayPal"),
    EU_STRIPE: ("stripe", "Nordhandel Stripe Europe"),
    US_STRIPE: ("stripe", "Nordhandel Stripe Americas"),
    PARTNER: ("generic", "Nordhandel order desk"),
}
ACCOUNTS = {SHOP: SHOP_NAME, PAYPAL: MERCHANT}
# Code of a tax at the source, per system, for the companies' tax of 15 %.
TAXES = {SHOP: "DE VAT 15%", PARTNER: "STD"}


@dataclasses.dataclass
class Office:
    """A company in Odoo, and a person who works in it alone."""

    odoo: Odoo
    id: int
    company: Company
    banks: dict[str, int] = dataclasses.field(default_factory=dict)

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method in this company."""
        return self.odoo.call(model, method, *args, **kwargs, context={"allowed_company_ids": [self.id]})

    def find(self, model: str, *domain: Any) -> int:
        """Return the id of one record.

        :raises SetupError: there is none.
        """
        found = self.call(model, "search", list(domain), limit=1)
        if not found:
            raise SetupError(f"{self.company.name} has no {model} with {domain}")
        return found[0]


@dataclasses.dataclass
class Line:
    """A connection that is ready: its office, id, the address that takes its events, who signs them."""

    office: Office
    id: int
    url: str
    signer: Signer | None = None


def tokens() -> dict[str, str]:
    """Return fresh keys with which the hub may ask."""
    return {system: f"sk_test_{secrets.token_hex(16)}" for system in (SHOP, PAYPAL, EU_STRIPE, US_STRIPE)}


def set_up(
    odoo: Odoo, login: str, world: World, keys: dict[str, str], urls: dict[str, str]
) -> dict[str, Line]:
    """Return the five connections by system, all of them active; what is there already is used again.

    :param keys: with which the hub may ask; ``urls``: where.
    :raises SetupError: Odoo refuses.
    """
    give_rights(odoo, login, RIGHTS)
    for code in ("EUR", "USD", "JPY"):
        activate_currency(odoo, code)
    lines = {}
    for company in COMPANIES:
        office = _office(odoo, company, world.month)
        for system in company.systems:
            lines[system] = _connect(office, system, world, keys.get(system), urls.get(system))
    for line in lines.values():
        line.office.call("integration.connection", "action_activate", [line.id])
    return lines


def give_rights(odoo: Odoo, login: str, rights: Sequence[str]) -> None:
    """Give the person who plays the demo these groups; an accountant and administrator has ``RIGHTS``."""
    user_id = odoo.call("res.users", "search", [["login", "=", login]])[0]
    groups = []
    for name in rights:
        module, _dot, local = name.partition(".")
        groups += odoo.call(
            "ir.model.data", "search_read", [["module", "=", module], ["name", "=", local]], ["res_id"]
        )
    odoo.call("res.users", "write", [user_id], {"group_ids": [[4, row["res_id"]] for row in groups]})


def _office(odoo: Odoo, company: Company, month: date) -> Office:
    """Return the company with its chart, its bank, its rates, and the month before locked."""
    found = odoo.call("res.company", "search", [["name", "=", company.name]])
    currency = odoo.call("res.currency", "search", [["name", "=", company.currency]])[0]
    if not found:
        # Without a country: with one Odoo would install what it has for that country.
        values = {"name": company.name, "currency_id": currency}
        found = odoo.call("res.company", "create", [values])
        odoo.call("account.chart.template", "try_loading", [], "generic_coa", found[0])
        # The chart brings the currency of its own country along.
        odoo.call("res.company", "write", found, {"currency_id": currency})
    office = Office(odoo, found[0], company)
    office.banks[company.currency] = office.find(
        "account.journal", ["type", "=", "bank"], ["company_id", "=", office.id], ["currency_id", "=", False],
        ["code", "=like", "BNK%"],
    )  # fmt: skip
    if company is AMERICA:
        _yen(office, month)
    locked = (month - timedelta(days=1)).isoformat()
    office.call("res.company", "write", [office.id], {"fiscalyear_lock_date": locked})
    return office


def _yen(office: Office, month: date) -> None:
    """Give the company a bank account in yen and the month's rates."""
    yen = office.find("res.currency", ["name", "=", "JPY"])
    name = "Bank in yen"
    journals = office.call(
        "account.journal", "search", [["name", "=", name], ["company_id", "=", office.id]], limit=1
    ) or office.call(
        "account.journal",
        "create",
        [{"name": name, "code": "BNKY", "type": "bank", "currency_id": yen, "company_id": office.id}],
    )
    office.banks["JPY"] = journals[0]
    present = office.call(
        "res.currency.rate", "search_count", [["currency_id", "=", yen], ["company_id", "=", office.id]]
    )
    if not present:
        days = [month + timedelta(days=number - 1) for number in range(40)]
        office.call(
            "res.currency.rate",
            "create",
            [
                {
                    "currency_id": yen, "company_id": office.id, "name": day.isoformat(),
                    "inverse_company_rate": str(YEN),
                }
                for day in days
            ],
        )  # fmt: skip


def _connect(office: Office, system: str, world: World, key: str | None, url: str | None) -> Line:
    connector, name = CONNECTORS[system]
    domain = [["name", "=", name], ["company_id", "=", office.id]]
    found = office.call("integration.connection", "search", domain, limit=1)
    if not found:
        values = {
            "name": name,
            "connector": connector,
            "environment": "test",
            "company_id": office.id,
            "time_zone": office.company.time_zone,
            "outside_account": ACCOUNTS.get(system, False),
            "fetch_from": (world.month - timedelta(days=1)).isoformat(),
            # The demo asks for what is to be fetched itself.
            "pull_every_minutes": 1440,
        }
        found = office.call("integration.connection", "create", [values])
        office.call("integration.connection", "action_propose_accounting", found)
        _books(office, system, found[0])
    connection_id = found[0]
    values = {"allowed_hosts": HOST}
    if url:
        values["api_base_url"] = url
    office.call("integration.connection", "write", [connection_id], values)
    secret, signer = _secret(system, world, url)
    hand_over_secret(office.odoo, connection_id, "inbound_signature", secret)
    if key:
        _key(office, system, connection_id, key)
    endpoint = office.call(
        "integration.endpoint", "search_read", [["connection_id", "=", connection_id]], ["path"], limit=1
    )
    return Line(office, connection_id, office.odoo.url + endpoint[0]["path"], signer)


def _books(office: Office, system: str, connection_id: int) -> None:
    """Map the tax, add the balance in yen, name the bank accounts for payouts."""
    if system in TAXES:
        tax = office.find(
            "account.tax", ["type_tax_use", "=", "sale"], ["amount", "=", 15], ["company_id", "=", office.id]
        )
        mapping = {
            "connection_id": connection_id,
            "mapping": "tax",
            "outside_value": TAXES[system],
            "tax_id": tax,
        }
        office.call("integration.mapping", "create", [mapping])
    if system == US_STRIPE:
        yen = office.find("res.currency", ["name", "=", "JPY"])
        journal = {
            "name": "Stripe Americas JPY", "code": "SJPY", "type": "bank", "currency_id": yen, "company_id": office.id
        }  # fmt: skip
        journal_id = office.call("account.journal", "create", [journal])[0]
        account = {"connection_id": connection_id, "currency_id": yen, "journal_id": journal_id}
        office.call("integration.balance.account", "create", [account])
    if system in (PAYPAL, EU_STRIPE, US_STRIPE):
        banks = [[4, bank] for bank in office.banks.values()]
        office.call("integration.connection", "write", [connection_id], {"payout_journal_ids": banks})


def _secret(system: str, world: World, url: str | None) -> tuple[str, Signer]:
    """Return what the hub is given to know the sender by, and who signs."""
    if system == PAYPAL:
        webhook = "8PT597110X687430LKGECATA"
        return world.authority.secret(webhook), PayPalSigner(
            world.authority, webhook, f"{url}{CERTIFICATE_PATH}"
        )
    if system == SHOP:
        secret = f"shpss_{secrets.token_hex(16)}"
        return secret, ShopifySigner(secret, SHOP_NAME)
    if system == PARTNER:
        secret = make_secret(secrets.token_hex(16))
        return secret, PartnerSigner(secret)
    secret = f"whsec_{secrets.token_hex(16)}"
    return secret, StripeSigner(secret)


def _key(office: Office, system: str, connection_id: int, key: str) -> None:
    if system != PAYPAL:
        hand_over_secret(office.odoo, connection_id, "api", key)
        return
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    domain = [["connection_id", "=", connection_id], ["purpose", "=", "api"], ["valid_until", "=", False]]
    old = office.call("integration.credential", "search", domain)
    # Its own grant for a token is tried elsewhere; here it carries the token itself.
    values = {"connection_id": connection_id, "purpose": "api", "kind": "api_key", "value": key}
    office.call("integration.credential", "create", [values])
    if old:
        office.call("integration.credential", "write", old, {"valid_until": now})
