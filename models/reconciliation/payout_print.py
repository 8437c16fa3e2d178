# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the papers of payouts and processor statements show (R2, R17)."""

from collections import defaultdict

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ...engine.payout_composition import GROUPS

MAX_PRINTED = 2000
# (days up to which it holds, inclusive); the last one has no end.
AGES = (7, 30, 90, None)
STATEMENT_PARTS = (
    "opening", "charges", "refunds", "fees", "disputes", "reserves", "payouts", "conversions",
    "unclassified",
)  # fmt: skip


def label_of(record, name):
    return record._fields[name].get_description(record.env, ["string"])["string"]


class IntegrationPayout(models.Model):
    _inherit = "integration.payout"

    def _printed_sums(self):
        """Return [(heading, amount)] of the parts of the payout, without those that are zero and seldom."""
        self.ensure_one()
        names = [name for name in GROUPS if name in ("gross", "refunds", "fees") or self[name]]
        names += ["carried"] if self.carried else []
        return [(label_of(self, name), self[name]) for name in names]

    def _printed_lines(self):
        """Return the lines of the paper, each with its documents and entries; and how many are left out."""
        self.ensure_one()
        if not self.told:
            return self._printed_movements()
        types = dict(self.line_ids._fields["type"]._description_selection(self.env))
        states = dict(self.line_ids._fields["state"]._description_selection(self.env))
        rows = [
            {
                "date": format_date(self.env, line.date) if line.date else "",
                "type": types[line.type],
                "id": line.ledger_id,
                "documents": line.documents_text,
                "entries": ", ".join(name for name in line.movement_ids.move_id.mapped("name") if name),
                "gross": line.gross,
                "fee": line.fee,
                "net": line.net,
                "state": states[line.state],
            }
            for line in self.line_ids[:MAX_PRINTED]
        ]
        return {"rows": rows, "left_out": max(len(self.line_ids) - MAX_PRINTED, 0)}

    def _printed_movements(self):
        domain = self._movement_domain()
        Movement = self.env["integration.movement"]
        movements = Movement.search(domain, order="occurred_at, id", limit=MAX_PRINTED)
        types = dict(Movement._fields["type"]._description_selection(self.env))
        rows = [
            {
                "date": format_date(self.env, movement.event_date),
                "type": types[movement.type],
                "id": movement.movement_id,
                "documents": ", ".join(move._integration_number() for move in movement.invoice_ids),
                "entries": movement.move_id.name or "",
                "gross": 0.0 if movement.type == "fee" else movement.settled_amount,
                "fee": -movement.settled_amount if movement.type == "fee" else 0.0,
                "net": movement.settled_amount,
                "state": self.env._("In the books"),
            }
            for movement in movements
        ]
        return {"rows": rows, "left_out": max(Movement.search_count(domain) - MAX_PRINTED, 0)}


class IntegrationProcessorStatement(models.Model):
    _inherit = "integration.processor.statement"

    open_movement_ids = fields.Many2many(
        "integration.movement",
        compute="_compute_open_movements",
        string="Open at the provider",
        help="What moved up to this day and has not been paid out by its end; together it is the closing balance.",
    )
    open_total = fields.Monetary(compute="_compute_open_movements", string="Open at the end of the day")

    def _compute_open_movements(self):
        for statement in self:
            domain = statement._open_domain()
            Movement = self.env["integration.movement"]
            statement.open_movement_ids = Movement.search(domain, order="event_date, id", limit=500)
            [(total,)] = Movement._read_group(domain, [], ["settled_amount:sum"])
            statement.open_total = total or 0.0

    def _printed_sums(self):
        self.ensure_one()
        names = [name for name in STATEMENT_PARTS if name in ("opening", "charges", "payouts") or self[name]]
        return [(label_of(self, name), self[name]) for name in names]

    def _open_domain(self):
        """Return which movements were not paid out at the end of the day.

        A payout whose composition adds up, in the provider's list and in the books, closes what it consists of;
        together
        they are zero, so what remains is the closing balance. Everything else stays in the list.
        """
        self.ensure_one()
        closing = self.env["integration.payout"].search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("currency_id", "=", self.currency_id.id),
                ("composition", "=", "adds_up"),
                ("date", "<=", self.date),
            ]
        )
        exact = closing.filtered(
            lambda payout: payout.currency_id.compare_amounts(payout.booked, payout.amount) == 0
        )
        closed = Domain("payout_id", "in", exact.ids) | Domain("id", "in", exact.movement_id.ids)
        return Domain(self._domain()) & Domain("event_date", "<=", self.date) & ~closed

    def _open_items(self):
        """Return the aged list of the paper: what is open at the end of the day, how old it is, and why."""
        self.ensure_one()
        domain = self._open_domain()
        Movement = self.env["integration.movement"]
        movements = Movement.search(domain, order="event_date, id", limit=MAX_PRINTED)
        [(total, count)] = Movement._read_group(domain, [], ["settled_amount:sum", "__count"])
        types = dict(Movement._fields["type"]._description_selection(self.env))
        rows, ages = [], defaultdict(float)
        for movement in movements:
            age = (self.date - movement.event_date).days
            ages[next(end for end in AGES if end is None or age <= end)] += movement.settled_amount
            rows.append(
                {
                    "date": format_date(self.env, movement.event_date),
                    "age": age,
                    "type": types[movement.type],
                    "id": movement.movement_id,
                    "why": movement.open_reason,
                    "amount": movement.settled_amount,
                }
            )
        shown = sum(movements.mapped("settled_amount"))
        return {
            "rows": rows,
            "total": total or 0.0,
            "left_out": max(count - len(rows), 0),
            "left_out_sum": self.currency_id.round((total or 0.0) - shown),
            "ages": [(self._age_words(end), self.currency_id.round(ages[end])) for end in AGES],
        }

    def _age_words(self, end):
        if end is None:
            return self.env._("Older")
        return self.env._("Up to %s days", end)

    def action_print(self):
        """Button: the statement with its open items on paper (PDF, or a page to print where none can be made)."""
        self.check_access("read")
        return self.env.ref("finance_integration.action_report_processor_statement")._integration_paper(self)


class IntegrationMovement(models.Model):
    _inherit = "integration.movement"

    open_reason = fields.Char(
        compute="_compute_open_reason",
        string="Why it is open",
        help="Why this money is still at the provider, or on its way.",
    )

    def _compute_open_reason(self):
        states = dict(self.env["integration.payout"]._fields["bank_state"]._description_selection(self.env))
        applications = dict(self._fields["application"]._description_selection(self.env))
        payouts = self.env["integration.payout"].search(
            ["|", ("movement_id", "in", self.ids), ("return_movement_id", "in", self.ids)]
        )
        by_movement = {payout.movement_id.id: payout for payout in payouts}
        by_movement |= {payout.return_movement_id.id: payout for payout in payouts}
        for movement in self:
            own = by_movement.get(movement.id)
            if own and own.composition != "adds_up":
                words = dict(own._fields["composition"]._description_selection(self.env))
                reason = self.env._("Of what the payout consists: %s", words[own.composition])
            elif own:
                reason = states[own.bank_state]
            elif movement.payout_id:
                reason = self.env._("Paid out with %s", movement.payout_id.payout_id)
            elif movement.type in ("dispute", "reserve"):
                reason = self.env._("Held by the provider")
            else:
                reason = self.env._("Not paid out yet")
            if movement.application in ("unidentified", "suspense"):
                reason = f"{reason} · {applications[movement.application]}"
            movement.open_reason = reason
