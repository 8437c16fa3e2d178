# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Mappings, configurations and reports in the browser, as an accountant meets them (M2, M5, M8, A7)."""

from odoo.tests import HttpCase, tagged

from .mapping_common import MappingCommon
from .promotion_common import PromotionCommon
from .test_reports import ReportCommon


@tagged("post_install", "-at_install", "is_tour")
class TestMappingTours(MappingCommon, HttpCase):
    allow_end_on_form = True

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


@tagged("post_install", "-at_install", "is_tour")
class TestConfigurationTours(PromotionCommon, HttpCase):
    allow_end_on_form = True

    def test_a_configuration_leaves_as_a_signed_file(self):
        self.start_tour(
            "/odoo/integration-configurations", "finance_integration_bundle_export", login="ap_admin"
        )
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "bundle.export")])
        self.assertEqual(leaf.user_id, self.administrator)


@tagged("post_install", "-at_install", "is_tour")
class TestReportTours(ReportCommon, HttpCase):
    allow_end_on_form = True

    def test_a_report_is_made_and_read(self):
        self.sell("P-1")
        self.start_tour("/odoo/integration-reports", "finance_integration_report", login="reports-auditor")
        report = self.env["integration.report"].search([("user_id", "=", self.auditor.id)])
        self.assertEqual(len(report), 1)
        self.assertTrue(report.genuine)
