# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An API key is no second factor: what needs one is refused to remote calls, over the real wire (C8)."""

import xmlrpc.client
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .access_common import AccessCommon


@tagged("post_install", "-at_install")
class TestApiKeys(AccessCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.approver, self.administrator = self.people["approver"], self.people["administrator"]
        self.give_second_factor(self.approver)
        self.give_second_factor(self.administrator)
        flow = self.partner_connection.flow_ids[:1]
        self.change = (
            self.env["integration.change.request"]
            .with_user(self.people["operator"])
            ._ask(flow, "Start", {"start_date": "2026-02-01"}, "Audit")
            .sudo()
        )
        self.env.flush_all()

    def key_of(self, user):
        keys = self.env["res.users.apikeys"].with_user(user).sudo()
        return keys._generate(None, "test", fields.Datetime.now() + timedelta(hours=1))

    def call_rpc(self, user, model, method, *args):
        key = self.key_of(user)
        self.env.flush_all()
        return self.xmlrpc_object.execute_kw(self.env.cr.dbname, user.id, key, model, method, list(args))

    def call_json(self, user, model, method, **facts):
        key = self.key_of(user)
        self.env.flush_all()
        return self.url_open(
            f"/json/2/{model}/{method}", headers={"Authorization": f"Bearer {key}"}, json=facts
        )

    def state(self):
        self.env.invalidate_all()
        return self.change.state, len(self.change.decision_ids)

    @mute_logger("odoo.http", "odoo.addons.rpc.controllers.xmlrpc")
    def test_nobody_approves_with_a_key_on_real_books(self):
        self.in_production()
        self.assertTrue(self.approver._integration_has_second_factor())
        with self.assertRaises(xmlrpc.client.Fault) as caught:
            self.call_rpc(self.approver, "integration.change.request", "action_approve", [self.change.id])
        self.assertIn("second factor", caught.exception.faultString)
        self.assertEqual(self.state(), ("asked", 0))
        answer = self.call_json(
            self.approver, "integration.change.request", "action_approve", ids=[self.change.id]
        )
        self.assertEqual(answer.status_code, 403)
        self.assertIn("second factor", answer.text)
        self.assertEqual(self.state(), ("asked", 0))

    @mute_logger("odoo.http", "odoo.addons.rpc.controllers.xmlrpc")
    def test_nobody_sets_up_or_enters_a_secret_with_a_key_on_real_books(self):
        self.in_production()
        before = self.stripe_connection.state
        with self.assertRaises(xmlrpc.client.Fault) as caught:
            self.call_rpc(
                self.administrator, "integration.connection", "action_activate", [self.stripe_connection.id]
            )
        self.assertIn("second factor", caught.exception.faultString)
        count = self.env["integration.credential"].sudo().search_count([])
        with self.assertRaises(xmlrpc.client.Fault) as caught:
            self.call_rpc(
                self.administrator,
                "integration.credential",
                "create",
                [
                    {
                        "connection_id": self.stripe_connection.id,
                        "purpose": "api",
                        "value": "sk_live_0123456789abcdef",
                    }
                ],
            )
        self.assertIn("second factor", caught.exception.faultString)
        self.env.invalidate_all()
        self.assertEqual(self.env["integration.credential"].sudo().search_count([]), count)
        self.assertEqual(self.stripe_connection.state, before)

    @mute_logger("odoo.http", "odoo.addons.rpc.controllers.xmlrpc")
    def test_nobody_writes_the_set_up_with_a_key_on_real_books(self):
        self.in_production()
        connection = self.stripe_connection
        subscription = self.env["integration.subscription"].search([], limit=1)
        drop = {"connection_id": connection.id, "name": "Files", "kind": "folder"}
        for model, method, arguments in (
            ("integration.connection", "write", ([connection.id], {"name": "Mine"})),
            ("integration.connection", "create", ([{"name": "New", "connector": "generic"}],)),
            ("integration.drop", "create", ([drop],)),
            (
                "integration.flow",
                "write",
                (connection.flow_ids[:1].ids, {"runbook_url": "https://example.com"}),
            ),
            ("integration.subscription", "unlink", (subscription.ids,)),
        ):
            with self.assertRaises(xmlrpc.client.Fault) as caught:
                self.call_rpc(self.administrator, model, method, *arguments)
            self.assertIn("second factor", caught.exception.faultString, (model, method))
        self.env.invalidate_all()
        self.assertEqual(connection.name, "Stripe account")
        self.assertTrue(subscription.exists())
        self.assertFalse(self.env["integration.connection"].search([("name", "=", "New")]))

    def test_reading_goes_on(self):
        self.in_production()
        found = self.call_rpc(
            self.approver,
            "integration.change.request",
            "search_read",
            [("id", "=", self.change.id)],
            ["state"],
        )
        self.assertEqual(found, [{"id": self.change.id, "state": "asked"}])

    def test_where_nobody_demands_a_factor_a_key_is_enough(self):
        answer = self.call_json(
            self.approver, "integration.change.request", "action_approve", ids=[self.change.id]
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(self.state(), ("approved", 1))

    def test_a_session_is_enough(self):
        self.in_production()
        self.authenticate(self.approver.login, self.approver.login)
        answer = self.url_open(
            "/web/dataset/call_button/integration.change.request/action_approve",
            json={
                "params": {
                    "model": "integration.change.request",
                    "method": "action_approve",
                    "args": [[self.change.id]],
                    "kwargs": {},
                }
            },
        ).json()
        self.assertNotIn("error", answer)
        self.assertEqual(self.state(), ("approved", 1))

    def test_service_users_are_no_persons(self):
        self.in_production()
        service = self.stripe_connection.sudo().service_user_id
        self.assertTrue(service.integration_service)
        service._integration_require_presence(self.stripe_connection.sudo())

    def uses(self):
        self.env.invalidate_all()
        return self.env["integration.audit.leaf"].search([("action", "=", "user.api_key")], order="id")

    @mute_logger(
        "odoo.http", "odoo.sql_db"
    )  # Odoo says that it serves a call once more, on a cursor that can write
    def test_a_key_of_somebody_with_the_hubs_rights_leaves_an_entry_once_an_hour(self):
        key = self.key_of(self.people["auditor"])
        self.env.flush_all()
        headers = {"Authorization": f"Bearer {key}"}
        for _time in range(3):
            answer = self.url_open(
                "/json/2/integration.connection/search_count", headers=headers, json={"domain": []}
            )
            self.assertEqual(answer.status_code, 200, answer.text)
        used = self.uses()
        self.assertEqual(len(used), 1)
        self.assertEqual((used.user_id, used.detail), (self.people["auditor"], "test"))
        self.assertEqual((used.res_model, bool(used.res_id)), ("res.users.apikeys", True))
        self.assertTrue(used._is_genuine())

    def test_keys_of_others_and_wrong_keys_leave_none(self):
        answer = self.call_json(self.people["nobody"], "res.users", "search_count", domain=[])
        self.assertEqual(answer.status_code, 200, answer.text)
        wrong = self.url_open(
            "/json/2/integration.connection/search_count",
            headers={"Authorization": "Bearer " + "0" * 40},
            json={"domain": []},
        )
        self.assertIn(wrong.status_code, (401, 403))
        self.assertEqual(len(self.uses()), 0)
