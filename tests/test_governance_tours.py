# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Mappings, configurations and reports in the browser, as an accountant meets them (M2, M5, M8, A7)."""

from odoo.tests import tagged

from .mapping_common import MappingCommon
from .promotion_common import PromotionCommon
from .test_reports import ReportCommon
from .test_routing import RoutingCommon
from .tour_common import TourCase


@tagged("post_install", "-at_install", "is_tour")
class TestMappingTours(MappingCommon, TourCase):
    def tour(self, path, name, user):
        self.start_tour(f"/odoo/{path}", f"finance_integration_{name}", login=user.login)
        self.env.invalidate_all()

    def test_a_file_is_exported_checked_and_proposed(self):
        self.tour("integration-mappings", "mapping_file", self.administrator)
        change = self.env["integration.mapping.change"].search([("file_name", "=", "good.csv")])
        self.assertEqual(len(change), 1)
        self.assertEqual((change.state, change.line_ids.outside_value, change.line_ids.tax_id),
                         ("draft", "LOW", self.tax20))  # fmt: skip
        self.assertFalse(self.mapping_of("LOW"), "nothing counts before it is approved")

    def test_a_change_is_proposed_by_one_and_approved_by_another(self):
        mapping = self.mapping_of("STD")
        first = mapping.version_ids
        self.tour("integration-mappings", "mapping_propose", self.administrator)
        change = self.env["integration.mapping.change"].search([("reason", "=", "The rate rises by law")])
        self.assertEqual((len(change), change.state, change.create_uid), (1, "asked", self.administrator))
        self.assertEqual((mapping.tax_id, mapping.version_ids), (self.tax15, first), "asking changes nothing")
        self.tour("integration-my-approvals", "mapping_approve", self.approver)
        self.assertEqual((change.state, mapping.tax_id), ("done", self.tax20))
        new = mapping.version_ids - first
        self.assertEqual((len(new), new.user_id, new.approved_by_id), (1, self.administrator, self.approver))
        self.assertEqual((first.state, new.state), ("replaced", "used"))

    def test_a_gap_of_coverage_is_mapped(self):
        message = self.tell("M-1", codes=("NEW",))
        self.assertEqual(self.outcome(message), ("parked", "mapping_missing"))
        self.tour("integration-coverage", "coverage", self.operator)
        mapping = self.mapping_of("NEW")
        self.assertEqual((mapping.tax_id, mapping.version_ids.user_id), (self.tax15, self.operator))
        self.drain(self.partner_connection)
        self.assertEqual(self.outcome(message), ("done", None))
        self.assertEqual(self.became(message, "account.move").amount_total, 115.0)


@tagged("post_install", "-at_install", "is_tour")
class TestRoutingTours(RoutingCommon, TourCase):
    def test_to_which_company_something_would_go(self):
        self.two_entities()
        self.administrator.write(
            {
                "company_ids": [(6, 0, (self.company | self.other).ids)],
                "group_ids": [(4, self.env.ref("base.group_multi_company").id)],
            }
        )
        before = self.env["integration.message"].search_count([])
        self.start_tour(
            "/odoo/integration-mappings",
            "finance_integration_routing_question",
            login=self.administrator.login,
        )
        self.assertEqual(self.env["integration.message"].search_count([]), before, "asking books nothing")


@tagged("post_install", "-at_install", "is_tour")
class TestConfigurationTours(PromotionCommon, TourCase):
    def test_a_configuration_leaves_as_a_signed_file(self):
        self.start_tour(
            "/odoo/integration-configurations", "finance_integration_bundle_export", login="ap_admin"
        )
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "bundle.export")])
        self.assertEqual(leaf.user_id, self.administrator)

    def tour(self, path, name, user):
        # Whoever works in the other company has it in front of him.
        user.sudo().company_id = self.other
        switched_on = "-".join(str(company.id) for company in (self.other | self.company))
        self.start_tour(
            f"/odoo/{path}",
            f"finance_integration_{name}",
            login=user.login,
            cookies={"cids": switched_on},
        )
        self.env.invalidate_all()

    def brought(self):
        promotion = self.root["integration.promotion"].search([("company_id", "=", self.other.id)])
        self.assertEqual(len(promotion), 1)
        return promotion

    def assert_taken_over(self):
        here, there = self.rows(self.other), self.rows(self.company)
        for section, rows in there.items():
            self.assertEqual({key: here[section].get(key) for key in rows}, rows, section)

    def test_a_configuration_is_brought_in_asked_for_approved_and_taken_over(self):
        self.fill_gaps()
        self.env["ir.attachment"].with_user(self.administrator).create(
            {"name": "from_the_other_server.json", "datas": self.export()}
        )
        before = self.counts()
        self.tour("integration-configurations", "bundle_load", self.administrator)
        promotion = self.brought()
        self.assertEqual((promotion.state, promotion.origin), ("asked", "file"))
        self.assertEqual(self.counts(), before, "asking changes nothing")
        self.tour("integration-my-approvals", "bundle_approve", self.ann)
        self.assertEqual((promotion.state, promotion.request_id.approver_id), ("done", self.ann))
        self.assert_taken_over()
        self.tour("integration-configurations", "bundle_done", self.administrator)
        self.assertEqual(promotion.state, "done")

    def test_a_new_company_takes_the_configuration_of_another_one(self):
        before = self.counts()
        self.tour("integration-configurations", "template_gaps", self.administrator)
        promotion = self.brought()
        self.assertEqual((promotion.state, promotion.origin), ("ready", "company"))
        self.assertFalse(promotion.request_id)
        self.assertGreater(promotion.gap_count, 0)
        self.fill_gaps()
        self.tour("integration-configurations", "template_ask", self.administrator)
        self.assertEqual((promotion.state, promotion.gap_count), ("asked", 0))
        self.assertEqual(self.counts(), before, "asking changes nothing")
        self.approve(promotion.request_id)
        self.assertEqual(promotion.state, "done")
        self.assert_taken_over()


@tagged("post_install", "-at_install", "is_tour")
class TestReportTours(ReportCommon, TourCase):
    def test_a_report_is_made_and_read(self):
        self.sell("P-1")
        self.start_tour("/odoo/integration-reports", "finance_integration_report", login="reports-auditor")
        report = self.env["integration.report"].search([("user_id", "=", self.auditor.id)])
        self.assertEqual(len(report), 1)
        self.assertTrue(report.genuine)
