# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json

from odoo.http import Controller, Response, request, route


class Operations(Controller):
    """Liveness and readiness for load balancers; they say nothing about the business."""

    @route(
        "/integration/v1/health", type="http", auth="none", methods=["GET"], csrf=False, save_session=False
    )
    def health(self):
        """Answer 200 when the server can reach its database."""
        request.env.cr.execute("SELECT 1")
        return Response(json.dumps({"status": "alive"}), content_type="application/json")
