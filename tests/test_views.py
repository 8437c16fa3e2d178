# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What people see: every menu opens for every kind of user, tours through the work, who may press what."""

import ast
from pathlib import Path

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import IntegrationCommon
from .tour_common import TourCase

CLICKBOT = "odoo.loader.modules.get('@web/webclient/clickbot/clickbot_loader').startClickEverywhere('%s');"
MENU_SECONDS = 240
MODELS = Path(__file__).resolve().parent.parent / "models"
# What only an operator may press.
WRITING_BUTTONS = {
    "action_apply",
    "action_assign_to_me",
    "action_choose_customer",
    "action_compare",
    "action_create_credit_note",
    "action_add_mapping",
    "action_discard",
    "action_identify",
    "action_mark_resolved",
    "action_try_again",
}


class ViewsCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = "finance_integration.group_%s"
        facts = {
            "company_id": cls.company.id,
            "company_ids": [(6, 0, cls.company.ids)],
            "tz": "America/New_York",
        }
        cls.operator = new_test_user(cls.env, "fi_operator", groups=group % "operator", **facts)
        cls.auditor = new_test_user(cls.env, "fi_auditor", groups=group % "auditor", **facts)
        cls.administrator = new_test_user(
            cls.env, "fi_administrator", groups=group % "administrator", **facts
        )

    def setUp(self):
        super().setUp()
        self.invoice = self.issue("P-1001")
        self.stripe.charge(115000, "usd", metadata={})
        self.send_stripe()
        self.exception = self.exceptions("payment_party_unknown")
        self.assertEqual(len(self.exception), 1)


@tagged("post_install", "-at_install", "is_tour")
class TestTours(ViewsCommon, TourCase):
    def click_every_menu(self, login):
        self.env["res.users"].search([("login", "=", login)]).tour_enabled = False
        self.browser_js(
            "/odoo",
            CLICKBOT % "finance_integration.menu_root",
            "odoo.isReady === true",
            login=login,
            timeout=MENU_SECONDS,
            success_signal="clickbot test succeeded",
        )

    def test_every_menu_opens_for_an_operator(self):
        self.click_every_menu("fi_operator")

    def test_every_menu_opens_for_an_auditor(self):
        self.click_every_menu("fi_auditor")

    def test_every_menu_opens_for_an_administrator(self):
        self.click_every_menu("fi_administrator")

    def test_an_operator_resolves_by_buttons(self):
        self.start_tour("/odoo/integration-exceptions", "finance_integration_resolve", login="fi_operator")
        self.env.invalidate_all()
        movement = self.env["integration.movement"].search([("type", "=", "payment")])
        self.assertEqual((len(movement), movement.application), (1, "applied"))
        self.assertEqual(movement.invoice_ids, self.invoice)
        self.assertEqual((self.invoice.payment_state, self.invoice.amount_residual), ("paid", 0.0))
        self.assertFalse(self.exceptions())
        self.assertEqual(self.exception.resolved_by_id, self.operator)

    def test_from_event_to_entry_and_back(self):
        self.start_tour("/odoo/integration-events", "finance_integration_trace", login="fi_operator")

    def test_an_auditor_looks_and_changes_nothing(self):
        acted = [("action", "!=", "user.sign_in")]
        before = self.env["integration.audit.leaf"].search_count(acted)
        self.start_tour("/odoo/integration-exceptions", "finance_integration_auditor", login="fi_auditor")
        self.assertEqual(self.env["integration.audit.leaf"].search_count(acted), before)

    def test_an_administrator_sets_up_a_connection(self):
        self.start_tour(
            "/odoo/integration-connections", "finance_integration_set_up", login="fi_administrator"
        )
        connection = self.env["integration.connection"].search([("name", "=", "Second Stripe")])
        self.assertEqual((connection.connector, connection.state), ("stripe", "draft"))
        self.assertEqual(connection.credential_ids.mapped("hint"), ["…9876"])
        self.assertFalse(connection.credential_ids.value)


class TestViews(ViewsCommon):
    def arch(self, model, view_type, user):
        return etree.fromstring(self.env[model].with_user(user).get_view(view_type=view_type)["arch"])

    def test_no_view_offers_an_auditor_a_button_that_writes(self):
        for model in ("integration.exception", "integration.message", "integration.processor.statement"):
            for view_type in ("list", "form"):
                names = {
                    button.get("name") for button in self.arch(model, view_type, self.auditor).iter("button")
                }
                self.assertFalse(names & WRITING_BUTTONS, f"{model} {view_type}")

    def test_the_operator_has_them(self):
        names = {
            button.get("name")
            for button in self.arch("integration.exception", "form", self.operator).iter("button")
        }
        self.assertLessEqual(
            {"action_apply", "action_identify", "action_try_again", "action_mark_resolved"}, names
        )

    def test_every_button_method_is_in_a_view(self):
        views = self.env["ir.ui.view"].search([("key", "=", False), ("model", "!=", False)])
        shown = {
            (view.model, button.get("name"))
            for view in views
            if view.get_external_id()[view.id].startswith("finance_integration.")
            for button in etree.fromstring(view.arch_db).iter("button")
        }
        names = {name for _model, name in shown}
        missing = [f"{path.name}: {name}" for path, name in button_methods() if name not in names]
        self.assertFalse(missing)

    def test_secrets_are_shown_to_administrators_only(self):
        pages = self.arch("integration.connection", "form", self.auditor).xpath(
            "//field[@name='credential_ids']"
        )
        self.assertFalse(pages)
        [field] = self.arch("integration.connection", "form", self.administrator).xpath(
            "//field[@name='value']"
        )
        self.assertEqual(field.get("password"), "True")

    def test_an_auditor_writes_nothing(self):
        exception = self.exception.with_user(self.auditor)
        with self.assertRaises(AccessError):
            exception.action_assign_to_me()
        with self.assertRaises(AccessError):
            exception.action_identify()
        with self.assertRaises(AccessError):
            exception.fix_partner_id = self.invoice.partner_id
        with self.assertRaises(AccessError):
            self.env["integration.message"].with_user(self.auditor).search([], limit=1).action_try_again()
        with self.assertRaises(AccessError):
            self.stripe_connection.with_user(self.auditor).action_pause()
        self.assertEqual((self.exception.state, self.stripe_connection.state), ("open", "active"))

    def test_an_administrator_neither_applies_nor_reads_money(self):
        with self.assertRaises(AccessError):
            self.exception.with_user(self.administrator).action_identify()
        with self.assertRaises(AccessError):
            self.env["integration.movement"].with_user(self.administrator).search([])
        self.assertEqual(self.exception.with_user(self.administrator).at_stake, "$\xa01,150.00")

    def test_the_timeline_tells_the_stages_in_order(self):
        message = self.env["integration.message"].search([("event_type", "=", "charge.succeeded")])
        rows = message.timeline
        titles = [row["title"] for row in rows]
        self.assertEqual(
            titles[:5], ["It happened at the source", "Received", "Checked", "Understood", "Posted"]
        )
        self.assertEqual(titles[5], "Try 1: Done")
        self.assertEqual(message.about, "Balance movements")

    def test_the_entry_leads_to_its_event_and_warns(self):
        movement = self.env["integration.movement"].search([("type", "=", "payment")])
        entry = movement.move_id
        action = entry.with_user(self.operator).action_open_integration_source()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("integration.message", movement.message_id.id)
        )
        self.assertEqual(entry.integration_exception_text, "Payment of an unknown customer")
        action = entry.with_user(self.operator).action_open_integration_exceptions()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("integration.exception", self.exception.id)
        )

    def test_no_second_invoice_is_offered_where_the_source_issued_it(self):
        self.assertTrue(self.invoice.integration_issued_elsewhere)
        form = self.arch("account.move", "form", self.operator)
        buttons = form.xpath("//header//button[@name='action_invoice_sent' or @name='action_print_pdf']")
        self.assertEqual(len(buttons), 4)
        for button in buttons:
            self.assertTrue(button.get("invisible").endswith(" or (integration_issued_elsewhere)"))

    def test_audit_entries_are_told_in_words(self):
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "message.done")], limit=1)
        self.assertEqual(leaf.action_label, "Posted")
        self.assertTrue(leaf.genuine)


def button_methods():
    """Yield (file, name) of every action_* in the models, but for core's own button that is extended."""
    for path in sorted(MODELS.rglob("*.py")):
        if path.name == "account_bank_statement_line.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("action_"):
                yield path, node.name
