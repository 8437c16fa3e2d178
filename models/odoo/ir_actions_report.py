# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Papers where no PDF can be made: a page that is ready to print, never an empty or a failed download (A7)."""

from odoo import models

# Odoo's words for a program that makes PDF files. Without two workers it is there and cannot be used.
USABLE = ("ok", "upgrade")
OURS = "finance_integration."


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _integration_no_pdf(self, report_name):
        """Whether a paper of ours is asked for and no PDF can be made of it here."""
        return str(report_name).startswith(OURS) and self.get_wkhtmltopdf_state() not in USABLE

    def _integration_paper(self, records):
        """Return the action that puts ``records`` on paper: as a PDF, else as a page in a new tab.

        Odoo's web client would show the page by itself, inside a frame whose button “Print” asks for the PDF again.
        """
        self.ensure_one()
        if not self._integration_no_pdf(self.report_name):
            return self.report_action(records, config=False)
        return {
            "type": "ir.actions.act_url",
            "url": f"/report/html/{self.report_name}/{','.join(map(str, records.ids))}",
            "target": "new",
        }
