# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who gets an exception (X3): rules in order, else the owner of the flow; the owner gets an activity."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.ageing import next_owner
from ...engine.error_catalogue import CODES

OPERATOR = "finance_integration.group_operator"
TODO = "mail.mail_activity_data_todo"


class IntegrationAssignmentRule(models.Model):
    """Exceptions of this kind go to this person, or to the next one of this team."""

    _name = "integration.assignment.rule"
    _description = "Assignment rule"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    connection_id = fields.Many2one("integration.connection", ondelete="cascade", check_company=True)
    flow_id = fields.Many2one("integration.flow", ondelete="cascade", string="About")
    error_class = fields.Selection(
        selection=lambda self: self.env["integration.error.resolution"]._selection_error_class(),
        string="Class",
    )
    reason_id = fields.Many2one("integration.error.resolution", string="Kind", ondelete="cascade")
    amount_from = fields.Monetary(
        currency_field="currency_id",
        string="At stake from",
        help="In company currency. Such a rule takes effect when the money at stake has been counted.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    user_ids = fields.Many2many(
        "res.users",
        string="Goes to",
        required=True,
        domain=lambda self: [("all_group_ids", "in", self.env.ref(OPERATOR).ids), ("share", "=", False)],
        help="One person, or a team that takes turns.",
    )
    last_user_id = fields.Many2one("res.users", readonly=True, string="Had the last turn", copy=False)

    @api.depends("company_id")
    def _compute_currency_id(self):
        for rule in self:
            rule.currency_id = rule.company_id.currency_id

    @api.constrains("user_ids")
    def _check_users(self):
        for rule in self:
            if not rule.user_ids:
                raise ValidationError(self.env._("Say to whom the exceptions go."))
            for user in rule.user_ids:
                if not user.has_group(OPERATOR):
                    raise ValidationError(
                        self.env._(
                            "%s may not work on exceptions: the right of an operator is missing.", user.name
                        )
                    )

    def _matches(self, exception):
        """Whether this rule is about the exception; a rule with an amount waits until money was counted."""
        self.ensure_one()
        info = CODES.get(exception.code)
        return (
            self.company_id == exception.company_id
            and self.connection_id.id in (False, exception.connection_id.id)
            and self.flow_id.id in (False, exception.flow_id.id)
            and self.reason_id.id in (False, exception.reason_id.id)
            and self.error_class in (False, info and info.error_class.value)
            and exception.stake_company >= self.amount_from
        )

    def _take_turn(self, exception):
        """Return whose turn it is among those who may see the exception, and note the turn."""
        self.ensure_one()
        able = self.user_ids.filtered(
            lambda user: (
                user.active and (not exception.company_id or exception.company_id in user.company_ids)
            )
        ).sorted("id")
        user_id = next_owner(able.ids, self.last_user_id.id or None)
        if user_id and user_id != self.last_user_id.id:
            self.sudo().last_user_id = user_id
        return user_id


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    @api.model_create_multi
    def create(self, vals_list):
        exceptions = super().create(vals_list)
        exceptions._assign_by_rules()
        exceptions._remind_owner()
        return exceptions

    def write(self, vals):
        before = {exception.id: exception.user_id for exception in self} if "user_id" in vals else {}
        result = super().write(vals)
        if before:
            changed = self.filtered(lambda row: row.user_id != before[row.id])
            changed.sudo().activity_ids.filtered(lambda row: row.automated).unlink()
            changed._remind_owner()
        return result

    def _assign_by_rules(self, counted=False):
        """Give these to whom the first rule names that is about them.

        :param counted: the money at stake is known: rules with an amount count, too, for what nobody has yet.
        """
        rules = self.env["integration.assignment.rule"].sudo().search([("active", "=", True)])
        if not rules or (counted and not any(rules.mapped("amount_from"))):
            return
        for exception in self.sudo():
            if counted and exception.user_id:
                continue
            rule = next(
                (rule for rule in rules if (counted or not rule.amount_from) and rule._matches(exception)),
                None,
            )
            if rule and (user_id := rule._take_turn(exception)):
                exception.user_id = user_id

    @api.model
    def _recount_touched(self):
        ids = super()._recount_touched()
        if ids:
            self.sudo().browse(ids).filtered(lambda row: row.state == "open")._assign_by_rules(counted=True)
        return ids

    def _remind_owner(self):
        """Make the owner's activity; without e-mail, that is what the daily one is for."""
        for exception in self.sudo().filtered(lambda row: row.user_id and row.state == "open"):
            owner = exception.user_id
            if exception.activity_ids.filtered(
                lambda row, owner=owner: row.automated and row.user_id == owner
            ):
                continue
            theirs = exception._for_reader(owner)
            exception.with_context(mail_activity_quick_update=True).activity_schedule(
                TODO,
                date_deadline=fields.Date.to_date(exception.deadline) or fields.Date.context_today(self),
                summary=theirs.name,
                note=theirs.next_step,
                user_id=owner.id,
            )

    def action_watch(self):
        """Button: tell me what happens with these, whoever owns them."""
        self.check_access("read")
        partner = self.env.user.partner_id
        for exception in self.sudo():
            if partner in exception.message_partner_ids:
                exception.message_unsubscribe(partner.ids)
            else:
                exception.message_subscribe(partner.ids)

    def action_assign(self):
        """Button: give these to somebody."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Assign"),
            "res_model": "integration.assign.exceptions",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_exception_ids": self.ids},
        }
