# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Disputes in the browser: evidence is completed and handed in, another one is given up (R18)."""

from odoo.tests import new_test_user, tagged

from .test_dispute_acceptance import DisputeCommon
from .tour_common import TourCase


@tagged("post_install", "-at_install", "is_tour")
class TestDisputeTours(DisputeCommon, TourCase):
    def setUp(self):
        super().setUp()
        self.operator = new_test_user(
            self.env,
            "dispute_operator",
            groups="finance_integration.group_operator",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
            tz="America/New_York",
        )

    def test_evidence_is_completed_handed_in_and_found_in_the_menu(self):
        self.start_tour(
            "/odoo/integration-disputes", "finance_integration_evidence", login=self.operator.login
        )
        self.env.invalidate_all()
        [evidence] = self.dispute.evidence_ids
        self.assertEqual(
            (evidence.state, evidence.handed_in_by_id, evidence.explanation),
            ("to_send", self.operator, "It was delivered on 2 March."),
        )
        self.assertEqual(self.asked, [])

    def test_a_dispute_is_given_up(self):
        self.start_tour("/odoo/integration-disputes", "finance_integration_accept", login=self.operator.login)
        self.env.invalidate_all()
        [acceptance] = self.dispute.acceptance_ids
        self.assertEqual((acceptance.state, self.status()), ("asked", "needs_response"))
        self.assertEqual(self.request(acceptance).requester_id, self.operator)
