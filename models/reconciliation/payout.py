# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A payout between two systems: of what it consists at the provider, and which line of the bank it is (R2)."""

from odoo import api, fields, models
from odoo.tools.misc import formatLang

from ...engine.payout_composition import HEADINGS, ToldLine, compose
from .movement import TYPE_LABELS

COMPOSITIONS = [
    ("waiting", "Not known yet"),
    ("adds_up", "Adds up to the cent"),
    ("missing", "Movements are missing"),
    ("differs", "Differs"),
    ("computed", "Not told: what moved since the last one"),
]
BANK_STATES = [
    ("transit", "On its way"),
    ("proposed", "Needs a decision"),
    ("partly", "Arrived in part"),
    ("matched", "At the bank"),
    ("returning", "Came back: bank line expected"),
    ("returned", "Came back"),
]
# Neither the provider nor the bank owes anything about these.
SETTLED = ("matched", "returned")
LINE_TYPES = [(code, TYPE_LABELS.get(code, code.capitalize())) for code in HEADINGS]
MAX_LINES = 100_000
MAX_NAMED = 20


class IntegrationPayout(models.Model):
    """One payout to the bank, from its ledger lines to the bank line; negative where the provider debits the bank."""

    _name = "integration.payout"
    _description = "Payout"
    _order = "date desc, id desc"
    _rec_name = "payout_id"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    payout_id = fields.Char(required=True, readonly=True, string="Provider's id")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(
        readonly=True, help="What left for the bank; negative where the provider took money from the bank."
    )
    date = fields.Date(required=True, readonly=True, string="Paid out on")
    arrival_date = fields.Date(readonly=True, string="Expected at the bank")
    bank_reference = fields.Char(readonly=True, string="Reference at the bank")
    told = fields.Boolean(
        readonly=True,
        default=True,
        help="The provider tells of which movements the payout consists: of payouts that it makes by itself.",
    )
    movement_id = fields.Many2one(
        "integration.movement", readonly=True, ondelete="restrict", index="btree_not_null", string="Booked as"
    )
    return_movement_id = fields.Many2one(
        "integration.movement",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        string="Came back as",
    )
    move_id = fields.Many2one(related="movement_id.move_id", string="Journal entry")
    line_ids = fields.One2many("integration.payout.line", "payout_id", readonly=True)
    movement_ids = fields.One2many("integration.movement", "payout_id", readonly=True, string="Movements")
    movement_count = fields.Integer(compute="_compute_movement_count", string="Movements in it")

    gross = fields.Monetary(readonly=True, string="Payments")
    refunds = fields.Monetary(readonly=True)
    fees = fields.Monetary(readonly=True)
    disputes = fields.Monetary(readonly=True)
    reserves = fields.Monetary(readonly=True, string="Held back and released")
    conversions = fields.Monetary(readonly=True, string="Currency conversions")
    earlier_payouts = fields.Monetary(readonly=True, string="Earlier payouts that came back")
    adjustments = fields.Monetary(readonly=True, string="Other")
    carried = fields.Monetary(
        readonly=True,
        string="From and left in the balance",
        help="Only where the provider does not tell the composition: what was in the balance before, less what stayed.",
    )
    composed = fields.Monetary(readonly=True, string="Sum of the composition")
    booked = fields.Monetary(readonly=True, string="The same movements in the books")
    difference = fields.Monetary(readonly=True, help="The payout less the sum of its composition.")
    composition = fields.Selection(COMPOSITIONS, required=True, readonly=True, default="waiting")
    composition_text = fields.Char(readonly=True, string="What is missing or differs")
    lettered = fields.Boolean(
        readonly=True,
        string="Movements reconciled",
        help="Its movements are matched with each other in the provider's journal.",
    )

    bank_state = fields.Selection(
        BANK_STATES, required=True, readonly=True, default="transit", string="At the bank", index=True
    )
    bank_line_ids = fields.Many2many(
        "account.bank.statement.line",
        "integration_payout_bank_line_rel",
        readonly=True,
        string="Bank statement lines",
    )
    bank_rest = fields.Monetary(
        readonly=True, string="Not at the bank", help="What of it has no line at the bank yet."
    )
    matched_at = fields.Datetime(readonly=True)
    matched_by_id = fields.Many2one("res.users", readonly=True, string="Matched by")
    proposal_ids = fields.Many2many(
        "integration.payout.proposal",
        "integration_payout_proposal_rel",
        "payout_id",
        "proposal_id",
        readonly=True,
        domain=[("state", "=", "open")],
    )
    proposal_count = fields.Integer(compute="_compute_proposal_count")
    suspense = fields.Monetary(
        compute="_compute_suspense",
        string="Left in suspense",
        help="Zero: its bank lines stand against it in full.",
    )
    days_open = fields.Integer(compute="_compute_days_open", string="Open since (days)")

    _payout_unique = models.UniqueIndex("(connection_id, payout_id)")
    _open_idx = models.Index("(company_id, bank_state) WHERE bank_state NOT IN ('matched', 'returned')")

    @api.depends("payout_id", "amount", "currency_id")
    def _compute_display_name(self):
        for payout in self:
            payout.display_name = f"{payout.payout_id or ''} {payout._text(payout.amount)}"

    @api.depends("line_ids", "movement_ids")
    def _compute_movement_count(self):
        for payout in self:
            payout.movement_count = self.env["integration.movement"].search_count(payout._movement_domain())

    @api.depends("proposal_ids.state")
    def _compute_proposal_count(self):
        for payout in self:
            payout.proposal_count = len(payout.proposal_ids.filtered(lambda row: row.state == "open"))

    @api.depends("bank_line_ids.line_ids.account_id")
    def _compute_suspense(self):
        for payout in self:
            lines = payout.bank_line_ids.line_ids.filtered(
                lambda line: line.account_id == line.journal_id.suspense_account_id
            )
            payout.suspense = sum(lines.mapped("amount_currency"))

    @api.depends("date", "bank_state")
    def _compute_days_open(self):
        today = fields.Date.context_today(self)
        for payout in self:
            open_since = payout.date if payout.bank_state not in SETTLED else False
            payout.days_open = (today - open_since).days if open_since else 0

    def _text(self, amount):
        return formatLang(self.env, amount or 0, currency_obj=self.currency_id) if self.currency_id else ""

    def _exact_text(self, amount):
        """Return an amount as what fills a sentence is kept; whoever reads it sees it his way."""
        currency = self.currency_id
        return f"{amount or 0:.{currency.decimal_places}f} {currency.name}" if currency else ""

    # -- becoming known --------------------------------------------------------------------------------------

    @api.model
    def _booked_movements(self, movements):
        """Payouts were booked, or came back: write them down, and look for their bank lines soon.

        :param movements: movements that have just been booked, of any type.
        """
        moved = movements.filtered(
            lambda movement: movement.type in ("payout", "payout_return") and movement.changes_balance
        )
        for movement in moved.sorted(lambda row: (row.occurred_at, bool(row.related_id), row.id)):
            payout = self._for_movement(movement)
            if movement.related_id:
                payout.write({"return_movement_id": movement.id})
                payout._came_back()
            else:
                payout.write({"movement_id": movement.id, **self._booked_values(movement)})
                payout._compose()
            payout._look_at_bank()
        if moved:
            self.env["integration.payout.look"]._soon(moved.company_id)

    @api.model
    def _for_movement(self, movement):
        payout_id = movement.related_id or movement.movement_id
        payout = self.search(
            [("connection_id", "=", movement.connection_id.id), ("payout_id", "=", payout_id)], limit=1
        )
        return payout or self.create(
            {
                "connection_id": movement.connection_id.id,
                "payout_id": payout_id,
                "currency_id": movement.settled_currency_id.id,
                # A return that is known first says by its opposite what was paid out.
                "amount": movement.settled_amount if movement.related_id else -movement.settled_amount,
                "date": movement.event_date,
                "told": movement.connection_id._tells_payouts(),
            }
        )

    def _booked_values(self, movement):
        return {
            "amount": -movement.settled_amount,
            "currency_id": movement.settled_currency_id.id,
            "date": movement.event_date,
        }

    @api.model
    def _hear(self, connection, document):
        """Take over one part of what the provider tells of a payout; returns the payout, not added up yet.

        :param document: engine.canonical.Settlement.
        """
        currency = self.env["res.currency"]._by_code(document.currency)
        payout = self.search(
            [("connection_id", "=", connection.id), ("payout_id", "=", document.payout)], limit=1
        )
        facts = {
            "told": document.told,
            "arrival_date": document.arrival_date or False,
            "bank_reference": document.bank_reference or False,
        }
        if not payout:
            payout = self.create(
                {
                    "connection_id": connection.id,
                    "payout_id": document.payout,
                    "currency_id": currency.id,
                    "amount": float(document.amount.value),
                    "date": self.env["integration.posting"]._event_date(connection, document.occurred_at),
                    **facts,
                }
            )
        elif news := {name: value for name, value in facts.items() if payout[name] != value}:
            payout.write(news)
        known = set(payout.line_ids.mapped("ledger_id"))
        new = [line for line in document.lines if line.ledger_id not in known]
        self.env["integration.payout.line"].create([payout._line_values(line) for line in new])
        return payout

    def _line_values(self, line):
        return {
            "payout_id": self.id,
            "ledger_id": line.ledger_id,
            "type": line.type,
            "gross": float(line.gross),
            "fee": float(line.fee),
            "net": float(line.net),
            "date": line.moved_at
            and self.env["integration.posting"]._event_date(self.connection_id, line.moved_at),
            "description": line.description or False,
        }

    @api.model
    def _touch(self, movements):
        """Look again at the payouts of which these movements are a part; costs two indexed queries."""
        if not movements:
            return
        lines = self.env["integration.payout.line"].search(
            [
                ("connection_id", "in", movements.connection_id.ids),
                ("ledger_id", "in", [name for name in movements.mapped("balance_transaction") if name]),
            ]
        )
        payouts = lines.payout_id
        for (connection, currency), moved in movements.grouped(
            lambda row: (row.connection_id, row.settled_currency_id)
        ).items():
            payouts |= self._untold_since(connection, currency, min(moved.mapped("event_date")))
        payouts._compose()

    @api.model
    def _untold_since(self, connection, currency, date):
        """Return the payouts without told composition which a movement of this day may be a part of."""
        return self.search(
            [
                ("connection_id", "=", connection.id),
                ("currency_id", "=", currency.id),
                ("told", "=", False),
                ("date", ">=", date),
            ],
            limit=50,
        )

    # -- of what it consists -----------------------------------------------------------------------------------

    def _compose(self):
        """Add up these payouts from the provider's list and from the books, and say whether both are the payout."""
        for payout in self:
            if payout.told:
                payout._compose_told()
            else:
                payout._compose_untold()

    def _compose_told(self):
        lines = self.line_ids
        by_ledger = self._movements_by_ledger(lines.mapped("ledger_id"))
        told = [row._as_told() for row in lines]
        exact = self._exact
        booked = {
            ledger_id: exact(sum(found.filtered("changes_balance").mapped("settled_amount")))
            for ledger_id, found in by_ledger.items()
        }
        start = self.connection_id._books_begin()
        before = lines.filtered(lambda row: start and row.date and row.date < start).mapped("ledger_id")
        result = compose(
            exact(self.amount), told, booked, frozenset(by_ledger), frozenset(before) - by_ledger.keys()
        )
        values = {name: float(amount) for name, amount in result.sums.items()}
        state, names = result.state, result.missing or result.differing
        if lines and not self.movement_id:
            state, names = "missing", (self.payout_id, *names)
        values |= {
            "carried": 0.0,
            "composed": float(result.told),
            "booked": float(result.booked),
            "difference": float(result.difference) if lines else 0.0,
            "composition": state,
            "composition_text": ", ".join(names[:MAX_NAMED]) + ("…" if len(names) > MAX_NAMED else ""),
        }
        self.write(values)
        for row in lines:
            found = by_ledger.get(row.ledger_id)
            line_state = "booked" if found else ("missing" if row.net else "nothing")
            if line_state == "missing" and row.ledger_id in before:
                line_state = "before"
            if row.ledger_id in result.differing:
                line_state = "differs"
            if row.state != line_state:
                row.state = line_state
        members = self.env["integration.movement"].union(*by_ledger.values())
        if new := members.filtered(lambda movement: movement.payout_id != self):
            new.write({"payout_id": self.id})
        self._judge_composition(state)

    def _movements_by_ledger(self, ledger_ids):
        """Return {ledger id: movements}; a payment and its fee share one line of the provider's ledger."""
        movements = self.env["integration.movement"].search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("balance_transaction", "in", [ledger_id for ledger_id in ledger_ids if ledger_id]),
            ],
            limit=MAX_LINES,
        )
        return dict(movements.grouped("balance_transaction"))

    def _compose_untold(self):
        """Show what moved since the payout before, what was there, and what stayed: the provider tells no list."""
        rows = self.env["integration.movement"]._read_group(
            self._movement_domain(), ["type"], ["settled_amount:sum"]
        )
        told = [
            ToldLine(kind, kind, self._exact(total), self._exact(0), self._exact(total))
            for kind, total in rows
        ]
        result = compose(self._exact(self.amount), told, {}, frozenset())
        values = {name: float(amount) for name, amount in result.sums.items()}
        self.write(
            values
            | {
                "carried": float(self._exact(self.amount) - result.told),
                "composed": self.amount,
                "booked": float(result.told),
                "difference": 0.0,
                "composition": "computed" if self.movement_id else "waiting",
                "composition_text": False,
            }
        )

    def _movement_domain(self):
        """Return which movements are in it: those of the told list, or all since the payout before."""
        self.ensure_one()
        if self.told:
            return [("payout_id", "=", self.id)]
        domain = [
            ("connection_id", "=", self.connection_id.id),
            ("settled_currency_id", "=", self.currency_id.id),
            ("changes_balance", "=", True),
        ]
        if not self.movement_id:
            return [("id", "=", False)]
        until = self.movement_id.occurred_at
        before = self.env["integration.movement"].search(
            [
                *domain,
                ("type", "in", ("payout", "payout_return")),
                ("related_id", "=", False),
                ("occurred_at", "<", until),
            ],
            order="occurred_at desc, id desc",
            limit=1,
        )
        domain += [("occurred_at", "<=", until), ("id", "!=", self.movement_id.id)]
        if before:
            domain.append(("occurred_at", ">", before.occurred_at))
        return domain

    def _judge_composition(self, state):
        """Raise what a person must look at, let go of what is answered, and match what adds up."""
        cause = f"payout {self.payout_id}"
        exceptions = self.env["integration.exception"]
        if state in ("missing", "differs"):
            code = "payout_incomplete" if state == "missing" else "payout_differs"
            params = {
                "payout": self.payout_id,
                "amount": self._exact_text(self.amount),
                "composed": self._exact_text(self.composed),
                "booked": self._exact_text(self.booked),
                "ids": self.composition_text or "–",
            }
            exceptions._raise_cause(self.connection_id, code, params, cause)
        else:
            self._let_go(("payout_incomplete", "payout_differs"), self.env._("The payout adds up."))
        if state == "adds_up" and self.movement_id.statement_line_id and not self.lettered:
            self.env["integration.payout.look"]._letter_soon(self)

    def _let_go(self, codes, text):
        """Close the open exceptions of these codes about this payout."""
        self.env["integration.exception"]._settle_cause(
            self.connection_id, codes, f"payout {self.payout_id}", text
        )

    def _exact(self, amount):
        return self.currency_id._integration_exact(amount)
