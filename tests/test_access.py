# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who may do what: service users, people, companies, secrets, the audit log (C1, C2, C5, A1)."""

from datetime import date

import psycopg2

from odoo.exceptions import AccessDenied, AccessError, UserError, ValidationError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..models.messaging import key_ring
from ..simulators import wire
from .common import STRIPE_SECRET, IntegrationCommon

OPERATOR = "finance_integration.group_operator,account.group_account_user"
AUDITOR = "finance_integration.group_auditor"
ADMINISTRATOR = "finance_integration.group_administrator"


class TestServiceUser(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.user = self.stripe_connection.service_user_id

    def test_it_cannot_sign_in(self):
        self.user.sudo().password = "known to an attacker"
        with self.assertRaises(AccessDenied):
            self.user.with_user(self.user)._check_credentials(
                {"type": "password", "password": "known to an attacker"}, {"interactive": True}
            )

    def test_it_has_the_rights_of_a_service_user_and_no_others(self):
        self.assertEqual(self.user.group_ids, self.env.ref("finance_integration.group_service"))
        for group in (
            "base.group_system",
            "account.group_account_manager",
            "account.group_validate_bank_account",
        ):
            self.assertFalse(self.user.has_group(group), group)
        with self.assertRaises(ValidationError):
            self.user.sudo().group_ids |= self.env.ref("account.group_account_manager")

    def test_a_person_never_gets_the_service_rights(self):
        person = new_test_user(self.env, "person", groups="base.group_user")
        with self.assertRaises(ValidationError):
            person.sudo().group_ids |= self.env.ref("finance_integration.group_service")

    def test_it_writes_only_in_its_connections_journals(self):
        foreign = self.company_data["default_journal_misc"]
        values = {
            "move_type": "entry",
            "journal_id": foreign.id,
            "date": date(2026, 3, 2),
            "line_ids": [
                (0, 0, {"account_id": self.company_data["default_account_revenue"].id, "credit": 5.0}),
                (0, 0, {"account_id": self.company_data["default_account_expense"].id, "debit": 5.0}),
            ],
        }
        service = self.stripe_connection._as_service()
        self.assertNotIn(foreign, self.stripe_connection.journal_ids)
        with self.assertRaises(AccessError):
            service.env["account.move"].create(values)
        journal = self.stripe_connection.balance_account_ids.journal_id
        own = service.env["account.move"].create({**values, "journal_id": journal.id})
        self.assertEqual(own.create_uid, self.user)
        with self.assertRaises(AccessError):
            own.with_user(self.partner_connection.service_user_id).write({"ref": "not mine"})

    def test_what_is_posted_carries_the_service_user(self):
        invoice = self.issue("P-1")
        self.assertEqual(invoice.create_uid, self.partner_connection.service_user_id)

    def test_it_follows_the_connections_time_zone(self):
        self.stripe_connection.time_zone = "Europe/Paris"
        self.assertEqual(self.user.tz, "Europe/Paris")


class TestPeople(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        companies = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        cls.operator = new_test_user(cls.env, "operator", groups=OPERATOR, **companies)
        cls.auditor = new_test_user(cls.env, "auditor", groups=AUDITOR, **companies)
        cls.administrator = new_test_user(cls.env, "integrator", groups=ADMINISTRATOR, **companies)

    def stopped(self):
        """Bring in an event of a type that the connector does not know."""
        told = {"id": "evt_x", "object": "event", "type": "odd.one", "created": 1772460000, "livemode": False}
        body = wire.compact({**told, "data": {"object": {"id": "x_1", "object": "thing"}}})
        return self.accept(self.stripe_connection, body)[1]

    def test_an_auditor_sees_everything_and_changes_nothing(self):
        message = self.stopped()
        self.drain(self.stripe_connection)
        seen = message.with_user(self.auditor)
        self.assertEqual(seen.error_code, "unknown_event_type")
        self.assertTrue(seen.payload_text)
        for refused in (seen.action_try_again, seen.action_discard, seen.exception_id.action_assign_to_me,
                        seen.exception_id.action_try_again, seen.exception_id.action_mark_resolved):  # fmt: skip
            with self.assertRaises(AccessError):
                refused()
        with self.assertRaises(AccessError):
            self.env["integration.credential"].with_user(self.auditor).search([])
        self.assertEqual(message.status, "parked")

    def test_an_operator_resolves_but_sets_nothing_up(self):
        message = self.stopped()
        self.drain(self.stripe_connection)
        message.with_user(self.operator).action_discard("Not for the books")
        self.assertEqual(message.status, "discarded")
        for model in (
            "integration.connection",
            "integration.endpoint",
            "integration.flow",
            "integration.credential",
        ):
            with self.assertRaises(AccessError, msg=model):
                self.env[model].with_user(self.operator).create({})

    def test_an_administrator_sets_up_but_neither_posts_nor_resolves(self):
        message = self.stopped()
        self.drain(self.stripe_connection)
        with self.assertRaises(AccessError):
            message.with_user(self.administrator).action_discard()
        with self.assertRaises(AccessError):
            message.exception_id.with_user(self.administrator).action_try_again()
        with self.assertRaises(AccessError):
            self.env["account.move"].with_user(self.administrator).create({"move_type": "entry"})
        self.stripe_connection.with_user(self.administrator).action_pause()
        self.assertEqual(self.stripe_connection.state, "paused")

    def test_another_company_sees_nothing(self):
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "foreigner",
            groups=f"{OPERATOR},{ADMINISTRATOR}",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.issue("P-1")
        self.stripe.charge(5000, "usd")
        self.send_stripe()
        for model in (
            "integration.connection", "integration.balance.account", "integration.credential", "integration.endpoint",
            "integration.flow", "integration.lane", "integration.message", "integration.payload", "integration.attempt",
            "integration.effect", "integration.binding", "integration.mapping", "integration.role.account",
            "integration.exception", "integration.movement", "integration.audit.leaf",
        ):  # fmt: skip
            own = self.root[model].search_count([])
            self.assertTrue(own, model)
            seen = self.env[model].with_user(foreigner).search([])
            self.assertFalse(seen.filtered(lambda row: row.company_id == self.company), model)


class TestSecrets(IntegrationCommon):
    def test_a_secret_is_written_and_never_read(self):
        credential = self._secret(self.stripe_connection, "api", "sk_live_0123456789abcdef")
        credential.flush_recordset()
        self.assertFalse(credential.value)
        self.assertNotIn("0123456789ab", str(credential.read()))
        self.env.cr.execute("SELECT ciphertext FROM integration_credential WHERE id = %s", [credential.id])
        [ciphertext] = self.env.cr.fetchone()
        self.assertNotIn("0123456789", ciphertext)
        self.assertEqual(key_ring.decrypt(ciphertext), "sk_live_0123456789abcdef")
        with self.assertRaises(AccessError):
            credential._reveal()
        with self.assertRaises(AccessError):
            credential.read(["ciphertext"])

    def test_an_empty_secret_is_refused(self):
        with self.assertRaises(UserError):
            self._secret(self.stripe_connection, "api", "   ")

    def test_scheduled_actions_rest_until_a_connection_is_active(self):
        crons = self.env["ir.cron"].sudo()
        for name in ("cron_sweep", "cron_pull", "cron_archive"):
            crons |= self.env.ref(f"finance_integration.{name}").sudo()
        self.assertTrue(all(crons.mapped("active")))  # two connections are active
        crons.active = False
        self.stripe_connection.action_activate()
        self.assertTrue(all(crons.mapped("active")))

    def test_without_a_secret_a_connection_cannot_be_active(self):
        connection = self._connection("stripe", "Second account")
        with self.assertRaises(UserError):
            connection.action_activate()
        self._secret(connection, "inbound_signature", STRIPE_SECRET)
        connection.action_activate()
        self.assertEqual(connection.state, "active")


class TestAuditLog(IntegrationCommon):
    def test_every_step_leaves_an_entry_and_each_is_genuine(self):
        invoice = self.issue("P-1")
        message = (
            self.env["integration.effect"]
            .search([("res_model", "=", "account.move"), ("res_id", "=", invoice.id)])
            .message_id
        )
        leaf = self.env["integration.audit.leaf"].search([("message_id", "=", message.id)])
        self.assertEqual(leaf.action, "message.done")
        self.assertEqual(leaf.subject_digest, message.body_digest)
        self.assertEqual(leaf.user_id, self.partner_connection.service_user_id)
        self.assertTrue(all(row._is_genuine() for row in self.env["integration.audit.leaf"].search([])))
        actions = set(self.env["integration.audit.leaf"].search([]).mapped("action"))
        self.assertLessEqual(
            {"connection.activate", "credential.change", "mapping.change", "message.done"}, actions
        )

    def test_the_database_refuses_to_change_it(self):
        self.issue("P-1")
        for statement in (
            "UPDATE integration_audit_leaf SET action = 'nothing happened'",
            "DELETE FROM integration_audit_leaf",
            "TRUNCATE integration_audit_leaf",
        ):
            with (
                self.assertRaises(psycopg2.IntegrityError),
                self.env.cr.savepoint(),
                mute_logger("odoo.sql_db"),
            ):
                self.env.cr.execute(statement)
        leaf = self.env["integration.audit.leaf"].search([], limit=1)
        for refused in (leaf.sudo().unlink, lambda: leaf.sudo().write({"detail": "other"})):
            with self.assertRaises(UserError):
                refused()

    def test_events_are_never_deleted_and_their_state_is_never_written(self):
        self.issue("P-1")
        message = self.root["integration.message"].search([], limit=1)
        with self.assertRaises(UserError):
            message.unlink()
        with self.assertRaises(UserError):
            message.write({"status": "discarded"})
        with self.assertRaises(UserError):
            message.with_context(integration_axes=True).write({"stage": "received", "status": "ready"})
