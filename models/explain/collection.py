# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Why an entry between two companies is in the books: the agreement, the money, and the entry of the other one (A5)."""

from odoo import models
from odoo.tools.misc import format_date, formatLang

from .entry import Fact


class AccountMove(models.Model):
    _inherit = "account.move"

    def _explain_origin(self, messages):
        """The user of an agreement books for no connection: the agreement is where its entry comes from."""
        row = self._integration_mirrored()
        if not row or self.integration_connection_id:
            return super()._explain_origin(messages)
        text = self.env._(
            "The hub booked this by the agreement “%(agreement)s”, as its user %(user)s, who may book in the "
            "journal of that agreement only.",
            agreement=row.agreement_id.display_name,
            user=self.create_uid.name,
        )
        return [Fact(self.env._("Origin"), text, row.agreement_id._name, row.agreement_id.id)]

    def _integration_explain(self):
        facts = super()._integration_explain()
        return [*facts[:1], *self._explain_collection(), *facts[1:]]

    def _explain_collection(self):
        """Say between which companies it is, for which invoice, why, and what stands in the other company."""
        row = self._integration_mirrored()
        if not row:
            return []
        agreement = row.agreement_id
        _own, other, entry = row._side_of(self)
        kinds = dict(row._fields["kind"]._description_selection(self.env))
        bases = dict(row._fields["basis"]._description_selection(self.env))
        amount = formatLang(self.env, row.amount, currency_obj=row.currency_id)
        text = self.env._(
            "%(agreement)s (in force since %(since)s). %(kind)s: %(amount)s for the invoice %(number)s, on %(day)s. "
            "Why: %(basis)s.",
            agreement=agreement.display_name,
            since=format_date(self.env, agreement.valid_from),
            kind=kinds[row.kind],
            amount=amount,
            number=row.invoice_number,
            day=format_date(self.env, row.date),
            basis=bases[row.basis],
        )
        mirror = self.env._(
            "%(company)s has the same amount, the other way round, under the same reference and on the same day: "
            "%(entry)s.",
            company=other.name,
            entry=entry.name,
        )
        topic = self.env._("Between companies")
        facts = [Fact(topic, text, agreement._name, agreement.id), Fact(topic, mirror, row._name, row.id)]
        if row.decided_by_id:
            facts.append(Fact(topic, self.env._("%s decided that it is so.", row.decided_by_id.name)))
        return facts
