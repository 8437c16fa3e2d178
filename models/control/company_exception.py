# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models
from odoo.tools import SQL

from ...engine.error_catalogue import CODES
from .integration_exception import LOCK_SPACE


class IntegrationException(models.Model):
    """Exceptions that belong to no connection: of a rule, or of the hub itself."""

    _inherit = "integration.exception"

    _open_company_cause_unique = models.UniqueIndex(
        "(COALESCE(company_id, 0), code, cause) WHERE state = 'open' AND connection_id IS NULL"
    )

    @api.model
    def _settle_company_cause(self, company, code, cause, resolution):
        """Close the open exception of a cause in a company, as ``_settle_cause`` does for a connection."""
        found = self.sudo().search(
            [
                ("connection_id", "=", False),
                ("company_id", "=", company.id),
                ("code", "=", code),
                ("cause", "=", cause[:250]),
                ("state", "=", "open"),
            ]
        )
        if found:
            found._resolve(resolution)

    @api.model
    def _raise_company_cause(self, company, code, params, cause, detail=None):
        """Return the open exception of this cause in a company, making it where there is none.

        :param company: an empty record for what concerns every company.
        :param params: what fills the sentences of the catalogue.
        :param cause: text that is equal for everything with the same cause.
        """
        exceptions = self.sudo()
        domain = [
            ("connection_id", "=", False),
            ("company_id", "=", company.id),
            ("code", "=", code),
            ("cause", "=", cause[:250]),
            ("state", "=", "open"),
        ]
        if found := exceptions.search(domain, limit=1):
            return found
        lock = f"company {company.id} {code} {cause}"
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", LOCK_SPACE, lock))
        if found := exceptions.search(domain, limit=1):
            return found
        info = CODES[code]
        return exceptions.with_context(mail_create_nolog=True, mail_create_nosubscribe=True).create(
            {
                "code": code,
                "cause": cause[:250],
                "company_id": company.id,
                "severity": info.severity,
                "deadline": self._due(company, info.severity),
                "params": params,
                "detail": detail,
            }
        )
