# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.instants import format_instant, utc_now

ROUTE = "/integration/audit/export/"


class IntegrationAuditExport(models.TransientModel):
    """The dialog in which a person says what of the audit trail goes into a file."""

    _name = "integration.audit.export"
    _description = "Export of the audit trail"

    content = fields.Selection(
        [("whole", "Everything that was recorded"), ("chosen", "Only what I choose")],
        required=True,
        default="whole",
        string="What",
    )
    form = fields.Selection(
        [("ndjson", "To be verified (JSON lines)"), ("csv", "For a spreadsheet (CSV)")],
        required=True,
        default="ndjson",
        string="File",
    )
    from_date = fields.Date(string="From day")
    to_date = fields.Date(string="To day", help="This day included; days are in UTC.")
    connection_id = fields.Many2one("integration.connection")
    company_id = fields.Many2one("res.company")
    about_domain = fields.Json(help="What a “History” button has chosen.")
    about = fields.Char(readonly=True)

    def action_export(self):
        """Button: make the file."""
        self.ensure_one()
        self._check()
        return {"type": "ir.actions.act_url", "url": f"{ROUTE}{self.id}", "target": "self"}

    def _check(self):
        if self.from_date and self.to_date and self.from_date > self.to_date:
            raise UserError(self.env._("The first day is after the last one."))

    @api.private
    def _plan(self):
        """Write down that the trail is exported and return what is to be written, as plain values.

        :raises UserError: nothing fits, or the dialog is somebody else's.
        """
        self.ensure_one()
        self.check_access("read")
        if self.sudo().create_uid != self.env.user:
            raise UserError(self.env._("This export was asked for by somebody else."))
        self._check()
        seals = self.env["integration.audit.seal"]
        newest = seals._last_row()
        whole = self.content == "whole"
        domain = self._domain()
        first_id, last_id = self._range(domain)
        if first_id is None:
            raise UserError(self.env._("Nothing was recorded that fits."))
        first_seal, last_seal = seals._numbers_covering(first_id, last_id)
        sealed_up_to = newest["last_id"] if newest else 0
        everything = whole and self._sees_all()
        plan = {
            "form": self.form,
            "whole": whole,
            "domain": list(domain),
            "first_seal": first_seal if whole else 0,
            "last_seal": last_seal,
            "first_chain_seal": first_seal,
            "newest_seal": newest["number"] if newest else 0,
            "after_id": sealed_up_to if whole else 0,
            "last_id": last_id,
            "head": {
                "exported_at": format_instant(utc_now().replace(microsecond=0)),
                "by": self.env.uid,
                "database": self.env.cr.dbname,
                "complete": everything,
                "from": self.from_date and str(self.from_date),
                "to": self.to_date and str(self.to_date),
                "chosen": self._words(),
            },
        }
        self._record(plan)
        return plan

    def _domain(self):
        """Return which entries fit; of whole seals only the period counts."""
        domain = Domain.TRUE
        if self.from_date:
            domain &= Domain("recorded_at", ">=", fields.Datetime.to_datetime(self.from_date))
        if self.to_date:
            end = fields.Datetime.add(fields.Datetime.to_datetime(self.to_date), days=1)
            domain &= Domain("recorded_at", "<", end)
        if self.content == "whole":
            return domain
        if self.connection_id:
            domain &= Domain("connection_id", "=", self.connection_id.id) | (
                Domain("res_model", "=", "integration.connection")
                & Domain("res_id", "=", self.connection_id.id)
            )
        if self.company_id:
            domain &= Domain("company_id", "=", self.company_id.id)
        if self.about_domain:
            domain &= Domain(self.about_domain)
        return domain

    def _range(self, domain):
        """Return the first and the last number of the entries that fit and that the person may see."""
        query = self.env["integration.audit.leaf"]._search(domain)
        self.env.cr.execute(
            query.select(SQL("min(integration_audit_leaf.id)"), SQL("max(integration_audit_leaf.id)"))
        )
        return self.env.cr.fetchone()

    def _sees_all(self):
        everywhere = self.env["res.company"].sudo().with_context(active_test=False).search([], limit=10_000)
        return not everywhere - self.env.companies

    def _words(self):
        parts = [self.content, self.form]
        if self.content == "chosen":
            parts += [
                f"connection {self.connection_id.id}" if self.connection_id else "",
                f"company {self.company_id.id}" if self.company_id else "",
                str(self.about_domain) if self.about_domain else "",
            ]
        return ", ".join(part for part in parts if part)[:500]

    def _record(self, plan):
        head = plan["head"]
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": "audit.export",
                    "company_id": self.env.company.id,
                    "user_id": self.env.uid,
                    "detail": f"{head['chosen']}; {head['from'] or 'begin'} to {head['to'] or 'now'}; up to entry"
                    f" {plan['last_id']}",
                }
            ]
        )
