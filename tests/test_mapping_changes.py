# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A change of a mapping is proposed by one person and approved by another; every version is kept (X4, M2, F5)."""

import importlib.util
import threading
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from .mapping_common import MappingCommon

APRIL, JUNE, JULY = date(2026, 4, 1), date(2026, 6, 30), date(2026, 7, 1)


class TestMappingChanges(MappingCommon):
    def test_a_change_counts_only_when_another_person_has_approved_it(self):
        change = self.propose(self.line(tax_id=self.tax20.id, valid_from=APRIL))
        self.assertEqual(change.state, "draft")
        action = change.action_ask()
        self.assertEqual((action["res_model"], change.state), ("integration.change.request", "asked"))
        request = change.request_id
        self.assertIn("Output tax 15 % → Output tax 20 %, from 04/01/2026", request.summary)
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax15.display_name))
        for user in (self.administrator, self.operator):
            with self.assertRaises(UserError):
                request.with_user(user).action_approve()
        request.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual(change.state, "done")
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax20.display_name))
        first, second = self.mapping_of("STD").version_ids.sorted("number")
        self.assertEqual(
            (second.basis, second.user_id, second.approved_by_id, second.reason, second.request_id),
            ("approval", self.administrator, self.approver, "New by law", request),
        )
        self.assertEqual(
            (first.state, first.valid_until, first.ended_by_request_id), ("used", date(2026, 3, 31), request)
        )

    def test_nobody_approves_an_own_proposal(self):
        change = self.propose(self.line(tax_id=self.tax20.id), user=self.approver)
        change.action_ask()
        with self.assertRaisesRegex(UserError, "own request"):
            change.request_id.with_user(self.approver).action_approve()
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax15.display_name))

    def test_refused_and_withdrawn_proposals_change_nothing_and_can_be_asked_again(self):
        change = self.propose(self.line(tax_id=self.tax20.id))
        change.action_ask()
        change.request_id.with_user(self.approver).action_refuse("Not by law")
        self.env.invalidate_all()
        self.assertEqual(change.state, "closed")
        change.action_ask()
        change.request_id.with_user(self.administrator).action_withdraw()
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax15.display_name))
        self.approve(change)
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax20.display_name))

    def test_a_correction_from_the_beginning_replaces_and_keeps_the_old_version(self):
        self.change_mapping(self.line(tax_id=self.tax20.id))
        first, second = self.mapping_of("STD").version_ids.sorted("number")
        self.assertEqual((first.state, first.tax_id, second.tax_id), ("replaced", self.tax15, self.tax20))

    def test_a_change_for_some_months_leaves_the_days_around_it(self):
        self.change_mapping(self.line(tax_id=self.tax20.id, valid_from=APRIL, valid_until=JUNE))
        self.assertEqual(
            self.spans("STD"),
            [
                (None, date(2026, 3, 31), self.tax15.display_name),
                (APRIL, JUNE, self.tax20.display_name),
                (JULY, None, self.tax15.display_name),
            ],
        )
        self.assertEqual(self.mapping_of("STD").version_ids.mapped("number"), [3, 2, 1])

    def test_a_default_comes_and_goes_by_approval(self):
        self.change_mapping(self.line("*", tax_id=self.tax20.id), user=self.operator)
        self.assertEqual(self.meaning("WHATEVER", APRIL), ("default", self.tax20.display_name))
        self.change_mapping(self.line("*", action="end", valid_from=JULY))
        self.assertEqual(self.meaning("WHATEVER", JULY), ("missing", False))

    def test_what_is_carried_out_is_what_was_approved(self):
        change = self.propose(self.line(tax_id=self.tax20.id))
        change.action_ask()
        for forged in (
            lambda: change.line_ids.write({"tax_id": self.tax15.id}),
            lambda: change.write({"reason": "other"}),
            lambda: change.write({"line_ids": [(0, 0, self.line("X", tax_id=self.tax15.id))]}),
            lambda: change.write({"request_id": False}),
            lambda: change.copy({"what_if_state": "done", "what_if_note": "Nothing would change"}),
            lambda: self.propose(self.line("Y", tax_id=self.tax15.id)).line_ids.write(
                {"change_id": change.id}
            ),
            change.line_ids.unlink,
            change.unlink,
            lambda: change.request_id.write({"state": "approved"}),
            lambda: change.with_user(self.approver).write({"origin": "import"}),
            lambda: (
                self.env["integration.mapping.change.line"]
                .with_user(self.administrator)
                .create({"change_id": change.id, **self.line("X", tax_id=self.tax15.id)})
            ),
        ):
            with self.assertRaises(UserError):
                forged()
        self.env.cr.execute(  # even a change of the shown line behind the back of the model
            "UPDATE integration_mapping_change_line SET tax_id = %s WHERE change_id = %s",
            [self.tax15.id, change.id],
        )
        self.env.invalidate_all()
        change.request_id.with_user(self.approver).action_approve()
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax20.display_name))

    def test_a_request_carries_out_nothing_but_its_own_proposal(self):
        one = self.propose(self.line(tax_id=self.tax20.id))
        other = self.propose(self.line("*", tax_id=self.tax20.id))
        self.approve(one)
        with self.assertRaises(AccessError):
            other.sudo()._carry_out(one.request_id)
        with self.assertRaises(AccessError):
            other.sudo()._carry_out(self.env["integration.change.request"])

    def test_a_proposal_that_was_overtaken_is_not_carried_out(self):
        late = self.propose(self.line(tax_id=self.tax20.id, valid_from=APRIL))
        late.action_ask()
        self.change_mapping(self.line(action="end", valid_from=JULY))
        with self.assertRaisesRegex(UserError, "changed since"):
            late.request_id.with_user(self.approver).action_approve()

    def test_all_values_of_a_proposal_or_none(self):
        self.map_value("tax", "TWO", self.tax15)
        change = self.propose(self.line(tax_id=self.tax20.id), self.line("TWO", tax_id=self.tax20.id))
        change.action_ask()
        self.change_mapping(self.line("TWO", action="end", valid_from=JULY))
        with self.assertRaises(UserError), self.env.cr.savepoint():
            change.request_id.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax15.display_name))

    def test_proposals_that_cannot_be_carried_out_are_not_asked_for(self):
        self.tax20.active = False
        self.env.flush_all()
        for lines, words in (
            ([], "at least one"),
            ([self.line(tax_id=self.tax20.id)], "archived"),
            ([self.line()], "not said"),
            ([self.line(tax_id=self.tax15.id), self.line(tax_id=self.tax15.id)], "twice"),
            ([self.line(tax_id=self.tax15.id, valid_from=JULY, valid_until=APRIL)], "before the first"),
            ([self.line("NEVER", action="end", valid_from=JULY)], "no meaning in that time"),
        ):
            with self.assertRaisesRegex(UserError, words):
                self.propose(*lines).action_ask()
        with self.assertRaisesRegex(UserError, "Say why"):
            self.propose(self.line(tax_id=self.tax15.id), reason=" ").action_ask()
        with self.assertRaisesRegex(ValidationError, "at most 255"):
            self.propose(self.line("x" * 1_000_000, tax_id=self.tax15.id))

    def test_who_may_propose(self):
        for user in (self.auditor, self.partner_connection.service_user_id):
            with self.assertRaises(AccessError):
                self.propose(self.line(tax_id=self.tax20.id), user=user)

    def test_the_approver_sees_how_much_is_booked_with_what_ends(self):
        for number in range(3):
            self.tell(f"M-{number}")
        change = self.propose(self.line(tax_id=self.tax20.id))
        change.action_ask()
        self.assertIn("3 records were booked", change.request_id.summary)

    def test_the_buttons_of_a_mapping_open_a_proposal_filled_in(self):
        mapping = self.mapping_of("STD").with_user(self.operator)
        for action, wanted in (
            (mapping.action_propose_change(), "set"),
            (mapping.action_propose_end(), "end"),
        ):
            change = (
                self.env[action["res_model"]]
                .with_user(self.operator)
                .with_context(**action["context"])
                .new({})
            )
            self.assertEqual(change.connection_id, self.partner_connection)
            [line] = change.line_ids
            self.assertEqual((line.outside_value, line.action, line.tax_id), ("STD", wanted, self.tax15))
        self.assertEqual(mapping.action_open_versions()["domain"], [("mapping_id", "=", mapping.id)])
        self.assertEqual(mapping.action_ask()["context"]["default_outside_value"], "STD")
        self.assertEqual(mapping.version_ids.action_open_mapping()["res_id"], mapping.id)


class TestMigration(MappingCommon):
    def test_what_a_value_meant_becomes_its_first_version(self):
        path = Path(__file__).resolve().parent.parent / "migrations" / "19.0.1.1.0" / "post-mappings.py"
        spec = importlib.util.spec_from_file_location("post_mappings", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        account = self.env["account.analytic.account"].create({"name": "N", "plan_id": plan.id})
        self.map_value("analytic", "N", {str(account.id): 100})
        self.env.flush_all()
        cr = self.env.cr
        for name in (*script.KINDS.values(), "analytic_id"):
            cr.execute(f"ALTER TABLE integration_mapping ADD COLUMN {name} integer")
        cr.execute(
            "DELETE FROM integration_mapping_version WHERE connection_id = %s", [self.partner_connection.id]
        )
        cr.execute("UPDATE integration_mapping SET tax_id = %s WHERE outside_value = 'STD'", [self.tax15.id])
        cr.execute("UPDATE integration_mapping SET analytic_id = %s WHERE outside_value = 'N'", [account.id])
        self.partner_connection.flow_ids.filtered(lambda flow: flow.kind == "dimension").unlink()
        script.migrate(cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.env["integration.connection"]._gain_flows()  # at the end of each change of version
        self.assertEqual(self.meaning("STD", APRIL), ("exact", self.tax15.display_name))
        self.assertEqual(self.mapping_of("N", "analytic").analytic_distribution, {str(account.id): 100})
        self.assertIn("dimension", self.partner_connection.flow_ids.mapped("kind"))
        script.migrate(cr, "19.0.1.0.0")  # nothing is left to do
        self.assertEqual(self.mapping_of("STD").version_count, 1)


@tagged("post_install", "-at_install")
class TestMappingRace(BaseCase):
    """Two transactions that are open at the same moment: real connections, real commits."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            connection = env["integration.connection"].create(
                {
                    "name": "Race of mappings",
                    "connector": "generic",
                    "environment": "test",
                    "time_zone": "UTC",
                }
            )
            self.currency_id = env.company.currency_id.id
            mapping = env["integration.mapping"].create(
                {
                    "connection_id": connection.id, "mapping": "currency", "outside_value": "CUR",
                    "currency_id": self.currency_id, "valid_from": APRIL, "valid_until": APRIL,
                }
            )  # fmt: skip
            self.connection_id, self.mapping_id = connection.id, mapping.id
        self.addCleanup(self.remove)

    def remove(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM integration_mapping WHERE connection_id = %s", [self.connection_id])
            cr.execute("SELECT lane_id FROM integration_flow WHERE connection_id = %s", [self.connection_id])
            lanes = [row[0] for row in cr.fetchall()]
            cr.execute("DELETE FROM integration_flow WHERE connection_id = %s", [self.connection_id])
            cr.execute("DELETE FROM integration_lane WHERE id = ANY(%s)", [lanes])
            cr.execute("DELETE FROM integration_endpoint WHERE connection_id = %s", [self.connection_id])
            cr.execute("DELETE FROM integration_connection WHERE id = %s", [self.connection_id])
        self.registry.clear_cache()

    def put(self, barrier, outcomes, first, last):
        """Put a version of the same value in force, once both have read what is there."""
        with closing(self.registry.cursor()) as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            mapping = env["integration.mapping"].browse(self.mapping_id)
            line = {
                "mapping": "currency", "value": "CUR", "action": "set", "from": first, "until": last,
                "target": self.currency_id, "base": mapping._base(),
            }  # fmt: skip
            barrier.wait(10)
            try:
                env["integration.mapping"]._put_in_force(
                    mapping.connection_id, [line], env["integration.change.request"]
                )
                env.flush_all()
                cr.commit()  # pylint: disable=invalid-commit
                outcomes.append("in force")
            except psycopg2.Error as error:
                outcomes.append(type(error).__name__)

    def race(self, *spans):
        barrier, outcomes = threading.Barrier(len(spans)), []
        threads = [threading.Thread(target=self.put, args=(barrier, outcomes, *span)) for span in spans]
        with mute_logger("odoo.sql_db"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
        return sorted(outcomes)

    def in_force(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT valid_from, valid_until FROM integration_mapping_version"
                " WHERE mapping_id = %s AND state = 'used' ORDER BY valid_from",
                [self.mapping_id],
            )
            return cr.fetchall()

    def test_two_overlapping_versions_are_never_both_in_force(self):
        for _round in range(5):
            outcomes = self.race(("2026-07-01", "2026-07-31"), ("2026-07-15", None))
            self.assertEqual(len(outcomes), 2)
            self.assertEqual(outcomes.count("in force"), 1, outcomes)
            rows = self.in_force()
            self.assertEqual(len(rows), 2, rows)
            with self.registry.cursor() as cr:
                cr.execute(
                    "DELETE FROM integration_mapping_version WHERE mapping_id = %s AND number > 1",
                    [self.mapping_id],
                )

    def test_one_value_is_mapped_once_for_the_first_time(self):
        barrier, outcomes = threading.Barrier(2), []

        def create():
            with closing(self.registry.cursor()) as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["integration.mapping"].search_count([])
                barrier.wait(10)
                try:
                    env["integration.mapping"].create(
                        {
                            "connection_id": self.connection_id, "mapping": "currency", "outside_value": "NEW",
                            "currency_id": self.currency_id,
                        }
                    )  # fmt: skip
                    env.flush_all()
                    cr.commit()  # pylint: disable=invalid-commit
                    outcomes.append("mapped")
                except psycopg2.Error as error:
                    outcomes.append(type(error).__name__)

        threads = [threading.Thread(target=create) for _number in range(2)]
        with mute_logger("odoo.sql_db"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
        self.assertEqual(sorted(outcomes), ["UniqueViolation", "mapped"])
