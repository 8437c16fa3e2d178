# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reads the books at the end and says, point by point, whether they are right: reckoned here, without the hub."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ..money import digits
from .offices import Line
from .world import EU_STRIPE, PAYPAL, SHOP, US_STRIPE, World

ZERO = Decimal(0)
MAX_ROWS = 10_000
# A payout in one of these is at its bank, or has come back and the bank has said so.
# What may stand beside a case, by the day on which the month is played: a dispute's last day may have passed.
MAY_FOLLOW = {"evidence_missed": "dispute_opened"}
TIED = ("matched", "returned")


@dataclasses.dataclass(frozen=True)
class Point:
    """One thing that was looked at; ``wrong`` says what is not as it should be."""

    name: str
    seen: str
    wrong: tuple[str, ...] = ()


class Books:
    """Everything that is compared; ``points`` looks at all of it."""

    def __init__(self, world: World, lines: Mapping[str, Line], last_day: date):
        self.world, self.lines, self.last_day = world, lines, last_day

    def points(self) -> list[Point]:
        """Return what was looked at."""
        looks: tuple[Callable[[], Point], ...] = (
            self.nothing_waits,
            self.statements,
            self.payouts,
            self.workbench,
            self.trial_balances,
        )
        return [look() for look in looks]

    # -- the hub is at rest --------------------------------------------------------------------------------------

    def nothing_waits(self) -> Point:
        """Every event is worked off, or waits for a person."""
        counts: Counter[str] = Counter()
        for system, line in self.lines.items():
            for row in self._read(
                line, "integration.message", [["connection_id", "=", line.id], ["direction", "=", "in"]],
                ["status", "error_code", "event_type"],
            ):  # fmt: skip
                counts[row["status"]] += 1
                if row["status"] in ("ready", "waiting"):
                    counts[f"{system} {row['event_type']} {row['status']} {row['error_code'] or ''}"] += 1
        wrong = tuple(f"{name} ({count})" for name, count in counts.items() if " " in name)
        return Point("Nothing waits for the hub", ", ".join(
            f"{count} {name}" for name, count in sorted(counts.items()) if " " not in name
        ), wrong)  # fmt: skip

    # -- what the providers hold ---------------------------------------------------------------------------------

    def statements(self) -> Point:
        """The statement of each account, currency and day says what the simulated provider holds, to the cent."""
        wrong, count = [], 0
        for (system, currency), days in self._closings().items():
            line = self.lines[system]
            rows = self._read(
                line, "integration.processor.statement",
                [["connection_id", "=", line.id], ["currency_id.name", "=", currency]],
                ["date", "closing", "provider_closing", "difference", "state", "as_of"],
            )  # fmt: skip
            by_day = {row["date"]: row for row in rows}
            for day, closing in days.items():
                if day > self.last_day:
                    continue
                row = by_day.get(day.isoformat())
                count += 1
                if row is None:
                    wrong.append(f"{system} {currency} {day}: no statement, the provider holds {closing}")
                elif {_exact(row[name], currency) for name in ("closing", "provider_closing")} != {closing}:
                    wrong.append(
                        f"{system} {currency} {day}: books {row['closing']}, told {row['provider_closing']}, "
                        f"held {closing}"
                    )
                elif row["state"] != "agrees" or row["difference"]:
                    wrong.append(f"{system} {currency} {day}: {row['state']} by {row['difference']}")
        return Point("Books = provider, per account, currency and day", f"{count} days", tuple(wrong))

    def _closings(self) -> dict[tuple[str, str], dict[date, Decimal]]:
        """Return what each provider held at the end of each day on which something moved."""
        found: dict[tuple[str, str], dict[date, Decimal]] = {}
        for name in (EU_STRIPE, US_STRIPE):
            zone = ZoneInfo(self.lines[name].office.company.time_zone)
            for (day, currency), totals in self.world.stripes[name].ledger.days(zone).items():
                found.setdefault((name, currency), {})[day] = totals.closing
        zone = ZoneInfo(self.lines[PAYPAL].office.company.time_zone)
        held = ZERO
        for line in self.world.paypal.lines:
            held += line.gross + line.fee
            found.setdefault((PAYPAL, line.currency), {})[line.at.astimezone(zone).date()] = held
        return found

    def payout_systems(self) -> tuple[str, ...]:
        """Return the systems that pay out."""
        return (EU_STRIPE, US_STRIPE, PAYPAL)

    def trial_lines(self) -> tuple[Line, ...]:
        """Return one connection per company."""
        return (self.lines[SHOP], self.lines[US_STRIPE])

    # -- payouts -------------------------------------------------------------------------------------------------

    def payouts(self) -> Point:
        """Each payout is tied to its bank line, or stands in the open list with its reason."""
        wrong, tied, still_open = [], 0, []
        rows: dict[str, dict[str, Any]] = {}
        for system in self.payout_systems():
            line = self.lines[system]
            for row in self._read(
                line, "integration.payout", [["connection_id", "=", line.id]],
                ["payout_id", "amount", "bank_state", "composition", "bank_line_ids"],
            ):  # fmt: skip
                rows[row["payout_id"]] = row
        for system, payout_id, amount, currency, _day in self.world.arrivals:
            row = rows.pop(payout_id, None)
            if row is None:
                wrong.append(f"{system} {payout_id}: not in the books")
            elif abs(_exact(row["amount"], currency)) != amount:
                wrong.append(f"{system} {payout_id}: {row['amount']} instead of {amount}")
            elif payout_id in self.world.on_the_way:
                still_open.append(f"{amount} {currency} {row['bank_state']}")
                if row["bank_state"] in TIED:
                    wrong.append(f"{system} {payout_id}: should be open, is {row['bank_state']}")
            elif row["bank_state"] != "matched" or len(row["bank_line_ids"]) != 1:
                wrong.append(
                    f"{system} {payout_id}: {row['bank_state']}, {len(row['bank_line_ids'])} bank lines"
                )
            else:
                tied += 1
        wrong += [f"{payout_id}: nobody sent this" for payout_id in rows]
        seen = f"{tied} at the bank, open: {', '.join(still_open) or 'none'}"
        return Point("Every payout is at its bank line or in the open list", seen, tuple(wrong))

    # -- what needs a person -------------------------------------------------------------------------------------

    def workbench(self) -> Point:
        """Each accident has its documented outcome, and nothing else asks for a person."""
        wanted = Counter((each.system, each.code) for each in self.world.expected if each.code)
        found: Counter[tuple[str, str]] = Counter()
        words = {}
        for system, line in self.lines.items():
            for row in self._read(
                line, "integration.exception", [["connection_id", "=", line.id], ["state", "=", "open"]],
                ["code", "what"],
            ):  # fmt: skip
                found[system, row["code"]] += 1
                words[system, row["code"]] = row["what"]
        wrong = [
            f"{system}: {code} is missing ({count})" for (system, code), count in (wanted - found).items()
        ]
        wrong += [
            f"{system}: {code} ({count}) was not expected: {words[system, code]}"
            for (system, code), count in (found - wanted).items()
            if count > wanted[system, MAY_FOLLOW.get(code)]
        ]
        return Point("Each accident has its documented outcome", f"{sum(found.values())} cases", tuple(wrong))

    # -- the ledger ----------------------------------------------------------------------------------------------

    def trial_balances(self) -> Point:
        """Debit is credit in each company, nothing is a draft, nothing was booked into the locked month."""
        wrong, seen = [], []
        for line in self.trial_lines():
            office = line.office
            sums = office.call(
                "account.move.line", "formatted_read_group",
                [["company_id", "=", office.id], ["parent_state", "=", "posted"]], [], ["debit:sum", "credit:sum"],
            )[0]  # fmt: skip
            debit, credit = (
                _exact(sums[f"{name}:sum"] or ZERO, office.company.currency) for name in ("debit", "credit")
            )
            seen.append(f"{office.company.name}: {debit} {office.company.currency}")
            if debit != credit or not debit:
                wrong.append(f"{office.company.name}: debit {debit}, credit {credit}")
            drafts = office.call(
                "account.move", "search_count", [["company_id", "=", office.id], ["state", "=", "draft"]]
            )
            late = office.call(
                "account.move", "search_count",
                [["company_id", "=", office.id], ["state", "=", "posted"], ["date", "<", self.world.month.isoformat()]],
            )  # fmt: skip
            wrong += [f"{office.company.name}: {drafts} drafts"] if drafts else []
            wrong += [f"{office.company.name}: {late} entries in the locked month"] if late else []
        return Point("Debit = credit in each company", ", ".join(seen), tuple(wrong))

    def entries(self) -> dict[str, int]:
        """Return how many journal items each company has."""
        return {
            line.office.company.name: line.office.call(
                "account.move.line", "search_count", [["company_id", "=", line.office.id]]
            )
            for line in self.trial_lines()
        }

    @staticmethod
    def _read(line: Line, model: str, domain: list, fields: list[str]) -> list[dict[str, Any]]:
        return line.office.call(model, "search_read", domain, fields, limit=MAX_ROWS)


def _exact(amount: Any, currency: str) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal(1).scaleb(-digits(currency)))
