# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A configuration goes from one server to another: signed, compared, approved, whole, and taken back (M5)."""

import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError

from ..engine.canonical_json import canonical_bytes, digest
from ..engine.promotion import MAX_BYTES
from ..models.promotion.promotion_apply import IntegrationPromotionRows
from .common import PARTNER_SECRET, STRIPE_SECRET
from .promotion_common import PromotionCommon


class TestExport(PromotionCommon):
    def test_no_secret_and_no_address_is_in_the_file_and_it_is_recorded(self):
        self.partner_connection.write(
            {"delivery_url": "https://receiver.example/hook", "api_base_url": "https://a.example"}
        )
        self.env["integration.credential"].create(
            {
                "connection_id": self.partner_connection.id,
                "purpose": "outbound_signature",
                "reference": "env:FINANCE_SECRET_PARTNER",
            }
        )
        text = base64.b64decode(self.export()).decode()
        for secret in (
            PARTNER_SECRET,
            STRIPE_SECRET,
            "FINANCE_SECRET_PARTNER",
            "receiver.example",
            "a.example",
        ):
            self.assertNotIn(secret, text)
        promotion = self.load(self.export())
        self.assertIn("Secret that signs our events (kept in the environment there)", promotion.needs)
        self.assertIn("Partner platform: Delivery address", promotion.needs)
        self.assertIn(
            "Stripe account: Secret that signs events to us (entered by hand there)", promotion.needs
        )
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "bundle.export")], limit=1)
        self.assertEqual(leaf.user_id, self.administrator)

    def test_no_number_of_a_record_is_in_it(self):
        rows = self.rows(self.company)
        self.assertEqual(rows["connections"]["Stripe account",]["connector"], "stripe")
        role = self.env["integration.role.account"].search(
            [("company_id", "=", self.company.id), ("role", "=", "FEE")], limit=1
        )
        self.assertEqual(
            rows["role_accounts"][role.connection_id.name or "", "FEE"],
            {"account_id": role.account_id.with_company(self.company).code},
        )
        self.assertEqual(
            rows["mappings"]["Partner platform", "tax", "STD"],
            {
                "spans": [[None, None, "Output tax 15 %"]],
                "taxes": [
                    {
                        "name": "Output tax 15 %",
                        "rate": "15.0",
                        "kind": "percent",
                        "use": "sale",
                        "scope": "",
                        "country": "US",
                        "included": False,
                    }
                ],
            },
        )

    def test_who_may_export(self):
        for user in (self.operator, self.auditor, self.ann):
            with self.assertRaises(AccessError):
                self.promotions(user)._export(self.company, "test")
        self.administrator.write({"company_id": self.other.id, "company_ids": [(6, 0, self.other.ids)]})
        with self.assertRaises(AccessError):
            self.promotions(companies=self.other)._export(self.company, "test")


class TestRefused(PromotionCommon):
    def assert_refused(self, content, code, **facts):
        before = self.counts()
        promotion = self.load(content, **facts)
        self.assertEqual((promotion.state, promotion.problem_code), ("refused", code))
        self.assertTrue(promotion.problem)
        self.assertFalse(promotion.line_ids)
        self.assertEqual(self.counts(), before)
        self.assertEqual(self.leaves(promotion), [("bundle.refuse", self.administrator)])
        with self.assertRaises(UserError):
            self.ask(promotion)
        return promotion

    def test_what_is_altered_forged_or_unknown(self):
        content = self.export()
        self.assert_refused(self.altered(content, "Output tax 15 %", "Output tax 16 %"), "bundle_signature")
        self.assert_refused(
            self.signed_again(content, lambda whole: None, self.foreign), "bundle_key_unknown"
        )
        with patch.dict("os.environ", {"FINANCE_INTEGRATION_BUNDLE_KEYS": self.foreign.public}):
            known = self.load(self.signed_again(content, lambda whole: None, self.foreign))
        self.assertEqual((known.state, known.key_name), ("ready", self.foreign.id))

    def test_another_form_another_company_another_environment(self):
        content = self.export()
        self.assert_refused(
            self.signed_again(
                content, lambda whole: whole.update(format="finance-integration-configuration/9")
            ),
            "bundle_format",
        )
        refused = self.assert_refused(self.export(for_company="Third company"), "bundle_not_for_here")
        self.assertIn("Third company", refused.problem)
        self.assertIn("Second company", refused.problem)
        self.assert_refused(self.export(for_environment="production"), "bundle_not_for_here")
        self.assertEqual(
            self.load(self.export(for_environment="production"), environment="production").state, "ready"
        )

    def test_what_is_no_bundle_or_too_large(self):
        self.assert_refused(base64.b64encode(b"PK\x03\x04" + b"0" * 1000), "bundle_unreadable")
        self.assert_refused(b"%%%", "bundle_unreadable")
        self.assert_refused(b"A" * (MAX_BYTES * 4 // 3 + 8), "bundle_too_large")

    def test_what_contradicts_itself(self):
        content = self.export()

        def overlap(whole):
            whole["sections"]["mappings"][0]["values"]["spans"].append(["2026-01-01", None, "Another tax"])
            _count_again(whole)

        self.assert_refused(self.signed_again(content, overlap), "bundle_contradiction")

        def number(whole):
            whole["sections"]["role_accounts"][0]["values"]["account_id"] = 1
            _count_again(whole)

        self.assert_refused(self.signed_again(content, number), "bundle_unreadable")


def _count_again(whole):
    for name, rows in whole["sections"].items():
        whole["manifest"][name] = {"records": len(rows), "digest": digest(canonical_bytes(rows))}


class TestImport(PromotionCommon):
    def test_what_is_missing_is_listed_and_nothing_is_asked_for(self):
        before = self.counts()
        promotion = self.load(self.export())
        line = self.line_of(promotion, "mappings", "Partner platform · tax · STD")
        self.assertEqual(line.change, "added")
        self.assertIn("Output tax 15 %", line.gap)
        self.assertIn("Add the tax", line.step)
        self.assertGreater(promotion.gap_count, 0)
        with self.assertRaisesRegex(UserError, "Output tax 15 %"):
            self.ask(promotion)
        self.assertFalse(promotion.request_id)
        self.assertEqual(self.counts(), before)

    def test_approved_by_another_it_is_here_as_it_was_there(self):
        self.fill_gaps()
        promotion = self.load(self.export(), environment="production")
        self.assertFalse(promotion.line_ids.filtered("gap").mapped("gap"))
        before = self.counts()
        request = self.ask(promotion)
        self.assertEqual((promotion.state, request.kind), ("asked", "bundle"))
        self.assertEqual(self.counts(), before, "asking changes nothing")
        with self.assertRaises(UserError):
            self.approve(request, self.administrator)
        with self.assertRaises(UserError):
            self.approve(request, self.operator)
        self.assertEqual(self.counts(), before)
        self.approve(request)
        self.assertEqual(promotion.state, "done")
        here, there = self.rows(self.other), self.rows(self.company)
        for section, rows in there.items():
            for key, values in rows.items():
                self.assertEqual(here[section][key], values, f"{section} {key}")
        connections = self.root["integration.connection"].search([("company_id", "=", self.other.id)])
        self.assertEqual(set(connections.mapped("name")), {"Partner platform", "Stripe account"})
        self.assertEqual(set(connections.mapped("state")), {"draft"})
        self.assertEqual(set(connections.mapped("environment")), {"production"})
        self.assertEqual(set(connections.flow_ids.mapped("state")), {"draft"})
        self.assertFalse(connections.credential_ids)
        version = connections.mapping_ids.version_ids
        self.assertEqual(
            (len(version), version.basis, version.user_id, version.approved_by_id, version.request_id),
            (1, "approval", self.administrator, self.ann, request.sudo()),
        )
        self.assertEqual(version.tax_id.company_id, self.other)
        actions = [action for action, _user in self.leaves(promotion)]
        self.assertEqual(actions, ["bundle.compare", "bundle.import"])

    def test_bringing_it_in_once_more_changes_nothing(self):
        promotion = self.load(self.export(), self.company)
        self.assertEqual((promotion.change_count, promotion.line_ids.ids), (0, []))
        self.assertGreater(promotion.same_count, 5)
        with self.assertRaisesRegex(UserError, "Nothing would change"):
            self.ask(promotion)

    def test_what_has_changed_since_is_not_carried_out(self):
        self.fill_gaps()
        promotion = self.load(self.export())
        request = self.ask(promotion)
        self.root["integration.assignment.rule"].create(
            {"name": "Mine", "company_id": self.other.id, "user_ids": [(6, 0, self.operator.ids)]}
        )
        before = self.counts()
        with self.assertRaisesRegex(UserError, "has changed since"):
            self.approve(request)
        self.env.invalidate_all()
        self.assertEqual((request.state, promotion.state), ("asked", "asked"))
        self.assertEqual(self.counts(), before)

    def test_all_or_nothing(self):
        self.fill_gaps()
        promotion = self.load(self.export())
        request = self.ask(promotion)
        before = self.counts()

        def fails(*_args):
            raise ValueError("no")

        with (
            patch.object(IntegrationPromotionRows, "_carry_mappings", fails),
            self.assertRaisesRegex(ValueError, "no"),
            self.env.cr.savepoint(),
        ):
            self.approve(request)
        self.env.invalidate_all()
        self.assertEqual(self.counts(), before)
        self.assertEqual((request.state, promotion.state, promotion.done_at), ("asked", "asked", False))

    def test_a_record_that_is_left_out_stays_as_it_is(self):
        self.fill_gaps()
        promotion = self.load(self.export())
        line = self.line_of(promotion, "mappings", "Partner platform · tax · STD")
        line.write({"leave_out": True})
        promotion.action_compare()
        self.assertTrue(self.line_of(promotion, "mappings", "Partner platform · tax · STD").leave_out)
        self.approve(self.ask(promotion))
        self.assertFalse(self.rows()["mappings"])
        self.assertEqual(len(self.rows()["connections"]), 2)

    def test_no_way_around_what_each_kind_asks_for(self):
        self.policy(("finance_integration.group_approver", 2), kind="mapping", company_id=self.other.id)
        self.fill_gaps()
        promotion = self.load(self.export())
        request = self.ask(promotion)
        self.assertEqual(request.approvals_needed, 2)
        self.approve(request)
        self.assertEqual((request.state, self.rows()["mappings"]), ("asked", {}))
        self.approve(request, self.ben)
        self.assertEqual((request.state, len(self.rows()["mappings"])), ("approved", 1))

    def test_nobody_writes_by_hand_what_follows_from_the_steps(self):
        promotion = self.load(self.export())
        for user in (self.administrator, self.operator, self.ann):
            own = promotion.with_user(user)
            for values in (
                {"bundle_text": "{}"},
                {"request_id": False},
                {"done_at": "2026-01-01 00:00:00"},
                {"company_id": self.company.id},
            ):
                with self.assertRaises(AccessError):
                    own.write(values)
            with self.assertRaises(AccessError):
                own.line_ids[:1].write({"after": "else"})
            with self.assertRaises(UserError):
                own.unlink()
            with self.assertRaises(AccessError):
                own.create(
                    {"name": "x", "company_id": self.other.id, "origin": "file", "environment": "test"}
                )
        for user in (self.operator, self.auditor, self.ann):
            with self.assertRaises(AccessError):
                self.load(self.export(), user=user)
            with self.assertRaises(AccessError):
                self.ask(promotion.with_user(user))
        with self.assertRaises(AccessError):
            promotion.with_user(self.administrator)._carry_out(self.env["integration.change.request"])


class TestTakingBack(PromotionCommon):
    def change_and_import(self):
        """Change an account and a mapping by a file; returns (promotion, role account, account before, mapping)."""
        content = self.export()
        role = self.env["integration.role.account"].search(
            [("company_id", "=", self.company.id), ("role", "=", "FEE")], limit=1
        )
        before = role.account_id
        wanted = before.copy({"code": "699999", "name": "Other fees"})

        def change(whole):
            for row in whole["sections"]["role_accounts"]:
                if row["key"] == [role.connection_id.name or "", "FEE"]:
                    row["values"]["account_id"] = "699999"
            whole["sections"]["mappings"][0]["values"]["spans"] = [[None, None, "Output tax 20 %"]]
            _count_again(whole)

        self.env["account.tax"].create(
            {"name": "Output tax 20 %", "amount": 20.0, "type_tax_use": "sale", "company_id": self.company.id}
        )
        promotion = self.load(self.signed_again(content, change), self.company)
        self.assertEqual(
            sorted(promotion.line_ids.mapped("section")),
            ["mappings", "role_accounts"],
            promotion.line_ids.mapped("key"),
        )
        self.approve(self.ask(promotion))
        self.assertEqual(role.account_id, wanted)
        mapping = self.partner_connection.mapping_ids
        self.assertEqual(mapping.tax_id.name, "Output tax 20 %")
        return promotion, role, before, mapping

    def test_it_is_taken_back_by_another_approval(self):
        promotion, role, before, mapping = self.change_and_import()
        request = self.ask(promotion, "It was wrong")
        self.assertEqual(promotion.state, "back_asked")
        with self.assertRaises(UserError):
            self.approve(request, self.administrator)
        self.approve(request)
        self.assertEqual((promotion.state, role.account_id), ("back", before))
        self.assertEqual(mapping.tax_id, self.tax15)
        today = mapping._today()
        spans = sorted(
            (row.valid_from or None, row.valid_until or None, row.tax_id.name)
            for row in mapping.version_ids
            if row.state == "used" and row.valid_from
        )
        self.assertEqual(spans, [(today, None, "Output tax 15 %")])
        self.assertEqual(
            [(row.number, row.state, row.tax_id.name) for row in mapping.version_ids.sorted("number")],
            [
                (1, "replaced", "Output tax 15 %"),
                (2, "used", "Output tax 20 %"),
                (3, "used", "Output tax 15 %"),
            ],
        )
        self.assertEqual(
            [action for action, _user in self.leaves(promotion)],
            ["bundle.compare", "bundle.import", "bundle.take_back"],
        )
        with self.assertRaises(UserError):
            self.ask(promotion)

    def test_what_was_booked_meanwhile_keeps_it(self):
        promotion, role, before, _mapping = self.change_and_import()
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    (0, 0, {"account_id": role.account_id.id, "debit": 10.0}),
                    (0, 0, {"account_id": before.id, "credit": 10.0}),
                ],
            }
        )
        move.action_post()
        wanted = role.account_id
        with self.assertRaisesRegex(UserError, "1 entries were booked on 699999"):
            self.ask(promotion)
        self.assertEqual((promotion.state, role.account_id), ("done", wanted))
        self.assertFalse(promotion.back_request_id)

    def test_what_is_booked_between_asking_and_approving_keeps_it(self):
        promotion, role, before, _mapping = self.change_and_import()
        request = self.ask(promotion)
        wanted = role.account_id
        move = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    (0, 0, {"account_id": wanted.id, "debit": 10.0}),
                    (0, 0, {"account_id": before.id, "credit": 10.0}),
                ],
            }
        )
        move.action_post()
        with self.assertRaisesRegex(UserError, "cannot be taken back"), self.env.cr.savepoint():
            self.approve(request)
        self.env.invalidate_all()
        self.assertEqual((promotion.state, role.account_id), ("back_asked", wanted))
