# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reads the books at the end and explains every cent of the day, per currency: reckoned here, without the hub.

orders ↔ documents ↔ transactions of the gateways (gross, fee, net) ↔ payouts ↔ bank lines. Each equation has to come
to 0.00 in its own currency.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from ..distributor.checks import Books, Point
from ..distributor.offices import Line
from ..money import digits
from ..shopify.state import PAYMENTS
from .orders import Day
from .world import CURRENCIES, PAYPAL, SHOPS, STRIPE, DayWorld

ZERO = Decimal(0)
IN_BATCHES = 2_000
# What the hub calls a movement → the column of the table.
COLUMNS = {
    "payment": "payments",
    "refund": "refunds",
    "fee": "fees",
    "dispute": "disputes",
    "reserve": "disputes",
    "payout": "payouts",
}


@dataclasses.dataclass
class Sums:
    """What the books hold of one currency; money in and out of processors as their balances see it."""

    invoices: Decimal = ZERO
    credit_notes: Decimal = ZERO
    vouchers_used: Decimal = ZERO
    payments: Decimal = ZERO
    refunds: Decimal = ZERO
    fees: Decimal = ZERO
    disputes: Decimal = ZERO
    payouts: Decimal = ZERO
    other: Decimal = ZERO
    receivable: Decimal = ZERO
    balances: Decimal = ZERO
    transit: Decimal = ZERO
    bank: Decimal = ZERO
    suspense: Decimal = ZERO


class DayBooks(Books):
    """Everything that is compared; ``points`` looks at all of it, ``sums`` holds the figures per currency."""

    def __init__(self, world: DayWorld, day: Day, lines: Mapping[str, Line], last_day: date):
        super().__init__(world, lines, last_day)
        self.day = day
        self.sums = {currency: Sums() for currency in CURRENCIES}
        self.counts: Counter[str] = Counter()

    def points(self) -> list[Point]:
        """Return what was looked at."""
        self._read_sums()
        return [
            self.nothing_waits(),
            self.orders(),
            self.transactions(),
            self.balances(),
            self.tie_out(),
            self.statements(),
            self.payouts(),
            self.workbench(),
            self.trial_balances(),
        ]

    # -- reading -------------------------------------------------------------------------------------------------

    @property
    def _office(self):
        return next(iter(self.lines.values())).office

    def _grouped(self, model: str, domain: list, by: list[str], sums: list[str]) -> list[dict]:
        return self._office.call(model, "formatted_read_group", domain, by, sums)

    def _read_sums(self) -> None:
        self.sums = {currency: Sums() for currency in CURRENCIES}
        self.counts.clear()
        self._read_documents()
        self._read_movements()
        self._read_ledger()

    def _read_documents(self) -> None:
        for shop in SHOPS:
            domain = [["integration_connection_id", "=", self.lines[shop.key].id], ["state", "=", "posted"]]
            for row in self._grouped("account.move", domain, ["move_type"], ["amount_total:sum", "__count"]):
                amount = _exact(row["amount_total:sum"], shop.currency)
                self.counts[row["move_type"]] += row["__count"]
                if row["move_type"] == "out_invoice":
                    self.sums[shop.currency].invoices += amount
                elif row["move_type"] == "out_refund":
                    self.sums[shop.currency].credit_notes += amount

    def _read_movements(self) -> None:
        ids = [line.id for line in self.lines.values()]
        domain = [["connection_id", "in", ids], ["changes_balance", "=", True]]
        by = ["connection_id", "currency_id", "type"]
        self.moved: dict[tuple[int, str, str], tuple[int, Decimal]] = {}
        for row in self._grouped("integration.movement", domain, by, ["amount:sum", "__count"]):
            currency = row["currency_id"][1]
            amount = _exact(row["amount:sum"], currency)
            self.moved[row["connection_id"][0], currency, row["type"]] = (row["__count"], amount)
            self.counts["movements"] += row["__count"]
            column = COLUMNS.get(row["type"], "other")
            setattr(self.sums[currency], column, getattr(self.sums[currency], column) + amount)

    def _read_ledger(self) -> None:
        company = self._office.id
        journals = self._office.call(
            "integration.balance.account", "search_read",
            [["connection_id", "in", [line.id for line in self.lines.values()]]], ["journal_id"],
        )  # fmt: skip
        processors = [row["journal_id"][0] for row in journals]
        roles = self._office.call(
            "integration.role.account", "search_read", [["company_id", "=", company]], ["role", "account_id"]
        )
        by_role = defaultdict(set)
        for row in roles:
            by_role[row["role"]].add(row["account_id"][0])
        banks = list(self._office.banks.values())
        self._ledger("balances", self._accounts(processors, "default_account_id"))
        self._ledger("bank", self._accounts(banks, "default_account_id"))
        self._ledger("suspense", self._accounts(processors + banks, "suspense_account_id") | by_role["UNID"])
        self._ledger("transit", by_role["TRANSIT"])
        self._ledger("vouchers_used", by_role["GIFT"], [["move_id.move_type", "=", "entry"]])
        receivable = self._office.call(
            "account.account",
            "search",
            [["account_type", "=", "asset_receivable"], ["company_ids", "in", [company]]],
        )
        others = set().union(*(accounts for role, accounts in by_role.items() if role not in ("", "AR")))
        self._ledger("receivable", set(receivable) - others)

    def _accounts(self, journals: list[int], field: str) -> set[int]:
        rows = self._office.call("account.journal", "read", journals, [field])
        return {row[field][0] for row in rows if row[field]}

    def _ledger(self, name: str, accounts: set[int], more: list | None = None) -> None:
        domain = [
            ["account_id", "in", sorted(accounts)], ["parent_state", "=", "posted"],
            ["company_id", "=", self._office.id], *(more or []),
        ]  # fmt: skip
        for row in self._grouped("account.move.line", domain, ["currency_id"], ["amount_currency:sum"]):
            currency = row["currency_id"][1]
            if currency in self.sums:
                setattr(self.sums[currency], name, _exact(row["amount_currency:sum"] or ZERO, currency))

    # -- comparing -----------------------------------------------------------------------------------------------

    def nothing_waits(self) -> Point:
        """Every event is worked off, or waits for a person."""
        domain = [
            ["connection_id", "in", [line.id for line in self.lines.values()]],
            ["direction", "=", "in"],
        ]
        found, wrong = Counter(), []
        for row in self._grouped("integration.message", domain, ["status", "error_code"], ["__count"]):
            found[row["status"]] += row["__count"]
            if row["status"] not in ("done", "superseded", "discarded"):
                wrong.append(f"{row['__count']} {row['status']} {row['error_code'] or ''}")
        self.counts["events"] = sum(found.values())
        seen = ", ".join(f"{count} {name}" for name, count in sorted(found.items()))
        return Point("Nothing waits for the hub", seen, tuple(wrong))

    def orders(self) -> Point:
        """Each order: its invoices less its credit notes come to what was handed over and kept."""
        wrong, count = [], 0
        for shop in SHOPS:
            line = self.lines[shop.key]
            rows = self._read(
                line, "integration.shop.order", [["connection_id", "=", line.id]], ["outside_id", "step_ids"]
            )
            known = {row["outside_id"]: row["step_ids"] for row in rows}
            moves = self._moves_of(line, [step for steps in known.values() for step in steps])
            for told in self.day.told:
                if told.shop is not shop:
                    continue
                count += 1
                if (steps := known.get(str(told.order.id))) is None:
                    wrong.append(f"{told.order.name} ({told.kind}): not in the hub")
                    continue
                mine = {number for step in steps for number in moves.of_step.get(step, ())}
                booked = sum((moves.amounts.get(number, ZERO) for number in mine), ZERO)
                if booked != told.documents:
                    name = f"{told.order.name} ({told.kind})"
                    wrong.append(f"{name}: documents {booked} {shop.currency}, handed over {told.documents}")
        return Point("Documents = what was handed over, order by order", f"{count} orders", tuple(wrong))

    def _moves_of(self, line: Line, steps: list[int]) -> _Moves:
        found = _Moves()
        for begin in range(0, len(steps), IN_BATCHES):
            rows = line.office.call(
                "integration.shop.step", "read", steps[begin : begin + IN_BATCHES], ["move_ids"]
            )
            found.of_step |= {row["id"]: row["move_ids"] for row in rows}
        numbers = sorted({number for moves in found.of_step.values() for number in moves})
        for begin in range(0, len(numbers), IN_BATCHES):
            rows = line.office.call(
                "account.move", "read", numbers[begin : begin + IN_BATCHES],
                ["move_type", "state", "amount_total", "currency_id"],
            )  # fmt: skip
            for row in rows:
                sign = {"out_invoice": 1, "out_refund": -1}.get(row["move_type"], 0)
                if row["state"] == "posted" and sign:
                    found.amounts[row["id"]] = sign * _exact(row["amount_total"], row["currency_id"][1])
        return found

    def transactions(self) -> Point:
        """What the shops say that each gateway took and gave back is what its ledger brought into the books."""
        said: Counter[tuple[str, str, str]] = Counter()
        for told in self.day.told:
            for each in told.order.transactions:
                system = told.shop.key if each["gateway"] == PAYMENTS else each["gateway"]
                if system in self.lines:
                    kind = "refund" if each["kind"] == "refund" else "payment"
                    said[system, told.shop.currency, kind] += (
                        -each["amount"] if kind == "refund" else each["amount"]
                    )
        wrong = []
        for (system, currency, kind), amount in sorted(said.items()):
            booked = self.moved.get((self.lines[system].id, currency, kind), (0, ZERO))[1]
            if booked != amount:
                wrong.append(f"{system} {currency} {kind}: shop {amount}, books {booked}")
        return Point(
            "Orders ↔ gateways: gross and refunds, per gateway and currency",
            f"{len(said)} sums",
            tuple(wrong),
        )

    def balances(self) -> Point:
        """Gross, fees and what left come to what each simulated provider holds."""
        wrong, count = [], 0
        for system, line in self.lines.items():
            for currency in CURRENCIES:
                amounts = [amount for (number, code, _type), (_count, amount) in self.moved.items()
                           if (number, code) == (line.id, currency)]  # fmt: skip
                held = self._held(system, currency)
                if not amounts and held is None:
                    continue
                count += 1
                if sum(amounts, ZERO) != (held or ZERO):
                    wrong.append(f"{system} {currency}: books {sum(amounts, ZERO)}, provider {held}")
        return Point(
            "Books = what each provider holds, per account and currency", f"{count} balances", tuple(wrong)
        )

    def _held(self, system: str, currency: str) -> Decimal | None:
        world = self.world
        if system == PAYPAL:
            return (
                world.paypal.balance(currency)
                if any(x.currency == currency for x in world.paypal.lines)
                else None
            )
        if system == STRIPE:
            if currency.lower() not in world.stripe.ledger.currencies():
                return None
            return Decimal(world.stripe.ledger.balance(currency.lower())).scaleb(-digits(currency))
        shop = world.shops[system]
        return shop.balance() if shop.currency == currency and shop.lines else None

    def tie_out(self) -> Point:
        """The equations of each currency, each to 0.00."""
        wrong = []
        for currency, sums in self.sums.items():
            expected = sum(
                (told.receivable for told in self.day.told if told.shop.currency == currency), ZERO
            )
            arrived = sum((row[2] for row in self.world.arrivals if row[3] == currency), ZERO)
            sold = sums.invoices - sums.credit_notes
            rest = sums.payments + sums.refunds + sums.fees + sums.disputes + sums.payouts + sums.other
            for name, difference in (
                ("documents − money − vouchers = receivable",
                 sold - sums.payments - sums.refunds - sums.vouchers_used - sums.receivable),
                ("receivable = not paid less not handed over", sums.receivable - expected),
                ("movements = accounts of the providers", rest - sums.balances),
                ("payouts = bank lines", -sums.payouts - sums.bank),
                ("bank lines = what arrived", sums.bank - arrived),
                ("nothing in transit", sums.transit),
                ("nothing in suspense or unidentified", sums.suspense),
                ("no movement of another kind", sums.other),
            ):  # fmt: skip
                if difference:
                    wrong.append(f"{currency}: {name}: {difference}")
        return Point("Tie-out per currency: every equation 0.00", ", ".join(CURRENCIES), tuple(wrong))

    def table(self) -> list[str]:
        """Return the figures of each currency, a line each."""
        return [
            f"{currency}: "
            + ", ".join(f"{field.name} {getattr(sums, field.name)}" for field in dataclasses.fields(sums))
            for currency, sums in self.sums.items()
        ]

    # -- what the distributor's books look at, too -----------------------------------------------------------------

    def _closings(self) -> dict[tuple[str, str], dict[date, Decimal]]:
        found: dict[tuple[str, str], dict[date, Decimal]] = {}
        zone = ZoneInfo(self._office.company.time_zone)
        for (day, currency), totals in self.world.stripe.ledger.days(zone).items():
            found.setdefault((STRIPE, currency.upper()), {})[day] = totals.closing
        held: Counter[str] = Counter()
        for line in self.world.paypal.lines:
            held[line.currency] += line.gross + line.fee
            day = line.at.astimezone(zone).date()
            found.setdefault((PAYPAL, line.currency), {})[day] = Decimal(held[line.currency])
        return found

    def payout_systems(self) -> tuple[str, ...]:
        """Return the systems that pay out."""
        return tuple(self.lines)

    def trial_lines(self) -> tuple[Line, ...]:
        """Return one connection per company."""
        return (next(iter(self.lines.values())),)


@dataclasses.dataclass
class _Moves:
    """Documents: of which step, and their signed amount."""

    of_step: dict[int, list[int]] = dataclasses.field(default_factory=dict)
    amounts: dict[int, Decimal] = dataclasses.field(default_factory=dict)


def _exact(amount: object, currency: str) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal(1).scaleb(-digits(currency)))
