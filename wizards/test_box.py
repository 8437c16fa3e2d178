# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..models.messaging.error_words import kept_words

MAX_PASTED_CHARS = 1_000_000
OUTCOME_LABELS = [
    ("post", "Would be booked"),
    ("nothing", "Books nothing"),
    ("duplicate", "Is in the books already"),
    ("superseded", "Overtaken by a newer version"),
    ("refused", "Would be refused"),
]


class IntegrationTestBox(models.TransientModel):
    """Shows what any payload would book, on the books as they are; nothing is stored and nothing is booked."""

    _name = "integration.test.box"
    _description = "Test box"

    connection_id = fields.Many2one("integration.connection", required=True, string="As if sent by")
    company_id = fields.Many2one(related="connection_id.company_id")
    message_id = fields.Many2one(
        "integration.message",
        string="Event",
        domain="[('connection_id', '=', connection_id), ('direction', '=', 'in')]",
        help="Compute an event that came in. Leave it empty to paste a payload.",
    )
    payload = fields.Text(help="The body as the outside system would send it. A signature is not needed.")
    outcome = fields.Selection(OUTCOME_LABELS, readonly=True)
    explanation = fields.Text(readonly=True, string="What would happen")
    next_step = fields.Text(readonly=True, string="What to do next")
    applied = fields.Text(readonly=True, string="Would be matched")
    became = fields.Text(readonly=True, string="Would become")
    line_ids = fields.One2many("integration.test.box.line", "box_id", readonly=True)

    @api.depends("connection_id")
    def _compute_display_name(self):
        for box in self:
            box.display_name = self.env._("Test box")

    @api.onchange("message_id")
    def _onchange_message_id(self):
        """Show the chosen event's payload as people may see it: what is sensitive is left out."""
        if self.message_id:
            self.payload = self.message_id.payload_text
            self.connection_id = self.message_id.connection_id

    def action_show(self):
        """Button: show what it would book."""
        self.ensure_one()
        if not self.env.user.has_group("finance_integration.group_operator"):
            raise AccessError(self.env._("Only an operator may use the test box."))
        self.connection_id.check_access("read")
        self._take(self._computed())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test box"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _computed(self):
        rehearsal = self.env["integration.rehearsal"]
        if self.message_id:
            self.message_id.check_access("read")
            # The stored bytes are computed, not the masked text that is shown.
            answers = rehearsal._rehearse(self.message_id.ids)
            if not answers:
                raise UserError(self.env._("This event's payload is no longer here."))
            return answers[0]
        text = (self.payload or "").strip()
        if not text:
            raise UserError(self.env._("Paste a payload, or choose an event."))
        if len(text) > MAX_PASTED_CHARS:
            raise UserError(self.env._("A pasted payload has at most %s characters.", MAX_PASTED_CHARS))
        return rehearsal._rehearse_payload(self.connection_id.sudo(), text.encode())

    def _take(self, answer):
        """Show an answer of the rehearsal."""
        told = [answer, *answer["findings"]]
        connection = self.connection_id or self.message_id.connection_id
        notes = [answer["error_text"] or answer["note"] or "", *(row["text"] for row in answer["findings"])]
        codes = [answer["error_code"], *(row["code"] for row in answer["findings"])]
        notes = [
            kept_words(self.env, code, note, connection) for code, note in zip(codes, notes, strict=True)
        ]
        if answer["held"]:
            notes.append(self.env._("It would wait: an earlier event of the same object is not through yet."))
        steps = [
            kept_words(self.env, code, row["next_step"] or "", connection)
            for code, row in zip(codes, told, strict=True)
        ]
        lines = [
            (0, 0, self._line(number, entry, line))
            for number, entry in enumerate(answer["entries"], start=1)
            for line in entry["lines"]
        ]
        self.write(
            {
                "outcome": answer["outcome"],
                "explanation": "\n".join(filter(None, notes)),
                "next_step": "\n".join(filter(None, steps)),
                "applied": "\n".join(
                    kept_words(self.env, "", text, connection) for text in answer["applied"]
                ),
                "became": "\n".join(answer["became"]),
                "line_ids": [(5, 0, 0), *lines],
            }
        )

    def _line(self, number, entry, line):
        return {
            "number": number,
            "journal": entry["journal"],
            "date": entry["date"],
            "reference": entry["ref"],
            "account": line["account"],
            "partner": line["partner"],
            "label": line["label"],
            "debit": line["debit"],
            "credit": line["credit"],
            "amount_currency": f"{line['amount_currency']} {line['currency']}",
        }


class IntegrationTestBoxLine(models.TransientModel):
    """A journal item that would be booked; amounts are texts: they are shown exactly and never added up here."""

    _name = "integration.test.box.line"
    _description = "Journal item of the test box"
    _order = "number, id"

    box_id = fields.Many2one("integration.test.box", required=True, ondelete="cascade")
    number = fields.Integer(string="Entry")
    journal = fields.Char()
    date = fields.Date()
    reference = fields.Char()
    account = fields.Char()
    partner = fields.Char()
    label = fields.Char()
    debit = fields.Char()
    credit = fields.Char()
    amount_currency = fields.Char(string="In its currency")
