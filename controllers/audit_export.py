# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import http
from odoo.http import content_disposition, request

from ..models.audit.exporter import lines


class AuditExport(http.Controller):
    """The audit trail as a file, written while it is read."""

    @http.route(
        "/integration/audit/export/<int:export_id>", type="http", auth="user", methods=["GET"], readonly=False
    )
    def export(self, export_id):
        """Send the file that the dialog ``export_id`` describes; that it is sent is recorded first."""
        export = request.env["integration.audit.export"].browse(export_id).exists()
        if not export:
            raise request.not_found()
        plan = export._plan()
        context = {"allowed_company_ids": request.env.companies.ids, "lang": request.env.lang}
        kind = "text/csv; charset=utf-8" if plan["form"] == "csv" else "application/x-ndjson"
        name = f"audit-{plan['head']['exported_at'][:10]}.{plan['form']}"
        return request.make_response(
            lines(request.env.registry, request.env.uid, context, plan),
            [
                ("Content-Type", kind),
                ("Content-Disposition", content_disposition(name)),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
