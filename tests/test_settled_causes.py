# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What raised an exception has gone: the exceptions of that cause are closed, and no other (X1)."""

from odoo.tests import tagged

from .common import IntegrationCommon

CAUSE = "pull charges"


@tagged("post_install", "-at_install")
class TestSettledCauses(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.model = self.env["integration.exception"]
        self.other = self._connection("stripe", "Another account")

    def raised(self, code, connection=None, cause=CAUSE):
        return self.model._raise_cause(connection or self.stripe_connection, code, {}, cause)

    def settle(self, code, cause=CAUSE):
        self.model._settle_cause(self.stripe_connection, code, cause, "It works again.")

    def leaves(self):
        return self.env["integration.audit.leaf"].search_count([("action", "=", "exception.resolve")])

    def test_one_code_of_one_cause_of_one_connection_is_closed(self):
        mine = self.raised("payout_differs")
        kept = self.raised("payout_incomplete")
        kept |= self.raised("payout_differs", self.other)
        kept |= self.raised("payout_differs", cause="pull charges 2")
        self.settle("payout_differs")
        self.assertEqual((mine.state, mine.resolution), ("resolved", "It works again."))
        self.assertEqual(mine.resolved_by_id, self.env.user)
        self.assertEqual(kept.mapped("state"), ["open"] * 3)

    def test_several_codes_or_whichever(self):
        some = self.raised("payout_differs") | self.raised("payout_incomplete")
        last = self.raised("payout_overdue")
        self.settle({"payout_differs", "payout_incomplete"})
        self.assertEqual((some.mapped("state"), last.state), (["resolved"] * 2, "open"))
        self.settle(None)
        self.assertEqual(last.state, "resolved")

    def test_no_codes_are_none_and_not_all(self):
        mine = self.raised("payout_differs")
        self.settle(())
        self.assertEqual(mine.state, "open")

    def test_a_long_cause_is_found_as_it_was_kept(self):
        mine = self.raised("payout_differs", cause="x" * 300)
        self.settle("payout_differs", "x" * 300)
        self.assertEqual(mine.state, "resolved")

    def test_where_nothing_is_open_nothing_is_written_down(self):
        before = self.leaves()
        self.settle("payout_differs")
        self.assertEqual(self.leaves(), before)

    def test_what_a_company_was_asked_is_closed_there_alone(self):
        connected = self.raised("intercompany_differs", cause="company 7 USD")
        mine = self.model._raise_company_cause(self.company, "intercompany_differs", {}, "company 7 USD")
        other = self.model._raise_company_cause(self.company, "intercompany_differs", {}, "company 8 USD")
        self.model._settle_company_cause(
            self.company, "intercompany_differs", "company 7 USD", "They agree again."
        )
        self.assertEqual((mine.state, mine.resolution), ("resolved", "They agree again."))
        self.assertEqual((connected | other).mapped("state"), ["open"] * 2)
