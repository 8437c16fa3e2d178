# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Why a line stands on its account, in plain words: the role, the mapping, the tax rule, the matching (A5)."""

from odoo import models
from odoo.tools.misc import format_datetime, formatLang


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def action_explain(self):
        """Button: say why this line is in the books."""
        self.ensure_one()
        return self.move_id.action_explain()

    def _integration_explain(self):
        """Return in sentences why this line stands where it stands."""
        self.ensure_one()
        sentences = [self._explain_account(), self._explain_tax(), self._explain_matching()]
        return [sentence for sentence in sentences if sentence]

    def _explain_account(self):
        """Say which rule chose the account; what cannot be traced to a rule is said plainly."""
        connection = self.move_id.integration_connection_id
        account, journal = self.account_id, self.move_id.journal_id
        if account == journal.default_account_id and journal.type in ("bank", "cash"):
            return self.env._("The balance that the journal “%s” stands for.", journal.name)
        if account == journal.suspense_account_id and self.move_id.statement_line_id:
            return self.env._("Suspense: nobody has said yet what this money is.")
        if said := self._explain_classification():
            return said
        if self.tax_repartition_line_id:
            return self.env._(
                "The account that the tax “%s” names for its amounts.", self.tax_line_id.display_name
            )
        if self.display_type == "payment_term" or account.account_type in (
            "asset_receivable",
            "liability_payable",
        ):
            return self.env._(
                "What %s owes, or is owed.", self.partner_id.display_name or self.env._("a partner")
            )
        return (
            self._explain_role(connection)
            or self._explain_mapping(connection)
            or self._explain_product()
            or self.env._("The account was chosen in the document or is the default of the journal.")
        )

    def _explain_classification(self):
        """Say who said of money in suspense or unidentified what it is, and with whose approval."""
        placed = self.env["integration.classification"].sudo()
        placed = placed.search(
            [
                ("entry_id", "=", self.move_id.id),
                ("account_id", "=", self.account_id.id),
                ("state", "=", "booked"),
            ],
            limit=1,
        )
        if not placed:
            return None
        words = dict(placed._selection_purpose())
        said = self.env._(
            "%(user)s said on %(when)s what this money is: %(what)s. %(reason)s",
            user=placed.user_id.name,
            when=format_datetime(self.env, placed.said_at),
            what=words[placed.purpose],
            reason=placed.reason or "",
        )
        if placed.request_id:
            said += self.env._(" Approved by %s.", placed.request_id.approver_id.name)
        return said

    def _explain_role(self, connection):
        roles = self.env["integration.role.account"].sudo()
        if not connection:
            return None
        labels = dict(roles._fields["role"]._description_selection(self.env))
        named = [
            labels[role]
            for role, account_id in roles._accounts_by_role(connection).items()
            if account_id == self.account_id.id
        ]
        return self.env._("The account for: %s.", ", ".join(named)) if named else None

    def _explain_mapping(self, connection):
        """Return which mapping of the connection leads to this account, through a code or through a product."""
        if not connection:
            return None
        if decided := self._explain_version(connection):
            return decided
        named = (
            self.env["integration.mapping"]
            .sudo()
            .search(
                [
                    ("connection_id", "=", connection.id),
                    "|",
                    ("account_id", "=", self.account_id.id),
                    "&",
                    ("product_id", "!=", False),
                    ("product_id", "=", self.product_id.id),
                ],
                limit=3,
            )
        )
        if not named:
            return None
        values = ", ".join(f"“{mapping.outside_value}”" for mapping in named)
        return self.env._(
            "The mapping of %(values)s, a code of “%(connection)s”.",
            values=values,
            connection=connection.name,
        )

    def _explain_version(self, connection):
        """Return the version of the mapping that led to this account when the entry was booked, and who decided it."""
        effects = self.env["integration.effect"].sudo()
        booked = effects.search([("res_model", "=", "account.move"), ("res_id", "=", self.move_id.id)])
        version = booked.mapping_version_ids.filtered(
            lambda row: (
                row.account_id == self.account_id or (row.product_id and row.product_id == self.product_id)
            )
        )[:1]
        if not version:
            return None
        ways = dict(version._fields["basis"]._description_selection(self.env))
        return self.env._(
            "The mapping of “%(value)s”, a code of “%(connection)s”, version %(number)s (%(way)s, %(who)s).",
            value=version.outside_value,
            connection=connection.name,
            number=version.number,
            way=ways[version.basis],
            who=(version.approved_by_id or version.user_id).name,
        )

    def _explain_product(self):
        if not self.product_id:
            return None
        return self.env._("The account of the product “%s” or of its category.", self.product_id.display_name)

    def _explain_tax(self):
        """Say whose amount a tax is: the issuer's as stated, or computed by Odoo."""
        if not self.tax_repartition_line_id:
            return None
        base = formatLang(self.env, abs(self.tax_base_amount), currency_obj=self.company_currency_id)
        if self.move_id.integration_issued_elsewhere:
            return self.env._("The amount is the one that the issuer stated, on a base of %s.", base)
        return self.env._("Odoo computed the amount by the rule of the tax, on a base of %s.", base)

    def _explain_matching(self):
        partials = self.matched_debit_ids | self.matched_credit_ids
        others = (partials.debit_move_id | partials.credit_move_id) - self
        if not others:
            return None
        names = ", ".join(sorted({name for name in others.move_id.mapped("name") if name})[:5])
        return self.env._("It is matched with %s.", names)
