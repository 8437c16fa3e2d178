# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The audit trail outlives what it is about (A1)."""

from odoo.tests import tagged

from .test_audit_coverage import CoverageCommon


@tagged("post_install", "-at_install")
class TestDrafts(CoverageCommon):
    def test_a_draft_is_deleted_and_its_entries_stay(self):
        draft = self._connection("generic", "Draft")
        number = draft.id
        self.assertTrue(self.leaves("connection.change", res_id=number))
        draft.unlink()
        self.env.flush_all()
        kept = self.leaves("connection.change", res_id=number)
        self.assertTrue(kept[-1].detail.startswith("deleted; "))
        self.assertTrue(
            kept.web_read({"connection_id": {"fields": {"display_name": {}}}, "detail_label": {}})
        )
        self.assertTrue(all(leaf._is_genuine() for leaf in kept))
