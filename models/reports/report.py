# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A report for auditors as it was made: a file with its digest, kept as evidence and never changed (A7)."""

import base64
import csv
import io
from collections import defaultdict
from datetime import timezone
from decimal import Decimal
from itertools import islice

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...engine.canonical_json import digest
from ...engine.csv_safe import csv_line
from ...engine.instants import format_instant
from ..control.display import words_for
from . import (  # noqa: F401 - they define the reports
    books,
    control,
    duties,
    events,
    intercompany,
    journals,
    ledger,
    money,
    people,
    tax,
)
from .definition import AMOUNT, INSTANT, NUMBER, REPORTS

MAX_ROWS = 100_000
SHOWN_ROWS = 200
PRINTED_ROWS = 2000
# What was done is kept as a code with words of its own.
ACTIONS = ("integration.audit.leaf", "action")
# A spreadsheet takes a file for UTF-8 when it begins so.
BYTE_ORDER_MARK = "\ufeff".encode()


class IntegrationReport(models.Model):
    _name = "integration.report"
    _description = "Report for auditors"
    _order = "id desc"

    name = fields.Char(compute="_compute_name", store=True)
    code = fields.Selection("_selection_code", required=True, readonly=True, string="Report")
    question = fields.Text(compute="_compute_question", string="What it answers")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    date_from = fields.Date(string="From", required=True, readonly=True)
    date_to = fields.Date(string="To", required=True, readonly=True)
    as_of = fields.Datetime(
        required=True, readonly=True, help="What was known at this instant is in it; nothing that came later."
    )
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="restrict", string="Made by"
    )
    time_zone = fields.Char(required=True, readonly=True)
    row_count = fields.Integer(readonly=True, string="Lines")
    totals = fields.Json(readonly=True, string="Sums")
    totals_text = fields.Char(compute="_compute_totals_text", string="Totals")
    file = fields.Binary(readonly=True, attachment=True, string="File (CSV)")
    file_name = fields.Char(compute="_compute_name", store=True)
    file_digest = fields.Char(
        readonly=True, string="Digest of the file (SHA-256)", help="Stands in the audit trail, too."
    )
    table_html = fields.Html(compute="_compute_table_html", sanitize=False, string="Content")
    shown_text = fields.Char(compute="_compute_table_html")
    leaf_id = fields.Many2one(
        "integration.audit.leaf",
        compute="_compute_leaf_id",
        string="Audit entry",
        help="What seals this report.",
    )
    genuine = fields.Boolean(
        compute="_compute_genuine", help="Whether the file is the one whose digest stands in the audit trail."
    )

    @api.model
    def _selection_code(self):
        rows = sorted(REPORTS.values(), key=lambda report: report.sequence)
        return [(report.code, self.env._(report.title)) for report in rows]  # pylint: disable=translation-not-lazy

    @api.depends("code", "date_from", "date_to")
    def _compute_name(self):
        for report in self:
            title = REPORTS[report.code].title if report.code in REPORTS else report.code
            report.name = f"{title} {report.date_from} – {report.date_to}"
            report.file_name = f"{report.code}_{report.date_from}_{report.date_to}.csv"

    @api.depends("code")
    def _compute_question(self):
        for report in self:
            definition = REPORTS.get(report.code)
            # pylint: disable-next=translation-not-lazy
            report.question = self.env._(definition.question) if definition else False

    @api.depends("totals")
    def _compute_totals_text(self):
        for report in self:
            report.totals_text = " · ".join(
                f"{heading}: {amount} {currency}" for heading, currency, amount in report.totals or []
            )

    def _compute_leaf_id(self):
        leaves = (
            self.env["integration.audit.leaf"]
            .sudo()
            .search(
                [("res_model", "=", self._name), ("res_id", "in", self.ids), ("action", "=", "report.made")]
            )
        )
        by_report = {leaf.res_id: leaf for leaf in leaves}
        for report in self:
            report.leaf_id = by_report.get(report.id, False)

    @api.depends("file_digest")
    def _compute_genuine(self):
        for report in self.with_context(bin_size=False):
            content = base64.b64decode(report.file or b"")
            leaf = report.leaf_id
            report.genuine = bool(leaf) and digest(content) == report.file_digest == leaf.subject_digest

    # -- evidence ------------------------------------------------------------------------------------------

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("A report is evidence: it is made anew, never changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A report is evidence: it stays."))

    # -- making --------------------------------------------------------------------------------------------

    @api.model
    def _make(self, definition, scope, company):
        """Compute a report, keep it and record it; returns the record.

        :raises AccessError: the acting user is no auditor of this company.
        :raises UserError: it has more than MAX_ROWS lines.
        """
        if (
            not self.env.user.has_group("finance_integration.group_auditor")
            or company not in self.env.companies
        ):
            raise AccessError(self.env._("Only who may read the books of this company makes its reports."))
        return self._keep(definition, scope, company)

    @api.model
    def _keep(self, definition, scope, company):
        """Compute a report, keep it and record it; whoever calls this answers for the right to see it.

        :raises UserError: it has more than MAX_ROWS lines.
        """
        rows = self._rows(definition, scope)
        content = self._csv(definition, scope, rows)
        report = self.sudo().create(
            {
                "code": definition.code,
                "company_id": company.id,
                "date_from": scope.date_from,
                "date_to": scope.date_to,
                "as_of": scope.as_of,
                "time_zone": scope.time_zone,
                "user_id": self.env.uid,
                "row_count": len(rows),
                "totals": self._totals(definition, rows),
                "file": base64.b64encode(content),
                "file_digest": digest(content),
            }
        )
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": "report.made",
                    "company_id": company.id,
                    "res_model": self._name,
                    "res_id": report.id,
                    "user_id": self.env.uid,
                    "subject_digest": report.file_digest,
                    "detail": f"{definition.code} {scope.date_from} {scope.date_to}: {len(rows)} lines",
                }
            ]
        )
        return report.sudo(flag=False)

    def _rows(self, definition, scope):
        """Return the lines of a report; amounts as exact decimals with the places of their currency."""
        self.env.flush_all()
        places = {
            currency.name: currency.decimal_places
            for currency in self.env["res.currency"].with_context(active_test=False).search([])
        }
        if definition.rows:
            rows = definition.rows(self.sudo().env, scope)
            self._refuse_too_many(rows)
            return [_exact_row(definition, row, places) for row in rows]
        names = [SQL.identifier(f"c{place}") for place in range(len(definition.columns))]
        # Odoo's connections turn numbers into floats; as text they stay what they are.
        shown = [
            SQL("r.%s::text", name) if column.kind in (AMOUNT, NUMBER) else SQL("r.%s", name)
            for name, column in zip(names, definition.columns, strict=True)
        ]
        self.env.cr.execute(
            SQL(
                "SELECT %s FROM (%s LIMIT %s) AS r(%s)",
                SQL(", ").join(shown),
                definition.query(scope),
                MAX_ROWS + 1,
                SQL(", ").join(names),
            )
        )
        rows = self.env.cr.fetchall()
        self._refuse_too_many(rows)
        return [_exact_row(definition, row, places) for row in rows]

    def _refuse_too_many(self, rows):
        if len(rows) > MAX_ROWS:
            raise UserError(
                self.env._("This report has more than %s lines: choose a shorter period.", f"{MAX_ROWS:,}")
            )

    def _csv(self, definition, scope, rows):
        """Return the file: a head that says what it is, then the lines."""
        label = self._labels(definition)
        head = [
            (self.env._("Report"), str(self.env._(definition.title))),  # pylint: disable=translation-not-lazy
            (self.env._("Company"), self.env["res.company"].browse(scope.company_id).name),
            (self.env._("Period"), f"{scope.date_from} – {scope.date_to} ({scope.time_zone})"),
            (self.env._("As of"), _instant(scope.as_of)),
            (self.env._("Lines"), str(len(rows))),
            (),
        ]
        # pylint: disable-next=translation-not-lazy
        headings = [self.env._(column.label) for column in definition.columns]
        lines = [csv_line(cells) for cells in (*head, headings)]
        lines += [
            csv_line(
                [_exact(column, label(place, value)) for place, (column, value) in _cells(definition, row)]
            )
            for row in rows
        ]
        return BYTE_ORDER_MARK + b"".join(lines)

    def _labels(self, definition):
        """Return a function (place, value) → what people read instead of a code."""
        tables = {}
        for place, column in enumerate(definition.columns):
            if column.labels and column.labels != ACTIONS:
                model, field = column.labels
                tables[place] = dict(self.env[model]._fields[field]._description_selection(self.env))

            elif column.words:
                # pylint: disable-next=translation-not-lazy
                tables[place] = {code: str(self.env._(words)) for code, words in column.words.items()}

        def label(place, value):
            if value is None:
                return None
            if definition.columns[place].labels == ACTIONS:
                return str(words_for(self.env, value))
            return tables[place].get(value, value) if place in tables else value

        return label

    def _totals(self, definition, rows):
        """Return [[heading, currency, sum]] of the columns with amounts, exact."""
        if definition.currency_column is None or not definition.sums:
            return []
        sums = defaultdict(Decimal)
        for row in rows:
            for place, (column, value) in _cells(definition, row):
                if column.kind == AMOUNT and value is not None:
                    sums[place, row[definition.currency_column] or ""] += value
        # pylint: disable-next=translation-not-lazy
        headings = {place: str(self.env._(column.label)) for place, column in enumerate(definition.columns)}
        return [
            [headings[place], currency, format(amount, "f")]
            for (place, currency), amount in sorted(sums.items())
        ]

    # -- reading -------------------------------------------------------------------------------------------

    def _as_table(self, limit):
        """Return (headings, lines, places of figures) of the file as it was made, for the screen and for paper."""
        self.ensure_one()
        text = base64.b64decode(self.with_context(bin_size=False).file or b"").decode("utf-8-sig")
        lines = iter(csv.reader(io.StringIO(text)))
        for line in lines:  # an empty line ends the head
            if not line:
                break
        headings = next(lines, [])
        rows = [[_as_read(cell) for cell in line] for line in islice(lines, limit)]
        columns = REPORTS[self.code].columns if self.code in REPORTS else ()
        figures = {place for place, column in enumerate(columns) if column.kind in (AMOUNT, NUMBER)}
        return headings, rows, figures

    @api.depends("file")
    def _compute_table_html(self):
        for report in self:
            headings, rows, figures = report._as_table(SHOWN_ROWS) if report.id else ([], [], set())
            report.table_html = _html(headings, rows, figures) if rows else False
            report.shown_text = (
                self.env._(
                    "The first %(shown)s of %(all)s lines; the file has all.",
                    shown=SHOWN_ROWS,
                    all=report.row_count,
                )
                if report.row_count > SHOWN_ROWS
                else False
            )

    def _printed(self):
        """Return what the paper shows: headings, lines, places of figures and how many lines only the file has."""
        headings, rows, figures = self._as_table(PRINTED_ROWS)
        return {
            "headings": headings,
            "rows": rows,
            "figures": figures,
            "left_out": max(self.row_count - PRINTED_ROWS, 0),
        }

    def action_download(self):
        """Button: the file as it was made."""
        self.ensure_one()
        self.check_access("read")
        self.env["integration.audit.leaf"].sudo()._record_change(self, "report.download", self.file_name)
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/file/{self.file_name}?download=true",
            "target": "self",
        }

    def action_print(self):
        """Button: the report on paper (PDF, or a page to print where none can be made)."""
        self.ensure_one()
        self.check_access("read")
        self.env["integration.audit.leaf"].sudo()._record_change(self, "report.print", self.file_name)
        return self.env.ref("finance_integration.action_report_for_auditors")._integration_paper(self)

    def action_open_leaf(self):
        """Button: the entry of the audit trail that names this report's digest."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.audit.leaf",
            "res_id": self.leaf_id.id,
            "views": [(False, "form")],
        }


def _cells(definition, row):
    """Return [(place, (column, value))] of a line."""
    return enumerate(zip(definition.columns, row, strict=True))


def _exact_row(definition, row, places):
    """Return a line with its figures as decimals; ``places``: currency → digits after the point."""
    currency = row[definition.currency_column] if definition.currency_column is not None else None
    unit = Decimal(1).scaleb(-places.get(currency, 2))
    figures = {AMOUNT: lambda text: Decimal(text).quantize(unit), NUMBER: Decimal}
    exact = (
        value if value is None or column.kind not in figures else figures[column.kind](value)
        for _place, (column, value) in _cells(definition, row)
    )
    return tuple(exact)


def _exact(column, value):
    """Return a value as the file has it: dates and figures without any locale."""
    if value is None:
        return ""
    if column.kind == INSTANT:
        return _instant(value)
    return value if isinstance(value, Decimal) else str(value)


def _instant(value):
    return format_instant(value.replace(microsecond=0, tzinfo=timezone.utc))


def _as_read(cell):
    """Return a cell without the apostrophe that keeps a spreadsheet from computing it."""
    return cell[1:] if cell.startswith("'") else cell


def _html(headings, rows, figures):
    def line(tag, cells):
        return Markup("<tr>%s</tr>") % Markup("").join(
            Markup("<%s class='%s'>%s</%s>") % (tag, "text-end" if place in figures else "", cell, tag)
            for place, cell in enumerate(cells)
        )

    body = Markup("").join(line("td", row) for row in rows)
    return Markup(
        "<table class='table table-sm table-striped'><thead>%s</thead><tbody>%s</tbody></table>"
    ) % (line("th", headings), body)
