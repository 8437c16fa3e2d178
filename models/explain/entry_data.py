# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which meanings of codes an entry was booked with, and whose its customer's data are (A5)."""

from odoo import models

from .entry import Fact

MAX_MEANINGS = 30


class AccountMove(models.Model):
    _inherit = "account.move"

    def _integration_explain(self):
        facts = super()._integration_explain()
        place = next(
            (place for place, fact in enumerate(facts) if fact.topic == self.env._("Date")), len(facts)
        )
        return [*facts[:place], *self._explain_meanings(), *self._explain_party(), *facts[place:]]

    def _explain_meanings(self):
        """Say what each code meant when this was booked, by which version and who decided it."""
        effects = self.env["integration.effect"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id)], limit=MAX_MEANINGS
        )
        versions = effects.mapping_version_ids
        kinds = dict(versions._fields["mapping"]._description_selection(self.env))
        ways = dict(versions._fields["basis"]._description_selection(self.env))
        return [
            Fact(
                self.env._("Meaning"),
                self.env._(
                    "%(kind)s “%(value)s” was read as “%(target)s”: version %(number)s (%(way)s, %(who)s).",
                    kind=kinds.get(version.mapping, version.mapping),
                    value=version.outside_value,
                    target=version.target,
                    number=version.number,
                    way=ways[version.basis],
                    who=(version.approved_by_id or version.user_id).name,
                ),
                version.mapping_id._name,
                version.mapping_id.id,
            )
            for version in versions.sorted(lambda row: (row.mapping, row.outside_value))[:MAX_MEANINGS]
        ]

    def _explain_party(self):
        """Say where the data of the customer come from today, and whose they are."""
        partner = self.commercial_partner_id
        if not partner.sudo().integration_sources:
            return []
        company = self.company_id
        rows = partner.with_company(company)._integration_source_rows()
        told = "; ".join(
            self.env._(
                "%(field)s from %(system)s (owner: %(owner)s)", field=field, system=system, owner=owner
            )
            for field, _value, system, _since, _person, owner in rows
            if system
        )
        if not told:
            return []
        text = self.env._(
            "Of %(partner)s, as of today: %(fields)s.", partner=partner.display_name, fields=told
        )
        return [Fact(self.env._("Customer's data"), text, partner._name, partner.id)]
