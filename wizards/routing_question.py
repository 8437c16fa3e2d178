# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from ..engine.errors import IntegrationError
from ..engine.routing import codes_for
from ..models.messaging.error_words import in_words


class IntegrationRoutingQuestion(models.TransientModel):
    """Answers to which company something would go, on a day, and why (C5); nothing is booked."""

    _name = "integration.routing.question"
    _description = "Where would it go?"

    connection_id = fields.Many2one(
        "integration.connection", required=True, domain="[('routed_from_id', '=', False)]"
    )
    entity = fields.Char(
        string="Legal entity there",
        help="As the source calls it: an entity, a shop, a location. Empty = the source names none.",
    )
    currency_id = fields.Many2one("res.currency", help="Of the balance or the document. Empty = it has none.")
    day = fields.Date(required=True, default=fields.Date.context_today, string="On the day")
    target_company = fields.Char(compute="_compute_answer", string="Goes to")
    target_connection = fields.Char(compute="_compute_answer", string="Booked by")
    target_journal = fields.Char(compute="_compute_answer", string="Money of it into")
    rule = fields.Char(compute="_compute_answer", string="Decided by the rule")
    explanation = fields.Text(compute="_compute_answer", string="Why")

    @api.depends("connection_id")
    def _compute_display_name(self):
        for question in self:
            question.display_name = self.env._("Where would it go?")

    @api.depends("connection_id", "entity", "currency_id", "day")
    def _compute_answer(self):
        for question in self:
            question.update(
                dict.fromkeys(
                    ("target_company", "target_connection", "target_journal", "rule", "explanation"), False
                )
            )
            if question.connection_id and question.day:
                question.connection_id.check_access("read")
                question.update(question._answer())

    def _answer(self):
        _ = self.env._
        connection = self.connection_id
        entity, currency = (self.entity or "").strip() or None, self.currency_id.name or None
        asked = ", ".join(codes_for(entity, currency))
        if not connection._serves_several():
            return {
                "target_company": connection.company_id.name,
                "target_connection": connection.name,
                "target_journal": self._journal_of(connection),
                "explanation": _("This connection serves one company: no rule is asked for."),
            }
        try:
            found, target = connection._where(entity, currency, self.day)
        except IntegrationError as error:
            return {
                "explanation": _(
                    "%(why)s Rules asked for, in this order: %(codes)s.",
                    why=in_words(self.env, error),
                    codes=asked,
                )
            }
        company = self.env["res.company"].sudo().browse(found.company_id)
        answer = {"target_company": company.name, "rule": found.code}
        if not target:
            return answer | {
                "explanation": _(
                    "%s has no connection that gets its events from this one: the event would stop and ask a person.",
                    company.name,
                )
            }
        return answer | {
            "target_connection": target.name,
            "target_journal": self._journal_of(target),
            "explanation": _(
                "Rules asked for, in this order: %(codes)s. The first that there is decides.", codes=asked
            ),
        }

    def _journal_of(self, connection):
        """Return the journal that money in this currency would be booked into, in words."""
        if not self.currency_id:
            return False
        account = connection.sudo().balance_account_ids.filtered(
            lambda row: row.currency_id == self.currency_id
        )
        return account.journal_id.display_name or self.env._(
            "none in %s: it would stop", self.currency_id.name
        )

    def action_show(self):
        """Button: show the answer for what is filled in."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Where would it go?"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_rules(self):
        """Button: the rules of this connection."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_mapping")
        return dict(
            action,
            domain=[("connection_id", "=", self.connection_id.id), ("mapping", "=", "company")],
            context={},
            name=self.env._("Rules for legal entities"),
        )
