# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A dispute through its life: what is disputed, until when evidence is taken, its money, how it ended (R18)."""

from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

STATES = [
    ("not_told", "Money withdrawn, state not told"),
    ("inquiry", "The bank asks"),
    ("needs_response", "Needs evidence"),
    ("under_review", "Being decided"),
    ("won", "Won"),
    ("lost", "Lost"),
    ("closed", "Closed without a dispute"),
]
# A later word of the provider counts; of two words of one second the one that is further on.
RANKS = {code: rank for rank, (code, _label) in enumerate(STATES)}
OVER = ("won", "lost", "closed")
MONEY_TYPES = ("dispute", "dispute_return")
ALL_CODES = (
    "dispute_opened",
    "dispute_lost",
    "dispute_after_refund",
    "evidence_deadline",
    "evidence_held_up",
    "evidence_missed",
)
MAX_DISPUTES = 1000


class IntegrationDispute(models.Model):
    _name = "integration.dispute"
    _description = "Dispute"
    _order = "opened_on desc, id desc"
    _rec_name = "dispute_id"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    dispute_id = fields.Char(required=True, readonly=True, string="Provider's id")
    state = fields.Selection(STATES, required=True, readonly=True, default="not_told", index=True)
    told_at = fields.Datetime(readonly=True, string="The provider said so at")
    reason = fields.Char(readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(readonly=True, string="Disputed")
    opened_on = fields.Date(required=True, readonly=True, string="Opened on")
    decided_on = fields.Date(readonly=True, string="Decided on")
    evidence_due = fields.Datetime(readonly=True, string="Evidence until")
    evidence_given = fields.Boolean(readonly=True, string="Evidence was given")
    is_late = fields.Boolean(compute="_compute_is_late", string="Evidence is late")
    payment_ref = fields.Char(readonly=True, string="Payment at the provider", index="btree_not_null")
    order_ref = fields.Char(readonly=True, string="Order in the shop", index="btree_not_null")
    payment_id = fields.Many2one(
        "integration.movement", readonly=True, ondelete="set null", index="btree_not_null"
    )
    partner_id = fields.Many2one(related="payment_id.partner_id", store=True, string="Customer")
    invoice_ids = fields.Many2many(related="payment_id.invoice_ids", string="Invoices")
    movement_ids = fields.One2many("integration.movement", "dispute_record_id", readonly=True)
    money_currency_id = fields.Many2one("res.currency", readonly=True)
    withdrawn = fields.Monetary(readonly=True, currency_field="money_currency_id")
    given_back = fields.Monetary(readonly=True, currency_field="money_currency_id")
    fees = fields.Monetary(readonly=True, currency_field="money_currency_id", string="Dispute fees")
    refunded = fields.Monetary(
        readonly=True, help="What of the payment had been refunded when it was disputed."
    )
    after_refund = fields.Boolean(
        readonly=True, string="Refunded already", help="The whole payment was refunded: defend it."
    )
    open_amount = fields.Monetary(
        compute="_compute_open_amount",
        currency_field="company_currency_id",
        string="Open in disputed receivables",
        help="In the currency of the books.",
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of the books")
    loss_move_id = fields.Many2one(
        "account.move", readonly=True, ondelete="restrict", string="Booked as lost"
    )

    _dispute_unique = models.UniqueIndex("(connection_id, dispute_id)")

    @api.depends("evidence_due", "state")
    def _compute_is_late(self):
        now = fields.Datetime.now()
        for dispute in self:
            waits = dispute.state in ("inquiry", "needs_response")
            dispute.is_late = waits and bool(dispute.evidence_due) and dispute.evidence_due < now

    @api.depends("movement_ids.counterpart_id.amount_residual")
    def _compute_open_amount(self):
        for dispute in self:
            lines = dispute.movement_ids.filtered(lambda row: row.type in MONEY_TYPES).counterpart_id
            dispute.open_amount = sum(lines.mapped("amount_residual"))

    # -- what the provider tells -------------------------------------------------------------------------------

    @api.model
    def _plans(self, work):
        """Return the steps of an event that tell something new of how a dispute stands."""
        told = [document for document in work.documents if document.dispute]
        if not told:
            return []
        known = self._known(work.connection, [document.movement_id for document in told])
        return [
            {"step": "dispute", "document": document}
            for document in told
            if self._is_news(known.get(document.movement_id), document)
        ]

    @api.model
    def _known(self, connection, dispute_ids):
        found = self.search([("connection_id", "=", connection.id), ("dispute_id", "in", dispute_ids)])
        return {dispute.dispute_id: dispute for dispute in found}

    @api.model
    def _is_news(self, known, document):
        """Whether this is later than what is known; events come in any order."""
        if not known or not known.told_at:
            return True
        facts = document.dispute
        told = (_naive(facts.told_at), RANKS[facts.state])
        return told > (known.told_at, RANKS[known.state])

    @api.model
    def _hear_all(self, pairs):
        """Take over how disputes stand.

        :param pairs: list of (work, plan) of the step 'dispute'.
        """
        for work, plan in pairs:
            dispute = self._hear(work.connection, plan["document"])
            work.effects.append(
                self.env["integration.posting"]._effect(
                    f"dispute:{dispute.dispute_id}:{work.message_id}", dispute
                )
            )

    @api.model
    def _hear(self, connection, document):
        facts = document.dispute
        day = self.env["integration.posting"]._event_date
        values = {
            "state": facts.state,
            "told_at": _naive(facts.told_at),
            "reason": document.description or False,
            "evidence_due": _naive(facts.evidence_due) if facts.evidence_due else False,
            "evidence_given": facts.evidence_given,
            "decided_on": day(connection, facts.told_at) if facts.state in OVER else False,
            "amount": abs(float(document.amount.value)),
            "currency_id": self.env["res.currency"]._by_code(document.amount.currency).id,
            "payment_ref": document.related or False,
            "order_ref": next((each.value for each in document.references if each.type == "order"), False),
            "opened_on": day(connection, document.occurred_at),
        }
        dispute = self._known(connection, [document.movement_id]).get(document.movement_id)
        if dispute:
            dispute.write(values)
        else:
            dispute = self.create(
                {"connection_id": connection.id, "dispute_id": document.movement_id, **values}
            )
        dispute._tie()
        return dispute

    @api.model
    def _touch(self, movements):
        """Tie what was booked to its dispute: money of disputes, their fees, and the payments they are about."""
        money = movements.filtered(lambda row: row.type in MONEY_TYPES)
        disputes = self.browse()
        for movement in money:
            disputes |= self._of_money(movement)
        others = movements - money
        names = [row.related_id for row in others if row.type == "fee" and row.related_id]
        paid = [row.movement_id for row in others if row.type == "payment"]
        refunded = [row.related_id for row in others if row.type == "refund" and row.related_id]
        if names or paid or refunded:
            disputes |= self.search(
                [
                    ("connection_id", "in", movements.connection_id.ids),
                    "|",
                    ("dispute_id", "in", names),
                    ("payment_ref", "in", [*paid, *refunded]),
                ],
                limit=MAX_DISPUTES,
            )
        disputes._tie()

    @api.model
    def _of_money(self, movement):
        """Return the dispute of withdrawn or returned money; it is made where nobody has told of it yet."""
        domain = [("connection_id", "=", movement.connection_id.id)]
        # A ledger with ids of its own names the dispute beside them.
        named = movement.reference_ids.filtered(lambda row: row.type == "dispute")[:1].value
        found = self.search([*domain, ("dispute_id", "=", named or movement.movement_id)], limit=1)
        paid = self._payment_named(movement)
        if not found and paid:
            found = self.search([*domain, ("payment_ref", "=", paid)], order="id desc", limit=1)
        found = found or self.create(
            {
                "connection_id": movement.connection_id.id,
                "dispute_id": named or movement.movement_id,
                "reason": movement.description,
                "currency_id": movement.currency_id.id,
                "amount": abs(movement.amount),
                "opened_on": movement.event_date,
                "payment_ref": paid,
            }
        )
        movement.dispute_record_id = found
        return found

    def _payment_named(self, movement):
        """Return the provider's id of the payment that money of a dispute names, False where it names none."""
        return movement.related_id

    def _tie(self):
        """Find payment, money and fees of these disputes, and say what a person has to do."""
        Movement = self.env["integration.movement"]
        for dispute in self:
            domain = [("connection_id", "=", dispute.connection_id.id)]
            payment = dispute.payment_id or dispute._find_payment()
            own = Movement.search(
                [
                    *domain,
                    ("changes_balance", "=", True),
                    "|",
                    "&",
                    ("type", "in", MONEY_TYPES),
                    ("movement_id", "=", dispute.dispute_id),
                    "&",
                    ("type", "=", "fee"),
                    ("related_id", "in", [dispute.dispute_id, *dispute._own_ids()]),
                ]
            )
            if new := own.filtered(lambda row, dispute=dispute: row.dispute_record_id != dispute):
                new.dispute_record_id = dispute
            dispute._sum_up(payment)
            dispute._pair_off()
            dispute._judge()

    def _find_payment(self):
        """Return the payment that is disputed, or an empty recordset."""
        movements = self.env["integration.movement"]
        domain = [("connection_id", "=", self.connection_id.id), ("type", "=", "payment")]
        if not self.payment_ref:
            return movements
        return movements.search([*domain, ("movement_id", "=", self.payment_ref)], limit=1)

    def _pair_off(self):
        """Match what was withdrawn with what was given back, where together they are nothing.

        Where Odoo refuses, the money stays booked and a person matches it.
        """
        self.ensure_one()
        items = self.movement_ids.filtered(lambda row: row.type in MONEY_TYPES).counterpart_id
        items = items.filtered(lambda line: line.account_id.reconcile and not line.reconciled)
        one_account = len(items.account_id) == 1 and len(items.currency_id) == 1
        rest = sum(items.mapped("amount_residual_currency"))
        if len(items) > 1 and one_account and items.currency_id.is_zero(rest):
            service = self.connection_id.sudo()._as_service()
            moved = self.movement_ids.filtered(lambda row: row.counterpart_id in items).sorted("occurred_at")
            service.env["integration.posting.dispute"]._match_or_ask(
                items, moved[-1:].with_env(service.env), f"dispute {self.dispute_id}"
            )

    def _own_ids(self):
        return self.movement_ids.filtered(lambda row: row.type in MONEY_TYPES).mapped("movement_id")

    def _sum_up(self, payment):
        by_type = self.movement_ids.filtered("changes_balance").grouped("type")
        empty = self.env["integration.movement"]

        def total(name):
            return sum(by_type.get(name, empty).mapped("settled_amount"))

        refunds = empty.search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("type", "=", "refund"),
                ("changes_balance", "=", True),
                ("related_id", "=", self.payment_ref or False),
            ]
        )
        refunded = -sum(refunds.mapped("amount")) if self.payment_ref else 0.0
        after = bool(payment) and payment.currency_id.compare_amounts(refunded, payment.amount) >= 0
        self.write(
            {
                "payment_id": payment.id or False,
                "money_currency_id": self.movement_ids.settled_currency_id[:1].id or self.currency_id.id,
                "withdrawn": -total("dispute"),
                "given_back": total("dispute_return"),
                "fees": -total("fee"),
                "refunded": refunded,
                "after_refund": after and refunded > 0,
            }
        )

    # -- what people do ----------------------------------------------------------------------------------------

    def _judge(self):
        """Raise what a person has to do, with the day until which it counts; let go of what is over."""
        self.ensure_one()
        wanted = self._wanted_codes()
        self._let_go(set(ALL_CODES) - wanted)
        for code in sorted(wanted):
            exception = self.env["integration.exception"]._raise_cause(
                self.connection_id, code, self._params(), f"dispute {self.dispute_id}"
            )
            if self.evidence_due and code != "dispute_lost" and exception.deadline != self.evidence_due:
                exception.sudo().deadline = self.evidence_due

    def _wanted_codes(self):
        """Return the codes of what a person has to do about it."""
        wanted = {self._question()} - {None}
        if self.after_refund and self.state not in OVER:
            wanted.add("dispute_after_refund")
        return wanted

    def _question(self):
        """Return the code of what a person must do about the state, None where nothing is to be done."""
        if self.state in ("inquiry", "needs_response"):
            return "dispute_opened"
        if self.state == "lost" and self.open_amount and not self.loss_move_id:
            return "dispute_lost"
        return None

    def _params(self):
        currency = self.currency_id
        return {
            "dispute": self.dispute_id,
            "amount": f"{self.amount:.{currency.decimal_places}f} {currency.name}",
            "customer": self.partner_id.name or self.payment_id.customer_name or "somebody unknown",
            "reason": self.reason or "–",
            "due": f"{self.evidence_due} UTC" if self.evidence_due else "–",
        }

    def _let_go(self, codes):
        words = dict(self._fields["state"]._description_selection(self.env))
        self.env["integration.exception"]._settle_cause(
            self.connection_id,
            codes,
            f"dispute {self.dispute_id}",
            self.env._("How the dispute stands: %s.", words[self.state]),
        )

    def action_book_loss(self, reason=None):
        """Button: ask another person to agree that what was withdrawn is lost; then it is booked as bad debt.

        :raises UserError: it is not lost, or nothing of it is open.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "lost" or self.company_currency_id.is_zero(self.open_amount):
            raise UserError(self.env._("There is no lost money of this dispute that is open."))
        self.env["integration.change.request"]._ask(
            self,
            self.env._("Book dispute %s as lost", self.dispute_id),
            {"amount": f"{self.open_amount:.{self.company_currency_id.decimal_places}f}"},
            reason or self.env._("The provider says that dispute %s is lost.", self.dispute_id),
            kind="write_off",
            amount=self.open_amount,
            currency=self.company_currency_id,
            company=self.company_id,
        )
        return True

    def action_set_off(self):
        """Button: the customer got a credit note for what was lost; set it off, so that nothing is paid twice.

        :raises UserError: it is not lost, nothing of it is open, or no open credit note names its invoice.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "lost" or self.company_currency_id.is_zero(self.open_amount):
            raise UserError(self.env._("There is no lost money of this dispute that is open."))
        notes = self.env["account.move"].search(
            [
                ("move_type", "=", "out_refund"),
                ("state", "=", "posted"),
                ("payment_state", "in", ("not_paid", "partial")),
                ("reversed_entry_id", "in", self.invoice_ids.ids),
                ("currency_id", "=", self.money_currency_id.id),
            ]
        )
        if not notes:
            raise UserError(
                self.env._(
                    "No open credit note of the disputed invoice: issue and post it first, then set it off."
                )
            )
        service = self.connection_id.sudo()._as_service()
        move = service.env["integration.posting.dispute"]._set_off(
            self.with_env(service.env), notes.with_env(service.env)
        )
        self.env["integration.audit.leaf"]._record_change(self, "dispute.set_off", move.name)
        self.env.invalidate_all()
        self.sudo()._judge()
        return True

    def _approval_preview(self, values):
        places = self.company_currency_id.decimal_places
        now = f"{self.open_amount:.{places}f}"
        return {"rows": [{"field": "open_amount", "before": now, "after": "0"}], "digest": str(values)}

    def _carry_out(self, request):
        """Book what was approved as lost; called by integration.change.request.

        :raises UserError: it was not approved by a second person, it is not lost, or something else is open now.
        """
        self.ensure_one()
        places = self.company_currency_id.decimal_places
        same = (request.values or {}).get("amount") == f"{self.open_amount:.{places}f}"
        if not (request._approves(self) and same) or self.state != "lost" or self.loss_move_id:
            raise UserError(self.env._("This approval is not one of this dispute."))
        service = self.connection_id._as_service()
        move = service.env["integration.posting.dispute"]._book_loss(self.with_env(service.env))
        self.loss_move_id = move.id
        self._judge()

    def action_open_movements(self):
        """Button: what was withdrawn, given back and charged."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_movement")
        return dict(action, domain=[("id", "in", (self.movement_ids | self.payment_id).ids)], context={})

    def action_open_invoices(self):
        """Button: the documents that the disputed payment paid."""
        self.ensure_one()
        return self.payment_id.action_open_invoices()


class IntegrationMovement(models.Model):
    _inherit = "integration.movement"

    dispute_record_id = fields.Many2one(
        "integration.dispute", readonly=True, ondelete="set null", index="btree_not_null", string="Dispute"
    )


def _naive(instant):
    return instant.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)
