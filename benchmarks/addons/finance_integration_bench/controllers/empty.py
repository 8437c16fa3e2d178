# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo.http import Controller, route


class Empty(Controller):
    """The cheapest answer that Odoo can give to a POST with a database: what the inbound route is measured against."""

    @route(
        "/finance_integration_bench/empty",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def empty(self, **_params):
        return ""
