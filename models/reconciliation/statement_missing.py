# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which movements of a day the provider has and the books lack, and where they got stuck (R1, R17).

The provider names the ledger lines of a day with its closing balance. Each is looked for in the books and, where
it is not
there, in the inbox: so a difference says whether something never arrived or arrived and waits.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.errors import IntegrationError

MAX_NAMED = 20
# A day that differs is fetched again by itself this often, of the last days.
AGAIN_AFTER_HOURS = 20
SWEPT_DAYS = 14
MAX_SWEPT = 200


class IntegrationProcessorStatement(models.Model):
    _inherit = "integration.processor.statement"

    told_lines = fields.Json(
        readonly=True, help="{id: amount} of the provider's ledger lines of the day, where it names them."
    )
    provider_count = fields.Integer(readonly=True, string="Movements by the provider")
    provider_total = fields.Monetary(readonly=True, string="Moved by the provider")
    lines_told = fields.Boolean(readonly=True, string="The provider names the day's movements")
    received_count = fields.Integer(readonly=True, string="Of them in the inbox")
    booked_count = fields.Integer(readonly=True, string="Of them in the books")
    missing_count = fields.Integer(readonly=True, string="Not in the books")
    missing_total = fields.Monetary(readonly=True, string="Sum of what is not in the books")
    missing_text = fields.Char(readonly=True, string="What is missing")
    fetched_again_at = fields.Datetime(
        readonly=True, help="When the day was last fetched again because it differs."
    )

    def _hear_provider(self, document, message_id):
        """Keep what the provider names of the day, then compare."""
        total = document.movement_total
        self.write(
            {
                "told_lines": None
                if document.lines is None
                else {line.ledger_id: format(line.net, "f") for line in document.lines},
                "lines_told": document.lines is not None,
                "provider_count": document.movement_count or 0,
                "provider_total": float(total.value) if total is not None else 0.0,
            }
        )
        return super()._hear_provider(document, message_id)

    def _compare(self):
        result = super()._compare()
        for statement in self.filtered("lines_told"):
            statement._find_missing()
        return result

    def _find_missing(self):
        """Look for each of the provider's lines in the books and, of those that are not there, in the inbox."""
        told = self.told_lines or {}
        exact = self.currency_id._integration_exact
        rows = self.env["integration.movement"]._read_group(
            [
                ("connection_id", "=", self.connection_id.id),
                ("balance_transaction", "in", list(told)),
            ],
            ["balance_transaction"],
            ["__count"],
        )
        known = {ledger_id for ledger_id, _count in rows}
        missing = [
            ledger_id for ledger_id, net in told.items() if ledger_id not in known and exact(float(net))
        ]
        waiting = self._in_inbox(missing[:MAX_NAMED])
        names = [
            f"{ledger_id} ({waiting.get(ledger_id) or self.env._('not received')})"
            for ledger_id in missing[:MAX_NAMED]
        ]
        self.write(
            {
                "booked_count": len(known),
                "received_count": len(known) + len(waiting),
                "missing_count": len(missing),
                "missing_total": sum(float(told[ledger_id]) for ledger_id in missing),
                "missing_text": ", ".join(names) + ("…" if len(missing) > MAX_NAMED else ""),
            }
        )

    def _in_inbox(self, ledger_ids):
        """Return {ledger id: words} of lines that were received and are not booked, for whatever reason."""
        Message = self.env["integration.message"].sudo()
        statuses = dict(Message._fields["status"]._description_selection(self.env))
        found = {}
        for ledger_id in ledger_ids:
            message = Message.search(
                [
                    ("connection_id", "=", self.connection_id.id),
                    ("direction", "=", "in"),
                    ("event_id", "=like", f"{ledger_id}:%"),
                ],
                order="id desc",
                limit=1,
            )
            if message:
                found[ledger_id] = self.env._("received: %s", statuses.get(message.status, message.status))
        return found

    def action_fetch_missing(self):
        """Button: fetch everything from this day on once more; what is known already books nothing.

        :raises UserError: the provider has no lists, or the connection is not active.
        """
        for statement in self:
            statement.check_access("write")
            connection = statement.connection_id
            connection._fetch_for_person(
                self.env._("Differences of %s", statement.display_name), from_date=statement.date
            )
            statement.sudo().fetched_again_at = fields.Datetime.now()
        return True

    @api.model
    def _sweep_missing(self):
        """Fetch days again that differ, unasked, once a day; the oldest of a connection decides from when."""
        now = fields.Datetime.now()
        differing = self.search(
            [
                ("state", "=", "differs"),
                ("date", ">=", fields.Date.subtract(now.date(), days=SWEPT_DAYS)),
                ("connection_id.state", "=", "active"),
                "|",
                ("fetched_again_at", "=", False),
                ("fetched_again_at", "<", now - timedelta(hours=AGAIN_AFTER_HOURS)),
            ],
            order="date",
            limit=MAX_SWEPT,
        )
        for connection, statements in differing.grouped("connection_id").items():
            lists = [name for name in connection._spec().pulls if name in connection._lists_due_at()]
            if not lists:
                continue
            try:
                for pull in lists:
                    connection._prepare_fetch(pull, statements[0].date)
            except (UserError, IntegrationError):  # the source asked for a pause: the next sweep comes back
                continue
            statements.write({"fetched_again_at": now})
            connection._pull_now(lists)
            self.env["integration.audit.leaf"]._record_change(
                connection, "pull.again", self.env._("Differs since %s", statements[0].date)
            )
