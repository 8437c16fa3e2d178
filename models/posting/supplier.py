# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models

from .work import Finding

# What the source tells of an account → where it stands here, and how it is called in an exception.
DETAILS = (
    ("holder", "acc_holder_name", "account holder"),
    ("bic", "bank_id.bic", "bank"),
    ("clearing_number", "clearing_number", "clearing number"),
    ("currency", "currency_id.name", "currency"),
)


class IntegrationPostingSupplier(models.AbstractModel):
    """Suppliers: found and judged as customers are, by the rules of their own object (O2).

    Nobody is approved by it, and no bank account either: what the source names becomes an account to which nothing is
    paid before a second person has approved it after a call back (policy F21).
    """

    _name = "integration.posting.supplier"
    _inherit = "integration.posting.customer"
    _description = "Posting rules: suppliers"

    _kind = "supplier"
    _only_new = frozenset({"company_id", "supplier_rank"})
    _rank = "supplier_rank"
    _term = "property_supplier_payment_term_id"

    def _apply_more(self, work, part):
        """Take in the bank accounts that the source names, as proposals."""
        partner = part["record"]
        for told in part["document"].bank_accounts:
            bank, is_new = self.env["res.partner.bank"]._integration_receive(
                work.connection, partner, self._bank_values(told)
            )
            if not is_new and (what := self._differs(bank, told)):
                work.findings.append(self._other_details(work, partner, bank, what))

    def _bank_values(self, told):
        values = {
            "acc_number": told.account_number,
            "acc_holder_name": told.holder,
            "bank_id": self._bank_of(told).id,
            "clearing_number": told.clearing_number,
            "currency_id": self.env["res.currency"]._by_code(told.currency).id if told.currency else None,
        }
        return {name: value for name, value in values.items() if value}

    def _bank_of(self, told):
        """Return the bank with this BIC, made where Odoo has none; an empty one where the source names none."""
        Bank = self.env["res.bank"]
        if not told.bic:
            return Bank
        # The last three characters name a branch; XXX is the head office (ISO 9362).
        names = (
            told.bic,
            told.bic.removesuffix("XXX"),
            f"{told.bic[:8]}XXX" if len(told.bic) == 8 else told.bic,
        )
        bank = Bank.search([("bic", "in", list(dict.fromkeys(names)))], limit=1)
        return bank or Bank.create({"name": told.bank_name or told.bic, "bic": told.bic})

    def _differs(self, bank, told):
        """Return what the source says otherwise of an account that is known, '' = nothing."""
        for name, path, word in DETAILS:
            theirs, ours = getattr(told, name), bank.mapped(path)[:1]
            if theirs and ours and ours[0] and not self._says_same(name, ours[0], theirs):
                return word
        return ""

    def _says_same(self, name, ours, theirs):
        if name == "bic":
            return ours.upper().removesuffix("XXX") == theirs.removesuffix("XXX")
        return " ".join(ours.split()).casefold() == " ".join(theirs.split()).casefold()

    def _other_details(self, work, partner, bank, what):
        params = {
            "source": work.connection.name,
            "name": partner.name,
            "account": bank._integration_masked(),
            "what": what,
            "bank_id": bank.id,
        }
        return Finding("bank_details_differ", params, cause=f"res.partner.bank {bank.id} {what}")
