# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The parallel run: what a flow in shadow would have booked, beside what the books hold."""

from collections import Counter
from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.parallel_run import Booking, differences, summary
from .event import money

VERDICT_LABELS = [
    ("equal", "Equal"),
    ("different", "Different"),
    ("missing", "Missing in the books"),
    ("only_in_books", "Only in the books"),
    ("refused", "Would be refused"),
    ("nothing", "Books nothing"),
]
MAX_COMPARED = 5000
# The drain rehearses a batch; a person who computes again does so in steps of this size.
STEP = 100


class IntegrationShadowResult(models.Model):
    """What one event would have booked, and how that compares; or an entry of the books that no event explains."""

    _name = "integration.shadow.result"
    _description = "Result of the parallel run"
    _order = "date desc, id desc"
    _log_access = False
    _rec_name = "reference"

    flow_id = fields.Many2one("integration.flow", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    message_id = fields.Many2one("integration.message", readonly=True, ondelete="cascade", string="Event")
    computed_at = fields.Datetime(required=True, readonly=True)
    verdict = fields.Selection(VERDICT_LABELS, required=True, readonly=True, string="Comparison")
    difference = fields.Char(readonly=True, string="Differs in")
    error_code = fields.Char(readonly=True)
    explanation = fields.Char(readonly=True, help="Why it would be refused, or why it books nothing.")
    next_step = fields.Char(readonly=True)
    reference = fields.Char(readonly=True)
    partner = fields.Char(readonly=True)
    date = fields.Date(readonly=True, string="Accounting date")
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", readonly=True, ondelete="set null", string="In the books")
    computed = fields.Json(readonly=True, help="The entries and matchings as they were computed.")
    lines_text = fields.Text(compute="_compute_lines_text", string="Would be booked")
    settled = fields.Selection(
        [("booked", "Booked at go-live"), ("linked", "Linked at go-live"), ("left", "Left unbooked")],
        readonly=True,
        string="At go-live",
    )

    _message_unique = models.UniqueIndex("(message_id) WHERE message_id IS NOT NULL")
    _flow_idx = models.Index("(flow_id, verdict)")

    @api.depends("computed")
    def _compute_lines_text(self):
        for result in self:
            computed = result.computed or {}
            rows = [
                f"{entry['journal']} · {entry['date']} · {entry['ref']}\n"
                + "\n".join(
                    f"    {line['account']}   {line['debit']}   {line['credit']}   {line['label']}"
                    for line in entry["lines"]
                )
                for entry in computed.get("entries", [])
            ]
            result.lines_text = "\n".join(rows + computed.get("applied", [])) or False

    # -- storing -------------------------------------------------------------------------------------------

    @api.model
    def _store(self, work, answer):
        """Keep what one event would have done and compare it with the books; returns the result in plain words.

        :param answer: dict as ``integration.rehearsal._rehearse`` gives.
        """
        flow = self.env["integration.flow"].browse(work.row["flow_id"])
        values = self._values(flow, answer) | {
            "flow_id": flow.id,
            "company_id": flow.company_id.id,
            "message_id": work.message_id,
            "computed_at": fields.Datetime.now(),
        }
        known = self.search([("message_id", "=", work.message_id)], limit=1)
        result = known or self.create(values)
        if known:
            known.write(values)
        return result._in_words()

    def _in_words(self):
        self.ensure_one()
        label = dict(self._fields["verdict"]._description_selection(self.env))[self.verdict]
        detail = self.difference or self.explanation
        return f"{label}: {detail}"[:500] if detail else label

    def _values(self, flow, answer):
        values = {
            "computed": {"entries": answer["entries"], "applied": answer["applied"]},
            "error_code": answer["error_code"],
            "explanation": answer["error_text"] or answer["note"] or False,
            "next_step": answer["next_step"],
            "difference": False,
            "move_id": False,
        }
        if answer["outcome"] == "refused":
            return values | {"verdict": "refused"}
        if not answer["entries"]:
            return values | {"verdict": "nothing"}
        entry = answer["entries"][0]
        currency = self.env["res.currency"].with_context(active_test=False).search(
            [("name", "=", entry["currency"])], limit=1
        )  # fmt: skip
        values |= {
            "reference": entry["ref"],
            "partner": entry["partner"],
            "date": entry["date"],
            "amount": float(entry["total"]),
            "currency_id": currency.id,
        }
        return values | self._compared(flow, entry)

    def _compared(self, flow, entry):
        """Return verdict, differences and entry of the books for what would be booked."""
        found = self._find(flow, entry)
        if not found:
            return {"verdict": "missing"}
        different = differences(_booking_of(entry), self._booking_in_books(found))
        if not different:
            return {"verdict": "equal", "move_id": found.id}
        labels = self._field_labels()
        return {
            "verdict": "different",
            "difference": ", ".join(labels[name] for name in different),
            "move_id": found.id,
        }

    def _find(self, flow, entry):
        books, kind = self.env["integration.books"], flow.kind
        journals = self._journals(flow)
        if found := books._by_reference(flow.company_id, kind, entry["ref"], journals):
            return found
        taken = self.search([("flow_id", "=", flow.id), ("move_id", "!=", False)]).move_id.ids
        return books._by_content(flow.company_id, kind, entry, taken, journals)

    def _journals(self, flow):
        return flow.connection_id.balance_account_ids.journal_id if flow.kind == "movement" else None

    def _booking_in_books(self, move):
        lines = move.line_ids.filtered(lambda line: line.display_type not in ("line_section", "line_note"))
        own = move.company_id.currency_id
        in_company = lines.with_context(allowed_company_ids=move.company_id.ids)
        return Booking(
            reference=move.ref or move.name or "",
            partner=move.commercial_partner_id.id or None,
            amount=money(move.amount_total, move.currency_id).value,
            currency=move.currency_id.name,
            date=move.date,
            accounts=tuple(
                (line.account_id.code or "", money(line.balance, own).value) for line in in_company
            ),
        )

    def _field_labels(self):
        _ = self.env._
        return {
            "reference": _("number"),
            "partner": _("partner"),
            "amount": _("amount"),
            "currency": _("currency"),
            "date": _("date"),
            "accounts": _("accounts"),
        }

    # -- comparing -----------------------------------------------------------------------------------------

    @api.model
    def _compare_flow(self, flow):
        """Compute a flow's shadowed events anew and list what only the books hold in their time.

        :raises UserError: there are more than are compared at once.
        """
        results = self.search(
            [("flow_id", "=", flow.id), ("message_id", "!=", False)], limit=MAX_COMPARED + 1
        )
        if len(results) > MAX_COMPARED:
            raise UserError(self.env._("More than %s events: compare them by period.", MAX_COMPARED))
        results.write({"move_id": False})
        ids = sorted(results.message_id.ids)
        by_message = {result.message_id.id: result for result in results}
        for start in range(0, len(ids), STEP):
            for answer in self.env["integration.rehearsal"]._rehearse(ids[start : start + STEP]):
                by_message[answer["message_id"]].write(
                    self._values(flow, answer) | {"computed_at": fields.Datetime.now()}
                )
        self._list_only_in_books(flow)

    def _list_only_in_books(self, flow):
        self.search([("flow_id", "=", flow.id), ("verdict", "=", "only_in_books")]).unlink()
        if flow.kind not in ("invoice", "movement", "entry"):
            return
        results = self.search([("flow_id", "=", flow.id), ("date", "!=", False)], limit=MAX_COMPARED)
        dates = results.mapped("date")
        if not dates:
            return
        journals = self._journals(flow)
        if flow.kind == "entry":
            journals = self.env["account.journal"].browse(
                {
                    entry["journal_id"]
                    for result in results
                    for entry in (result.computed or {}).get("entries", [])
                }
            )
        domain = self.env["integration.books"]._in_window(
            flow.company_id, flow.kind, min(dates), max(dates), journals
        )
        moves = self.env["account.move"].search(
            [*domain, ("id", "not in", results.move_id.ids)], limit=MAX_COMPARED
        )
        self.create(
            [
                {
                    "flow_id": flow.id,
                    "company_id": flow.company_id.id,
                    "computed_at": fields.Datetime.now(),
                    "verdict": "only_in_books",
                    "reference": move.ref or move.name,
                    "partner": move.partner_id.display_name,
                    "date": move.date,
                    "amount": move.amount_total,
                    "currency_id": move.currency_id.id,
                    "move_id": move.id,
                }
                for move in moves
            ]
        )

    # -- going live ----------------------------------------------------------------------------------------

    @api.model
    def _settle(self, flow, choice):
        """Decide about what was computed in shadow, now that the flow is live.

        :param choice: 'none' = it stays unbooked; 'missing' = what the books do not hold is booked, what they hold is
            linked and not booked again.
        """
        results = self.search(
            [("flow_id", "=", flow.id), ("message_id.kept_as", "=", "shadow"), ("settled", "=", False)]
        )
        if choice != "missing":
            results.write({"settled": "left"})
            return
        held = results.filtered(lambda result: result.verdict in ("equal", "different"))
        booked = results.filtered(lambda result: result.verdict in ("missing", "refused", "nothing"))
        held.write({"settled": "linked"})
        booked.write({"settled": "booked"})
        self._queue_again(held.message_id, "reference")
        self._queue_again(booked.message_id, None)

    def _queue_again(self, messages, kept_as):
        """Put events into the queue again: to be booked, or to be linked (kept_as 'reference')."""
        messages = messages.filtered(lambda message: message.status == "done")
        if not messages:
            return
        self.env.flush_all()
        self.env["integration.message"]._advance_many(
            [
                {
                    "id": message.id,
                    "direction": "in",
                    "from_stage": message.stage,
                    "from_status": message.status,
                    "stage": "received",
                    "status": "ready",
                    "attempts": message.attempt_count,
                }
                for message in messages
            ]
        )
        self.env.cr.execute(
            SQL("UPDATE integration_message SET kept_as = %s WHERE id = ANY(%s)", kept_as, messages.ids)
        )
        messages.invalidate_recordset(["kept_as"], flush=False)
        self.env["integration.audit.leaf"]._record_messages(messages, "message.shadow_settled")

    # -- buttons -------------------------------------------------------------------------------------------

    def action_open_move(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "views": [(False, "form")],
        }

    def action_open_message(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.message",
            "res_id": self.message_id.id,
            "views": [(False, "form")],
        }


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    shadow_result_ids = fields.One2many("integration.shadow.result", "flow_id")
    shadow_summary = fields.Char(compute="_compute_shadow_summary", string="Parallel run")
    shadow_count = fields.Integer(compute="_compute_shadow_summary")

    @api.depends("shadow_result_ids.verdict")
    def _compute_shadow_summary(self):
        counts = {flow.id: Counter() for flow in self}
        for flow, verdict, count in self.env["integration.shadow.result"]._read_group(
            [("flow_id", "in", self.ids)], ["flow_id", "verdict"], ["__count"]
        ):
            counts[flow.id][verdict] = count
        labels = dict(
            self.env["integration.shadow.result"]._fields["verdict"]._description_selection(self.env)
        )
        for flow in self:
            verdicts = counts.get(flow.id, Counter())
            flow.shadow_count = sum(verdicts.values())
            equal, compared = summary(verdicts)
            parts = [self.env._("%(equal)s of %(compared)s equal", equal=equal, compared=compared)]
            parts += [
                f"{count} {labels[verdict].lower()}"
                for verdict, count in sorted(verdicts.items())
                if verdict != "equal"
            ]
            flow.shadow_summary = ", ".join(parts) if verdicts else False

    def action_compare_books(self):
        """Button: compute what was shadowed once more, on the books as they are now."""
        self.ensure_one()
        self._check_may_steer()
        self.env["integration.shadow.result"].sudo()._compare_flow(self.sudo())
        return self.action_open_shadow()


def _booking_of(entry):
    """Return a rehearsed entry as it is compared."""
    return Booking(
        reference=entry["ref"],
        partner=entry["commercial_partner_id"],
        amount=Decimal(entry["total"]),
        currency=entry["currency"],
        date=date.fromisoformat(entry["date"]),
        accounts=tuple(
            (line["account_code"], Decimal(line["debit"]) - Decimal(line["credit"]))
            for line in entry["lines"]
        ),
    )
