# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where a connection of real events calls and reads, and what it books, changes with a second person (X4, C2, C7)."""

import os
import tempfile
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from .approval_common import ApprovalCommon

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
FALSE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"


class SetUpCommon(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for person in (cls.administrator, cls.ann):
            person.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
            person.invalidate_recordset(["totp_enabled"])
        cls.mine = cls.stripe_connection.with_user(cls.administrator)

    def go_productive(self, connection=None):
        (connection or self.stripe_connection).environment = "production"
        self.env.invalidate_all()

    def requests(self, record=None):
        record = record if record is not None else self.stripe_connection
        domain = [("res_model", "=", record._name), ("res_id", "=", record.id), ("slot", "=", "set_up")]
        return self.env["integration.change.request"].search(domain, order="id")

    def approve(self, request):
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()


class TestSetUpOfAConnection(SetUpCommon):
    def test_of_tests_and_sandboxes_it_changes_freely(self):
        self.mine.write({"api_base_url": "https://other.example", "tax_tolerance": 5})
        self.assertEqual(self.stripe_connection.api_base_url, "https://other.example")
        self.assertEqual((self.stripe_connection.tax_tolerance, len(self.requests())), (5.0, 0))

    def test_another_address_of_the_vendor_waits_for_a_second_person(self):
        self.go_productive()
        self.mine.write(
            {"api_base_url": "https://thief.example", "change_reason": "New region", "name": "Stripe EU"}
        )
        self.assertEqual(
            (self.stripe_connection.api_base_url, self.stripe_connection.name), (False, "Stripe EU")
        )
        request = self.requests()
        self.assertEqual(
            (len(request), request.kind, request.requester_id, request.reason, request.name),
            (1, "connection", self.administrator, "New region", "Stripe EU: API address"),
        )
        self.assertEqual(
            request.preview["rows"],
            [{"field": "api_base_url", "before": "", "after": "https://thief.example"}],
        )
        self.assertIn("API address, asked by ap_admin", self.mine.change_waiting)
        with self.assertRaises(UserError):
            request.with_user(self.administrator).action_approve()
        self.assertFalse(self.stripe_connection.api_base_url)
        self.approve(request)
        self.assertEqual(self.stripe_connection.api_base_url, "https://thief.example")
        self.assertFalse(self.mine.change_waiting)
        self.assertIn(("connection.change", self.ann), self.leaves(self.stripe_connection))

    def test_without_a_reason_nothing_is_saved_and_nothing_asked(self):
        self.go_productive()
        for vals in (
            {"api_base_url": "https://thief.example"},
            {"delivery_url": "https://thief.example/hook"},
            {"allowed_hosts": "169.254.169.254"},
            {"tax_tolerance": 1000},
            {"fee_mode": "vendor", "fee_partner_id": self.partner_a.id},
            {"time_zone": "Asia/Tokyo"},
            {"entry_journal_id": self.company_data["default_journal_misc"].copy().id},
        ):
            with (
                self.subTest(vals=vals),
                self.assertRaisesRegex(UserError, "another person has to agree"),
                self.env.cr.savepoint(),
            ):
                self.mine.write(vals)
        self.env.invalidate_all()
        self.assertFalse(self.stripe_connection.api_base_url or self.stripe_connection.delivery_url)
        self.assertFalse(self.stripe_connection.allowed_hosts)
        self.assertEqual((self.stripe_connection.tax_tolerance, len(self.requests())), (0.05, 0))

    def test_a_pause_or_another_environment_is_no_way_around(self):
        self.go_productive()
        flow = self.stripe_connection.flow_ids[:1]
        flow.sudo().approved_by_id = self.ben
        self.mine.action_pause()
        self.mine.environment = "sandbox"
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            self.mine.api_base_url = "https://thief.example"
        self.assertFalse(self.stripe_connection.api_base_url)

    def test_what_stops_or_tightens_holds_at_once(self):
        self.stripe_connection.write(
            {
                "delivery_url": "https://receiver.example/hook",
                "allowed_hosts": "a.internal b.internal",
                "tax_tolerance": 0.5,
            }
        )
        self.go_productive()
        self.mine.write({"delivery_url": False, "allowed_hosts": "b.internal", "tax_tolerance": 0.02})
        connection = self.stripe_connection
        self.assertEqual(
            (
                connection.delivery_url,
                connection.allowed_hosts,
                connection.tax_tolerance,
                len(self.requests()),
            ),
            (False, "b.internal", 0.02, 0),
        )

    def test_the_first_journal_is_chosen_at_once_and_another_one_waits(self):
        self.stripe_connection.entry_journal_id = False
        self.go_productive()
        first = self.company_data["default_journal_misc"]
        self.mine.entry_journal_id = first
        self.assertEqual(self.stripe_connection.entry_journal_id, first)
        other = first.copy({"name": "Other entries", "code": "OTHR"})
        self.mine.write({"entry_journal_id": other.id, "change_reason": "Own journal"})
        self.assertEqual(self.stripe_connection.entry_journal_id, first)
        self.approve(self.requests())
        self.assertEqual(self.stripe_connection.entry_journal_id, other)

    def test_the_journal_of_a_balance_waits_with_the_reason_of_its_connection(self):
        self.go_productive()
        balance = self.stripe_connection.balance_account_ids[:1]
        before = balance.journal_id
        other = before.create(
            {
                "name": "Other balance",
                "code": "OTHB",
                "type": "bank",
                "company_id": self.company.id,
                "currency_id": before.currency_id.id,
            }
        )
        lines = [Command.update(balance.id, {"journal_id": other.id})]
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            self.mine.balance_account_ids = lines
        self.mine.write({"balance_account_ids": lines, "change_reason": "New bank account"})
        self.assertEqual(balance.journal_id, before)
        request = self.requests(balance)
        self.assertEqual((len(request), request.reason), (1, "New bank account"))
        self.approve(request)
        self.assertEqual(balance.journal_id, other)

    def test_what_could_never_hold_is_not_asked_for(self):
        self.go_productive()
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.mine.write({"fee_mode": "vendor", "change_reason": "As the tax adviser says"})
        self.assertEqual((self.stripe_connection.fee_mode, len(self.requests())), ("direct", 0))

    def test_a_second_change_waits_until_the_first_is_decided(self):
        self.go_productive()
        self.mine.write({"api_base_url": "https://one.example", "change_reason": "One"})
        with self.assertRaisesRegex(UserError, "waits for approval already"), self.env.cr.savepoint():
            self.mine.write({"api_base_url": "https://two.example", "change_reason": "Two"})
        self.requests().with_user(self.ann).action_refuse("I know nothing of this")
        self.env.invalidate_all()
        self.assertFalse(self.stripe_connection.api_base_url)
        self.mine.write({"api_base_url": "https://two.example", "change_reason": "Two"})
        self.assertEqual(len(self.requests()), 2)

    def test_changed_in_the_meantime_it_cannot_be_approved(self):
        self.go_productive()
        self.mine.write({"api_base_url": "https://one.example", "change_reason": "One"})
        self.stripe_connection.sudo().api_base_url = "https://meanwhile.example"
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "has changed since"):
            self.requests().with_user(self.ann).action_approve()
        self.assertEqual(self.stripe_connection.api_base_url, "https://meanwhile.example")

    def test_an_approval_of_something_else_changes_nothing(self):
        self.go_productive()
        other = self.ask()
        for record in (self.stripe_connection, self.stripe_connection.balance_account_ids[:1]):
            with self.assertRaises(UserError):
                record.sudo()._carry_out(other.sudo())
        self.assertFalse(self.stripe_connection.api_base_url)

    def test_an_operator_writes_nothing_of_it(self):
        self.go_productive()
        with self.assertRaises(AccessError):
            self.stripe_connection.with_user(self.operator).write(
                {"api_base_url": "https://thief.example", "change_reason": "x"}
            )
        self.assertFalse(self.requests())


class TestCareOfAFlow(SetUpCommon):
    def test_a_flow_becomes_careful_by_one_and_careless_by_two(self):
        self.go_productive(self.partner_connection)
        flow = self.flow.with_user(self.administrator)
        self.assertEqual(flow.late_policy, "open_day")
        flow.late_policy = "stop"
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            flow.late_policy = "open_day"
        self.env.invalidate_all()
        flow.write({"late_policy": "open_day", "sla_hours": 4, "change_reason": "The payroll is over"})
        self.assertEqual((flow.late_policy, flow.sla_hours), ("stop", 4))
        request = self.requests(flow)
        self.assertEqual(
            [(row["field"], row["before"], row["after"]) for row in request.preview["rows"]],
            [("late_policy", "Stop, the controller decides", "Book on the first open day")],
        )
        self.approve(request)
        self.assertEqual(flow.late_policy, "open_day")

    def test_other_changes_of_a_flow_are_asked_for_as_ever(self):
        self.go_productive(self.partner_connection)
        request = self.ask()
        self.assertEqual([row["field"] for row in request.preview["rows"]], ["start_date"])
        self.approve(request)
        self.assertEqual(str(self.flow.start_date), "2026-02-01")


class TestPlaceOfAFolder(SetUpCommon):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.startPatcher(patch.dict(os.environ, {"FINANCE_INTEGRATION_DROP_ROOTS": f"bank={folder.name}"}))
        self.partner_connection.allowed_hosts = "files.internal thief.internal"
        self.facts = {
            "name": "Movements",
            "connection_id": self.partner_connection.id,
            "protocol": "sftp",
            "host": "files.internal",
            "username": "hub",
            "host_key": SSH_KEY,
            "file_format": "movements_csv",
        }

    def drops(self):
        return self.env["integration.drop"].with_user(self.administrator).with_context(active_test=False)

    def test_of_a_test_it_is_set_up_by_one_person(self):
        drop = self.drops().create(self.facts)
        drop.host = "thief.internal"
        self.assertEqual((drop.active, drop.host, len(self.requests(drop))), (True, "thief.internal", 0))

    def test_another_server_waits_for_a_second_person(self):
        drop = self.drops().create(self.facts)
        self.go_productive(self.partner_connection)
        change = {"host": "thief.internal", "host_key": FALSE_KEY}
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            drop.write(change)
        drop.write({**change, "change_reason": "New bank", "look_every_minutes": 10})
        self.assertEqual((drop.host, drop.host_key, drop.look_every_minutes), ("files.internal", SSH_KEY, 10))
        request = self.requests(drop)
        self.assertEqual(
            [(row["field"], row["before"], row["after"]) for row in request.preview["rows"]],
            [("host", "files.internal", "thief.internal"), ("host_key", SSH_KEY, FALSE_KEY)],
        )
        self.approve(request)
        self.assertEqual((drop.host, drop.host_key), ("thief.internal", FALSE_KEY))

    def test_a_new_folder_is_not_looked_at_before_the_approval(self):
        self.go_productive(self.partner_connection)
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            self.drops().create(self.facts)
        drop = self.drops().create({**self.facts, "change_reason": "Statements by file"})
        self.assertFalse(drop.active)
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            drop.active = True
        self.approve(self.requests(drop))
        self.assertTrue(drop.active)
        drop.active = False
        self.assertEqual(len(self.requests(drop)), 1)

    def test_control_totals_are_given_up_by_two(self):
        drop = self.drops().create(self.facts)
        self.go_productive(self.partner_connection)
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            drop.requires_totals = False
        self.assertTrue(drop.requires_totals)


class TestWhatErasesEvidence(SetUpCommon):
    def test_a_hold_has_a_reason_whoever_sets_it(self):
        with self.assertRaisesRegex(ValidationError, "Say why"), self.env.cr.savepoint():
            self.mine.legal_hold = True
        self.assertFalse(self.stripe_connection.legal_hold)

    def test_a_hold_is_set_by_one_person_and_lifted_by_two(self):
        self.go_productive()
        self.mine.write({"legal_hold": True, "legal_hold_reason": "Court"})
        self.assertTrue(self.stripe_connection.legal_hold)
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            self.mine.legal_hold = False
        self.mine.write({"legal_hold": False, "change_reason": "The case is closed"})
        self.assertTrue(self.stripe_connection.legal_hold)
        self.approve(self.requests())
        self.assertFalse(self.stripe_connection.legal_hold)

    def retention(self, **facts):
        rows = self.env["integration.retention"].with_user(self.administrator)
        return rows.create({"company_id": self.company.id, "classification": "internal", **facts})

    def test_where_nothing_is_real_one_person_says_when_contents_are_erased(self):
        self.assertEqual(self.retention(erase_days=90).erase_days, 90)

    def test_contents_are_erased_earlier_by_two_and_later_by_one(self):
        self.go_productive()
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            self.retention(erase_days=400)
        row = self.retention(erase_days=400, database_days=30, change_reason="As the law wants it")
        self.assertEqual((row.erase_days, row.database_days), (0, 30))
        self.approve(self.requests(row))
        self.assertEqual(row.erase_days, 400)
        with self.assertRaisesRegex(UserError, "another person has to agree"), self.env.cr.savepoint():
            row.erase_days = 90
        row.erase_days = 4000
        self.assertEqual((row.erase_days, len(self.requests(row))), (4000, 1))
        row.erase_days = 0
        self.assertEqual((row.erase_days, len(self.requests(row))), (0, 1))
