# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Seals are made over what is final, chained and let out of the database; whatever is changed is found (A2)."""

import itertools
import os
from pathlib import Path
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..engine.audit_seal import SigningKey, new_seed, read_list, read_seal, root_of
from ..models.audit import seal_heads, seal_keys, sealer
from .seal_common import SealCommon


@tagged("post_install", "-at_install")
class TestSealing(SealCommon):
    def test_everything_recorded_is_sealed_once_and_chained(self):
        self.issue("P-1")
        self.record(3)
        self.assertEqual(self.seal(), 1)
        self.assertEqual(self.seal(), 1)  # the key that was introduced is itself recorded
        self.assertEqual(self.seal(), 0)
        later = self.record(2)
        self.assertEqual(self.seal(), 1)
        seals = self.seals.search([], order="number")
        self.assertEqual(seals.mapped("number"), [1, 2, 3])
        self.assertEqual(seals[2].previous_digest, seals[1].digest)
        self.assertEqual(seals[0].first_id, 1)
        for before, after in itertools.pairwise(seals):
            self.assertEqual(after.first_id, before.last_id + 1)
        leaves = self.root["integration.audit.leaf"].search([], order="id")
        self.assertEqual(sum(seals.mapped("entry_count")), len(leaves))
        sealed = [pair for number in (1, 2, 3) for pair in read_list(self.seals._entry_list(number))]
        self.assertEqual(sealed, [(leaf.id, leaf.digest) for leaf in leaves])
        self.assertEqual([number for number, _digest in sealed][-2:], later)
        for seal in seals:
            self.assertEqual(
                read_seal(seal.text).root, root_of(read_list(self.seals._entry_list(seal.number)))
            )

    def test_long_runs_become_several_seals(self):
        self.record(7)
        self.startPatcher(patch.object(sealer, "MAX_ENTRIES", 3))
        made = self.seal()
        count = self.root["integration.audit.leaf"].search_count([("action", "!=", "seal.key")])
        self.assertGreaterEqual(made, count // 3)
        self.seal()
        total = self.root["integration.audit.leaf"].search_count([])
        self.assertEqual(sum(self.seals.search([]).mapped("entry_count")), total)
        self.assertEqual(max(self.seals.search([]).mapped("entry_count")), 3)
        self.assertEqual(self.verify().state, "holds")

    def test_the_database_refuses_to_change_seals_and_keys(self):
        self.seal()
        for statement in (
            "UPDATE integration_audit_seal SET digest = 'x'",
            "DELETE FROM integration_audit_seal",
            "TRUNCATE integration_audit_seal",
            "UPDATE integration_audit_key SET public_key = 'x'",
            "DELETE FROM integration_audit_key",
            "TRUNCATE integration_audit_key CASCADE",
        ):
            with (
                self.subTest(statement),
                self.assertRaises(psycopg2.IntegrityError),
                self.env.cr.savepoint(),
                mute_logger("odoo.sql_db"),
            ):
                self.env.cr.execute(statement)
        seal = self.seals.search([], limit=1)
        for refused in (seal.unlink, lambda: seal.write({"digest": "x"}), seal.signing_key_id.unlink,
                        lambda: seal.signing_key_id.write({"public_key": "x"})):  # fmt: skip
            with self.assertRaises(UserError):
                refused()

    def test_nobody_makes_or_changes_seals_by_hand(self):
        self.seal()
        company = {"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]}
        for group in ("auditor", "operator", "administrator"):
            person = new_test_user(self.env, f"seal-{group}", f"finance_integration.group_{group}", **company)
            for model in (
                "integration.audit.seal",
                "integration.audit.key",
                "integration.audit.verification",
            ):
                rows = self.env[model].with_user(person)
                self.assertEqual(rows.search_count([]), self.root[model].search_count([]))
                with self.subTest(group, model=model), self.assertRaises(AccessError):
                    rows.create({})
        clerk = new_test_user(self.env, "clerk", "account.group_account_invoice", **company)
        with self.assertRaises(AccessError):
            self.env["integration.audit.seal"].with_user(clerk).search([])
        with self.assertRaises(AccessError):
            self.env["integration.audit.verification"].with_user(clerk)._start()

    def test_the_key_is_not_in_the_database_and_can_be_replaced(self):
        self.record(1)
        self.seal()
        old = SigningKey(self.seeds[0])
        new_seed_text = new_seed()
        self.use_seeds([new_seed_text, self.seeds[0]])
        self.seal()
        self.record(1)
        self.seal()
        new = SigningKey(new_seed_text)
        keys = self.root["integration.audit.key"].search([])
        self.assertEqual(keys.mapped("key_id"), [new.id, old.id])
        self.assertTrue(keys[1].replaced_at)
        self.assertFalse(keys[0].replaced_at)
        self.assertEqual(self.verify().state, "holds")
        seals = self.seals.search([], order="number")
        self.assertEqual(seals.mapped("signing_key_id"), keys)
        leaf = self.root["integration.audit.leaf"].search([("action", "=", "seal.key")])
        self.assertEqual(leaf.mapped("detail"), [new.id, old.id])
        self.env.cr.execute("SELECT string_agg(t::text, '') FROM integration_audit_key t")
        self.assertNotIn(self.seeds[0], self.env.cr.fetchone()[0])
        # The old one in front again: it must not sign any more.
        self.use_seeds([self.seeds[0], new_seed_text])
        self.record(1)
        with mute_logger("odoo.addons.finance_integration.models.audit.sealer"):
            self.assertIsNone(self.root["integration.audit.sealer"]._run_and_tell())
        self.assertEqual(self.hub_exceptions(), ["seal_key_replaced"])
        self.use_seeds([new_seed_text])
        self.assertEqual(self.root["integration.audit.sealer"]._run_and_tell(), 1)
        self.assertEqual(self.hub_exceptions(), [])

    def hub_exceptions(self):
        rows = self.root["integration.exception"].search(
            [("connection_id", "=", False), ("state", "=", "open"), ("code", "=like", "%")]
        )
        return [row.code for row in rows if row.code.startswith(("seal", "audit"))]

    def test_without_configuration_a_key_is_made_beside_the_data(self):
        with patch.dict(os.environ, {"FINANCE_INTEGRATION_SEAL_KEYS": ""}):
            with patch.dict(seal_keys.config.options, {"data_dir": self.folder.name}):
                self.assertEqual(seal_keys.signing_keys(), [])
                [key] = seal_keys.signing_keys(may_make=True)
                [again] = seal_keys.signing_keys(may_make=True)
                self.assertEqual(key.id, again.id)
                path = Path(self.folder.name) / seal_keys.FILE_NAME
                self.assertEqual(path.stat().st_mode & 0o777, 0o600)
                self.assertEqual(list(Path(self.folder.name).iterdir()), [path])
            with patch.dict(os.environ, {"FINANCE_INTEGRATION_SEAL_KEY_FILE": str(path)}):
                self.assertEqual(seal_keys.signing_keys()[0].id, key.id)

    def test_a_key_that_cannot_be_read_stops_nothing_else(self):
        self.use_seeds(["nonsense"])
        with mute_logger("odoo.addons.finance_integration.models.audit.sealer"):
            self.root["integration.audit.sealer"]._cron_seal()
            self.root["integration.audit.sealer"]._cron_seal()
        self.assertEqual(self.hub_exceptions(), ["seal_key_unreadable"])
        self.assertFalse(self.seals.search([]))
        self.issue("P-1")  # booking goes on
        self.use_seeds(self.seeds)
        self.root["integration.audit.sealer"]._cron_seal()
        self.assertEqual(self.hub_exceptions(), [])
        self.assertEqual(self.verify().state, "holds")

    def test_only_one_seals_at_a_time(self):
        with sealer.exclusive(self.env.cr.dbname, 0, sealer.LOCK_SPACE) as free:
            self.assertTrue(free)
            self.assertIsNone(self.seal())
        self.assertFalse(self.seals.search([]))

    def test_a_sequence_that_keeps_numbers_for_later_is_refused(self):
        self.env.cr.execute("ALTER SEQUENCE integration_audit_leaf_id_seq CACHE 5")
        with mute_logger("odoo.addons.finance_integration.models.audit.sealer"):
            self.assertIsNone(self.root["integration.audit.sealer"]._run_and_tell())
        self.assertEqual(self.hub_exceptions(), ["seal_entry_unreadable"])

    def test_an_entry_without_a_digest_is_not_sealed_over(self):
        [entry] = self.record(1)
        self.tamper(
            "integration_audit_leaf", "UPDATE integration_audit_leaf SET digest = 'x' WHERE id = %s", entry
        )
        with mute_logger("odoo.addons.finance_integration.models.audit.sealer"):
            self.assertIsNone(self.root["integration.audit.sealer"]._run_and_tell())
        self.assertEqual(self.hub_exceptions(), ["seal_entry_unreadable"])
        self.assertFalse(self.seals.search([]))


@tagged("post_install", "-at_install")
class TestExportedSeals(SealCommon):
    def test_each_seal_is_let_out_once(self):
        for _turn in range(3):
            self.record(1)
            self.seal()
        self.assertEqual([number for number, *_rest in self.heads()], [1, 2, 3])
        for (_number, text, signature), seal in zip(
            self.heads(), self.seals.search([], order="number"), strict=True
        ):
            self.assertEqual((text, signature), (seal.text, seal.signature))

    def test_what_is_missing_outside_is_added(self):
        """The server ended between the commit and the file, or in the middle of a line."""
        for _turn in range(3):
            self.record(1)
            self.seal()
        [path] = Path(self.folder.name).glob("seals-*.ndjson")
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(lines[0] + lines[1][:100])
        self.record(1)
        self.seal()
        self.assertEqual([number for number, *_rest in self.heads()], [1, 2, 3, 4])
        self.assertEqual(self.verify().state, "holds")

    def test_a_folder_that_cannot_be_used_is_told_and_made_up_for(self):
        self.record(1)
        blocked = Path(self.folder.name) / "file"
        blocked.write_text("in the way")
        with (
            patch.dict(os.environ, {"FINANCE_INTEGRATION_SEAL_FOLDER": str(blocked)}),
            mute_logger("odoo.addons.finance_integration.models.audit.sealer"),
        ):
            self.assertIsNone(self.root["integration.audit.sealer"]._run_and_tell())
            self.assertIn("No exported seals were found", self.verify().result)
        exception = self.root["integration.exception"].search([("code", "=", "seal_folder_unusable")])
        self.assertEqual(exception.state, "open")
        self.assertIn("File exists", exception.what)
        self.root["integration.audit.sealer"]._run_and_tell()
        self.assertEqual(exception.state, "resolved")
        self.assertEqual([number for number, *_rest in self.heads()], [1, 2])

    def test_a_deleted_last_seal_is_found_and_nothing_more_is_sealed(self):
        for _turn in range(3):
            self.record(1)
            self.seal()
        self.tamper("integration_audit_seal", "DELETE FROM integration_audit_seal WHERE number = 3")
        checked = self.verify()
        self.assertEqual(
            (checked.state, checked.finding_code, checked.finding_seal), ("broken", "head_missing", 3)
        )
        with mute_logger("odoo.addons.finance_integration.models.audit.sealer"):
            self.assertIsNone(self.root["integration.audit.sealer"]._run_and_tell())
        exception = self.root["integration.exception"].search([("code", "=", "seal_heads_differ")])
        self.assertIn("Seal 3 was exported", exception.what)
        self.assertEqual(self.seals.search_count([]), 2)
        self.go_on_after_restore(exception)

    def go_on_after_restore(self, exception):
        """A person says that the database was restored; what is missing stays visible."""
        company = {"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]}
        dialogs = self.env["integration.audit.seal.now"]
        operator = new_test_user(self.env, "op", "finance_integration.group_operator", **company)
        administrator = new_test_user(self.env, "adm", "finance_integration.group_administrator", **company)
        with self.assertRaises(UserError):
            dialogs.with_user(operator).create({"reason": "x"}).action_go_on()
        with self.assertRaises(UserError):
            dialogs.with_user(administrator).create({"reason": " "}).action_go_on()
        dialog = dialogs.with_user(administrator).create({"reason": "Disk failed, copy of Monday"})
        self.assertTrue(dialog.needs_decision)
        dialog.action_go_on()
        leaf = self.root["integration.audit.leaf"].search([("action", "=", "seal.restored")])
        self.assertEqual(leaf.user_id, administrator)
        self.assertIn("copy of Monday", leaf.detail)
        self.assertEqual(self.root["integration.audit.sealer"]._run_and_tell(), 1)
        self.assertEqual(exception.state, "resolved")
        checked = self.verify()
        self.assertEqual((checked.state, checked.given_up_count), ("holds", 1))
        self.assertIn("1 exported seals are not here any more", checked.result)
        self.assertEqual(len(set(self.seals.search([]).mapped("trail"))), 2)
        self.assertEqual(len(list(Path(self.folder.name).glob("seals-*.ndjson"))), 2)

    def test_seals_made_anew_differ_from_those_that_were_exported(self):
        """Whoever even has the key cannot make the past anew: it stands outside."""
        entries = self.record(2)
        self.seal()
        self.tamper("integration_audit_seal", "DELETE FROM integration_audit_seal")
        self.tamper("integration_audit_leaf", "DELETE FROM integration_audit_leaf WHERE id = %s", entries[0])
        with patch.object(
            type(self.root["integration.audit.sealer"]), "_compare_last_head", lambda _self: None
        ):
            self.seal()
        checked = self.verify()
        self.assertEqual(
            (checked.state, checked.finding_code, checked.finding_seal), ("broken", "head_differs", 1)
        )

    def test_a_trail_that_was_deleted_as_a_whole_is_not_begun_anew(self):
        self.record(2)
        self.seal()
        self.tamper("integration_audit_seal", "DELETE FROM integration_audit_seal")
        with mute_logger("odoo.addons.finance_integration.models.audit.sealer"):
            self.assertIsNone(self.root["integration.audit.sealer"]._run_and_tell())
        self.assertFalse(self.seals.search([]))
        self.assertEqual(self.verify().finding_code, "head_missing")

    def test_seals_of_another_database_in_the_same_folder_concern_nobody_here(self):
        self.record(1)
        with patch.object(type(self.root["integration.audit.sealer"]), "_mark", lambda _self: "other/1"):
            self.seal()
        self.tamper("integration_audit_seal", "DELETE FROM integration_audit_seal")
        self.seal()
        self.assertEqual(self.verify().state, "holds")

    def test_a_hole_in_the_exported_seals_is_found(self):
        for _turn in range(3):
            self.record(1)
            self.seal()
        [path] = Path(self.folder.name).glob("seals-*.ndjson")
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(lines[0] + b"scratched\n" + lines[2])
        checked = self.verify()
        self.assertEqual((checked.finding_code, checked.finding_seal), ("heads_unreadable", 2))

    def test_a_neutralized_copy_tells_nobody(self):
        self.root["ir.config_parameter"].set_param("database.is_neutralized", "True")
        self.record(1)
        self.assertEqual(self.seal(), 1)
        self.assertFalse(list(Path(self.folder.name).iterdir()))
        self.assertEqual(self.verify().state, "holds")

    def test_a_trail_is_never_a_path(self):
        for trail in ("../../etc/passwd", "", "x" * 36, "/" * 36):
            with self.assertRaises(ValueError):
                seal_heads.file_of(trail)
