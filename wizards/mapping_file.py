# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.mapping_file import LIMITS, Row, read_rows, write_rows
from ..models.governance.mapping_change import _KEY
from ..models.governance.mapping_target import TARGETS

MAX_SHOWN = 200
MAX_EXPORTED = 100_000


class IntegrationMappingFile(models.TransientModel):
    """Mappings of a connection from and to a CSV file. A file is taken as a whole, as a proposal, or not at all."""

    _name = "integration.mapping.file"
    _description = "Mappings from and to a file"

    connection_id = fields.Many2one("integration.connection", required=True)
    file = fields.Binary(string="CSV file", attachment=False)
    file_name = fields.Char()
    state = fields.Selection(
        [
            ("new", "Not read yet"),
            ("wrong", "Cannot be taken"),
            ("ready", "Can be proposed"),
            ("same", "Changes nothing"),
        ],
        default="new",
        readonly=True,
    )
    summary = fields.Char(readonly=True)
    problem_ids = fields.One2many("integration.mapping.file.problem", "file_id", readonly=True)
    export = fields.Binary(readonly=True, attachment=False, string="Mappings as they are")
    export_name = fields.Char(readonly=True)

    @api.depends("connection_id")
    def _compute_display_name(self):
        for dialog in self:
            dialog.display_name = self.env._("Mappings and files")

    @api.onchange("file")
    def _onchange_file(self):
        self.state, self.summary, self.problem_ids = "new", False, [(5, 0, 0)]

    # -- in --------------------------------------------------------------------------------------------------

    def action_check(self):
        """Button: read the file and show every problem, line by line; nothing is kept."""
        self._read()
        return self._again()

    def action_propose(self):
        """Button: make a proposal of the file; it counts when another person has approved it."""
        lines = self._read()
        if self.state != "ready":
            return self._again()
        Change = self.env["integration.mapping.change"]
        change = Change.with_context(integration_mapping_change=_KEY).create(
            {
                "connection_id": self.connection_id.id,
                "origin": "import",
                "file_name": (self.file_name or "")[:255],
                "line_ids": [(0, 0, line) for line in lines],
            }
        )
        self.env["integration.audit.leaf"]._record_change(change, "mapping.import", self.summary)
        return {
            "type": "ir.actions.act_window",
            "res_model": change._name,
            "res_id": change.id,
            "views": [(False, "form")],
        }

    def _read(self):
        """Read the file; returns values of proposal lines for what it changes, and shows what is wrong.

        :raises UserError: there is no file.
        """
        self.ensure_one()
        self.env["integration.mapping.change"]._check_may_propose()
        self.connection_id.check_access("read")
        rows, problems = read_rows(self._content(), TARGETS)
        words = self._words()
        told = [(problem.line, problem.value, words.get(problem.code, problem.code)) for problem in problems]
        lines, unchanged = [], 0
        keys = self.env["integration.mapping"]._find_keys(
            self.connection_id, [(row.kind, row.value) for row in rows]
        )
        for row in rows:
            target, problem = self._target(row)
            if problem:
                told.append((row.line, row.value[:80], problem))
            elif self._is_in_force(keys.get((row.kind, row.value)), row, target):
                unchanged += 1
            else:
                lines.append(self._line(row, target))
        self._show(sorted(told), lines, unchanged)
        return lines

    def _content(self):
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        try:
            # Base64 is a third longer than what it holds; more is not even unpacked.
            return (
                base64.b64decode(self.file)
                if len(self.file) < 2 * LIMITS.max_bytes
                else b"x" * (LIMITS.max_bytes + 1)
            )
        except (binascii.Error, ValueError):
            raise UserError(self.env._("This file did not arrive whole. Choose it again.")) from None

    def _target(self, row):
        if row.action == "end":
            return None, None
        target, problem = self.env["integration.mapping"]._named(self.connection_id, row.kind, row.means)
        problem = problem or self.env["integration.mapping.version"]._target_problem(
            row.kind, target, self.connection_id.company_id, row.value
        )
        return target, problem

    def _is_in_force(self, mapping, row, target):
        """Whether a version says exactly this, or, for an end, whether nothing counts then anyway."""
        used = mapping.version_ids.filtered(lambda version: version.state == "used") if mapping else []
        if row.action == "end":
            return False
        return any(
            (version.valid_from or None, version.valid_until or None, version._target_value())
            == (row.first, row.last, target)
            for version in used
        )

    def _line(self, row, target):
        targets = self.env["integration.mapping.change.line"]._target_fields(row.kind, target)
        return {
            "mapping": row.kind,
            "outside_value": row.value,
            "action": row.action,
            "valid_from": row.first,
            "valid_until": row.last,
            **targets,
        }

    def _show(self, problems, lines, unchanged):
        if problems:
            state = "wrong"
            summary = self.env._("%s problems. Nothing is taken over until all are solved.", len(problems))
        elif not lines:
            state, summary = (
                "same",
                self.env._("All %s values are mapped exactly like this already.", unchanged),
            )
        else:
            state = "ready"
            summary = self.env._(
                "%(changed)s values would be new or different, %(same)s stay as they are.",
                changed=len(lines),
                same=unchanged,
            )
        rows = [
            (0, 0, {"line": line, "value": value, "problem": problem})
            for line, value, problem in problems[:MAX_SHOWN]
        ]
        self.write({"state": state, "summary": summary, "problem_ids": [(5, 0, 0), *rows]})

    def _words(self):
        _ = self.env._
        return {
            "unknown_kind": _("there is no such kind of mapping; it is one of: %s", ", ".join(TARGETS)),
            "unknown_action": _("the action is set or end"),
            "value_empty": _("the value is missing"),
            "value_too_long": _("the value has more than 255 characters"),
            "value_not_printable": _("the value holds characters that cannot be seen"),
            "no_meaning": _("it is not said what the value means"),
            "wrong_date": _("a date is not written like 2026-03-31"),
            "days_in_wrong_order": _("the last day is before the first"),
            "days_twice": _("these days of the value stand in an earlier line already"),
            "wrong_columns": _("the line has another number of cells than the first line has columns"),
            "not_a_row": _("this line is not a mapping"),
            "file_too_large": _(
                "the file has more than 2,000 lines or 1,000,000 characters, or a line is too long"
            ),
            "file_truncated": _("the file is empty or cut off"),
            "file_corrupt": _(
                "the file cannot be read: its first line names the columns what,value,means,from,until"
            ),
        }

    # -- out -------------------------------------------------------------------------------------------------

    def action_export(self):
        """Button: write what is in force into a file, which can be changed and proposed again."""
        self.ensure_one()
        self.connection_id.check_access("read")
        mappings = self.env["integration.mapping"]
        versions = self.env["integration.mapping.version"].search(
            [("connection_id", "=", self.connection_id.id), ("state", "=", "used")],
            order="mapping, mapping_id, valid_from nulls first",
            limit=MAX_EXPORTED,
        )
        rows = [
            Row(
                0,
                version.mapping,
                version.outside_value,
                mappings._name_of(self.connection_id, version.mapping, version._target_value()),
                version.valid_from or None,
                version.valid_until or None,
            )
            for version in versions
        ]
        codes = self.env["integration.outside.code"]._labels(
            self.connection_id, [(row.kind, row.value) for row in rows]
        )
        content = write_rows(rows, {key: code.label or "" for key, code in codes.items()})
        self.write(
            {
                "export": base64.b64encode(content),
                "export_name": f"mappings-{self.connection_id.id}-{fields.Date.today()}.csv",
            }
        )
        self.env["integration.audit.leaf"]._record_change(
            self.connection_id, "mapping.export", self.env._("%s mappings", len(rows))
        )
        return self._again()

    def _again(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mappings and files"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class IntegrationMappingFileProblem(models.TransientModel):
    """One thing that is wrong with one line of a file."""

    _name = "integration.mapping.file.problem"
    _description = "Problem in a file of mappings"
    _order = "line, id"

    file_id = fields.Many2one("integration.mapping.file", required=True, ondelete="cascade")
    line = fields.Integer(help="0 = it concerns the file as a whole.")
    value = fields.Char()
    problem = fields.Char()
