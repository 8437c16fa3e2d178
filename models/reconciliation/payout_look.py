# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When payouts are compared with the bank, what becomes of the comparison, and what people do with it (R2)."""

from datetime import timedelta

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from ...engine.payout_match import DAYS_BEFORE, BankLine, match
from ..messaging import isolation
from ..messaging.doorbell import comes_back
from ..messaging.lane import CHANNEL
from .payout import SETTLED

MAX_PAYOUTS = 500
MAX_BANK_LINES = 3000


class IntegrationPayoutLook(models.AbstractModel):
    _name = "integration.payout.look"
    _inherit = ["integration.doorbell"]
    _description = "Comparison of payouts with the bank"

    # -- when to look ------------------------------------------------------------------------------------------

    @api.model
    def _soon(self, companies):
        """Compare payouts on their way with the bank once this transaction is committed."""
        for company in companies:
            self._queue(f"payouts.{company.id}")._look(company.id)

    @api.model
    def _soon_if_open(self, companies):
        """The same where a payout is on its way at all; asked for whenever bank lines come in."""
        open_payouts = (
            self.env["integration.payout"]
            .sudo()
            ._read_group(
                [("company_id", "in", companies.ids), ("bank_state", "not in", SETTLED)], ["company_id"]
            )
        )
        self._soon(self.env["res.company"].union(*(company for (company,) in open_payouts)))

    @api.model
    def _letter_soon(self, payout):
        self._queue(f"letter.{payout.id}")._letter(payout.ids)

    def _queue(self, name):
        jobs = self.with_user(SUPERUSER_ID)
        return jobs.with_delay(
            channel=CHANNEL, priority=12, identity_key=f"finance_integration.{name}", max_retries=0
        )

    @api.model
    def _sweep(self):
        """Have every company looked at that has payouts on their way; also notices what people matched themselves.

        By jobs: the sweep does much else, and a conflict with a comparison that is going on would undo all of it.
        """
        companies = self.env["integration.payout"]._read_group(
            ["|", ("bank_state", "not in", SETTLED), *self._undone_domain()], ["company_id"]
        )
        self._soon(self.env["res.company"].union(*(company for (company,) in companies)))

    @api.model
    def _undone_domain(self):
        return ["&", ("bank_state", "=", "matched"), ("movement_id.counterpart_id.reconciled", "=", False)]

    # -- looking -----------------------------------------------------------------------------------------------

    @comes_back
    def _look(self, company_id):
        """Job: as ``_compare``; where somebody else was at the same payouts, it comes back."""
        with isolation.conflicts_are_expected():
            self._compare(company_id)
            self.env.flush_all()

    def _compare(self, company_id):
        """Match what is certain, propose what is not."""
        payouts = self.env["integration.payout"].search(
            [
                ("company_id", "=", company_id),
                "|",
                ("bank_state", "not in", SETTLED),
                *self._undone_domain(),
            ],
            order="date, id",
            limit=MAX_PAYOUTS,
        )
        payouts._came_back()
        payouts._look_at_bank()
        payouts = payouts.filtered(lambda payout: payout.bank_state not in SETTLED)
        groups = payouts.grouped(lambda payout: tuple(payout.connection_id.payout_journal_ids.ids))
        for journal_ids, group in groups.items():
            self._look_in(group, self.env["account.journal"].browse(journal_ids))
        payouts._look_at_bank()
        payouts._judge_overdue()

    def _look_in(self, payouts, journals):
        by_leg = {leg.id: payout for payout in payouts for leg in payout._open_legs()}
        legs = self.env["integration.movement"].browse(by_leg)
        items = [by_leg[leg.id]._as_transit(leg) for leg in legs]
        lines = self._unmatched_lines(payouts.company_id, journals, items) if items else legs.browse()
        outcome = match(items, [self._as_bank_line(line) for line in lines])
        proposals = [(proposal, by_leg) for proposal in outcome.proposals]
        failed, refused = [], self._refused_pairs(payouts)
        for leg_id, line_id in outcome.certain:
            pair = (legs.browse(leg_id), self.env["account.bank.statement.line"].browse(line_id))
            if (by_leg[leg_id].id, line_id) in refused:
                continue
            if not journals or not self._match_certain(by_leg[leg_id], *pair):
                failed.append(pair)
        self._propose(payouts, proposals, [(by_leg[leg.id], line) for leg, line in failed])

    def _refused_pairs(self, payouts):
        """Return {(payout id, bank line id)} of which a person has said that they do not belong together."""
        refused = self.env["integration.payout.proposal"].search(
            [("payout_ids", "in", payouts.ids), ("state", "=", "refused")], limit=5000
        )
        return {
            (row.payout_ids.id, row.bank_line_ids.id)
            for row in refused
            if len(row.payout_ids) == 1 and len(row.bank_line_ids) == 1
        }

    def _unmatched_lines(self, company, journals, items):
        """Return lines of bank accounts that stand against suspense in full."""
        if not journals:
            mirrored = self.env["integration.balance.account"]._mirrors(company)
            journals = self.env["account.journal"].search(
                [("type", "=", "bank"), ("company_id", "=", company.id), ("id", "not in", mirrored.ids)],
                limit=100,
            )
        first = min(item.created for item in items) - timedelta(days=DAYS_BEFORE)
        lines = self.env["account.bank.statement.line"].search(
            [
                ("journal_id", "in", journals.ids),
                ("is_reconciled", "=", False),
                ("state", "=", "posted"),
                ("date", ">=", first),
            ],
            order="date, id",
            limit=MAX_BANK_LINES,
        )
        return lines.filtered(self.env["integration.posting.payout"]._is_untouched)

    @api.model
    def _as_bank_line(self, line):
        currency = line.foreign_currency_id or line.currency_id
        amount = line.amount_currency if line.foreign_currency_id else line.amount
        words = (line.payment_ref, line.ref, line.partner_name, line.account_number)
        return BankLine(
            id=line.id,
            amount=currency._integration_exact(amount),
            currency=currency.name,
            day=line.date,
            text=" ".join(text for text in words if text),
        )

    # -- what becomes of it -----------------------------------------------------------------------------

    def _match_certain(self, payout, leg, line):
        """Match one payout with one line, as the connection's service user; returns whether Odoo let it."""
        service = payout.connection_id._as_service()
        try:
            with self.env.cr.savepoint():
                service.env["integration.posting.payout"]._match(
                    leg.with_env(service.env), line.with_env(service.env)
                )
        except (UserError, ValidationError, AccessError):
            self.env.invalidate_all()
            return False
        self.env.invalidate_all()
        self.env["integration.audit.leaf"]._record_change(payout, "payout.matched", line.payment_ref or "")
        return True

    def _propose(self, payouts, proposals, failed):
        """Write proposals down; those that are no longer possible go, refused ones do not come back.

        :param proposals: list of (engine proposal, {leg id: payout}).
        :param failed: list of (payout, bank line) that were certain and that Odoo, or the set-up, does not let be
            matched without a person.
        """
        wanted = {}
        for proposal, by_leg in proposals:
            members = payouts.browse().union(*(by_leg[leg_id] for leg_id in proposal.items))
            facts = (proposal.kind, proposal.named or "nothing", float(proposal.difference))
            wanted[frozenset(members.ids), frozenset(proposal.lines)] = facts
        for payout, line in failed:
            wanted[frozenset(payout.ids), frozenset(line.ids)] = ("exact", "provider", 0.0)
        Proposal = self.env["integration.payout.proposal"]
        known = Proposal.search(
            [("payout_ids", "in", payouts.ids), ("state", "in", ("open", "refused"))], limit=5000
        )
        present = {(frozenset(row.payout_ids.ids), frozenset(row.bank_line_ids.ids)): row for row in known}
        gone = known.browse().union(
            *(row for key, row in present.items() if key not in wanted and row.state == "open")
        )
        gone.write({"state": "gone"})
        Proposal.create(
            [
                self._proposal_values(payouts.browse(payout_ids), line_ids, facts)
                for (payout_ids, line_ids), facts in wanted.items()
                if (payout_ids, line_ids) not in present
            ]
        )

    def _proposal_values(self, payouts, line_ids, facts):
        kind, named, difference = facts
        return {
            "company_id": payouts.company_id.id,
            "payout_ids": [Command.set(payouts.ids)],
            "bank_line_ids": [Command.set(list(line_ids))],
            "kind": kind,
            "named": named,
            "currency_id": payouts.currency_id[:1].id,
            "difference": difference,
        }

    # -- what people do ---------------------------------------------------------------------------------

    @api.model
    def _match_for_person(self, payouts, lines):
        """Match what a person says belongs together: as the service user where it may write there, else as the person.

        :raises UserError: something of it is matched already, or the amounts of several do not add up.
        """
        connection = payouts.connection_id[:1].sudo()
        mine = len(payouts.connection_id) == 1 and lines.journal_id <= connection.payout_journal_ids
        env = connection._as_service().env if mine else self.env
        legs = payouts.sudo()._open_legs().with_env(env)
        self.env["integration.posting.payout"].with_env(env)._match(legs, lines.with_env(env))
        self.env.invalidate_all()
        payouts.sudo()._look_at_bank()
        payouts.sudo().filtered("matched_at").write({"matched_by_id": self.env.uid})

    @api.model
    def _undo(self, payout):
        """Take the match with the bank apart; what came back meanwhile is then matched with the payout."""
        lines = payout.bank_line_ids
        connection = payout.connection_id.sudo()
        env = connection._as_service().env if lines.journal_id <= connection.payout_journal_ids else self.env
        others = self.env["integration.payout"].sudo().search([("bank_line_ids", "in", lines.ids)])
        lines.with_env(env).action_undo_reconciliation()
        self.env.invalidate_all()
        others.with_env(connection._as_service().env)._came_back()
        others._look_at_bank()

    # -- lettering ---------------------------------------------------------------------------------------------

    @comes_back
    def _letter(self, payout_ids):
        """Job: match in the provider's journal what a payout paid out (policy sheet, F4).

        What is left unmatched there is then what has not been paid out.
        """
        for payout in self.env["integration.payout"].browse(payout_ids).exists():
            if payout.lettered or payout.composition != "adds_up":
                continue
            service = payout.connection_id._as_service()
            if service.env["integration.posting.payout"]._letter(payout.with_env(service.env)):
                payout.lettered = True
