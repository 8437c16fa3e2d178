# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a person writes in a file for the meaning of a value: codes and names instead of numbers of records."""

from decimal import Decimal, InvalidOperation

from odoo import api, models
from odoo.fields import Domain

from .mapping_target import STATUSES, TARGETS

# kind → fields by which a text names a record, the first that fits exactly one record counts
NAMED_BY = {
    "account": ("code", "name"),
    "tax": ("name",),
    "product": ("default_code", "name"),
    "payment_term": ("name",),
    "journal": ("code", "name"),
    "currency": ("name",),
    "company": ("name",),
    "country": ("code", "name"),
    "unit": ("name",),
}
MAX_SHARES = 50


class IntegrationMapping(models.Model):
    _inherit = "integration.mapping"

    @api.model
    def _named(self, connection, kind, text):
        """Return (target as JSON, problem in words or None) of what ``text`` names.

        An analytic distribution is written ``NORTH=60; SOUTH=40``, several plans of one share ``NORTH+PROJECT=60``.
        """
        if kind == "analytic":
            return self._named_distribution(connection, text)
        if kind == "status":
            known = dict(STATUSES)
            return (text, None) if text in known else (None, self.env._("there is no status “%s”", text[:80]))
        record, problem = self._one_named(connection, TARGETS[kind][1], NAMED_BY[kind], text)
        return (record.id if record else None), problem

    def _one_named(self, connection, model, names, text):
        company = connection.company_id
        records = self.env[model].with_company(company).with_context(allowed_company_ids=company.ids)
        scope = Domain.TRUE
        if model != "res.company" and {"company_id", "company_ids"} & records._fields.keys():
            scope = Domain(records._check_company_domain(company))
        for name in names:
            found = records.search(scope & Domain(name, "=", text), limit=2)
            if len(found) > 1:
                return None, self.env._("several are called “%s”", text[:80])
            if found:
                return found, None
        return None, self.env._("nothing is called “%s” here", text[:80])

    def _named_distribution(self, connection, text):
        distribution = {}
        parts = [part.strip() for part in text.split(";") if part.strip()]
        if not 0 < len(parts) <= MAX_SHARES:
            return None, self.env._("the shares cannot be read; write NORTH=60; SOUTH=40")
        for part in parts:
            names, _equals, percent = part.rpartition("=")
            names, percent = (names, percent) if names else (percent, "100")
            try:
                share = Decimal(percent.strip())
            except InvalidOperation:
                share = Decimal(0)
            if not share.is_finite() or share <= 0:
                return None, self.env._("the shares cannot be read; write NORTH=60; SOUTH=40")
            ids = []
            for name in names.split("+"):
                account, problem = self._one_named(
                    connection, "account.analytic.account", ("code", "name"), name.strip()
                )
                if problem:
                    return None, problem
                ids.append(account.id)
            key = ",".join(str(account_id) for account_id in sorted(ids))
            distribution[key] = float(share) + distribution.get(key, 0)
        return distribution, None

    @api.model
    def _name_of(self, connection, kind, target):
        """Return the text that ``_named`` reads as ``target``."""
        if kind == "status":
            return target
        if kind == "analytic":
            accounts = self.env["account.analytic.account"].sudo()
            shares = []
            for key, percent in target.items():
                records = accounts.browse(int(part) for part in key.split(","))
                names = "+".join(record.code or record.name or "" for record in records)
                shares.append(f"{names}={percent:g}")
            return "; ".join(shares)
        model = TARGETS[kind][1]
        companies = connection.company_id
        record = self.env[model].sudo().with_company(companies).browse(target).exists()
        for name in NAMED_BY[kind]:
            if record and record[name]:
                return record[name]
        return record.display_name or ""
