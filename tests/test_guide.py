# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The guided set-up (ADR 0041): one draft however often it is begun, left and gone on with, and clear refusals."""

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import new_test_user

from ..connectors.base import HttpAnswer
from ..connectors.registry import all_connectors
from ..engine.errors import TransientError
from ..models.messaging import http_client, reachability
from .common import IntegrationCommon

GROUP = "finance_integration.group_%s"


class GuideCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        of_company = {
            "company_id": cls.company.id,
            "company_ids": [(6, 0, cls.company.ids)],
            "tz": "America/New_York",
        }
        cls.administrator = new_test_user(
            cls.env,
            "guide_admin",
            groups=f"{GROUP % 'administrator'},account.group_account_manager",
            **of_company,
        )
        cls.narrow = new_test_user(
            cls.env,
            "guide_narrow",
            groups=f"{GROUP % 'administrator'},account.group_account_readonly",
            **of_company,
        )
        cls.operator = new_test_user(cls.env, "guide_operator", groups=GROUP % "operator", **of_company)

    def connect(self, connector="stripe", account="acct_guide", user=None, **values):
        """Return the dialog that begins a connection."""
        return (
            self.env["integration.connect"]
            .with_user(user or self.administrator)
            .create(
                {"connector": connector, "outside_account": account, "company_id": self.company.id, **values}
            )
        )

    def begun(self, **values):
        """Begin a connection and return it."""
        action = self.connect(**values).action_begin()
        self.assertEqual(action["res_model"], "integration.connection")
        return self.env["integration.connection"].browse(action["res_id"]).with_user(self.administrator)

    def count(self):
        return self.env["integration.connection"].search_count([])


class TestGuide(GuideCommon):
    def test_a_card_per_system_says_what_it_brings(self):
        action = self.env["integration.connect.system"].with_user(self.administrator).action_open()
        cards = self.env["integration.connect.system"].with_user(self.administrator).search(action["domain"])
        self.assertEqual(set(cards.mapped("connector")), set(all_connectors()))
        stripe = cards.filtered(lambda card: card.connector == "stripe")
        self.assertIn("Balance movements", stripe.brings)
        self.assertEqual(stripe.connected, "1 connection")
        again = self.env["integration.connect.system"].with_user(self.administrator).action_open()
        self.assertEqual(len(again["domain"][0][2]), len(cards))
        self.assertFalse(cards.exists(), "old cards are not heaped up")
        self.assertEqual(
            stripe.browse(again["domain"][0][2])[0].action_choose()["res_model"], "integration.connect"
        )

    def test_it_begins_one_draft_however_often_it_is_pressed(self):
        before = self.count()
        dialog = self.connect()
        self.assertFalse(dialog.found_text, "nothing is said where nothing was found")
        first = dialog.action_begin()
        second = dialog.action_begin()
        third = self.connect().action_begin()
        self.assertEqual(first["res_id"], second["res_id"])
        self.assertEqual(first["res_id"], third["res_id"])
        self.assertEqual(self.count(), before + 1)
        connection = self.env["integration.connection"].browse(first["res_id"])
        self.assertEqual(
            (connection.state, connection.name, connection.environment, connection.outside_account),
            ("draft", "Stripe (Sandbox)", "sandbox", "acct_guide"),
        )
        self.assertEqual(len(connection.endpoint_ids), 1)

    def test_a_second_connection_of_the_same_account_is_refused(self):
        connection = self.begun()
        connection.sudo().state = "active"
        before = self.count()
        with self.assertRaisesRegex(RedirectWarning, "book everything twice"), self.env.cr.savepoint():
            self.connect().action_begin()
        self.assertEqual(self.count(), before)
        self.assertIn("is connected to this account already", self.connect().found_text)
        # Another environment, or another account, is another connection.
        self.begun(environment="test")
        self.begun(account="acct_other")
        self.assertEqual(self.count(), before + 2)

    def test_an_account_of_another_company_is_refused_without_naming_it(self):
        other = self.env["res.company"].create({"name": "Somebody Else Ltd"})
        self.env["integration.connection"].sudo().create(
            {
                "name": "Theirs",
                "connector": "stripe",
                "company_id": other.id,
                "environment": "sandbox",
                "outside_account": "acct_guide",
            }
        )
        before = self.env["integration.connection"].sudo().search_count([])
        with self.assertRaisesRegex(UserError, "Another company") as caught, self.env.cr.savepoint():
            self.connect().action_begin()
        self.assertNotIn("Somebody Else", str(caught.exception))
        self.assertFalse(self.connect().found_id)
        self.assertEqual(self.env["integration.connection"].sudo().search_count([]), before)

    def test_without_the_account_there_it_does_not_begin(self):
        before = self.count()
        with self.assertRaisesRegex(UserError, "acct_…"):
            self.connect(account=" ").action_begin()
        self.assertEqual(self.count(), before)

    def test_a_partner_without_accounts_is_told_apart_by_its_name(self):
        first = self.begun(connector="generic", account=False, name="Shop floor")
        self.assertEqual(self.begun(connector="generic", account=False, name="Shop floor"), first)
        self.assertNotEqual(self.begun(connector="generic", account=False, name="Warehouse"), first)

    def test_who_may_not_set_up_is_told_so_and_nothing_is_made(self):
        before = self.count()
        with self.assertRaisesRegex(AccessError, "no right to do this"):
            self.env["integration.connect.system"].with_user(self.operator).action_open()
        with self.assertRaises(AccessError):
            self.connect(user=self.operator)
        with self.assertRaises(AccessError):
            self.stripe_connection.with_user(self.operator).action_guide()
        self.assertEqual(self.count(), before)

    def test_it_can_be_left_and_gone_on_with_by_somebody_else(self):
        connection = self.begun()
        self.assertEqual(connection.guide_step, "secrets")
        connection.action_guide_next()
        connection.action_guide_next()
        self.assertEqual(connection.guide_step, "books")
        self.assertEqual(connection.action_guide_close()["views"], [(False, "form")])
        action = connection.with_user(self.narrow).action_guide()
        self.assertEqual(action["res_id"], connection.id)
        self.assertEqual(connection.guide_step, "books", "it goes on where it was left")
        connection.action_guide_back()
        self.assertEqual(connection.guide_step, "address")
        for _step in range(9):
            connection.action_guide_next()
        self.assertEqual(connection.guide_step, "check")
        self.assertTrue(connection.preflight_at, "the last step looks at the set-up of now")

    def test_the_overview_says_what_is_missing_where(self):
        connection = self.begun(account="acct_2")
        lines = connection.guide_overview.splitlines()
        self.assertEqual(len(lines), 6)
        self.assertTrue(lines[0].startswith("✓ 1."), lines[0])
        self.assertIn("○ 2. Secrets and test: the secret with which the outside system signs", lines[1])
        self.assertIn("the access for calling", lines[1])
        self.assertTrue(lines[2].startswith("✓ 3."), lines[2])
        self.assertIn("bank journal per currency", lines[3])
        self.assertTrue(lines[4].startswith("✓ 5."), lines[4])
        self._secret(connection, "inbound_signature", "whsec_guide_0123456789")
        self._secret(connection, "api", "sk_test_guide")
        connection.invalidate_recordset()
        self.assertTrue(connection.guide_overview.splitlines()[1].startswith("✓ 2."))

    def test_the_events_to_choose_are_those_that_book_and_that_somebody_sends(self):
        connection = self.begun()
        text = connection.guide_events_text
        for name in ("charge.succeeded", "refund.created", "payout.paid", "customer.created"):
            self.assertIn(name, text)
        self.assertNotIn("balance_transaction", text)
        self.assertNotIn("payment_intent.created", text)

    def test_codes_nobody_has_mapped_are_counted(self):
        connection = self.partner_connection.with_user(self.administrator)
        self.assertIn("Nothing has come in yet", connection.guide_codes_text)
        self.issue("P-1")
        connection.action_guide_codes()
        connection.invalidate_recordset()
        self.assertEqual(connection._guide_codes_missing(), 0)
        self.assertIn("Every code", connection.guide_codes_text)
        self.forget_mapping("STD")
        connection.action_guide_codes()
        connection.invalidate_recordset()
        self.assertEqual(connection._guide_codes_missing(), 1)
        self.assertIn("Tax “STD”", connection.guide_codes_text)


class TestGuideTest(GuideCommon):
    """The test really calls; where it cannot, it says why."""

    def setUp(self):
        super().setUp()
        self.patch(reachability, "in_own_transaction", lambda _registry, what: what(self.root))
        self.connection = self.begun()
        self.asked = []

    def answering(self, answer):
        def send(request, *_args, **_kwargs):
            self.asked.append(request)
            if isinstance(answer, Exception):
                raise answer
            return HttpAnswer(answer, {}, b"{}")

        self.patch(http_client, "send", send)

    def press(self):
        """Press the button, then let the request's transaction be over; returns the button's action."""
        hooks = len(self.env.cr.postcommit._funcs)
        action = self.connection.action_guide_test()
        self.assertEqual(self.asked, [], "nothing is called while the transaction is open")
        for hook in list(self.env.cr.postcommit._funcs)[hooks:]:
            self.env.cr.postcommit._funcs.remove(hook)
            hook()
        self.env.invalidate_all()
        return action

    def test_without_a_key_it_says_so_and_calls_nobody(self):
        self.answering(200)
        action = self.press()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertIn("the key or access for calling it is not entered", action["params"]["message"])
        self.assertIn("Let the outside system send a test event", self.connection.guide_test_text)
        self.assertEqual(self.asked, [])

    def test_a_key_that_is_accepted(self):
        self._secret(self.connection, "api", "sk_test_guide")
        self.answering(200)
        self.press()
        self.assertEqual(len(self.asked), 1)
        self.assertIn("It answers, and accepts our access", self.connection.guide_test_text)

    def test_a_wrong_key(self):
        self._secret(self.connection, "api", "sk_test_wrong")
        self.answering(401)
        self.press()
        self.assertIn("refused our credentials", self.connection.guide_test_text)
        self.assertNotIn("sk_test_wrong", self.connection.guide_test_text)

    def test_a_vendor_that_does_not_answer(self):
        self._secret(self.connection, "api", "sk_test_guide")
        self.answering(TransientError("destination_unavailable", params={"host": "api.example"}))
        self.press()
        self.assertIn("cannot be reached", self.connection.guide_test_text)

    def test_a_partner_that_is_never_called(self):
        self.connection = self.begun(connector="generic", account=False, name="Shop floor")
        self.answering(200)
        self.assertIn("it calls us", self.press()["params"]["message"])
        self.assertEqual(self.asked, [])
