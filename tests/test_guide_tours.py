# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The guided set-up in the browser: from the cards to the connection that is switched on."""

from odoo.tests import tagged

from .test_guide import GuideCommon
from .tour_common import TourCase


@tagged("post_install", "-at_install", "is_tour")
class TestGuideTours(GuideCommon, TourCase):
    def test_from_the_cards_to_the_connection_that_is_switched_on(self):
        self.env["integration.role.account"].search([("company_id", "=", self.company.id)]).unlink()
        self.start_tour("/odoo/integration-connections", "finance_integration_guide", login="guide_admin")
        connection = self.env["integration.connection"].search([("outside_account", "=", "acct_tour")])
        self.assertEqual(len(connection), 1)
        self.assertEqual(
            (connection.state, connection.guide_step, connection.company_id),
            ("active", "check", self.company),
        )
        self.assertEqual(connection.credential_ids.mapped("purpose"), ["inbound_signature"])
        self.assertEqual(connection._missing_points(), [])

    def test_begun_again_it_leads_to_what_is_there(self):
        connection = self.begun(account="acct_tour")
        connection.guide_step = "books"
        before = self.count()
        self.start_tour("/odoo/integration-connect", "finance_integration_guide_again", login="guide_admin")
        self.assertEqual(self.count(), before)
