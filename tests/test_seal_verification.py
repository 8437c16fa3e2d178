# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whatever is changed around Odoo is found, and the first broken entry is named (A2)."""

import argparse
import contextlib
import dataclasses
import importlib.util
import io
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.cli.command import commands
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..engine.audit_seal import SigningKey, new_seed, pack_list, read_list, read_seal, root_of
from ..models.audit import verification
from .seal_common import SealCommon


@tagged("post_install", "-at_install")
class TestVerification(SealCommon):
    def setUp(self):
        super().setUp()
        self.first = self.record(4, "first")
        self.seal()
        self.second = self.record(4, "second")
        self.seal()
        self.third = self.record(4, "third")
        self.seal()
        self.assertEqual(self.verify().state, "holds")

    def found(self, **options):
        """Verify and return (code, seal, entry) of what was found."""
        checked = self.verify(**options)
        self.assertEqual(checked.state, "broken", checked.result)
        return checked.finding_code, checked.finding_seal, checked.finding_entry

    def redigest(self, entry):
        """Give an entry the digest of what it says now, as a careful forger does."""
        leaf = self.root["integration.audit.leaf"].browse(entry)
        [(_number, _stated, true)] = self.root["integration.audit.verification"]._entries(leaf.id, leaf.id, 1)
        self.tamper(
            "integration_audit_leaf",
            "UPDATE integration_audit_leaf SET digest = %s WHERE id = %s",
            true,
            entry,
        )

    def test_what_holds_is_told_with_what_is_not_sealed_yet(self):
        self.record(2)
        checked = self.verify()
        self.assertEqual((checked.first_number, checked.position), (1, 3))
        self.assertEqual(checked.entry_count, sum(self.seals.search([]).mapped("entry_count")))
        self.assertEqual((checked.head_count, checked.unsealed_count), (3, 3))  # and a verification
        self.assertIn("Seals 1 to 3 hold", checked.result)
        self.assertIn("3 exported seals are the same", checked.result)
        self.assertIn("3 entries since", checked.result)
        leaf = self.root["integration.audit.leaf"].search([("action", "=", "seal.verified")], limit=1)
        self.assertEqual((leaf.res_model, leaf.res_id), (checked._name, checked.id))
        self.assertEqual(set(self.seals.search([]).mapped("check_state")), {"holds"})

    def test_a_changed_entry(self):
        self.tamper(
            "integration_audit_leaf",
            "UPDATE integration_audit_leaf SET detail = 'nothing happened' WHERE id = %s",
            self.second[1],
        )
        self.assertEqual(self.found(), ("entry_changed", 2, self.second[1]))
        self.redigest(self.second[1])
        self.assertEqual(self.found(), ("entry_changed", 2, self.second[1]))
        exception = self.root["integration.exception"].search([("code", "=", "audit_broken")])
        self.assertEqual((len(exception), exception.severity), (1, "critical"))
        self.assertIn(f"entry {self.second[1]} was changed", exception.what)
        states = {seal.number: seal.check_state for seal in self.seals.search([])}
        self.assertEqual(states, {1: "holds", 2: "broken", 3: "holds"})  # the third from the look before
        self.assertEqual(self.verify(3).state, "holds")
        self.assertEqual(self.verify(1, 1).state, "holds")

    def test_when_and_by_whom_cannot_be_changed_either(self):
        for column, value in (("recorded_at", "'2001-01-01'"), ("user_id", "2"), ("company_id", "NULL")):
            with self.subTest(column), self.env.cr.savepoint() as savepoint:
                self.tamper(
                    "integration_audit_leaf",
                    f"UPDATE integration_audit_leaf SET {column} = {value} WHERE id = %s",
                    self.first[0],
                )
                self.assertEqual(self.found(), ("entry_changed", 1, self.first[0]))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_deleted_entry(self):
        self.tamper(
            "integration_audit_leaf", "DELETE FROM integration_audit_leaf WHERE id = %s", self.first[3]
        )
        self.assertEqual(self.found(), ("entry_missing", 1, self.first[3]))

    def test_an_inserted_entry(self):
        """Between two entries there is a number that was never committed; a forger uses it."""
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.record(1)
            raise ZeroDivisionError
        self.record(1)
        self.seal()
        newest = self.seals.search([], limit=1)
        numbers = {number for number, _digest in read_list(self.seals._entry_list(newest.number))}
        [free] = sorted(set(range(newest.first_id, newest.last_id + 1)) - numbers)[:1]
        self.env.cr.execute(
            "INSERT INTO integration_audit_leaf (id, recorded_at, action, digest)"
            " SELECT %s, recorded_at, action, digest FROM integration_audit_leaf WHERE id = %s",
            (free, newest.last_id),
        )
        self.assertEqual(self.found(), ("entry_inserted", newest.number, free))

    def test_entries_outside_the_numbering(self):
        for number in (-5, 2_000_000_000):
            with self.subTest(number), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(
                    "INSERT INTO integration_audit_leaf (id, recorded_at, action, digest)"
                    " SELECT %s, recorded_at, action, digest FROM integration_audit_leaf WHERE id = %s",
                    (number, self.first[0]),
                )
                self.assertEqual(self.found(), ("entry_inserted", 0, number))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_entries_in_another_order(self):
        self.tamper(
            "integration_audit_leaf",
            "UPDATE integration_audit_leaf a SET detail = b.detail, digest = b.digest FROM integration_audit_leaf b"
            " WHERE (a.id, b.id) IN ((%s, %s), (%s, %s))",
            *(self.second[0], self.second[1], self.second[1], self.second[0]),
        )
        self.assertEqual(self.found(), ("entry_changed", 2, self.second[0]))

    def test_an_unsealed_entry_that_disagrees_with_itself(self):
        [entry] = self.record(1)
        self.tamper(
            "integration_audit_leaf", "UPDATE integration_audit_leaf SET detail = 'y' WHERE id = %s", entry
        )
        self.assertEqual(self.found(), ("entry_changed", 0, entry))

    def test_a_deleted_seal_in_the_middle(self):
        self.tamper("integration_audit_seal", "DELETE FROM integration_audit_seal WHERE number = 2")
        self.assertEqual(self.found(), ("seal_missing", 2, 0))
        self.assertEqual(self.found(first=3), ("seal_missing", 2, 0))

    def test_a_forged_seal(self):
        """Text and list for a trail without the entry, signed with a key of the forger's own."""
        forger = SigningKey(new_seed())
        row = self.seals.search([("number", "=", 2)])
        listed = read_list(self.seals._entry_list(2))
        other = [pair for pair in listed if pair[0] != self.second[0]]
        seal = dataclasses.replace(read_seal(row.text), entries=len(other), root=root_of(other))
        change = (
            "UPDATE integration_audit_seal SET text = %s, digest = %s, signature = %s, entries = %s"
            " WHERE number = 2"
        )
        packed = pack_list(other)
        with self.env.cr.savepoint() as savepoint:
            self.tamper(
                "integration_audit_seal", change, seal.text, seal.digest, forger.sign(seal.text), packed
            )
            self.assertEqual(self.found(), ("seal_signature", 2, 0))
            self.tamper(
                "integration_audit_key", "UPDATE integration_audit_key SET public_key = %s", forger.public
            )
            self.assertEqual(self.found()[0], "seal_key")
            savepoint.rollback()
        self.env.invalidate_all()
        # The forger even has the key: the next seal names another one.
        self.tamper(
            "integration_audit_seal",
            change,
            seal.text,
            seal.digest,
            SigningKey(self.seeds[0]).sign(seal.text),
            packed,
        )
        self.assertEqual(self.found(), ("entry_inserted", 2, self.second[0]))
        self.tamper(
            "integration_audit_leaf", "DELETE FROM integration_audit_leaf WHERE id = %s", self.second[0]
        )
        self.assertEqual(self.found(), ("seal_chain", 3, 0))

    def test_a_whole_chain_signed_by_somebody_else(self):
        """Everything made anew with another key, and the exported seals gone: the server's own key tells."""
        self.tamper("integration_audit_seal", "DELETE FROM integration_audit_seal")
        self.tamper("integration_audit_key", "DELETE FROM integration_audit_key")
        for path in Path(self.folder.name).iterdir():
            path.unlink()
        self.use_seeds([new_seed()])
        self.seal()
        self.use_seeds(self.seeds)
        self.assertEqual(self.found(), ("seal_not_ours", 1, 0))

    def test_columns_beside_the_text_cannot_lie(self):
        self.tamper(
            "integration_audit_seal",
            "UPDATE integration_audit_seal SET last_id = last_id + 1 WHERE number = 3",
        )
        self.assertEqual(self.found(), ("seal_unreadable", 3, 0))

    def test_a_list_that_was_changed(self):
        self.tamper(
            "integration_audit_seal", "UPDATE integration_audit_seal SET entries = '' WHERE number = 2"
        )
        self.assertEqual(self.found(), ("seal_list", 2, 0))

    def test_a_long_verification_goes_on_as_a_job(self):
        self.startPatcher(patch.object(verification, "SEALS_AT_ONCE", 1))
        checked = self.verify(seconds=0)
        self.assertEqual((checked.state, checked.position, checked.progress), ("running", 0, 0))
        jobs = self.root["queue.job"].search(
            [("identity_key", "=", f"finance_integration.verify.{checked.id}")]
        )
        self.assertEqual(len(jobs), 1)
        clock = iter(range(1000))
        with patch.object(verification.time, "monotonic", lambda: next(clock)):
            checked._go_on(seconds=2)
        self.assertEqual((checked.state, checked.position), ("running", 1))
        self.assertEqual(checked.progress, 33)
        checked._go_on()
        self.assertEqual((checked.state, checked.position, checked.head_count), ("holds", 3, 3))
        checked._go_on()
        self.assertEqual(checked.state, "holds")

    def test_parts(self):
        checked = self.verify(2, 2)
        self.assertEqual((checked.state, checked.entry_count, checked.unsealed_count), ("holds", 5, 0))
        dialogs = self.env["integration.audit.verify"]
        today = fields.Date.today()
        for values, numbers in (
            ({"scope": "all"}, (1, 3)),
            ({"scope": "seals", "from_number": 2, "to_number": 3}, (2, 3)),
            ({"scope": "period", "from_date": today - timedelta(days=1), "to_date": today}, (1, 3)),
        ):
            action = dialogs.create(values).action_verify()
            made = self.env[action["res_model"]].browse(action["res_id"])
            self.assertEqual((made.state, made.first_number, made.position), ("holds", *numbers), values)
        for values in (
            {"scope": "seals", "from_number": 3, "to_number": 2},
            {"scope": "seals", "from_number": 1, "to_number": 9},
            {"scope": "seals", "from_number": 0, "to_number": 1},
            {"scope": "period"},
            {"scope": "period", "from_date": today, "to_date": today - timedelta(days=1)},
            {"scope": "period", "from_date": "2001-01-01", "to_date": "2001-01-31"},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                dialogs.create(values).action_verify()

    def test_buttons(self):
        auditor = new_test_user(
            self.env,
            "seal-buttons",
            "finance_integration.group_auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        seals = self.env["integration.audit.seal"].with_user(auditor).search([("number", ">=", 2)])
        action = seals.action_verify()
        checked = self.env[action["res_model"]].with_user(auditor).browse(action["res_id"])
        self.assertEqual((checked.first_number, checked.position, checked.user_id), (2, 3, auditor))
        self.assertTrue(checked.display_name.endswith("Holds"))
        again = checked.action_again()
        self.assertNotEqual(again["res_id"], checked.id)
        action = seals[0].action_open_entries()
        self.assertEqual(self.env["integration.audit.leaf"].search(action["domain"]).ids, self.third[::-1])
        with self.assertRaises(UserError):
            checked.action_open_entry()
        self.tamper(
            "integration_audit_leaf",
            "UPDATE integration_audit_leaf SET detail = 'y' WHERE id = %s",
            self.third[0],
        )
        action = self.verify().with_user(auditor).action_open_entry()
        self.assertEqual((action["res_model"], action["res_id"]), ("integration.audit.leaf", self.third[0]))
        dialog = self.env["integration.audit.seal.now"].with_user(auditor).create({})
        self.assertEqual((dialog.last_number, dialog.needs_decision), (3, False))
        self.assertGreater(dialog.unsealed_count, 0)
        self.assertEqual(dialog.action_seal()["params"]["type"], "success")
        self.assertEqual(dialog.action_seal()["params"]["type"], "info")

    def test_every_night_a_part_is_verified(self):
        verifications = self.root["integration.audit.verification"]
        verifications._cron_verify()
        last = verifications.search([], limit=1)
        self.assertEqual(
            (last.state, last.first_number, last.position, last.by_schedule), ("holds", 1, 3, True)
        )
        self.startPatcher(patch.object(verification, "SEALS_AT_ONCE", 1))
        clock = iter(range(0, 100_000, 40))
        with patch.object(verification.time, "monotonic", lambda: next(clock)):
            verifications._cron_verify()
        last = verifications.search([], limit=1)
        self.assertEqual((last.first_number, last.position, last.last_number), (1, 1, 1))
        verifications._cron_verify()
        last = verifications.search([], limit=1)
        self.assertEqual((last.first_number, last.position, last.state), (2, 3, "holds"))

    def test_entries_that_nobody_seals_are_told(self):
        self.seal()
        self.env.cr.execute("SELECT now() AT TIME ZONE 'UTC' - interval '2 days'")
        [then] = self.env.cr.fetchone()
        with patch.object(fields.Datetime, "now", staticmethod(lambda *_args: then.replace(microsecond=0))):
            self.record(1)
        self.root["integration.audit.verification"]._cron_verify()
        exception = self.root["integration.exception"].search([("code", "=", "seals_late")])
        self.assertEqual((exception.state, exception.severity), ("open", "high"))

    def test_the_command(self):
        """What ``odoo-bin verify_audit`` runs, in this test's transaction."""
        path = Path(__file__).resolve().parent.parent / "cli" / "verify_audit.py"
        self.assertIn(path.name, [found.name for found in path.parent.glob("verify_audit.py")])
        spec = importlib.util.spec_from_file_location("odoo.cli.verify_audit", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.addCleanup(commands.pop, "verify_audit", None)
        options = argparse.Namespace(database=self.env.cr.dbname, from_seal=1, to_seal=None, seal_first=True)

        def run():
            self.env.flush_all()
            with contextlib.redirect_stdout(io.StringIO()) as told:
                code = module.VerifyAudit()._verify(options)
            self.env.invalidate_all()
            return code, told.getvalue()

        code, told = run()
        self.assertEqual((code, self.seals.search_count([])), (0, 4))
        self.assertIn("Seals 1 to 4 hold", told)
        self.tamper(
            "integration_audit_leaf", "DELETE FROM integration_audit_leaf WHERE id = %s", self.first[0]
        )
        code, told = run()
        self.assertEqual(code, 1)
        self.assertIn(f"Entry {self.first[0]} was deleted.", told)
