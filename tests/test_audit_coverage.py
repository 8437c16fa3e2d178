# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What has to be in the audit trail is in it: set-up, rights, sign-ins, looks, exports; masking (A1, A4)."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessDenied, AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..engine.access import ADMINISTRATOR, APPROVER, AUDITOR, OPERATOR
from ..engine.redaction import MASK
from ..models.access import service_activity
from ..models.control.display import words_for
from ..simulators.partner import documents
from .common import ANNA, IntegrationCommon

# Models that people may write and whose changes have entries of another kind.
RECORDED_ELSEWHERE = {
    "integration.contract": "contract.dates, with both days; the rest is published and never edited",
    "integration.retry.override": "flow.retry_figures, with the figures (test_stopped_events.py)",
}


class CoverageCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        cls.people = {
            name: new_test_user(cls.env, f"trail-{name}", f"finance_integration.group_{name}", **facts)
            for name in ("auditor", "operator", "administrator", "contents")
        }

    def leaves(self, action, **facts):
        self.env.flush_all()
        domain = [("action", "=", action), *((name, "=", value) for name, value in facts.items())]
        return self.root["integration.audit.leaf"].search(domain, order="id")

    def last(self, action, **facts):
        return self.leaves(action, **facts)[-1:]

    def event(self, number="A-1"):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"), ("STD",))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        return self.send_partner("invoice.issued", document)


@tagged("post_install", "-at_install")
class TestConfiguration(CoverageCommon):
    def test_every_model_that_people_may_write_is_recorded(self):
        groups = [
            self.env.ref(f"finance_integration.group_{name}").id for name in ("operator", "administrator")
        ]
        rights = self.env["ir.model.access"].search([("group_id", "in", groups)])
        writable = {
            right.model_id.model
            for right in rights
            if (right.perm_write or right.perm_create or right.perm_unlink)
            and right.model_id.model.startswith("integration.")
            and not self.env[right.model_id.model]._transient
        }
        recorded = {name for name in writable if hasattr(self.env[name], "_record_configuration")}
        self.assertEqual(writable - recorded, set(RECORDED_ELSEWHERE))
        self.assertGreater(len(recorded), 15)

    def test_a_change_names_field_old_and_new_value(self):
        administrator = self.people["administrator"]
        connection = self.partner_connection.with_user(administrator)
        connection.write({"name": "Other name", "time_zone": "Europe/Paris"})
        leaf = self.last("connection.change", res_id=connection.id)
        self.assertEqual(
            leaf.detail, "name: Partner platform → Other name; time_zone: America/New_York → Europe/Paris"
        )
        self.assertEqual(
            (leaf.user_id, leaf.connection_id, leaf.company_id),
            (administrator, connection.sudo(), self.company),
        )
        count = len(self.leaves("connection.change"))
        connection.name = "Other name"
        self.assertEqual(len(self.leaves("connection.change")), count, "nothing changed")

    def test_records_are_named_people_are_numbers_addresses_lose_their_keys(self):
        journal = self.company_data["default_journal_misc"]
        partner = self.env["res.partner"].create({"name": "Provider Jane Doe"})
        self.partner_connection.write(
            {
                "entry_journal_id": journal.id,
                "fee_partner_id": partner.id,
                "delivery_url": "https://receiver.example/hook?token=abc123",
            }
        )
        detail = self.last("connection.change").detail
        self.assertIn(f"{journal.display_name} [{journal.id}]", detail)
        self.assertIn(f"fee_partner_id: – → res.partner,{partner.id}", detail)
        self.assertNotIn("Jane", detail)
        self.assertIn("delivery_url: – → https://receiver.example/hook", detail)
        self.assertNotIn("abc123", detail)

    def test_secrets_are_never_in_an_entry(self):
        credential = self._secret(self.partner_connection, "api", "sk_live_0123456789abcdef")
        leaf = self.last("credential.change", res_id=credential.id)
        self.assertIn(f"value: {MASK}", leaf.detail)
        self.assertEqual(leaf.connection_id, self.partner_connection)
        credential.value = "sk_live_another_one_0123"
        self.assertEqual(
            self.last("credential.change", res_id=credential.id).detail, f"value: {MASK} → {MASK}"
        )
        credential.valid_until = "2026-12-31 00:00:00"
        self.assertEqual(self.last("credential.change").detail, "valid_until: – → 2026-12-31 00:00:00")
        number = credential.id
        credential.unlink()
        self.assertTrue(self.last("credential.change", res_id=number).detail.startswith("deleted; "))
        for row in self.leaves("credential.change"):
            for text in ("0123", "cdef", "another"):
                self.assertNotIn(text, row.detail or "")

    def test_making_changing_and_deleting_each_kind(self):
        connection = self.partner_connection
        account = self.company_data["default_account_expense"]
        made = [
            self.env["integration.mapping"].create(
                {
                    "connection_id": connection.id,
                    "mapping": "account",
                    "outside_value": "4000",
                    "account_id": account.id,
                }
            ),
            self.env["integration.role.account"].create(
                {"connection_id": connection.id, "role": "OPEN", "account_id": account.id}
            ),
            self.env["integration.endpoint"].create({"connection_id": connection.id}),
            self.env["integration.lane"].create({"name": "Second", "company_id": self.company.id}),
        ]
        for record in made:
            action = f"{record._name.removeprefix('integration.').replace('.', '_')}.change"
            with self.subTest(action):
                number = record.id
                told = self.leaves(action, res_id=number).mapped("detail")
                self.assertTrue(told[0].startswith("created"), action)
                self.assertNotEqual(words_for(self.env, action), action)
                if record._name == "integration.mapping":
                    self.assertEqual(told[1:], ["Mapped for the first time"])
                    for mapping in (record, record.sudo()):  # each version is kept
                        with self.assertRaises(UserError):
                            mapping.unlink()
                    continue
                record.unlink()
                leaf = self.last(action, res_id=number)
                self.assertTrue(leaf.detail.startswith("deleted; "), leaf.detail)
        keys = self.partner_connection.endpoint_ids.mapped("key")
        for leaf in self.leaves("endpoint.change"):
            self.assertFalse([key for key in keys if key in leaf.detail])

    def test_of_what_the_hub_keeps_only_what_people_do_is_recorded(self):
        message = self.event()
        self.assertFalse(self.leaves("message.change"))
        self.assertFalse(self.leaves("binding.change"))
        binding = self.env["integration.binding"].search(
            [("connection_id", "=", self.partner_connection.id)], limit=1
        )
        binding.with_user(self.people["operator"]).outside_id = "C-9"
        self.assertIn("→ C-9", self.last("binding.change").detail)
        # By a forged call; the field is read-only on every screen.
        with self.assertRaises(AccessError):
            message.with_user(self.people["operator"]).write({"error_text": "nothing"})
        self.assertFalse(self.leaves("message.change"))

    def test_the_days_of_a_contract_are_recorded_and_nothing_else_of_it_changes(self):
        administrator = self.people["administrator"]
        contract = self.env["integration.contract"].search([], limit=1).with_user(administrator)
        contract.deprecated_on = "2027-01-31"
        leaf = self.last("contract.dates", res_id=contract.id)
        self.assertEqual((leaf.user_id, leaf.detail), (administrator, "2027-01-31 / –"))
        with self.assertRaises(UserError):
            contract.write({"version": "9.9.9"})

    def test_what_people_propose_is_recorded(self):
        operator = self.people["operator"]
        change = (
            self.env["integration.mapping.change"]
            .with_user(operator)
            .create(
                {
                    "connection_id": self.partner_connection.id,
                    "line_ids": [Command.create({"mapping": "account", "outside_value": "4711"})],
                }
            )
        )
        leaf = self.last("mapping_change_line.change", res_id=change.line_ids.id)
        self.assertEqual((leaf.user_id, leaf.connection_id), (operator, self.partner_connection))
        self.assertIn("outside_value: 4711", leaf.detail)
        self.assertEqual(self.last("mapping_change.change", res_id=change.id).user_id, operator)
        rule = (
            self.env["integration.ownership"]
            .with_user(self.people["administrator"])
            .create({"object": "customer", "field": "name", "company_id": self.company.id})
        )
        partner = self.env["res.partner"].create({"name": "Jane Doe"})
        erasure = (
            self.env["integration.erasure"]
            .with_user(operator)
            .create({"partner_id": partner.id, "reason": "Jane Doe wrote to us"})
        )
        leaf = self.last("erasure.change", res_id=erasure.id)
        self.assertIn(f"res.partner,{partner.id}", leaf.detail)
        self.assertNotIn("Jane", leaf.detail)
        number = rule.id
        self.assertTrue(self.last("ownership.change", res_id=number).detail.startswith("created"))
        rule.unlink()
        self.assertTrue(self.last("ownership.change", res_id=number).detail.startswith("deleted"))

    def test_a_long_change_is_cut(self):
        self.partner_connection.reference_keys = "x" * 5000
        self.assertLess(len(self.last("connection.change").detail), 300)

    def test_the_state_is_not_set_around_the_buttons(self):
        connection = self.partner_connection.with_user(self.people["administrator"])
        before = self.leaves("connection.change")
        with self.assertRaises(AccessError):
            connection.write({"state": "paused"})
        self.assertEqual((connection.state, self.leaves("connection.change")), ("active", before))
        connection.action_pause()
        leaf = self.last("connection.pause", res_id=connection.id)
        self.assertEqual((connection.state, leaf.user_id), ("paused", self.people["administrator"]))


@tagged("post_install", "-at_install")
class TestRights(CoverageCommon):
    def told(self, user):
        """Return what was recorded about the rights of a user, as ``+auditor -operator``, in order."""
        self.env.flush_all()
        leaves = self.root["integration.audit.leaf"].search(
            [
                ("action", "in", ("access.grant", "access.withdraw")),
                ("res_model", "=", "res.users"),
                ("res_id", "=", user.id),
            ],
            order="id",
        )
        signs = {"access.grant": "+", "access.withdraw": "-"}
        return [signs[leaf.action] + leaf.detail for leaf in leaves]

    def gained(self, *groups):
        return [f"+{group}" for group in sorted(groups)]

    def lost(self, *groups):
        return [f"-{group}" for group in sorted(groups)]

    def test_rights_given_and_taken_by_the_user(self):
        person = new_test_user(self.env, "newcomer", "base.group_user")
        self.assertEqual(self.told(person), [])
        group = self.env.ref(OPERATOR)
        person.sudo().group_ids |= group
        person.sudo().write({"group_ids": [Command.unlink(group.id)]})
        both = [*self.gained(AUDITOR, OPERATOR), *self.lost(AUDITOR, OPERATOR)]
        self.assertEqual(self.told(person), both)
        person.sudo().write({"name": "Same rights"})
        self.assertEqual(self.told(person), both)
        made = new_test_user(self.env, "made-with-rights", ADMINISTRATOR)
        self.assertEqual(self.told(made), self.gained(ADMINISTRATOR))
        made.sudo().active = False
        self.assertEqual(self.told(made), [*self.gained(ADMINISTRATOR), *self.lost(ADMINISTRATOR)])
        self.assertNotEqual(words_for(self.env, "access.grant"), "access.grant")
        self.assertNotEqual(words_for(self.env, "access.withdraw"), "access.withdraw")

    def test_rights_given_by_the_group(self):
        person = new_test_user(self.env, "by-group", "base.group_user")
        group = self.env.ref(AUDITOR).sudo()
        group.user_ids |= person
        self.assertEqual(self.told(person), self.gained(AUDITOR))
        group.write({"user_ids": [Command.unlink(person.id)]})
        self.assertEqual(self.told(person), [*self.gained(AUDITOR), *self.lost(AUDITOR)])
        leaf = self.last("access.withdraw", res_id=person.id)
        self.assertEqual(leaf.user_id, self.env.user)

    def test_rights_given_through_another_group(self):
        person = new_test_user(self.env, "through-group", "base.group_user")
        approver = self.env.ref(APPROVER)
        group = self.env["res.groups"].sudo().create({"name": "Team", "user_ids": [Command.link(person.id)]})
        group.implied_ids = approver
        self.assertEqual(self.told(person), self.gained(APPROVER, AUDITOR, OPERATOR))
        group.unlink()
        self.assertEqual(self.told(person)[3:], self.lost(APPROVER, AUDITOR, OPERATOR))

    def test_a_forged_context_does_not_silence_it(self):
        person = new_test_user(self.env, "forged", "base.group_user")
        group = self.env.ref(AUDITOR)
        person.sudo().with_context(integration_rights=True).group_ids |= group
        self.assertEqual(self.told(person), self.gained(AUDITOR))

    def test_signing_in(self):
        auditor = self.people["auditor"]
        auditor._update_last_login()
        leaf = self.last("user.sign_in")
        self.assertEqual((leaf.user_id, leaf.res_id), (auditor, auditor.id))
        stranger = new_test_user(self.env, "stranger", "base.group_user")
        stranger._update_last_login()
        self.assertEqual(len(self.leaves("user.sign_in")), 1)

    def guess(self, *users):
        """Let somebody guess the passwords of these users over the wire; what is refused is rolled back."""
        steps = []
        with (
            patch.object(service_activity, "request", object()),
            patch.object(
                service_activity, "in_own_transaction", side_effect=lambda _registry, step: steps.append(step)
            ),
        ):
            for user in users:
                with self.assertRaises(AccessDenied):
                    user.with_user(user)._check_credentials(
                        {"type": "password", "password": "guessed"}, {"interactive": True}
                    )
        for step in steps:
            step(self.root)

    def test_refused_sign_ins(self):
        service, operator = self.stripe_connection.service_user_id, self.people["operator"]
        stranger = new_test_user(self.env, "stranger", "base.group_user")
        self.guess(service, operator, stranger, service, service)
        refused = self.leaves("access.refused_sign_in")
        self.assertEqual(refused.mapped("res_id"), [service.id, operator.id])
        self.assertEqual(refused.mapped("user_id.id"), [service.id, operator.id])
        with patch.object(service_activity, "NOTE_EVERY", timedelta(days=-1)):  # the minute is over
            self.guess(service)
        self.assertEqual(len(self.leaves("access.refused_sign_in")), 3)


@tagged("post_install", "-at_install")
class TestContents(CoverageCommon):
    def setUp(self):
        super().setUp()
        self.message = self.event()

    def test_who_only_looks_sees_no_names(self):
        self.assertIn("Anna's Bakery", self.message.with_user(self.people["operator"]).payload_text)
        self.env.invalidate_all()
        shown = self.message.with_user(self.people["auditor"])
        for text in (shown.payload_text, shown.documents_text):
            self.assertNotIn("Anna's Bakery", text)
            self.assertNotIn("anna@", text)
            self.assertIn(MASK, text)
            self.assertIn("100.00", text)

    def test_contents_cannot_be_read_around_the_masking(self):
        payload = self.root["integration.payload"].search([("message_id", "=", self.message.id)])
        for person in self.people.values():
            for name in ("headers", "documents"):
                with self.subTest(person.login, field=name), self.assertRaises(AccessError):
                    payload.with_user(person).read([name])

    def test_looking_at_it_in_full_needs_a_right_and_a_reason_and_is_recorded(self):
        dialogs = self.env["integration.payload.show"]
        for name in ("auditor", "operator", "administrator"):
            with self.assertRaises(AccessError):
                dialogs.with_user(self.people[name]).create({"message_id": self.message.id})
        person = self.people["contents"]
        dialog = dialogs.with_user(person).create({"message_id": self.message.id, "shown": True})
        self.assertFalse(dialog.content)
        with self.assertRaises(AccessError):
            dialog.shown = True
        with self.assertRaises(UserError):
            dialog.action_show()
        self.assertFalse(self.leaves("payload.show"))
        dialog.reason = "The customer asks what we know"
        dialog.action_show()
        self.assertIn("Anna's Bakery", dialog.content)
        leaf = self.last("payload.show")
        self.assertEqual((leaf.user_id, leaf.message_id, leaf.detail), (person, self.message, dialog.reason))
        other = new_test_user(
            self.env,
            "other-contents",
            "finance_integration.group_contents",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.env.invalidate_all()
        self.assertFalse(dialog.with_user(other).sudo(flag=False)._may_see())

    def test_nobody_sees_contents_of_another_company(self):
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "foreign-contents",
            "finance_integration.group_contents",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        dialog = (
            self.env["integration.payload.show"]
            .with_user(foreigner)
            .create({"message_id": self.message.id, "reason": "x"})
        )
        with self.assertRaises(AccessError):
            dialog.action_show()
        self.assertFalse(self.leaves("payload.show"))

    def test_what_is_taken_out_of_a_list_is_recorded(self):
        rows = self.env["integration.message"].with_user(self.people["auditor"]).search([])
        with self.assertRaises(UserError):  # Odoo's own right to take lists out
            rows.export_data(["event_id", "status"])
        self.assertFalse(self.leaves("records.export"))
        self.people["auditor"].sudo().group_ids |= self.env.ref("base.group_allow_export")
        rows.export_data(["event_id", "status"])
        leaf = self.last("records.export")
        self.assertEqual(leaf.detail, f"{len(rows)} rows: event_id, status")
        self.assertEqual((leaf.user_id, leaf.res_model), (self.people["auditor"], "integration.message"))
        self.env["res.partner"].search([], limit=1).export_data(["name"])
        self.assertEqual(len(self.leaves("records.export")), 1)

    def test_history(self):
        connection = self.partner_connection
        move = self.became(self.message, "account.move")
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("5.00"), ("STD",))
        strange = documents.invoice("A-2", ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        stopped = self.send_partner("strange.happened", strange)
        for record, expected in (
            (self.message, {"message.done"}),
            (move, {"message.done"}),
            (connection, {"connection.change", "connection.activate", "credential.change", "mapping.change"}),
            (stopped.exception_id, {"message.unknown_event_type"}),
        ):
            with self.subTest(record._name):
                action = record.action_history()
                found = self.env["integration.audit.leaf"].search(action["domain"])
                self.assertLessEqual(expected, set(found.mapped("action")))
                about = (
                    self.env["integration.audit.leaf"].with_context(**action["context"]).action_export_about()
                )
                export = self.env["integration.audit.export"].with_context(**about["context"]).create({})
                self.assertEqual((export.content, export.about), ("chosen", record.display_name))
        self.assertEqual(
            len(self.env["integration.audit.leaf"].search(self.message.action_history()["domain"])), 1
        )
