# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What one company collects for another, carried as a draft: it comes into force as every agreement does (ADR 0053).

An agreement is about two companies. It belongs to the configuration of the collecting one, and is known by the name of
the other, whose account and journal are found in its own books. Nothing that is in force is changed or taken away.
"""

from odoo import api, models
from odoo.exceptions import UserError

from ...engine.promotion import SECTIONS
from ...engine.promotion_values import CONTACT, ELSEWHERE, PAYEE_ACCOUNT, PAYEE_JOURNAL

NAME = "collection_agreements"


class IntegrationPromotionRows(models.AbstractModel):
    _inherit = "integration.promotion.rows"

    # -- reading -----------------------------------------------------------------------------------------------

    @api.model
    def _agreements_of(self, company, in_use):
        """Return one agreement per company that is collected for: the newest draft, else what is in force.

        :param in_use: what is in force alone.
        """
        model = self.env[SECTIONS[NAME].model]
        states = ("active",) if in_use else ("draft", "active")
        found = model.search([("company_id", "=", company.id), ("state", "in", states)], order="id")
        newest = {}
        for row in found.sorted(lambda row: (row.state == "draft", row.id)):
            newest[row.payee_id] = row
        return model.union(*newest.values())

    @api.model
    def _value_elsewhere(self, agreement, name, kind):
        """Return what a part of an agreement is called in its own company; '' = that company's own contact."""
        value = agreement[name]
        if kind == CONTACT:
            own = agreement.payee_id if name == "payee_partner_id" else agreement.company_id
            return "" if value == own.partner_id else self._called(value, "partner")
        there = self._reader(agreement.payee_id).env
        return self._called(value.with_env(there), _plain(kind))

    @api.model
    def _payee_called(self, name):
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return companies.search([("name", "=", name)], limit=1)

    # -- what is missing ---------------------------------------------------------------------------------------

    @api.model
    def _agreement_gaps(self, company, operation):
        """Return what keeps an agreement from being made; accounts and journals of ``company`` are asked elsewhere."""
        _ = self.env._
        name = operation["key"][0]
        payee = self._payee_called(name)
        if not payee or payee == company:
            what = _("there is no company %s", name)
            if payee:
                what = _("%s would collect for itself", name)
            return [(what, _("Name the companies here as there, or leave this record out."))]
        if gaps := self._home_gaps(payee, name):
            return gaps
        gaps = []
        for part, kind in SECTIONS[NAME].fields.items():
            called = operation["after"][part]
            if kind not in ELSEWHERE or not called:
                continue
            home = company if part == "collector_partner_id" else payee
            _record, problem = self._find(_plain(kind), called, home)
            if problem:
                gaps.append(self._gap_words(home, _plain(kind), called, problem))
        return gaps or self._agreement_faults(company, payee, operation)

    @api.model
    def _agreement_faults(self, company, payee, operation):
        """Return what the accounts and journals lack that were found, as gaps."""
        own = (("account", "payable_account_id"), ("journal", "journal_id"))
        if any(self._find(kind, operation["after"][part], company)[1] for kind, part in own):
            return []
        draft = self.env[SECTIONS[NAME].model].new(self._agreement_values(company, payee, operation))
        step = self.env._("Correct it here, or leave this record out.")
        return [(fault, step) for fault in draft._faults()]

    # -- carrying out ------------------------------------------------------------------------------------------

    @api.model
    def _agreement_values(self, company, payee, operation):
        """Return the values of a draft.

        :raises UserError: something is not called so any more.
        """
        values = {"company_id": company.id, "payee_id": payee.id}
        for name, kind in SECTIONS[NAME].fields.items():
            called = operation["after"][name]
            if not kind.startswith("ref:"):
                values[name] = called or False
            elif kind == CONTACT and not called:
                own = payee if name == "payee_partner_id" else company
                values[name] = own.sudo().partner_id.id
            else:
                home = payee if kind in ELSEWHERE and name != "collector_partner_id" else company
                values[name] = self._one(home, _plain(kind), called).id
        return values

    @api.model
    def _carry_collection_agreements(self, company, operation, record, environment, request):
        if operation["op"] == "remove":
            record.unlink()  # a draft: what is in force is refused before, see ``_agreement_reasons``
            return
        payee = self._payee_called(operation["key"][0])
        if not payee:
            raise UserError(self.env._("There is no company of %s.", operation["key"][0]))
        model = self.env[SECTIONS[NAME].model]
        in_force = model.search(
            [("company_id", "=", company.id), ("payee_id", "=", payee.id), ("state", "=", "active")]
        )
        back = (request.values or {}).get("do") == "take_back"
        if back and in_force and self._values_of(SECTIONS[NAME], in_force) == operation["after"]:
            record.unlink()
            return
        values = self._agreement_values(company, payee, operation)
        if record and record.state == "draft":
            record.write(values)
        else:
            record = model.create(values)
        # Made with all rights: that both people work in both companies has to be asked here.
        for person in request.requester_id | self.env.user:
            record._require_both(person)

    @api.model
    def _agreement_reasons(self, record):
        """Return why an agreement that came with a configuration cannot be taken back."""
        if record.state == "draft":
            return []
        return [self.env._("“%s” has come into force: end it with its button instead.", record.display_name)]


def _plain(kind):
    """Return the kind of name behind a kind of value that is found elsewhere."""
    return {
        CONTACT: "partner",
        PAYEE_ACCOUNT: "account",
        PAYEE_JOURNAL: "journal",
    }.get(kind) or kind.partition(":")[2]
