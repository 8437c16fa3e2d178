# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Both legs of a currency conversion at a provider become one (policy table: PayPal, conversion).

Each leg is a movement of its own balance and is booked in suspense on its day. When both are there, their suspense
items are replaced by items in transit, in the currency of the books at the rates of the day; what is left between them
is what the conversion cost. Where the day of a leg is locked by then, an entry moves it on the first open day.
"""

from odoo import api, models
from odoo.fields import Command
from odoo.tools import SQL

from ...engine.errors import MissingReferenceError

MAX_WAITING = 200


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    @api.model
    def _apply_new(self, pairs):
        result = super()._apply_new(pairs)
        for work, plan in pairs:
            if plan["document"].type == "conversion" and plan["movement"].application == "none":
                self._join_legs(work, plan["movement"])
        return result

    @api.model
    def _join_again(self):
        """Try once more to join legs that wait; asked for now and then."""
        for movement in self.env["integration.movement"].browse(self._legs_to_join()):
            if movement.application == "suspense" and self._other_leg(movement):
                service = movement.connection_id._as_service()
                service.env["integration.posting.application"]._join_legs(
                    None, movement.with_env(service.env)
                )

    def _legs_to_join(self):
        """Return ids of legs in suspense beside which another one stands that may be theirs.

        A leg whose other one never comes waits for ever, and there may be many: the database leaves them out. Some of
        the others wait for a person: the lot decides who is looked at where there are too many.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH waiting AS (
                    SELECT v.id
                      FROM integration_movement v
                     WHERE v.type = 'conversion' AND v.application = 'suspense'
                       AND EXISTS (SELECT FROM integration_movement o
                                    WHERE o.connection_id = v.connection_id AND o.type = 'conversion'
                                      AND o.changes_balance AND o.application IN ('none', 'suspense')
                                      AND o.id <> v.id AND o.settled_currency_id <> v.settled_currency_id
                                      AND (o.related_id IN (v.movement_id, v.related_id)
                                           OR o.movement_id = v.related_id))
                )
                SELECT id FROM waiting ORDER BY random() LIMIT %s
                """,
                MAX_WAITING,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _other_leg(self, movement):
        """Return the leg in the other currency that names this one or that this one names; it must still wait."""
        domain = [
            ("connection_id", "=", movement.connection_id.id),
            ("type", "=", "conversion"),
            ("changes_balance", "=", True),
            ("application", "in", ("none", "suspense")),
            ("id", "!=", movement.id),
            "|",
            ("related_id", "=", movement.movement_id),
            ("movement_id", "=", movement.related_id or False),
        ]
        found = self.env["integration.movement"].search(domain)
        if not found and movement.related_id:
            # Some name the payment for which money was converted, both the same one.
            siblings = [*domain[:5], ("related_id", "=", movement.related_id)]
            found = self.env["integration.movement"].search(siblings)
        found = found.filtered(
            lambda leg: (
                leg.settled_currency_id != movement.settled_currency_id
                and (leg.settled_amount > 0) != (movement.settled_amount > 0)
            )
        )
        return found if len(found) == 1 else found.browse()

    def _join_legs(self, work, movement):
        """Join a leg with the other one, or leave it in suspense for the other one or a person."""
        other = self._other_leg(movement)
        if not other:
            params = self._facts(movement) | {"related": movement.related_id or "?"}
            return self._wait(work, movement, "suspense", "conversion_leg_missing", params)
        legs = movement | other
        role = self.env["integration.role.account"]._resolver(movement.connection_id)
        try:
            transit, cost = role("TRANSIT"), role("FXC")
        except MissingReferenceError as error:
            return self._wait(work, movement, "suspense", error.code, error.params)
        day = max(legs.mapped("event_date"))
        for leg in legs:
            leg.counterpart_id = self._into_transit(leg, self._transit_item(leg, transit, legs), day)
        items = legs.counterpart_id
        cost_item = self._book_cost(movement, items, transit, cost, day)
        self._reconcile([items | cost_item])
        for leg in legs:
            self._settled(leg, "applied")
        return None

    def _suspense_of(self, leg):
        return leg.statement_line_id._seek_for_lines()[1]

    def _transit_item(self, leg, account_id, legs):
        """Return the item in transit: in the currency of the books, so that both legs meet without a third amount."""
        suspense = self._suspense_of(leg)
        return {
            "name": self.env._("Conversion %s", " · ".join(legs.mapped("movement_id"))),
            "account_id": account_id,
            "currency_id": suspense.company_currency_id.id,
            "balance": suspense.balance,
            "amount_currency": suspense.balance,
        }

    def _into_transit(self, leg, item, day):
        """Move a leg from suspense into transit: in its own entry, or by another one where its day is closed."""
        suspense = self._suspense_of(leg)
        if self._may_still_change(leg.move_id):
            return self.env["integration.posting.payout"]._replace_suspense(leg.statement_line_id, [item])
        back = {
            "name": item["name"],
            "account_id": suspense.account_id.id,
            "currency_id": suspense.currency_id.id,
            "balance": -suspense.balance,
            "amount_currency": -suspense.amount_currency,
        }
        entry = self._conversion_entry(leg, [back, item], day)
        self._meet(
            leg, suspense | entry.line_ids.filtered(lambda line: line.account_id == suspense.account_id)
        )
        return entry.line_ids.filtered(lambda line: line.account_id.id == item["account_id"])

    def _book_cost(self, movement, items, transit, cost, day):
        """Book what both legs leave as cost of the conversion; returns its item in transit, none where it is zero."""
        currency = movement.company_id.currency_id
        rest = currency.round(sum(items.mapped("balance")))
        if currency.is_zero(rest):
            return items.browse()
        name = self.env._("Cost of the conversion %s", movement.movement_id)
        rows = [
            {"name": name, "account_id": cost, "balance": rest},
            {"name": name, "account_id": transit, "balance": -rest},
        ]
        entry = self._conversion_entry(movement, rows, day)
        return entry.line_ids.filtered(lambda item: item.account_id.id == transit)

    def _conversion_entry(self, movement, rows, day):
        """Post an entry about a conversion on ``day``, or on the first open day after it."""
        connection = movement.connection_id
        journal = connection.entry_journal_id
        date = self._first_open_day(connection.company_id, journal, day)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": date,
                "ref": movement.movement_id,
                "integration_connection_id": connection.id,
                "integration_source_id": movement.movement_id,
                "integration_event_date": day,
                "integration_correlation_id": movement.message_id.correlation_id,
                "line_ids": [Command.create(row) for row in rows],
            }
        )
        entry._post(soft=False)
        self._check_kept(entry, {entry.id: date})
        return entry
