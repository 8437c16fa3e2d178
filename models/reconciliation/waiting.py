# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import SUPERUSER_ID, api, fields, models, tools
from odoo.tools import SQL

from ..messaging.lane import CHANNEL
from ..posting.references import INVOICE_REFERENCES

MAX_WAITING = 500
# Longer than it takes until a drain that was killed goes on.
RECENT_SECONDS = 300


class IntegrationWaiting(models.AbstractModel):
    """Applies booked money that waits for a document, after somebody has posted that document by hand."""

    _name = "integration.waiting"
    _inherit = ["integration.doorbell"]
    _description = "Money that waits for its document"

    @api.model
    def _look_after_commit(self, moves):
        """Once these documents are committed, queue an application where booked money names one of them.

        Looking only then sees money that was booked at the same moment. Costs one indexed query.
        """
        if self.env.user.integration_service or not self._movements_are_booked(moves.company_id.ids):
            return
        registry, ids = self.env.registry, moves.ids

        @self.env.cr.postcommit.add
        def look():
            with registry.cursor() as cr:
                waiting = api.Environment(cr, SUPERUSER_ID, {})["integration.waiting"]
                if waiting._waiting_for(waiting.env["account.move"].browse(ids)):
                    waiting.with_delay(channel=CHANNEL, priority=9)._apply(ids)

    @api.model
    def _movements_are_booked(self, company_ids):
        """Whether a connection of these companies books money at all; cached."""
        return any(self._books_money(company_id) for company_id in company_ids)

    @api.model
    @tools.ormcache("company_id")
    def _books_money(self, company_id):
        return bool(
            self.env["integration.balance.account"]
            .sudo()
            .search_count([("company_id", "=", company_id)], limit=1)
        )

    @api.model
    def _cron_notice(self):
        """Notice money that people have matched or reclassified with Odoo's own tools, and close its exceptions."""
        Movement = self.env["integration.movement"]
        matched = Movement.search(
            [
                ("application", "in", ("open", "deposit", "partly", "unidentified", "credit_note")),
                ("counterpart_id.reconciled", "=", True),
            ],
            limit=MAX_WAITING,
        )
        for movement in matched | Movement.browse(self._placed_by_people()):
            movement._settle_application("applied")

    def _placed_by_people(self):
        """Return ids of movements in suspense of which Odoo's own tools have said what they are, oldest first.

        What was taken back by another entry stands in that one: its own statement line has nothing in suspense, and
        nobody has said anything. Those may stay for long and be many, so the database leaves them out.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT v.id
                  FROM integration_movement v
                  JOIN account_bank_statement_line s ON s.id = v.statement_line_id AND s.is_reconciled
                  LEFT JOIN account_move_line l ON l.id = v.counterpart_id
                 WHERE v.application = 'suspense' AND (l.id IS NULL OR l.move_id = s.move_id OR l.reconciled)
                 ORDER BY v.id
                 LIMIT %s
                """,
                MAX_WAITING,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _look_again(self, move_ids=(), movement_ids=()):
        """Second look, in a transaction of its own, at documents and money that were booked a moment ago."""
        for movement in self.env["integration.movement"].browse(movement_ids).exists():
            if movement.application in ("open", "unidentified", "partly"):
                service = movement.connection_id._as_service()
                service.env["integration.posting.application"]._apply_again(movement.with_env(service.env))
        self._apply(list(move_ids))

    @api.model
    def _sweep(self):
        """Take the second look where the process that had to take it was killed: both sides are booked, unmatched."""
        left = {"move_ids": self._unmatched_notes(), "movement_ids": self._unmatched_payments()}
        self._take_look(left)

    @api.model
    def _sweep_recent(self):
        """The same for what was booked a moment ago, by whoever goes on where a drain was killed.

        Costs one question of a small index where no money waits.
        """
        since = fields.Datetime.subtract(fields.Datetime.now(), seconds=RECENT_SECONDS)
        self.env.cr.execute(
            SQL(
                """
                SELECT EXISTS (SELECT FROM integration_movement
                                WHERE application IN ('open', 'unidentified', 'partly') AND type = 'payment'
                                  AND write_date > %s)
                """,
                since,
            )
        )
        if self.env.cr.fetchone()[0]:
            self._take_look({"movement_ids": self._unmatched_payments(since)})

    def _take_look(self, left):
        if any(left.values()):
            self.env["integration.drain"]._in_own_transaction(
                self.env.registry, lambda env: env["integration.waiting"]._look_again(**left)
            )

    def _unmatched_payments(self, since=None):
        """Return ids of payments that wait although an invoice which they name is open in their currency.

        Some of them wait for a person, for ever if need be: the lot decides who is looked at where there are too many,
        so that those do not keep others from it.

        :param since: naive UTC; only those that were written later.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH open_invoice AS (
                    SELECT company_id, currency_id, name, ref, payment_reference, integration_source_id
                      FROM account_move
                     WHERE move_type = 'out_invoice' AND state = 'posted'
                       AND payment_state IN ('not_paid', 'partial')
                ), named AS (
                    SELECT company_id, currency_id, name AS number FROM open_invoice
                    UNION SELECT company_id, currency_id, ref FROM open_invoice
                    UNION SELECT company_id, currency_id, payment_reference FROM open_invoice
                    UNION SELECT company_id, currency_id, integration_source_id FROM open_invoice
                ), waiting AS (
                    SELECT DISTINCT v.id
                      FROM integration_movement v
                      JOIN integration_movement_reference r ON r.movement_id = v.id AND r.type = ANY(%s)
                      JOIN named n ON n.number = r.value AND n.company_id = v.company_id
                                  AND n.currency_id = v.currency_id
                     WHERE v.type = 'payment' AND v.application IN ('open', 'unidentified', 'partly')
                       AND (%s::timestamp IS NULL OR v.write_date > %s::timestamp)
                )
                SELECT id FROM waiting ORDER BY random() LIMIT %s
                """,
                list(INVOICE_REFERENCES),
                since,
                since,
                MAX_WAITING,
            )
        )
        return sorted(row[0] for row in self.env.cr.fetchall())

    def _unmatched_notes(self):
        """Return ids of open credit notes whose customer has a refund that waits for one."""
        self.env.cr.execute(
            SQL(
                """
                WITH waiting AS (
                    SELECT DISTINCT m.id
                      FROM integration_movement v
                      JOIN account_move m ON m.company_id = v.company_id AND m.currency_id = v.currency_id
                                         AND m.commercial_partner_id = v.partner_id
                     WHERE v.application = 'credit_note' AND m.move_type = 'out_refund' AND m.state = 'posted'
                       AND m.payment_state IN ('not_paid', 'partial') AND m.reversed_entry_id IS NOT NULL
                )
                SELECT id FROM waiting ORDER BY random() LIMIT %s
                """,
                MAX_WAITING,
            )
        )
        return sorted(row[0] for row in self.env.cr.fetchall())

    def _waiting_for(self, moves):
        """Return money that waits for these documents, of each kind so much at most."""
        Movement = self.env["integration.movement"].sudo()
        return Movement.union(
            *(Movement.search(domain, limit=MAX_WAITING) for domain in self._domains_of_waiting(moves))
        )

    def _domains_of_waiting(self, moves):
        """Return the domains of money that names one of these documents, or asks for one of these credit notes."""
        here = ("company_id", "in", moves.company_id.ids)
        values = {
            value
            for move in moves
            for value in (move.name, move.ref, move.payment_reference, move.integration_source_id)
        } - {False}
        named = ("reference_ids.value", "in", sorted(values))
        domains = [[here, named, ("application", "in", ("open", "unidentified", "partly"))]]
        if moves.filtered(lambda move: move.move_type == "out_refund").reversed_entry_id:
            partners = ("partner_id", "in", moves.commercial_partner_id.ids)
            domains.append([here, partners, ("application", "=", "credit_note")])
        return domains

    def _connections_waiting(self, moves):
        """Return the connections of the money that waits for these documents, however much it is."""
        found = self.env["integration.connection"].sudo()
        for domain in self._domains_of_waiting(moves):
            groups = self.env["integration.movement"].sudo()._read_group(domain, ["connection_id"])
            found = found.union(*(connection for (connection,) in groups))
        return found

    def _apply(self, move_ids):
        """Job: apply, each connection in the name of its own service user."""
        moves = (
            self.env["account.move"].browse(move_ids).exists().filtered(lambda move: move.state == "posted")
        )
        for connection in self._connections_waiting(moves):
            service = connection._as_service()
            own = moves.filtered(lambda move, here=connection.company_id: move.company_id == here)
            service.env["integration.posting.application"]._documents_posted(own.with_env(service.env))
