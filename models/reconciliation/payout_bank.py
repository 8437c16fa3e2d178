# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where a payout stands at the bank: read off what is matched in the books, whoever matched it (R2)."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ...engine.payout_match import DAYS_AFTER, InTransit
from .payout import SETTLED


class IntegrationPayout(models.Model):
    _inherit = "integration.payout"

    def _look_at_bank(self):
        """Say anew how far these payouts have arrived, from the matching of their lines in transit."""
        for payout in self:
            out, back = payout.movement_id.counterpart_id, payout.return_movement_id.counterpart_id
            bank_lines = payout._bank_lines_of(out | back)
            values = {
                "bank_state": payout._bank_state(out, back, bank_lines),
                "bank_rest": abs(out.amount_residual_currency) if out else abs(payout.amount),
            }
            if bank_lines != payout.bank_line_ids:
                values["bank_line_ids"] = [Command.set(bank_lines.ids)]
            if values["bank_state"] not in SETTLED:
                values |= {"matched_at": False, "matched_by_id": False}
            elif not payout.matched_at:
                values |= {"matched_at": fields.Datetime.now()}
            before = payout.bank_state
            payout.write(values)
            if payout.bank_state in ("returning", "proposed") or before != payout.bank_state:
                payout._judge_bank(before)

    def _bank_state(self, out, back, bank_lines):
        if out.reconciled:
            if not back:
                return "matched"
            return "returned" if back.reconciled else "returning"
        if bank_lines:
            return "partly"
        if any(proposal.state == "open" for proposal in self.proposal_ids):
            return "proposed"
        return "transit"

    def _bank_lines_of(self, transit):
        """Return the statement lines of bank accounts that are matched with these lines in transit."""
        matched = transit.matched_debit_ids.debit_move_id | transit.matched_credit_ids.credit_move_id
        own = (
            self.movement_id.statement_line_id.journal_id
            | self.return_movement_id.statement_line_id.journal_id
        )
        return matched.statement_line_id.filtered(lambda line: line.journal_id not in own)

    def _judge_bank(self, before):
        """Raise what a person must decide about the bank side, and let go of what is answered."""
        self.ensure_one()
        wanted = self._question()
        if before != self.bank_state:
            gone = {"payout_came_back", "payout_bank_unclear", "payout_overdue"} - {wanted}
            self._let_go(sorted(gone), self.env._("Where the payout stands: %s.", self._state_words()))
        if wanted:
            self._ask_person(wanted)

    def _question(self):
        """Return the code of what a person must decide, None where nothing is to be decided."""
        if self.bank_state == "returning":
            return "payout_came_back"
        if self.bank_state == "proposed":
            return "payout_bank_unclear"
        return None

    def _judge_overdue(self):
        """Raise payouts for which no bank line was found in time; asked after the bank's lines were looked at."""
        for payout in self:
            if payout.bank_state == "transit" and payout._is_overdue():
                payout._ask_person("payout_overdue")

    def _ask_person(self, code):
        params = {
            "payout": self.payout_id,
            "amount": self._exact_text(self.amount),
            "date": str(self.arrival_date or self.date),
            "bank": ", ".join(line.payment_ref or "" for line in self.bank_line_ids[:3]) or "–",
        }
        self.env["integration.exception"]._raise_cause(
            self.connection_id, code, params, f"payout {self.payout_id}"
        )

    def _state_words(self):
        words = dict(self._fields["bank_state"]._description_selection(self.env))
        return words[self.bank_state].lower()

    def _is_overdue(self):
        due = (self.arrival_date or self.date) + timedelta(days=DAYS_AFTER)
        return bool(self.movement_id.statement_line_id) and due < fields.Date.context_today(self)

    def _came_back(self):
        """A payout came back at the provider: what never reached the bank is matched with its return at once.

        Where the bank line was matched already, the return waits for the bank's own line, or for a person who undoes
        the match (see ``_judge_bank``). Where Odoo refuses, both stay booked and a person matches them.
        """
        for payout in self:
            out, back = payout.movement_id.counterpart_id, payout.return_movement_id.counterpart_id
            if (
                out
                and back
                and not out.reconciled
                and not back.reconciled
                and out.account_id == back.account_id
            ):
                service = payout.connection_id.sudo()._as_service()
                back_movement = payout.return_movement_id.with_env(service.env)
                service.env["integration.posting.payout"]._match_or_ask(
                    out | back, back_movement, f"payout {payout.payout_id}"
                )

    # -- money in transit ------------------------------------------------------------------------------------

    def _open_legs(self):
        """Return the movements of these payouts whose line in transit is still open."""
        legs = self.movement_id | self.return_movement_id
        return legs.filtered(lambda leg: leg.counterpart_id and not leg.counterpart_id.reconciled)

    def _as_transit(self, leg):
        """Return a movement in transit as the matching rules know it."""
        self.ensure_one()
        line = leg.counterpart_id
        out = leg == self.movement_id
        connection = self.connection_id
        references = {self.payout_id, self.bank_reference, *leg.reference_ids.mapped("value")} - {False}
        names = {connection._spec().name, connection.name, leg.description} - {False, None}
        return InTransit(
            id=leg.id,
            amount=line.currency_id._integration_exact(line.amount_residual_currency),
            currency=line.currency_id.name,
            created=leg.event_date,
            expected=(self.arrival_date or None) if out else None,
            references=tuple(sorted(references)),
            names=tuple(sorted(names)),
        )

    # -- buttons ---------------------------------------------------------------------------------------------

    def action_look(self):
        """Button: compare with the provider's list and with the bank now."""
        self.check_access("write")
        for payout in self.sudo():
            payout.with_env(payout.connection_id._as_service().env)._compose()
        for company in self.company_id:
            self.env["integration.payout.look"].sudo()._compare(company.id)
        return True

    def action_fetch(self):
        """Button: fetch the movements that are missing, and the list of this payout, once more from the provider."""
        for payout in self:
            payout.check_access("write")
            connection = payout.connection_id
            first = payout.date - timedelta(days=31)
            days = payout.movement_ids.mapped("event_date")
            connection._fetch_for_person(
                self.env._("Movements of payout %s", payout.payout_id),
                from_date=min([first, *days]),
            )
        return True

    def action_undo_match(self):
        """Button: these bank lines are not this payout; take the match apart and look again.

        :raises UserError: nothing is matched.
        """
        for payout in self:
            payout.check_access("write")
            if not payout.bank_line_ids:
                raise UserError(self.env._("No bank line is matched with %s.", payout.payout_id))
            names = ", ".join(line.payment_ref or "" for line in payout.bank_line_ids)
            self.env["integration.payout.look"]._undo(payout)
            self.env["integration.audit.leaf"]._record_change(payout, "payout.undo", names[:200])
        return True

    def action_open_movements(self):
        """Button: everything of which the payout consists."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_movement")
        return dict(action, domain=self._movement_domain(), context={})

    def action_open_bank_lines(self):
        """Button: the lines of the bank statement that are this payout."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.bank.statement.line",
            "name": self.env._("Bank lines"),
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", self.bank_line_ids.ids)],
        }

    def action_print(self):
        """Button: the payout on paper (PDF, or a page to print where none can be made)."""
        self.check_access("read")
        return self.env.ref("finance_integration.action_report_payout")._integration_paper(self)


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    payout_journal_ids = fields.Many2many(
        "account.journal",
        "integration_connection_payout_journal_rel",
        string="Bank accounts for its payouts",
        check_company=True,
        domain="[('type', '=', 'bank')]",
        help="Bank journals into which payouts arrive. Their unmatched lines are compared with payouts on their way, "
        "and certain ones are matched by themselves. Empty: payouts are only proposed, a person matches them.",
    )

    @api.depends("payout_journal_ids")
    def _compute_journal_ids(self):
        """Matching a payout replaces the suspense line of its bank line: that needs the right to write there."""
        result = super()._compute_journal_ids()
        for connection in self:
            connection.journal_ids |= connection.payout_journal_ids
        return result

    def _books_begin(self):
        """Return the first day of which the books hold this provider's movements; False = all of them."""
        self.ensure_one()
        starts = self.flow_ids.filtered(
            lambda flow: (flow.kind, flow.direction) == ("movement", "in") and flow.start_date
        ).mapped("start_date")
        return max([day for day in (self.fetch_from, *starts) if day], default=False)

    def _tells_payouts(self):
        """Whether this provider tells of which movements a payout consists."""
        return "payouts" in self._spec().pulls

    @api.constrains("payout_journal_ids")
    def _check_payout_journals(self):
        for connection in self:
            mirrored = self.env["integration.balance.account"]._mirrors(connection.company_id)
            if wrong := connection.payout_journal_ids & mirrored:
                raise ValidationError(
                    self.env._(
                        "%s mirrors a balance at a provider; payouts arrive in a journal of a bank account.",
                        wrong[0].display_name,
                    )
                )
