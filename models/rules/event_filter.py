# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import ast
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

from ...engine.event_catalogue import EVENTS


class IntegrationEventFilter(models.AbstractModel):
    """Which business events are meant: their kind and what they are about. For subscriptions and for rules."""

    _name = "integration.event.filter"
    _description = "Choice of business events"

    kind = fields.Selection("_selection_kind", string="Event", required=True)
    told = fields.Char(compute="_compute_told", string="Told when")
    model_name = fields.Char(compute="_compute_told")
    journal_ids = fields.Many2many(
        "account.journal",
        string="Only in journals",
        help="Empty = all. Events without a journal do not match.",
    )
    country_ids = fields.Many2many(
        "res.country", string="Only of countries", help="Country of the business partner. Empty = all."
    )
    amount_from = fields.Float(
        string="Only from amount", digits=(16, 2), help="Gross amount without sign. 0 = any amount."
    )
    currency_id = fields.Many2one(
        "res.currency",
        string="Only in currency",
        help="Also the currency of the amount beside it. Empty = all.",
    )
    domain = fields.Char(
        string="Further conditions",
        default="[]",
        help="Conditions on the fields of the record that the event is about.",
    )
    filter_text = fields.Char(compute="_compute_filter_text", string="Which")

    @api.model
    def _selection_kind(self):
        return [(kind, self.env._(info.label)) for kind, info in EVENTS.items()]  # pylint: disable=translation-not-lazy

    @api.depends("kind")
    def _compute_told(self):
        for row in self:
            info = EVENTS.get(row.kind)
            row.told = info and self.env._(info.told)  # pylint: disable=translation-not-lazy
            row.model_name = info.model if info else False

    @api.depends("journal_ids", "country_ids", "amount_from", "currency_id", "domain")
    @api.depends_context("lang")
    def _compute_filter_text(self):
        _ = self.env._
        for row in self:
            parts = []
            if row.journal_ids:
                parts.append(_("in %s", ", ".join(row.journal_ids.mapped("code"))))
            if row.country_ids:
                parts.append(_("from %s", ", ".join(row.country_ids.mapped("name"))))
            if row.amount_from:
                amount = formatLang(self.env, row.amount_from, currency_obj=row.currency_id or None)
                parts.append(_("from %s on", amount))
            elif row.currency_id:
                parts.append(_("in %s", row.currency_id.name))
            if row._parsed_domain():
                parts.append(_("with further conditions"))
            row.filter_text = ", ".join(parts) or _("all")

    @api.constrains("domain", "kind")
    def _check_domain(self):
        """Refuse what is no condition on the record; it is read as data and never run."""
        for row in self:
            try:
                parsed = row._parsed_domain()
                if parsed:
                    Domain(parsed).validate(self.env[EVENTS[row.kind].model])
            except (ValueError, SyntaxError, TypeError, KeyError) as error:
                raise ValidationError(
                    self.env._("The further conditions of “%s” cannot be read.", row.kind)
                ) from error

    def _parsed_domain(self):
        return ast.literal_eval(self.domain or "[]")

    def _matches(self, happenings):
        """Return those of ``happenings`` (all of one kind) that are meant by this row."""
        self.ensure_one()
        found = [row for row in happenings if self._matches_facts(row)]
        domain = self._parsed_domain()
        if not domain or not found:
            return found
        model = EVENTS[self.kind].model
        records = self.env[model].sudo().browse({row.record.id for row in found if row.record._name == model})
        allowed = set(records.exists().filtered_domain(domain).ids)
        return [row for row in found if row.record._name == model and row.record.id in allowed]

    def _matches_facts(self, row):
        if row.kind != self.kind:
            return False
        if self.journal_ids and row.journal not in self.journal_ids:
            return False
        if self.country_ids and row.partner.country_id not in self.country_ids:
            return False
        if self.currency_id and row.currency != self.currency_id.name:
            return False
        return not self.amount_from or (row.amount is not None and abs(row.amount) >= round_amount(self))


def round_amount(row):
    """Return the threshold of a filter as an exact decimal in its two decimals."""
    return Decimal(f"{row.amount_from:.2f}")
