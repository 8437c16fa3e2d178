# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a configuration says beyond its company: where a connection gets its events, rules for all companies (M5)."""

from odoo.exceptions import UserError

from ..engine.promotion import SHARED
from .promotion_common import PromotionCommon
from .test_promotion import _count_again

SECOND = "finance-integration-configuration/2"
NEW_FIELDS = (
    "routed_from_id",
    "payout_journal_ids",
    "prepayment_vat_country_ids",
    "billing_issuer",
    "billing_products",
    "customers_out",
    "bank_journal_ids",
)


def as_third(whole):
    """Make the content of a file what the version before would have written."""
    whole["format"] = "finance-integration-configuration/3"
    del whole["sections"]["collection_agreements"], whole["manifest"]["collection_agreements"]
    for row in whole["sections"]["mappings"]:
        del row["values"]["taxes"]
    for row in whole["sections"]["connections"]:
        del row["values"]["customers_out"]
        del row["values"]["bank_journal_ids"]
    _count_again(whole)


def as_second(whole):
    as_third(whole)
    whole["format"] = SECOND
    for name in SHARED:
        del whole["sections"][name], whole["manifest"][name]
    for row in whole["sections"]["connections"]:
        for name in NEW_FIELDS:
            row["values"].pop(name, None)
    _count_again(whole)


class AbroadCommon(PromotionCommon):
    def connection(self, name="Partner platform", company=None):
        company = company or self.other
        return self.root["integration.connection"].search(
            [("company_id", "=", company.id), ("name", "=", name)]
        )

    def bring(self, change, company=None, **facts):
        """Bring in the configuration of the first company with a change; returns the promotion."""

        def changed(whole):
            change(whole)
            _count_again(whole)

        return self.load(self.signed_again(self.export(), changed), company, **facts)

    def say(self, name, **values):
        """Return a change by which a connection of the file says these values."""

        def change(whole):
            [row] = [row for row in whole["sections"]["connections"] if row["key"] == [name]]
            row["values"].update(values)

        return change


class TestFeeder(AbroadCommon):
    """The second company's connection gets its events from the first company's."""

    def branch(self, **facts):
        return self.env["integration.connection"].create(
            {
                "name": "Partner platform",
                "connector": self.partner_connection.connector,
                "company_id": self.other.id,
                "environment": "test",
                **facts,
            }
        )

    def test_it_is_named_by_company_and_name(self):
        self.branch(routed_from_id=self.partner_connection.id)
        wanted = f"{self.company.name} › Partner platform"
        self.assertEqual(self.rows()["connections"]["Partner platform",]["routed_from_id"], wanted)
        self.assertEqual(self.rows(self.company)["connections"]["Partner platform",]["routed_from_id"], "")

    def test_it_is_taken_over_and_taken_back(self):
        self.fill_gaps()
        branch = self.branch()
        self.assertTrue(branch.endpoint_ids.filtered("active"))
        called = f"{self.company.name} › Partner platform"
        promotion = self.bring(self.say("Partner platform", routed_from_id=called))
        line = self.line_of(promotion, "connections", "Partner platform")
        self.assertEqual((line.change, line.gap), ("changed", False))
        self.assertIn(f"Gets its events from: {called}", line.after)
        self.assertFalse(branch.routed_from_id, "comparing changes nothing")
        self.approve(self.ask(promotion))
        self.assertEqual(branch.routed_from_id, self.partner_connection)
        self.assertFalse(branch.endpoint_ids.filtered("active"), "it receives nothing by itself")
        self.approve(self.ask(promotion, "Not yet"), self.ben)
        self.assertFalse(branch.routed_from_id)
        self.assertEqual(promotion.state, "back")

    def test_a_new_connection_comes_with_where_it_gets_its_events(self):
        self.fill_gaps()
        called = f"{self.company.name} › Partner platform"
        promotion = self.bring(self.say("Partner platform", routed_from_id=called))
        self.approve(self.ask(promotion))
        branch = self.connection()
        self.assertEqual(
            (len(branch), branch.routed_from_id, branch.state), (1, self.partner_connection, "draft")
        )
        self.assertFalse(branch.endpoint_ids.filtered("active"))
        self.approve(self.ask(promotion, "Not yet"), self.ben)
        self.assertFalse(branch.active, "kept, out of use")

    def test_one_that_is_out_of_use_hands_over_nothing(self):
        self.fill_gaps()
        source = self.partner_connection.copy({"name": "Old platform", "active": False})
        promotion = self.bring(
            self.say("Partner platform", routed_from_id=f"{self.company.name} › {source.name}")
        )
        self.assert_gap(promotion, "is out of use")

    def assert_gap(self, promotion, text):
        line = self.line_of(promotion, "connections", "Partner platform")
        self.assertIn(text, line.gap)
        self.assertTrue(line.step)
        with self.assertRaisesRegex(UserError, "Something is missing here"):
            self.ask(promotion)
        self.assertFalse(promotion.request_id)

    def test_what_cannot_hand_over_is_a_gap(self):
        self.fill_gaps()

        def said(called, **facts):
            return self.bring(self.say("Partner platform", routed_from_id=called), **facts)

        mine = self.company.name
        self.assert_gap(said("Nobody › Partner platform"), "there is no company of Nobody › Partner platform")
        self.assert_gap(said(f"{mine} › Nothing"), f"{mine} has no connection Nothing")
        self.assert_gap(said(f"{mine} › Stripe account"), "is of another system or of another environment")
        self.assert_gap(
            said(f"{mine} › Partner platform", environment="production"),
            "is of another system or of another environment",
        )
        self.assert_gap(
            said(f"{mine} › Partner platform", company=self.company), "handed over to another company only"
        )
        other = self.branch(name="Elsewhere", routed_from_id=self.partner_connection.id)
        self.assert_gap(
            said(f"{mine} › Partner platform"), f"Elsewhere gets the events of {mine} › Partner platform here"
        )
        other.routed_from_id = False

        def change(whole):
            self.say("Partner platform", routed_from_id=f"{mine} › Partner platform")(whole)
            _count_again(whole)

        content = self.signed_again(self.export(), change)
        self.administrator.write({"company_id": self.other.id, "company_ids": [(6, 0, self.other.ids)]})
        promotion = self.promotions(companies=self.other)._load(content, self.other, "test")
        self.assert_gap(promotion, "belongs to a company to which you have no access")
        self.assertFalse(self.connection())

    def test_two_names_never_read_the_same(self):
        reader = self.env["integration.promotion.rows"]._reader(self.other)
        self.partner_connection.name = "A › B"
        self.company.name = "C › "
        called = reader._called_abroad(self.partner_connection.sudo(), "feeder")
        self.assertEqual(called, "C ››  › A ›› B")
        self.assertEqual(reader._at_home(self.other, called), (self.company, "A › B"))
        own = reader._reader(self.company)._called_abroad(self.partner_connection.sudo(), "feeder")
        self.assertEqual((own, reader._at_home(self.company, own)), ("A ›› B", (self.company, "A › B")))


class TestPayoutJournals(AbroadCommon):
    def test_they_are_found_by_their_codes_and_taken_back(self):
        self.fill_gaps()
        bank = self.company_data["default_journal_bank"]
        self.stripe_connection.payout_journal_ids = bank
        there = self.root["account.journal"].search(
            [("code", "=", bank.code), ("company_id", "=", self.other.id)]
        )
        self.assertEqual(len(there), 1)
        self.approve(self.ask(self.load(self.export())))
        stripe = self.connection("Stripe account")
        self.assertEqual(stripe.payout_journal_ids, there)
        self.assertIn(there, stripe.journal_ids)
        self.stripe_connection.payout_journal_ids = False
        promotion = self.load(self.export())
        changing = promotion.line_ids.filtered(lambda line: line.change != "only_here")
        self.assertEqual(changing.mapped("key"), ["Stripe account"])
        self.approve(self.ask(promotion))
        self.assertFalse(stripe.payout_journal_ids)
        self.approve(self.ask(promotion, "It was right before"), self.ben)
        self.assertEqual(stripe.payout_journal_ids, there)

    def test_one_that_is_no_bank_account_is_a_gap(self):
        self.fill_gaps()
        mirror = self.stripe_connection.balance_account_ids.journal_id[:1]
        misc = self.company_data["default_journal_misc"]
        for code in (mirror.code, misc.code):
            promotion = self.bring(self.say("Stripe account", payout_journal_ids=[code]))
            line = self.line_of(promotion, "connections", "Stripe account")
            self.assertIn("is no journal of a bank account here", line.gap)
            with self.assertRaisesRegex(UserError, "no journal of a bank account"):
                self.ask(promotion)
        self.assertFalse(self.connection("Stripe account"))


class TestShared(AbroadCommon):
    def shared_rule(self, **facts):
        return self.root["integration.rule"].create(
            {
                "name": "For all",
                "company_id": False,
                "user_id": self.operator.id,
                "prerequisite_ids": [(0, 0, {"kind": "event.payment_failed"})],
                "action_ids": [
                    (0, 0, {"action": "pull", "connection_id": self.stripe_connection.id}),
                    (0, 0, {"action": "release_flow", "flow_id": self.flow.id}),
                ],
                **facts,
            }
        )

    def rules(self):
        return (
            self.root["integration.rule"]
            .with_context(active_test=False)
            .search([("company_id", "=", False), ("name", "=", "For all")])
        )

    def test_a_rule_for_all_companies_comes_as_one_and_goes_out_of_use(self):
        before = self.rows()["shared_rules"]
        rule = self.shared_rule()
        content = self.export()
        rule.unlink()
        self.fill_gaps()
        promotion = self.load(content)
        line = self.line_of(promotion, "shared_rules", "For all")
        self.assertEqual((line.change, line.gap), ("added", False))
        self.assertFalse(self.rules())
        request = self.ask(promotion)
        self.assertIn("policy", request.sudo().values["kinds"])
        self.approve(request)
        [made] = self.rules()
        self.assertFalse(made.company_id)
        # What it names without a company is that of the company that it was brought to.
        self.assertEqual(made.action_ids.connection_id, self.connection("Stripe account"))
        self.assertEqual(made.action_ids.flow_id.company_id, self.other)
        self.approve(self.ask(promotion, "Not yet"), self.ben)
        self.assertFalse(made.active)
        self.assertEqual(
            {key: row for key, row in self.rows()["shared_rules"].items() if row["active"]},
            {key: row for key, row in before.items() if row["active"]},
        )

    def test_what_it_names_of_another_company_stays_of_that_company(self):
        self.shared_rule()
        mine = self.company.name
        [step, release] = self.rows(self.other)["shared_rules"]["For all",]["action_ids"]
        self.assertEqual(step["connection"], f"{mine} › Stripe account")
        self.assertEqual(release["flow"][0], f"{mine} › {self.flow.connection_id.name}")
        [own, _release] = self.rows(self.company)["shared_rules"]["For all",]["action_ids"]
        self.assertEqual(own["connection"], "Stripe account")
        content = self.export(self.other)
        self.rules().action_ids[0].connection_id = self.partner_connection
        promotion = self.load(content)
        line = self.line_of(promotion, "shared_rules", "For all")
        self.assertEqual((line.change, line.gap), ("changed", False))
        self.approve(self.ask(promotion))
        self.assertEqual(self.rules().action_ids[0].connection_id, self.stripe_connection)
        self.assertEqual(self.rules().action_ids[1].flow_id, self.flow)

    def test_what_it_names_and_is_not_there_is_a_gap(self):
        self.shared_rule()

        def change(whole):
            [row] = [row for row in whole["sections"]["shared_rules"] if row["key"] == ["For all"]]
            row["values"]["action_ids"][0]["connection"] = "Nobody › Shop"
            row["values"]["action_ids"][1]["flow"][0] = f"{self.company.name} › Shop"

        promotion = self.bring(change)
        gap = self.line_of(promotion, "shared_rules", "For all").gap
        self.assertIn("there is no company of Nobody › Shop", gap)
        self.assertIn(f"{self.company.name} has no connection Shop", gap)
        with self.assertRaisesRegex(UserError, "there is no company of Nobody"):
            self.ask(promotion)
        self.assertEqual(self.rules().action_ids.connection_id, self.stripe_connection)

    def test_approval_rules_for_all_companies(self):
        policy = self.policy(("finance_integration.group_approver", 2), name="All of us", kind="write_off")
        self.assertFalse(policy.company_id)
        content = self.export()

        def one(whole):
            for row in whole["sections"]["shared_approval_rules"]:
                if row["key"] == ["All of us", "write_off"]:
                    row["values"]["tiers"][0]["count"] = 1
            _count_again(whole)

        promotion = self.load(self.signed_again(content, one), self.company)
        line = self.line_of(promotion, "shared_approval_rules", "All of us · write_off")
        self.assertEqual((promotion.line_ids, line.change), (line, "changed"))
        request = self.ask(promotion)
        self.assertEqual(request.sudo().values["kinds"], ["policy"])
        self.approve(request)
        policies = self.root["integration.approval.policy"].search([("name", "=", "All of us")], order="id")
        self.assertEqual(policies.mapped("state"), ["retired", "active"])
        self.assertEqual((policies[1].company_id.id, policies[1].tier_ids.count), (False, 1))
        self.approve(self.ask(promotion, "Two it stays"), self.ben)
        [now] = self.root["integration.approval.policy"].search(
            [("name", "=", "All of us"), ("state", "=", "active")]
        )
        self.assertEqual((now.company_id.id, now.tier_ids.count), (False, 2))

    def test_between_companies_of_one_server_it_is_no_difference(self):
        self.shared_rule()
        promotion = self.promotions()._from_company(self.company, self.other, "test")
        self.assertFalse(promotion.line_ids.filtered(lambda line: line.section in SHARED))


class TestOlderForm(AbroadCommon):
    def test_what_it_does_not_say_stays(self):
        self.fill_gaps()
        bank = self.company_data["default_journal_bank"]
        self.stripe_connection.payout_journal_ids = bank
        promotion = self.load(self.signed_again(self.export(), as_second), self.company)
        self.assertEqual((promotion.state, promotion.change_count), ("ready", 0))
        self.assertFalse(promotion.line_ids.filtered(lambda line: line.section not in SHARED))
        self.assertEqual(set(promotion.line_ids.mapped("change")) - {"only_here"}, set())
        promotion = self.load(self.signed_again(self.export(), as_second))
        self.approve(self.ask(promotion))
        stripe = self.connection("Stripe account")
        self.assertEqual(
            (len(stripe), len(stripe.payout_journal_ids), stripe.routed_from_id.id), (1, 0, False)
        )
        self.assertEqual(promotion.state, "done")


class TestOrder(AbroadCommon):
    def test_gaps_come_first(self):
        promotion = self.load(self.export())
        found = [bool(line.gap) for line in promotion.line_ids]
        self.assertGreater(found.count(True), 0)
        self.assertGreater(found.count(False), 0)
        self.assertEqual(found, sorted(found, reverse=True))
