# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import format_date

from ...engine.canonical_json import digest
from ...engine.mapping import overlaps
from .mapping_target import KINDS

MAX_LINES = 2000
SHOWN_LINES = 30
SHOWN_ROWS = 200
MAX_COUNTED = 10_000
ACTIONS = [("set", "Means from now on"), ("end", "Counts no longer")]
_MAIL = frozenset({"message_follower_ids", "message_main_attachment_id"})
# What a person says of a proposal; everything else follows from its steps.
CHOSEN = frozenset({"connection_id", "reason", "line_ids"})
# Only the holder of this object may write what follows from the steps of a proposal.
_KEY = object()


class IntegrationMappingChange(models.Model):
    """What one person wants to change of the mappings of a connection; another person approves it (F5, class c)."""

    _name = "integration.mapping.change"
    _description = "Proposed change of mappings"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    reason = fields.Text(help="Why. The approver decides on it, and it is kept with every version.")
    origin = fields.Selection(
        [("form", "By hand"), ("import", "From a file")], required=True, readonly=True, default="form"
    )
    file_name = fields.Char(readonly=True)
    line_ids = fields.One2many("integration.mapping.change.line", "change_id")
    line_count = fields.Integer(compute="_compute_line_count", string="Values")
    request_id = fields.Many2one("integration.change.request", readonly=True, copy=False, string="Approval")
    state = fields.Selection(
        [("draft", "Being prepared"), ("asked", "Waits for approval"), ("done", "Approved and in force"),
         ("closed", "Not approved")],
        compute="_compute_state",
    )  # fmt: skip

    @api.depends("request_id.state")
    def _compute_state(self):
        by_request = {"asked": "asked", "agreed": "asked", "approved": "done"}
        for change in self:
            state = change.request_id.sudo().state
            change.state = by_request.get(state, "closed") if state else "draft"

    @api.depends("connection_id", "line_ids")
    def _compute_display_name(self):
        for change in self:
            change.display_name = self.env._(
                "%(connection)s: %(count)s values",
                connection=change.connection_id.name,
                count=len(change.line_ids),
            )

    @api.depends("line_ids")
    def _compute_line_count(self):
        for change in self:
            change.line_count = len(change.line_ids)

    # -- guarding --------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        self._check_may_propose()
        by_key = self.env.context.get("integration_mapping_change") is _KEY
        if not by_key and any(not vals.keys() <= CHOSEN | _MAIL for vals in vals_list):
            raise UserError(self._words())
        return super().create(vals_list)

    def write(self, vals):
        if self.env.context.get("integration_mapping_change") is not _KEY and not vals.keys() <= _MAIL:
            self._check_may_propose()
            if not vals.keys() <= CHOSEN | _MAIL:
                raise UserError(self._words())
            self._check_open()
            if "connection_id" in vals and any(change.line_ids for change in self):
                raise UserError(self.env._("A proposal is for one connection. Make another one."))
        return super().write(vals)

    def _words(self):
        return self.env._("What becomes of a proposal follows from its buttons.")

    def _check_open(self):
        if any(change.state not in ("draft", "closed") for change in self):
            raise UserError(self.env._("What is being approved, or was approved, cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        if any(change.request_id for change in self):
            raise UserError(self.env._("A proposal that somebody has decided about is evidence and is kept."))

    @api.model
    def _check_may_propose(self):
        """Refuse people who neither operate nor set up.

        :raises AccessError: the acting user is neither.
        """
        if not self.env.su:
            self.env["integration.flow"]._check_may_steer()

    def _keyed(self):
        return self.sudo().with_context(integration_mapping_change=_KEY)

    # -- asking ----------------------------------------------------------------------------------------------

    def action_ask(self):
        """Button: ask for approval of exactly what the proposal says now."""
        self.ensure_one()
        self.check_access("write")
        self._check_may_propose()
        self._check_open()
        lines = self._as_values()
        values = {"lines": lines}
        request = self.env["integration.change.request"]._ask(
            self, self._title(), values, self.reason, self._summary(lines), kind="mapping"
        )
        self._keyed().request_id = request
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }

    def _as_values(self):
        """Return the lines as an approved request carries them out.

        :raises UserError, ValidationError: there is nothing to propose, or a line cannot be.
        """
        if not self.line_ids:
            raise UserError(self.env._("Add at least one value."))
        if len(self.line_ids) > MAX_LINES:
            raise UserError(self.env._("One proposal changes at most %s values.", MAX_LINES))
        self.line_ids._check_lines()
        pairs = [(line.mapping, line.outside_value) for line in self.line_ids]
        keys = self.env["integration.mapping"]._find_keys(self.connection_id, pairs)
        return [line._as_value(keys.get(pair)) for line, pair in zip(self.line_ids, pairs, strict=True)]

    def _title(self):
        if len(self.line_ids) == 1:
            return self.env._(
                "%(connection)s: mapping of %(value)s",
                connection=self.connection_id.name,
                value=self.line_ids.outside_value,
            )
        return self.env._(
            "%(connection)s: mappings of %(count)s values",
            connection=self.connection_id.name,
            count=len(self.line_ids),
        )

    def _summary(self, lines):
        """Return what the approver sees: each value before and after, and what has been booked with what ends."""
        told = [line._sentence() for line in self.line_ids[:SHOWN_LINES]]
        if len(self.line_ids) > SHOWN_LINES:
            told.append(
                self.env._("… and %s more, listed in the proposal.", len(self.line_ids) - SHOWN_LINES)
            )
        ids = [version_id for line in lines for version_id, _first, _last in line["base"]]
        booked = self.env["integration.effect"]._count_booked_with(self.connection_id, ids, MAX_COUNTED)
        if booked:
            told.append(
                self.env._(
                    "%s records were booked with the present meaning. They stay as they are; to correct them, plan a "
                    "replay or book by hand.",
                    booked if booked < MAX_COUNTED else f"≥ {MAX_COUNTED}",
                )
            )
        return "\n".join(told)

    def _approval_preview(self, values):
        """Return what the approver sees of each value now and afterwards; it must not have changed at the approval."""
        lines = (values or {}).get("lines") or []
        mappings = self.env["integration.mapping"]
        keys = mappings._find_keys(self.connection_id, [(line["mapping"], line["value"]) for line in lines])
        bases = [
            keys[line["mapping"], line["value"]]._base() if (line["mapping"], line["value"]) in keys else []
            for line in lines
        ]
        return {
            "rows": [self._preview_row(line, keys) for line in lines[:SHOWN_ROWS]],
            "notes": [self.env._("And %s more.", len(lines) - SHOWN_ROWS)] if len(lines) > SHOWN_ROWS else [],
            "digest": digest(json.dumps([lines, bases], sort_keys=True).encode()),
        }

    def _preview_row(self, line, keys):
        mapping = keys.get((line["mapping"], line["value"]))
        first, last = fields.Date.to_date(line["from"]), fields.Date.to_date(line["until"])
        versions = mapping.version_ids if mapping else self.env["integration.mapping.version"]
        before = versions.filtered(
            lambda row: (
                row.state == "used" and overlaps(row.valid_from or None, row.valid_until or None, first, last)
            )
        )
        after = ""
        if line["action"] == "set":
            own = versions.browse().with_context(allowed_company_ids=self.company_id.ids)
            after = own._target_text(line["target"], line["mapping"])
        kinds = dict(KINDS)
        return {
            "field": f"{line['mapping']} {line['value']}",
            "label": f"{kinds[line['mapping']]} {line['value']} ({line['from'] or '…'} – {line['until'] or '…'})",
            "before": "; ".join(before.sorted("number").mapped("target")),
            "after": after or "",
        }

    def _carry_out(self, request):
        """Put an approved proposal in force; called by integration.change.request.

        What is carried out stands in the request, as it was approved, not in the lines of this record.
        """
        self.ensure_one()
        if request.res_model != self._name or request.res_id != self.id or not request.approver_id:
            raise AccessError(self.env._("This is not the approval of this proposal."))
        self.env["integration.mapping"]._put_in_force(self.connection_id, request.values["lines"], request)

    @api.model
    def _open_new(self, connection, lines):
        """Return the action that opens a new proposal with these lines filled in."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Propose a change"),
            "res_model": self._name,
            "views": [(False, "form")],
            "context": {
                "default_connection_id": connection.id,
                "default_line_ids": [(0, 0, line) for line in lines],
            },
        }

    def action_open_request(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.change.request",
            "res_id": self.request_id.id,
            "views": [(False, "form")],
        }


class IntegrationMappingChangeLine(models.Model):
    """One value of a proposal: what it shall mean, from which day to which."""

    _name = "integration.mapping.change.line"
    _description = "Value of a proposed change"
    _inherit = ["integration.mapping.target"]
    _order = "change_id, id"
    _check_company_auto = True

    change_id = fields.Many2one("integration.mapping.change", required=True, ondelete="cascade", index=True)
    connection_id = fields.Many2one(related="change_id.connection_id")
    company_id = fields.Many2one(related="change_id.company_id", store=True, index=True)
    mapping = fields.Selection(KINDS, required=True, string="What", default="account")
    outside_value = fields.Char(
        required=True, help="As the outside system writes it. * stands for: any value that nobody has mapped."
    )
    action = fields.Selection(ACTIONS, required=True, default="set")
    valid_from = fields.Date(
        string="From", help="The first day, by the date of the document. Empty = always."
    )
    valid_until = fields.Date(string="until", help="The last day. Empty = no end.")
    mapping_id = fields.Many2one("integration.mapping", compute="_compute_mapping_id")
    before = fields.Char(compute="_compute_before", string="Means now")

    @api.depends("mapping", "outside_value", "change_id.connection_id")
    def _compute_mapping_id(self):
        Mapping = self.env["integration.mapping"]
        for connection, lines in self.grouped("connection_id").items():
            keys = Mapping._find_keys(
                connection, [(line.mapping, (line.outside_value or "").strip()) for line in lines]
            )
            for line in lines:
                line.mapping_id = keys.get((line.mapping, (line.outside_value or "").strip()), False)

    @api.depends("mapping_id", "valid_from", "valid_until")
    def _compute_before(self):
        for line in self:
            used = line.mapping_id.sudo().version_ids.filtered(
                lambda version, line=line: (
                    version.state == "used"
                    and overlaps(
                        version.valid_from or None,
                        version.valid_until or None,
                        line.valid_from or None,
                        line.valid_until or None,
                    )
                )
            )
            line.before = "; ".join(used.mapped("target")) or False

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if "outside_value" in vals:
                vals["outside_value"] = self.env["integration.mapping"]._clean(vals["outside_value"])
        self.env["integration.mapping.change"].browse(
            {vals.get("change_id") for vals in vals_list} - {None, False}
        )._check_open()
        return super().create(vals_list)

    def write(self, vals):
        self.change_id._check_open()
        if "change_id" in vals:
            raise UserError(self.env._("A value stays in its proposal. Add it to the other one."))
        if "outside_value" in vals:
            vals = {**vals, "outside_value": self.env["integration.mapping"]._clean(vals["outside_value"])}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_while_open(self):
        self.change_id._check_open()

    def _check_lines(self):
        """Refuse lines that cannot be carried out.

        :raises ValidationError: what is wrong, and with which value.
        """
        self.filtered(lambda line: line.action == "set")._check_targets()
        seen = defaultdict(list)
        for line in self:
            span = (line.valid_from or None, line.valid_until or None)
            earlier = seen[line.mapping, line.outside_value]
            if any(overlaps(*other, *span) for other in earlier):
                raise ValidationError(
                    self.env._("%s stands here twice for the same days.", line.outside_value)
                )
            earlier.append(span)
            if line.valid_from and line.valid_until and line.valid_until < line.valid_from:
                raise ValidationError(self.env._("%s: the last day is before the first.", line.outside_value))
            if line.action == "end" and not line.before:
                raise ValidationError(
                    self.env._("%s has no meaning in that time that could end.", line.outside_value)
                )

    def _as_value(self, mapping):
        """Return this line as JSON; ``mapping`` is what is there of this value, or None."""
        self.ensure_one()
        return {
            "mapping": self.mapping,
            "value": self.outside_value,
            "action": self.action,
            "from": self.valid_from.isoformat() if self.valid_from else None,
            "until": self.valid_until.isoformat() if self.valid_until else None,
            "target": self._target_value() if self.action == "set" else None,
            "base": mapping._base() if mapping else [],
        }

    def _sentence(self):
        """Return in words what this line does."""
        self.ensure_one()
        kinds = dict(self._fields["mapping"]._description_selection(self.env))
        first, last = (format_date(self.env, day) for day in (self.valid_from, self.valid_until))
        span = [
            self.env._("from %s", first) if first else self.env._("from the beginning"),
            self.env._("until %s", last) if last else "",
        ]
        new = self.target if self.action == "set" else self.env._("no longer mapped")
        return self.env._(
            "%(kind)s %(value)s: %(before)s → %(new)s, %(span)s",
            kind=kinds[self.mapping],
            value=self.outside_value,
            before=self.before or self.env._("not mapped"),
            new=new,
            span=" ".join(filter(None, span)),
        )
