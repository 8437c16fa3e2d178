# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Taxes are found by their names and by what they are: rate, use, country, in the price or on top (M8)."""

from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain

from ...engine.money import plain
from ...engine.promotion_taxes import MISSING, SEVERAL, facts_of, match_tax

MAX_TAXES = 100


class IntegrationPromotionRows(models.AbstractModel):
    _inherit = "integration.promotion.rows"

    @api.model
    def _taxes_of(self, mapping):
        """Return what the taxes are that a mapping in force names, in the order of their names."""
        if mapping.mapping != "tax":
            return []
        used = mapping.version_ids.filtered(lambda version: version.state == "used").tax_id
        told = {tuple(facts.items()): facts for facts in map(self._tax_facts, used)}
        return [told[key] for key in sorted(told, key=str)]

    @api.model
    def _tax_facts(self, tax):
        """Return everything of a tax that decides an amount, as JSON; a group has the sum of its parts as its rate."""
        rates = tax.children_tax_ids if tax.amount_type == "group" else tax
        rate = sum((Decimal(str(each.amount or 0)) for each in rates), Decimal(0))
        return {
            "name": str(tax.name or ""),
            "rate": plain(rate),
            "kind": tax.amount_type or "",
            "use": tax.type_tax_use or "",
            "scope": tax.tax_scope or "",
            "country": tax.country_id.code or "",
            "included": bool(tax.price_include),
        }

    @api.model
    def _tax_called(self, company, name, taxes):
        """Return (id of the tax of a company that is meant, None), or (None, why none is) in words.

        :param taxes: what is said of the taxes that are named, see ``_tax_facts``; empty in older files.
        """
        _ = self.env._
        wanted, certain = facts_of(taxes, name)
        if not certain:
            return None, _("two taxes of this name are meant, on different days")
        model = self._reader(company).env["account.tax"]
        scope = Domain(model._check_company_domain(company)) & Domain("name", "=", name)
        found = model.search(scope, limit=MAX_TAXES, order="id")
        # What is archived is named only where nothing else has the name: it is refused with that reason.
        here = found.filtered("active") or found
        match = match_tax(wanted, [(tax.id, self._tax_facts(tax)) for tax in here])
        if not match.problem:
            return match.found, None
        if match.problem == MISSING:
            return None, _("no tax is called “%s” here", name[:80])
        if match.problem == SEVERAL:
            return None, _("several taxes called “%s” fit", name[:80])
        differs = "; ".join(self._tax_difference(*row) for row in match.differs)
        return None, _("the tax of this name is another one here (%s)", differs)

    @api.model
    def _tax_difference(self, part, there, here):
        return self.env._(
            "%(what)s: %(there)s there, %(here)s here",
            what=self._tax_part(part),
            there=self._tax_value(part, there),
            here=self._tax_value(part, here),
        )

    @api.model
    def _tax_part(self, part):
        _ = self.env._
        return {
            "rate": _("rate"),
            "kind": _("computed as"),
            "use": _("used for"),
            "scope": _("goods or services"),
            "country": _("country"),
            "included": _("included in the price"),
        }[part]

    @api.model
    def _tax_value(self, part, value):
        """Return a part of a tax as people read it."""
        fields = {"kind": "amount_type", "use": "type_tax_use", "scope": "tax_scope"}
        if part in fields:
            labels = self.env["account.tax"]._fields[fields[part]]._description_selection(self.env)
            return dict(labels).get(value, value) or "–"
        if isinstance(value, bool):
            return self.env._("yes") if value else self.env._("no")
        return str(value) or "–"

    @api.model
    def _tax_words(self, tax):
        """Return what a tax is in one line."""
        parts = ("rate", "kind", "use", "scope", "country")
        told = [self._tax_value(part, tax[part]) for part in parts if tax[part]]
        if tax["included"]:
            told.append(self._tax_part("included"))
        return f"{tax['name']} ({', '.join(told)})"
