# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the screens offer to whom, how they say it, and that each button can be pressed."""

from datetime import date

from lxml import etree

from odoo.exceptions import AccessError
from odoo.service.model import call_kw

from ..engine.mapping import Verdict
from .test_views import ViewsCommon

# Columns whose words an accountant has to read whole at 1366 pixels, in lists that set no width of their own before.
READ_WHOLE = (
    ("integration.payout", ("composition", "bank_state"), 140),
    ("integration.movement", ("type",), 150),
    ("integration.movement", ("application",), 180),
    ("integration.legal.series", ("first_text", "last_text"), 150),
    ("integration.access.review.line", ("user_id",), 190),
    ("integration.shop.writing", ("state",), 150),
    ("integration.shop.writing", ("label", "wanted_text", "answer"), 180),
    ("integration.shop.writing", ("changes_shown",), 240),
)


class TestScreens(ViewsCommon):
    def arch(self, model, view_type, user):
        return etree.fromstring(self.env[model].with_user(user).get_view(view_type=view_type)["arch"])

    def test_each_button_can_be_pressed(self):
        """A button hands over ids: a method that takes none fails as soon as it is pressed."""
        views = self.env["ir.ui.view"].search([("key", "=", False), ("model", "!=", False)])
        pressed = {
            (view.model, button.get("name"))
            for view in views
            if view.get_external_id()[view.id].startswith("finance_integration.")
            for button in etree.fromstring(view.arch_db).iter("button")
            if button.get("type") == "object" and view.model in self.env
        }
        self.assertGreater(len(pressed), 100)
        without_ids = [
            f"{model} {name}"
            for model, name in sorted(pressed)
            if getattr(getattr(self.env.registry[model], name, None), "_api_model", False)
        ]
        self.assertFalse(without_ids)

    def test_everything_is_encrypted_anew_by_the_button_above_the_list(self):
        keys = self.env["integration.encryption.key"]
        action = call_kw(keys.with_user(self.administrator), "action_encrypt_anew", [[]], {})
        rotation = self.env["integration.key.rotation"].browse(action["res_id"])
        self.assertEqual((action["res_model"], len(rotation.exists())), (rotation._name, 1))
        with self.assertRaises(AccessError):
            call_kw(keys.with_user(self.operator), "action_encrypt_anew", [[]], {})

    def test_what_gives_a_record_its_company_can_be_chosen_in_an_empty_form(self):
        """The company comes with the choice: asked for a choice of "its company" before, nothing would be offered."""
        stuck = [
            f"{name} {root}"
            for name, model in self.env.registry.items()
            if name.startswith("integration.") and (company := model._fields.get("company_id"))
            if company.related and model._fields[root := company.related.split(".")[0]].check_company
            if not model._fields[root].readonly
        ]
        self.assertFalse(stuck)

    def test_only_an_operator_is_offered_to_ask_for_money_to_be_booked(self):
        for model in (
            "integration.gift.breakage",
            "integration.dispute.allowance",
            "integration.refund.order",
        ):
            for user, offered in ((self.auditor, False), (self.operator, True)):
                names = {button.get("name") for button in self.arch(model, "form", user).iter("button")}
                self.assertEqual("action_ask" in names, offered, f"{model} {user.login}")

    def test_states_and_numbers_are_not_cut_off(self):
        for model, names, pixels in READ_WHOLE:
            [rows] = self.arch(model, "list", self.auditor).xpath("/list")
            for name in names:
                width = rows.find(f"field[@name='{name}']").get("width", "0px")
                self.assertGreaterEqual(int(width.removesuffix("px")), pixels, f"{model} {name}")

    def test_nothing_is_called_as_the_hub_calls_it_inside(self):
        bindings = self.env["integration.binding"]
        for kind, words in (("order", "Order"), ("order_line", "Line of an order"), ("customer", "Customer")):
            binding = bindings.new({"kind": kind, "res_model": "res.partner"})
            self.assertEqual(binding.kind_label, words)
        batches = self.env["integration.batch"]
        batch = batches.new({"kind": "poll", "source": "balance_transactions"})
        self.assertEqual(batch.source_label, "Balance transactions")
        batch = batches.new({"kind": "file", "source": "payroll_10.csv"})
        self.assertEqual(batch.source_label, "payroll_10.csv")

    def test_times_and_days_are_read_as_such(self):
        promotions = self.env["integration.promotion"]
        brought = promotions.new({"made_at": "2026-11-27T02:03:04+01:00"})
        self.assertEqual(str(brought.made_on), "2026-11-27 01:03:04")
        self.assertFalse(promotions.new({"made_at": "yesterday"}).made_on)
        version = self.env["integration.mapping.version"].new(
            {"number": 2, "valid_from": date(2026, 3, 1), "basis": "setup"}
        )
        question = self.env["integration.mapping.question"].new({})
        told = question._explain(Verdict.EXACT, version, "STD")
        self.assertIn("version 2, from 03/01/2026 until no end", told)

    def test_what_if_is_offered_before_a_proposal_is_saved(self):
        form = self.arch("integration.mapping.change", "form", self.administrator)
        [button] = form.xpath("//button[@name='action_what_if']")
        self.assertNotIn("not id", button.get("invisible"))

    def test_events_of_a_replay_are_chosen_by_words(self):
        kinds = dict(self.env["integration.replay"]._fields["kind"]._description_selection(self.env))
        self.assertEqual(kinds["invoice"], "Invoices and credit notes")
        replay = self.env["integration.replay"].new({"kind": "invoice", "company_id": self.company.id})
        self.assertIn(("kind", "=", "invoice"), replay._selection_domain())

    def test_what_was_decided_is_not_shown_as_what_is_there(self):
        form = self.arch("integration.proposed.value", "form", self.operator)
        [now], [before] = form.xpath("//group[@name='ours']"), form.xpath("//group[@name='ours_before']")
        self.assertEqual((now.get("invisible"), before.get("invisible")), ("decided_at", "not decided_at"))
