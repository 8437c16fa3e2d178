# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which account of a company's chart is proposed for a role of the accounting policy (X1, M8): found, never guessed.

An account is proposed where its type fits the role and its name says so. A person sees the proposal and its reason
before anything is chosen; where nothing fits, a new account is offered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping


@dataclasses.dataclass(frozen=True)
class Account:
    """An account of the chart. ``type`` is Odoo's account type, ``reconcile`` whether its items can be matched."""

    id: int
    code: str
    name: str
    type: str
    reconcile: bool


@dataclasses.dataclass(frozen=True)
class Role:
    """What an account must be to play a role.

    ``types``      Odoo's account types that fit.
    ``reconcile``  its items have to be matched.
    ``words``      what a name says that fits, the best first; lower case, as charts of several countries say it.
    """

    types: tuple[str, ...]
    reconcile: bool
    words: tuple[str, ...]


_ASSETS = ("asset_current", "asset_receivable", "asset_cash")
_EXPENSES = ("expense", "expense_direct_cost", "expense_other")

ROLES: Mapping[str, Role] = {
    "UNID": Role(
        ("liability_current",),
        reconcile=True,
        words=(
            "unidentified", "unallocated", "unapplied", "ungeklärt", "nicht zugeordnet", "non identifi",
            "non affect", "niet geïdentificeerd", "ongeïdentificeerd", "sin identificar", "no identificad",
            "non identificat",
        ),
    ),
    "FEE": Role(
        _EXPENSES,
        reconcile=False,
        words=(
            "payment processing", "payment fee", "processing fee", "merchant fee", "card fee", "bank fee",
            "bank charge", "nebenkosten des geldverkehrs", "bankgebühr", "bankspesen", "frais bancaires",
            "services bancaires", "bankkosten", "servicios bancarios", "comisiones bancarias", "spese bancarie",
            "commissioni bancarie",
        ),
    ),
    "TRANSIT": Role(
        _ASSETS,
        reconcile=True,
        words=(
            "payouts in transit", "payout", "in transit", "liquidity transfer", "internal transfer", "geldtransit",
            "virements internes", "kruispost", "transferencias internas", "giroconto",
        ),
    ),
    "AR-DISP": Role(
        ("asset_current", "asset_receivable"),
        reconcile=True,
        words=("disputed", "chargeback", "in dispute", "strittig", "litig", "betwist", "en litigio", "in contenzioso"),
    ),
    "FEE-D": Role(_EXPENSES, reconcile=False, words=("dispute fee", "chargeback fee")),
    "AP-PSP": Role(
        ("liability_payable",),
        reconcile=True,
        words=("payment provider", "payment processor", "zahlungsdienstleister"),
    ),
    "WO": Role(
        _EXPENSES,
        reconcile=False,
        words=(
            "small difference", "rounding", "cash difference loss", "kleindifferenz", "rundung", "arrondi",
            "différences de règlement", "betalingsverschil", "afronding", "redondeo", "arrotondament",
        ),
    ),
    "PSP-RES": Role(
        _ASSETS,
        reconcile=True,
        words=("held back", "rolling reserve", "held by payment", "einbehalten", "retenue de garantie"),
    ),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Found:
    """A proposal. ``why`` is the word that was found in the name, empty where the company itself has chosen it."""

    account_id: int
    why: str


def propose(
    role: str, accounts: Iterable[Account], taken: Collection[int] = (), chosen: int | None = None
) -> Found | None:
    """Return the account that is proposed for ``role``, None where none fits.

    :param accounts: active accounts of the company.
    :param taken: ids of accounts that play another role already or belong to a bank journal: one account, one meaning.
    :param chosen: id of the account that the company uses for this itself, where Odoo's settings have such a one.
    """
    wanted = ROLES.get(role)
    if wanted is None:
        return None
    fitting = [
        account
        for account in accounts
        if account.id not in taken
        and account.type in wanted.types
        and (account.reconcile or not wanted.reconcile)
    ]
    if any(account.id == chosen for account in fitting):
        return Found(chosen, "")
    ranked = []
    for account in fitting:
        name = account.name.casefold()
        for place, word in enumerate(wanted.words):
            if word in name:
                ranked.append((place, account.code, account.id, word))
                break
    if not ranked:
        return None
    _place, _code, account_id, word = min(ranked)
    return Found(account_id, word)
