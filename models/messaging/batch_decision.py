# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What people read about a batch, and what they decide: read again, accept as it is, put aside."""

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ...engine import batch as rules
from ...engine.money import plain

DISCARD_PORTION = 1000


class IntegrationBatch(models.Model):
    _inherit = "integration.batch"

    # -- in plain words ------------------------------------------------------------------------------------

    def _words_of_problems(self):
        """Return, one sentence each, what is missing or differs."""
        self.ensure_one()
        lines = [self.problem_text] if self.problem_text else []
        if self.unreadable_count:
            where = ", ".join(str(row.get("line")) for row in (self.problems or []) if row.get("line"))
            lines.append(
                self.env._(
                    "%(count)s records could not be read (lines %(lines)s).",
                    count=self.unreadable_count,
                    lines=where or "…",
                )
            )
        return lines + [self._words_of_difference(row) for row in rules.differences(*self._totals())]

    def _words_of_difference(self, row):
        too_much = row.missing < 0
        numbers = {"declared": row.declared, "counted": row.counted, "difference": abs(row.missing)}
        facts = {
            name: " ".join(filter(None, (plain(number), row.currency))) for name, number in numbers.items()
        }
        if row.currency is None and too_much:
            return self.env._(
                "%(difference)s records too many: the source says %(declared)s, %(counted)s were read.",
                **facts,
            )
        if row.currency is None:
            return self.env._(
                "%(difference)s records are missing: the source says %(declared)s, %(counted)s were read.",
                **facts,
            )
        if too_much:
            return self.env._(
                "%(difference)s too much: the source says %(declared)s, %(counted)s were read.",
                **facts,
            )
        return self.env._(
            "%(difference)s are missing: the source says %(declared)s, %(counted)s were read.",
            **facts,
        )

    def _words_of_totals(self, totals):
        """Return totals as one text: ``3 records, 12.50 EUR``."""
        parts = []
        if totals.count is not None:
            parts.append(self.env._("%s records", totals.count))
        parts += [f"{plain(amount)} {currency}" for currency, amount in sorted((totals.sums or {}).items())]
        return ", ".join(parts) or self.env._("nothing")

    # -- decisions of people -------------------------------------------------------------------------------

    def _decide(self, action):
        """Note who decides, when and why; returns the batches with the hub's own rights."""
        self.check_access("write")
        for batch in self:
            if not (batch.reason or "").strip():
                raise UserError(self.env._("Say why, in the field “Reason”. It is kept with the decision."))
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": action,
                    "user_id": self.env.uid,
                    "company_id": batch.company_id.id,
                    "connection_id": batch.connection_id.id,
                    "res_model": batch._name,
                    "res_id": batch.id,
                    "subject_digest": batch.digest,
                    "detail": batch.reason,
                }
                for batch in self
            ]
        )
        batches = self.sudo()
        batches.write({"decided_by_id": self.env.uid, "decided_at": fields.Datetime.now()})
        return batches

    def action_read_again(self):
        """Button: read the file or list once more from its beginning; what is known already books nothing."""
        for batch in self._decide("batch.read_again"):
            if batch.state not in rules.NEEDS_PERSON:
                raise UserError(self.env._("Only one that needs a person can be read again."))
            if not batch._can_read_again():
                raise UserError(
                    self.env._("The hub cannot fetch this one itself. Ask the sender to send it again.")
                )
            batch._start_again()

    def action_accept(self):
        """Button of an approver: book what is there, although something is missing."""
        if not self.env.user.has_group("finance_integration.group_approver"):
            raise AccessError(self.env._("Only an approver accepts what is incomplete."))
        for batch in self._decide("batch.accept"):
            if batch.state != "incomplete":
                raise UserError(self.env._("Only an incomplete one can be accepted as it is."))
            batch._move("accepted")
            batch._settled(self.env._("Accepted as it is by %s.", self.env.user.name))

    def action_put_aside(self):
        """Button: nothing more of it is booked; what is booked already stays."""
        for batch in self._decide("batch.put_aside"):
            if batch.state not in (*rules.NEEDS_PERSON, "interrupted"):
                raise UserError(self.env._("Only one that is not complete can be put aside."))
            batch._discard_open()
            batch._move("cancelled")
            batch._settled(self.env._("Put aside by %s.", self.env.user.name))

    def _discard_open(self):
        """Put the events aside that were waiting for the whole batch, and let go what waited behind them."""
        messages = self.env["integration.message"]
        while True:
            portion = messages.search(
                [("batch_id", "=", self.id), ("status", "in", ("ready", "held"))], limit=DISCARD_PORTION
            )
            if not portion:
                return
            for stage in set(portion.mapped("stage")):
                portion.filtered(lambda row, stage=stage: row.stage == stage)._advance(
                    stage, "discarded", finished_at=fields.Datetime.now()
                )
            self.env["integration.audit.leaf"]._record_messages(portion, "message.discard", self.reason)
            messages._release_successors({(row.connection_id.id, row.object_key) for row in portion})

    def _can_read_again(self):
        """Whether the hub itself can get at the source once more; what reads a kind of source says so."""
        return False

    def _start_again(self):
        """Begin to count anew; whoever reads this kind of source goes on from here."""
        self.total_ids.unlink()
        self._move(
            "receiving",
            counted={},
            new_count=0,
            repeated_count=0,
            unreadable_count=0,
            problems=False,
            problem_code=False,
            problem_text=False,
            position=False,
            read_bytes=0,
            closed_at=False,
        )

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        return dict(action, domain=[("batch_id", "=", self.id)], context={}, name=self.source)

    def action_open_exception(self):
        self.ensure_one()
        return self.exception_id._open_form()

    def _open_form(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }
