# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a report for auditors is: a question, its columns, and one statement that answers it.

A definition holds no state and no rights: ``integration.report`` asks it for one company, a period and an instant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from odoo.tools import SQL

TEXT, NUMBER, AMOUNT, DAY, INSTANT = "text", "number", "amount", "day", "instant"


@dataclasses.dataclass(frozen=True)
class Scope:
    """For what a report is made: one company, the days of a period (both inclusive), and until when it looked.

    ``begin`` and ``end`` are the first instant of the first day and the first after the last one, naive UTC, by the
    clock of ``time_zone``; ``as_of`` is naive UTC. ``lang`` is the language (Odoo's code) of names that have several.
    """

    company_id: int
    date_from: date
    date_to: date
    begin: datetime
    end: datetime
    as_of: datetime
    time_zone: str
    lang: str = "en_US"


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: its heading and what it holds.

    Codes are explained by the labels of a selection field, (model, field), or by ``words`` of the report's own.
    """

    label: Any
    kind: str = TEXT
    labels: tuple[str, str] | None = None
    words: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Report:
    """A report: ``query`` returns a SELECT whose columns are ``columns``, in their order.

    Where Odoo itself has to be asked (such as which groups imply others), ``rows`` returns the lines instead: called
    with an environment that may read everything and the scope.

    ``currency_column`` is the place of the column with the currency of all amounts; None = no amounts. Balances are not
    added up: then ``sums`` is False.
    """

    code: str
    sequence: int
    title: Any
    question: Any
    columns: tuple[Column, ...]
    query: Callable[[Scope], SQL] | None = None
    currency_column: int | None = None
    sums: bool = True
    rows: Callable[[Any, Scope], list[tuple]] | None = None


REPORTS: dict[str, Report] = {}


def define(report: Report) -> Report:
    """Add a report to the list.

    :raises ValueError: its code is taken.
    """
    if report.code in REPORTS:
        raise ValueError(f"there is a report {report.code!r} already")
    REPORTS[report.code] = report
    return report


def in_period(column: SQL, scope: Scope) -> SQL:
    """Return the condition that an instant (naive UTC) lies in the period."""
    return SQL("%s >= %s AND %s < %s", column, scope.begin, column, scope.end)


def local_day(column: SQL, scope: Scope) -> SQL:
    """Return the day of an instant (naive UTC) by the clock of the report."""
    return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", column, scope.time_zone)


def translated(column: SQL, scope: Scope) -> SQL:
    """Return the text of a field that Odoo keeps in several languages: in the report's, else in English."""
    return SQL("COALESCE(%s ->> %s, %s ->> 'en_US')", column, scope.lang, column)


def account_name(scope: Scope) -> SQL:
    """Return code and name of the account ``a`` (account_account) as the company of the report has it.

    Odoo keeps the codes of an account by the company at the root of a tree of branches.
    """
    return SQL(
        """
        concat_ws(' ', a.code_store ->> (SELECT split_part(o.parent_path, '/', 1) FROM res_company o
                                          WHERE o.id = %s), %s)
        """,
        scope.company_id,
        translated(SQL("a.name"), scope),
    )
