# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.error_catalogue import CODES, fill
from .integration_exception import DUE_HOURS, LOCK_SPACE


class IntegrationException(models.Model):
    """Exceptions that belong to no connection: of a rule, or of the hub itself."""

    _inherit = "integration.exception"

    _open_company_cause_unique = models.UniqueIndex(
        "(COALESCE(company_id, 0), code, cause) WHERE state = 'open' AND connection_id IS NULL"
    )

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
        return exceptions.with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True
        ).create(
            {
                "name": self.env._(info.title),  # pylint: disable=translation-not-lazy
                "code": code,
                "cause": cause[:250],
                "company_id": company.id,
                "severity": info.severity,
                "deadline": fields.Datetime.add(fields.Datetime.now(), hours=DUE_HOURS[info.severity]),
                "what": fill(self.env._(info.sentence), params),  # pylint: disable=translation-not-lazy
                "next_step": fill(self.env._(info.next_step), params),  # pylint: disable=translation-not-lazy
                "params": params,
                "detail": detail,
            }
        )
