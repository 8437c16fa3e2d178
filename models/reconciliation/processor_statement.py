# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools.misc import formatLang

MAX_DAYS = 400
GROUPS = {
    "charges": ("payment", "payment_return"),
    "refunds": ("refund", "refund_return"),
    "fees": ("fee",),
    "disputes": ("dispute", "dispute_return"),
    "reserves": ("reserve", "reserve_release"),
    "payouts": ("payout", "payout_return"),
    "conversions": ("conversion",),
    "unclassified": ("unknown",),
}


class IntegrationProcessorStatement(models.Model):
    """The statement of one provider account, currency and day: opening + what moved = closing = provider's balance."""

    _name = "integration.processor.statement"
    _description = "Processor statement"
    _order = "date desc, balance_account_id"
    _check_company_auto = True

    balance_account_id = fields.Many2one(
        "integration.balance.account", required=True, readonly=True, ondelete="restrict"
    )
    connection_id = fields.Many2one(related="balance_account_id.connection_id", store=True, index=True)
    company_id = fields.Many2one(related="balance_account_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="balance_account_id.currency_id", store=True)
    journal_id = fields.Many2one(related="balance_account_id.journal_id")
    date = fields.Date(required=True, readonly=True)
    opening = fields.Monetary(readonly=True)
    charges = fields.Monetary(readonly=True)
    refunds = fields.Monetary(readonly=True)
    fees = fields.Monetary(readonly=True)
    disputes = fields.Monetary(readonly=True)
    reserves = fields.Monetary(readonly=True)
    payouts = fields.Monetary(readonly=True)
    conversions = fields.Monetary(readonly=True, string="Currency conversions")
    unclassified = fields.Monetary(readonly=True)
    closing = fields.Monetary(readonly=True, string="Closing by the books")
    provider_closing = fields.Monetary(readonly=True, string="Closing by the provider")
    difference = fields.Monetary(readonly=True)
    movement_count = fields.Integer(readonly=True)
    as_of = fields.Datetime(readonly=True, help="When the provider said so.")
    checked_at = fields.Datetime(readonly=True, help="When it was last compared with the books.")
    state = fields.Selection(
        [("waiting", "Provider's balance not known yet"), ("agrees", "Agrees"), ("differs", "Differs")],
        required=True,
        readonly=True,
        default="waiting",
    )
    statement_id = fields.Many2one("account.bank.statement", readonly=True, ondelete="set null")
    message_id = fields.Many2one("integration.message", readonly=True, ondelete="set null")

    _day_unique = models.Constraint(
        "UNIQUE(balance_account_id, date)", "There is one statement per account and day."
    )

    @api.depends("balance_account_id", "date")
    def _compute_display_name(self):
        for statement in self:
            statement.display_name = f"{statement.balance_account_id.display_name} {statement.date or ''}"

    @api.model
    def _for_day(self, account, date):
        """Return the statement of a balance account and day, making it where there is none."""
        statement = self.search([("balance_account_id", "=", account.id), ("date", "=", date)], limit=1)
        return statement or self.create({"balance_account_id": account.id, "date": date})

    def _hear_provider(self, document, message_id):
        """Take the provider's closing balance and compare the day with the books."""
        self.ensure_one()
        self.write(
            {
                "provider_closing": float(document.closing.value),
                "as_of": fields.Datetime.now(),
                "message_id": message_id,
                "state": "agrees",
            }
        )
        self._compare()

    def _compare(self):
        """Add up the books for these days and say whether they agree with the provider."""
        for statement in self:
            sums, count = statement._sums()
            opening = statement._opening()
            closing = opening + sum(sums.values())
            currency = statement.currency_id
            values = {name: currency.round(amount) for name, amount in sums.items()}
            values |= {
                "opening": currency.round(opening),
                "closing": currency.round(closing),
                "movement_count": count,
                "checked_at": fields.Datetime.now(),
            }
            if statement.as_of:
                difference = currency.round(statement.provider_closing - closing)
                values["difference"] = difference
                values["state"] = "agrees" if currency.is_zero(difference) else "differs"
            statement.write(values)
            if statement.as_of:
                statement._sync_bank_statement()
            if statement.state == "agrees":
                statement._resolve_difference()

    def _domain(self):
        return [
            ("connection_id", "=", self.connection_id.id),
            ("settled_currency_id", "=", self.currency_id.id),
            ("changes_balance", "=", True),
        ]

    def _sums(self):
        """Return ({group: signed sum}, count) of the day's movements, by their true date."""
        rows = self.env["integration.movement"]._read_group(
            [*self._domain(), ("event_date", "=", self.date)], ["type"], ["settled_amount:sum", "__count"]
        )
        by_type = {movement_type: (total, count) for movement_type, total, count in rows}
        sums = {
            group: sum(by_type.get(movement_type, (0.0, 0))[0] for movement_type in types)
            for group, types in GROUPS.items()
        }
        return sums, sum(count for _total, count in by_type.values())

    def _opening(self):
        [(total,)] = self.env["integration.movement"]._read_group(
            [*self._domain(), ("event_date", "<", self.date)], [], ["settled_amount:sum"]
        )
        return total or 0.0

    def _is_carried_over(self):
        """Whether the whole difference of this day is the one of the day before: nothing new went wrong."""
        self.ensure_one()
        before = self.search(
            [
                ("balance_account_id", "=", self.balance_account_id.id),
                ("date", "<", self.date),
                ("as_of", "!=", False),
            ],
            order="date desc",
            limit=1,
        )
        return bool(before) and self.currency_id.compare_amounts(before.difference, self.difference) == 0

    def _sync_bank_statement(self):
        """Mirror the day as core's bank statement, so that core's own completeness checks speak for it (F14).

        Movements that were booked later because their day is locked belong to the day on which they were booked.
        """
        self.ensure_one()
        lines = self.env["account.bank.statement.line"].search(
            [("journal_id", "=", self.journal_id.id), ("date", "=", self.date), ("state", "=", "posted")],
            order="internal_index",
        )
        if not lines:
            return
        values = {
            "name": f"{self.journal_id.code} {self.date}",
            "reference": self.display_name,
            "balance_start": self.opening,
            "balance_end_real": self.provider_closing,
        }
        if not self.statement_id:
            self.statement_id = self.env["account.bank.statement"].create(
                {**values, "line_ids": [Command.set(lines.ids)]}
            )
            return
        self.statement_id.write({"line_ids": [Command.set(lines.ids)]})
        self.statement_id.write(values)

    def _resolve_difference(self):
        self.env["integration.exception"]._settle_cause(
            self.connection_id,
            "balance_differs",
            f"{self.currency_id.name} {self.date}",
            self.env._("The books and the provider's balance agree."),
        )

    def _text(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    def _exact_text(self, amount):
        """Return an amount as what fills a sentence is kept; whoever reads it sees it his way."""
        return f"{amount:.{self.currency_id.decimal_places}f} {self.currency_id.name}"

    def action_compare(self):
        """Button: compare again; as the connection's service user, who keeps the bank statement in step."""
        self.check_access("write")
        for statement in self:
            statement.with_env(statement.connection_id.sudo()._as_service().env)._compare()
        self.invalidate_recordset()

    def action_open_movements(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_movement")
        return dict(action, domain=[*self._domain(), ("event_date", "=", self.date)], context={})

    def action_open_bank_statement(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.bank.statement.line",
            "name": self.statement_id.display_name,
            "views": [(False, "list"), (False, "form")],
            "domain": [("statement_id", "=", self.statement_id.id)],
        }

    @api.model
    def _touch(self, movements):
        """Compare anew the days on which these movements fall and all later ones: openings carry forward."""
        firsts = {}
        for movement in movements.filtered("changes_balance"):
            key = (movement.connection_id, movement.settled_currency_id)
            firsts[key] = min(firsts.get(key, movement.event_date), movement.event_date)
        for (connection, currency), date in firsts.items():
            self.search(
                [
                    ("connection_id", "=", connection.id),
                    ("currency_id", "=", currency.id),
                    ("date", ">=", date),
                ],
                order="date",
                limit=MAX_DAYS,
            )._compare()
