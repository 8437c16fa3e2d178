# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from markupsafe import Markup

from odoo import fields, models
from odoo.tools.misc import formatLang

MAX_LINES = 200


class IntegrationExplanation(models.TransientModel):
    """The answer to “why is this in the books?”, for one entry and each of its lines."""

    _name = "integration.explanation"
    _description = "Why an entry is in the books"

    move_id = fields.Many2one(
        "account.move", required=True, readonly=True, ondelete="cascade", string="Entry"
    )
    entry_html = fields.Html(compute="_compute_html", sanitize=False, string="The entry")
    lines_html = fields.Html(compute="_compute_html", sanitize=False, string="Its lines")

    def _compute_html(self):
        for explanation in self:
            move = explanation.move_id
            move.check_access("read")
            explanation.entry_html = self._facts_html(move._integration_explain())
            explanation.lines_html = self._lines_html(move.line_ids.sorted()[:MAX_LINES])

    def _facts_html(self, facts):
        rows = Markup("").join(
            Markup("<tr><th class='text-nowrap'>%s</th><td>%s</td></tr>") % (fact.topic, fact.text)
            for fact in facts
        )
        return Markup("<table class='table table-sm'>%s</table>") % rows

    def _lines_html(self, lines):
        rows = Markup("").join(
            Markup("<tr><td>%s</td><td class='text-end text-nowrap'>%s</td><td>%s</td></tr>")
            % (
                line.account_id.display_name,
                formatLang(self.env, line.balance, currency_obj=line.company_currency_id),
                " ".join(line._integration_explain()),
            )
            for line in lines
            if line.account_id
        )
        head = Markup("<tr><th>%s</th><th class='text-end'>%s</th><th>%s</th></tr>") % (
            self.env._("Account"),
            self.env._("Amount"),
            self.env._("Why"),
        )
        return Markup("<table class='table table-sm'>%s%s</table>") % (head, rows)

    def action_open_events(self):
        """Button: the events that this entry comes from."""
        self.ensure_one()
        return self.move_id.action_open_integration_source()
