# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import http
from odoo.http import request

from odoo.addons.web.controllers.report import ReportController


class PaperController(ReportController):
    """Papers of ours as a page where this server cannot make a PDF, whatever way they are asked for."""

    @http.route()
    def report_routes(self, reportname, docids=None, converter=None, **data):
        if converter == "pdf" and request.env["ir.actions.report"]._integration_no_pdf(reportname):
            converter = "html"
        return super().report_routes(reportname, docids=docids, converter=converter, **data)

    @http.route()
    def report_download(self, data, context=None, token=None, readonly=True):
        response = super().report_download(data, context=context, token=token, readonly=readonly)
        name = response.headers.get("Content-Disposition", "")
        if response.status_code == 200 and response.mimetype == "text/html" and ".pdf" in name:
            response.headers["Content-Disposition"] = name.replace(".pdf", ".html")
        return response
