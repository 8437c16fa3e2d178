# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Duties that stand against each other, and the second factor of those who decide (C7, C8, policy F21 and F25)."""

from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..engine.access import ADMINISTRATOR, APPROVER, OPERATOR
from ..models.access import service_activity
from .access_common import AccessCommon

CODE_OF_AUTHENTICATOR = "finance_integration.action_enable_second_factor"


class TestConflictingRights(AccessCommon):
    def give(self, role, group):
        self.people[role].sudo().write({"group_ids": [Command.link(self.env.ref(group).id)]})

    def test_administrator_and_approver_are_refused_from_every_side(self):
        administrator, approver = self.people["administrator"], self.people["approver"]
        group = self.env.ref(APPROVER)
        attempts = (
            lambda: self.give("administrator", APPROVER),
            lambda: self.give("approver", ADMINISTRATOR),
            lambda: group.sudo().write({"user_ids": [Command.link(administrator.id)]}),
            lambda: self.env.ref(ADMINISTRATOR).sudo().write({"user_ids": [Command.link(approver.id)]}),
            lambda: self.env.ref(ADMINISTRATOR).sudo().write({"implied_ids": [Command.link(group.id)]}),
            lambda: group.sudo().write({"implied_by_ids": [Command.link(self.env.ref(ADMINISTRATOR).id)]}),
            lambda: new_test_user(self.env, "both", groups=f"{ADMINISTRATOR},{APPROVER}"),
            lambda: (
                self.env["res.groups"]
                .sudo()
                .create(
                    {
                        "name": "A way round",
                        "implied_ids": [Command.set((group | self.env.ref(ADMINISTRATOR)).ids)],
                        "user_ids": [Command.link(self.people["nobody"].id)],
                    }
                )
            ),
        )
        for number, attempt in enumerate(attempts):
            with self.subTest(attempt=number), self.assertRaises(UserError), self.env.cr.savepoint():
                attempt()
            self.env.invalidate_all()
            self.env.registry.clear_cache("groups")
        self.assertFalse(administrator.has_group(APPROVER))
        self.assertFalse(approver.has_group(ADMINISTRATOR))

    def test_the_words_say_which_and_why(self):
        with self.assertRaisesRegex(UserError, "approve it alone") as caught:
            self.give("administrator", APPROVER)
        self.assertIn(self.people["administrator"].name, str(caught.exception))

    def test_other_pairs_are_refused_with_real_books_only(self):
        for group in (OPERATOR, "account.group_account_invoice"):
            with self.subTest(group=group), self.env.cr.savepoint() as savepoint:
                self.give("administrator", group)
                self.assertTrue(self.people["administrator"].has_group(group))
                savepoint.rollback()
                self.env.invalidate_all()
                self.env.registry.clear_cache("groups")
        self.in_production()
        for group in (OPERATOR, "account.group_account_invoice"):
            with self.subTest(group=group), self.assertRaises(UserError), self.env.cr.savepoint():
                self.give("administrator", group)
            self.env.invalidate_all()

    def test_a_company_chooses_how_strict_it_is(self):
        self.company.sudo().integration_segregation = "strict"
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.give("administrator", OPERATOR)
        self.env.invalidate_all()
        self.company.sudo().integration_segregation = "reported"
        self.in_production()
        self.give("administrator", OPERATOR)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "company.access_policy")])
        self.assertEqual(len(leaf), 2)
        self.assertIn("segregation: strict → segregation: reported", leaf.mapped("detail"))

    def test_what_is_there_already_does_not_hinder_taking_away(self):
        self.give("administrator", OPERATOR)
        self.in_production()
        administrator = self.people["administrator"].sudo()
        administrator.write({"group_ids": [Command.link(self.env.ref("base.group_no_one").id)]})
        administrator.write({"group_ids": [Command.unlink(self.env.ref(OPERATOR).id)]})
        with self.assertRaises(UserError), self.env.cr.savepoint():
            administrator.write({"group_ids": [Command.link(self.env.ref(OPERATOR).id)]})

    def test_bringing_back_an_archived_user_counts_as_giving(self):
        self.give("administrator", OPERATOR)
        administrator = self.people["administrator"].sudo()
        administrator.active = False
        self.in_production()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            administrator.active = True

    def test_each_change_leaves_an_entry_with_who_did_it(self):
        Leaf = self.env["integration.audit.leaf"]
        nobody = self.people["nobody"]
        domain = [("res_model", "=", "res.users"), ("res_id", "=", nobody.id)]
        self.give("nobody", OPERATOR)
        granted = Leaf.search(domain)
        self.assertEqual(
            {(leaf.action, leaf.detail) for leaf in granted},
            {("access.grant", OPERATOR), ("access.grant", "finance_integration.group_auditor")},
        )
        self.assertEqual(granted.user_id, self.env.user)
        nobody.sudo().active = False
        self.assertEqual(Leaf.search_count([*domain, ("action", "=", "access.withdraw")]), 2)
        self.assertTrue(all(leaf._is_genuine() for leaf in Leaf.search(domain)))

    def test_rights_given_from_the_side_of_a_group_leave_entries_too(self):
        nobody = self.people["nobody"]
        self.env.ref(OPERATOR).sudo().write({"user_ids": [Command.link(nobody.id)]})
        domain = [("res_id", "=", nobody.id), ("res_model", "=", "res.users"), ("detail", "=", OPERATOR)]
        self.assertEqual(self.env["integration.audit.leaf"].search(domain).mapped("action"), ["access.grant"])

    def test_the_administrator_of_a_fresh_database_sets_up_and_approves_nothing(self):
        admin = self.env.ref("base.user_admin")
        self.assertTrue(admin.has_group(ADMINISTRATOR))
        self.assertFalse(admin.has_group(APPROVER))


class TestActsOnOneRecord(AccessCommon):
    def test_who_took_part_does_not_do_the_other_half(self):
        Leaf = self.env["integration.audit.leaf"]
        operator, approver = self.people["operator"], self.people["approver"]
        mapping = self.partner_connection.mapping_ids[:1]
        Leaf.with_user(operator).sudo()._record_change(mapping, "mapping.create")
        with self.assertRaisesRegex(UserError, "second person"):
            Leaf.with_user(operator)._check_segregation("mapping.approve", mapping)
        with self.assertRaises(UserError):  # superuser mode is no way round: the person counts
            Leaf.with_user(operator).sudo()._check_segregation("mapping.approve", mapping)
        Leaf.with_user(approver)._check_segregation("mapping.approve", mapping)
        other = self.env["integration.mapping"].create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "tax",
                "outside_value": "OTHER",
                "tax_id": self.tax15.id,
            }
        )
        Leaf.with_user(operator)._check_segregation("mapping.approve", other)
        with self.assertRaises(UserError):  # it belongs to what the person has a hand in
            Leaf.with_user(operator)._check_segregation("mapping.approve", other, mapping)
        with self.assertRaises(KeyError):
            Leaf._check_segregation("no.such.act", mapping)

    def test_nobody_decides_about_an_own_request(self):
        flow = self.stripe_connection.flow_ids[:1]
        approver = self.people["approver"]
        request = (
            self.env["integration.change.request"]
            .with_user(approver)
            ._ask(flow, "Go", {"state": "paused"}, "Because")
        )
        with self.assert_refused("own request"):
            request.with_user(approver).action_approve()
        request.with_user(self.second_approver()).action_refuse("Not now")
        self.assertEqual(request.sudo().state, "refused")


class TestSecondFactor(AccessCommon):
    def request(self):
        flow = self.stripe_connection.flow_ids[:1]
        return (
            self.env["integration.change.request"]
            .with_user(self.people["operator"])
            ._ask(flow, "Pause", {"state": "paused"}, "Because")
        )

    def secret(self, user, **values):
        return (
            self.env["integration.credential"]
            .with_user(user)
            .create(
                {
                    "connection_id": self.stripe_connection.id,
                    "purpose": "api",
                    "value": "sk_live_0123456789abcdef",
                    **values,
                }
            )
        )

    def test_without_real_books_it_is_advised_only(self):
        approver = self.people["approver"]
        self.assertFalse(approver._integration_has_second_factor())
        self.request().with_user(approver).action_refuse("Not now")
        self.secret(self.people["administrator"])

    def test_with_real_books_nobody_approves_without(self):
        request = self.request()
        self.in_production()
        approver = self.people["approver"]
        with self.assert_refused("approve"):
            request.with_user(approver).action_approve()
        with self.assertRaises(RedirectWarning) as caught:
            request.with_user(approver).action_refuse("Not now")
        words, action, button = caught.exception.args[:3]
        self.assertIn("two-factor", words)
        self.assertEqual(action, self.env.ref(CODE_OF_AUTHENTICATOR).id)
        self.assertTrue(button)
        self.assertEqual(request.sudo().state, "asked")
        self.give_second_factor(approver)
        request.with_user(approver).action_refuse("Not now")
        self.assertEqual(request.sudo().state, "refused")

    def test_secrets_of_a_connection_on_real_books_ask_for_it(self):
        administrator = self.people["administrator"]
        credential = self.secret(administrator)
        self.in_production()
        for attempt in (
            lambda: self.secret(administrator),
            lambda: credential.with_user(administrator).write({"value": "sk_live_fedcba9876543210"}),
            lambda: credential.with_user(administrator).unlink(),
        ):
            with self.assert_refused("secret"):
                attempt()
        self.give_second_factor(administrator)
        waiting = self.secret(administrator, pending_reason="The old one ends").sudo()
        self.assertTrue(waiting.pending_ciphertext, "another person decides about it")
        hidden = (waiting.pending_ciphertext[:20], waiting.pending_hint)
        number = waiting.id
        waiting.with_user(administrator).unlink()
        self.env.flush_all()
        leaves = self.root["integration.audit.leaf"].search(
            [("res_model", "=", "integration.credential"), ("res_id", "=", number)]
        )
        self.assertTrue(leaves)
        for text in hidden:
            self.assertNotIn(text, " ".join(leaf.detail or "" for leaf in leaves))

    def test_a_connection_being_set_up_for_real_books_asks_for_it_too(self):
        connection = self._connection("stripe", "Real")
        connection.sudo().environment = "production"
        self.assertFalse(self.company._integration_in_production())
        with self.assertRaises(RedirectWarning):
            self.env["integration.credential"].with_user(self.people["administrator"]).create(
                {"connection_id": connection.id, "purpose": "api", "value": "sk_live_0123456789abcdef"}
            )

    def test_a_company_may_demand_or_only_advise_it(self):
        request = self.request()
        self.company.sudo().integration_second_factor = "required"
        with self.assert_refused("required"):
            request.with_user(self.people["approver"]).action_refuse("Not now")
        self.company.sudo().integration_second_factor = "advised"
        self.in_production()
        request.with_user(self.people["approver"]).action_refuse("Not now")

    def test_a_passkey_counts(self):
        user = self.people["approver"]
        if "auth_passkey_key_ids" not in user._fields:
            self.skipTest("passkeys are not installed")
        self.env["auth.passkey.key"].sudo().create(
            {"name": "Key", "credential_identifier": "x", "public_key": "y", "sign_count": 0}
        ).sudo().write({"create_uid": user.id})
        self.env.cr.execute("UPDATE auth_passkey_key SET create_uid = %s", [user.id])
        user.invalidate_recordset()
        self.assertTrue(user._integration_has_second_factor())


@tagged("post_install", "-at_install")
class TestOverTheWire(HttpCase):
    @mute_logger("odoo.http")
    def test_a_remote_call_without_the_right_is_refused(self):
        new_test_user(self.env, "wire_nobody", groups="base.group_user", password="wire_nobody")
        self.authenticate("wire_nobody", "wire_nobody")
        before = self.env["integration.audit.leaf"].search_count([])
        answer = self.url_open(
            "/web/dataset/call_button/integration.connection/action_pause",
            json={
                "params": {
                    "model": "integration.connection",
                    "method": "action_pause",
                    "args": [[1]],
                    "kwargs": {},
                }
            },
        ).json()
        self.assertEqual(answer["error"]["data"]["name"], "odoo.exceptions.AccessError")
        self.assertEqual(self.env["integration.audit.leaf"].search_count([]), before)

    def test_the_button_of_the_refusal_opens_odoo_s_own_dialog(self):
        new_test_user(self.env, "wire_person", groups="base.group_user", password="wire_person")
        self.authenticate("wire_person", "wire_person")
        action = self.env.ref(CODE_OF_AUTHENTICATOR)
        answer = self.url_open(
            "/web/action/run", json={"params": {"action_id": action.id, "context": {}}}
        ).json()
        self.assertIn(answer["result"]["res_model"], ("res.users.identitycheck", "auth_totp.wizard"))

    @mute_logger("odoo.http")
    def test_signing_in_as_a_service_user_is_refused_and_noted_once_a_minute(self):
        user = (
            self.env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "name": "Integration: wire",
                    "login": "integration-wire@service.invalid",
                    "password": "known to an attacker",
                    "integration_service": True,
                    "group_ids": [Command.set(self.env.ref("finance_integration.group_service").ids)],
                }
            )
        )
        with patch.object(service_activity, "in_own_transaction") as own:
            answer = self.url_open(
                "/web/session/authenticate",
                json={
                    "params": {
                        "db": self.env.cr.dbname,
                        "login": user.login,
                        "password": "known to an attacker",
                    }
                },
            ).json()
        self.assertIn("error", answer)
        # Of its own, because the transaction of a refused sign-in is rolled back.
        own.assert_called_once()
        for _again in range(2):
            own.call_args.args[1](self.env(user=SUPERUSER_ID))
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "access.refused_sign_in")])
        self.assertEqual((len(leaf), leaf.res_id), (1, user.id))
