# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The button with which a person matches what is booked and Odoo did not let be matched at once (F1, P6)."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.errors import IntegrationError

MATCH = "match_refused"
BANK_LINE = "bank_line_unmatched"
MATCHED_BY_BUTTON = (MATCH, BANK_LINE)
MAX_LOOKED_AT = 200
MONEY_ACCOUNTS = ("asset_cash", "liability_credit_card")


def _can_match(line):
    """Whether Odoo matches items of this account: those that say so, and every account of money."""
    account = line.account_id
    return account.reconcile or account.account_type in MONEY_ACCOUNTS


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_match_now(self):
        """Button: match it now, as the connection's service user; Odoo's own words where it refuses again."""
        self.ensure_one()
        self.check_access("write")
        if self.code not in MATCHED_BY_BUTTON or self.state != "open":
            raise UserError(self.env._("This has been settled in the meantime."))
        matched = self._match_what_waits()
        self.env["integration.audit.leaf"]._record_change(
            self, "exception.match", ", ".join(f"{item._name},{item.id}" for item in matched)
        )
        self._resolve(self.env._("Matched by %s.", self.env.user.name))
        self._look_at_matched()
        return self._told(self.env._("It is matched."))

    def _match_what_waits(self):
        """Match what this exception waits for; return the records, for the audit trail."""
        items = self._items_to_match()
        if items:
            self._let_be_matched(items)
            self._match_as_service(
                lambda env: env["integration.posting.application"]._reconcile([items.with_env(env)])
            )
        return items

    def _items_to_match(self):
        """Return the open items that wait, empty where somebody has matched them meanwhile.

        :raises UserError: they are not nothing together any more.
        """
        ids = [item for item in (self.params or {}).get("items") or [] if type(item) is int]
        found = self.env["account.move.line"].sudo().browse(ids).exists()
        if not found:
            raise UserError(self.env._("What was to be matched is not in the books any more."))
        items = found.filtered(lambda line: not (_can_match(line) and line.reconciled))
        if not items:
            return items
        rest = sum(
            line.amount_residual_currency if _can_match(line) else line.amount_currency for line in items
        )
        if len(items) < 2 or len(items.account_id) != 1 or not items.currency_id[:1].is_zero(rest):
            raise UserError(
                self.env._(
                    "Something else was matched with a part of it meanwhile. Look at the entries, and match by hand "
                    "what belongs together."
                )
            )
        return items

    def _let_be_matched(self, items):
        """Let the items of a suspense account be matched, where that is all that was in the way."""
        movement = self._movement_to_match()
        movement._let_suspense_be_matched(items.account_id)

    def _movement_to_match(self):
        movement_id = (self.params or {}).get("movement_id")
        return self.env["integration.movement"].sudo().browse(movement_id or []).exists()

    def _match_as_service(self, match):
        """Let ``match`` run with the environment of the connection's service user.

        :raises UserError: Odoo's own words where it refuses again; nothing of it is left.
        """
        service = self.connection_id.sudo()._as_service().env
        try:
            refusal = service["integration.posting"]._refused(lambda: match(service))
        except IntegrationError as error:
            raise self._in_words(error) from error
        if refusal:
            raise UserError(self.env._("Odoo refuses it still: %s", refusal))
        self.env.invalidate_all()

    def _look_at_matched(self):
        """Say anew where the payout or the dispute stands of which this money is."""
        movement = self._movement_to_match()
        payouts = self.env["integration.payout"].sudo()
        payouts.search([("return_movement_id", "in", movement.ids)], limit=10)._look_at_bank()
        payouts.search([("movement_id", "in", movement.ids)], limit=10)._note_lettered()
        for dispute in movement.dispute_record_id:
            dispute._judge()

    @api.model
    def _settle_matched(self):
        """Close what asked to match items that somebody has matched, here or with Odoo's own tools."""
        for exception in self.sudo().browse(self._matched_meanwhile()):
            exception._resolve(self.env._("It is matched."))
            exception._look_at_matched()

    def _matched_meanwhile(self):
        """Return ids of what asks to match items that are all matched, oldest first, asked by one statement.

        What still waits may be many, and is left out by the database: it must not keep the rest from being seen.
        """
        self.env.flush_all()
        selects = SQL(" UNION ").join(self._selects_of_matched())
        self.env.cr.execute(
            SQL("SELECT id FROM (%s) AS matched(id) ORDER BY id LIMIT %s", selects, MAX_LOOKED_AT)
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _selects_of_matched(self):
        """Return SELECTs of the ids of open exceptions about what is matched by now."""
        return [
            SQL(
                """
                SELECT x.id
                  FROM integration_exception x,
                       LATERAL (SELECT bool_and((a.reconcile OR a.account_type = ANY(%s))
                                                  AND COALESCE(l.reconciled, FALSE)) AS matched
                                  FROM jsonb_path_query(x.params, '$.items[*] ? (@.type() == "number")') AS item
                                  JOIN account_move_line l ON l.id = item::integer
                                  JOIN account_account a ON a.id = l.account_id) AS items
                 WHERE x.code = %s AND x.state = 'open' AND items.matched
                """,
                list(MONEY_ACCOUNTS),
                MATCH,
            )
        ]


class IntegrationMovement(models.Model):
    _inherit = "integration.movement"

    def _let_suspense_be_matched(self, account):
        """Let the items of the suspense account of this movement's journal be matched with one another.

        A setting of the chart and no booking: without it what an entry has moved out of suspense stays an open bank
        line for ever. It is set when a person moves or matches such money, and recorded; the books are the same after.
        """
        if account.reconcile or account != self.statement_line_id.journal_id.suspense_account_id:
            return
        account.sudo().write({"reconcile": True})
        self.env["integration.audit.leaf"].sudo()._record_change(
            self, "suspense.let_match", f"account.account,{account.id}"
        )


class IntegrationWaiting(models.AbstractModel):
    _inherit = "integration.waiting"

    @api.model
    def _cron_notice(self):
        """Also clear what was moved out of suspense by an entry and not matched there; versions before left it so."""
        result = super()._cron_notice()
        self.env["integration.exception"]._settle_matched()
        # What Odoo refuses to match stays among them, so that the first portion alone would hide the others for ever.
        after_id = 0
        while moved := self._moved_on_and_open(after_id):
            after_id = moved[-1].id
            for movement in moved.movement_id:
                service = movement.connection_id._as_service()
                service.env["integration.posting.application"]._clear_moved_on(movement.with_env(service.env))
        return result

    def _moved_on_and_open(self, after_id):
        """Return a portion of what people said of money that still stands in suspense though an entry has moved it."""
        return self.env["integration.classification"].search(
            [
                ("id", ">", after_id),
                ("state", "=", "booked"),
                ("replaced", "=", False),
                ("movement_id.statement_line_id.is_reconciled", "=", False),
            ],
            order="id",
            limit=MAX_LOOKED_AT,
        )
