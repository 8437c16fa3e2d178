# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Folders for files: never out of the root, only for those who may, each on its schedule (C4, C1)."""

import os
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError

from ..engine.errors import AuthorizationError
from ..models.messaging import file_store
from ..simulators.partner import files
from .test_drops import ROWS, DropCommon


class TestConfinement(DropCommon):
    def test_links_and_pipes_are_not_read(self):
        secret = self.root_path.parent / "secret.csv"
        secret.write_bytes(files.movements_csv(ROWS))
        (self.inbox / "link.csv").symlink_to(secret)
        os.mkfifo(self.inbox / "pipe.csv")
        self.assertEqual(self.look(), 0)
        self.assertFalse(self.messages())
        store = file_store.LocalStore("bank", "in")
        for name in ("link.csv", "pipe.csv"):  # also when the link takes the file's place after the listing
            with self.assertRaises(AuthorizationError), store.spool("", name, 1000):
                self.fail("it was opened")

    def test_a_folder_that_leads_out_is_refused(self):
        (self.root_path / "out").symlink_to("/etc")
        for folder in ("../x", "/etc", "in/../../etc"):
            with self.assertRaises(ValidationError):
                self.make_drop(name=folder, folder=folder)
        leading_out = self.make_drop(name="Out", folder="out", name_pattern="*")
        self.assertEqual(self.look(leading_out), 0)
        self.assertEqual(self.exceptions().code, "file_forbidden")
        self.assertFalse(leading_out.file_ids)

    def test_a_root_that_the_configuration_does_not_name_is_not_offered_and_not_read(self):
        self.assertEqual(self.env["integration.drop"]._selection_root(), [("bank", "bank")])
        with self.assertRaises(ValidationError):
            self.make_drop(name="Other", root="etc")
        self.put()
        with patch.dict(os.environ, {"FINANCE_INTEGRATION_DROP_ROOTS": ""}):
            self.assertEqual(self.look(), 0)
        [exception] = self.exceptions("file_forbidden")
        self.assertIn("the configuration of this server does not name this root", self.drop.last_error)
        self.drop.sudo().not_before = False
        self.assertEqual(self.look(), 1)
        self.assertEqual((exception.state, self.drop.last_error), ("resolved", False))

    def test_who_may_set_up_and_who_may_look(self):
        for user in (self.operator, self.approver, self.auditor):
            with self.assertRaises(AccessError):
                self.drop.with_user(user).folder = "elsewhere"
        with self.assertRaises(AccessError):
            self.drop.with_user(self.auditor).action_look_now()
        self.drop.with_user(self.operator).action_look_now()
        self.assertEqual(len(self.leaves("drop.change")), 1)
        self.drop.folder = "in/payroll"
        self.assertEqual(len(self.leaves("drop.change")), 2)

    def test_the_schedule(self):
        jobs = self.env["queue.job"].sudo()
        domain = [("method_name", "=", "_look"), ("state", "=", "pending")]

        def due():
            jobs.search(domain).unlink()
            self.root["integration.drop"]._cron_look()
            return len(jobs.search(domain))

        self.assertEqual(due(), 1)
        self.look()
        self.assertEqual(due(), 0)
        self.drop.sudo().looked_at = fields.Datetime.now() - timedelta(minutes=6)
        self.assertEqual(due(), 1)
        self.partner_connection.action_pause()
        self.assertEqual((due(), self.look()), (0, 0))


class TestContradictions(DropCommon):
    def test_records_that_contradict_known_ones_are_kept_apart_and_too_many_stop_the_file(self):
        drop = self.make_drop(name="Documents", file_format="ndjson", name_pattern="*.ndjson")

        def documents(amount, numbers):
            return files.ndjson(
                [
                    (
                        f"e-{number}",
                        "movement.reported",
                        {
                            "kind": "movement",
                            "schema_version": "1",
                            "source": {"system": "partner", "object_id": f"n-{number}"},
                            "occurred_at": "2026-03-02T12:00:00Z",
                            "movement_id": f"n-{number}",
                            "type": "payment",
                            "amount": {"value": amount, "currency": "USD"},
                        },
                    )
                    for number in numbers
                ],
                {"USD": Decimal(amount) * len(numbers)},
            )

        files.put(self.inbox, "one.ndjson", documents("1.00", range(110)))
        self.look(drop)
        files.put(self.inbox, "two.ndjson", documents("2.00", range(3)))
        self.look(drop)
        self.assertEqual(self.batches().mapped("state"), ["complete", "complete"])
        self.assertEqual((len(self.messages()), len(self.exceptions("event_id_conflict"))), (113, 3))
        self.assertEqual(set(self.messages()[110:].mapped("status")), {"parked"})
        files.put(self.inbox, "three.ndjson", documents("3.00", range(110)))
        self.look(drop)
        third = self.batches()[-1]
        self.assertEqual(
            (third.state, third.problem_code, third.new_count), ("incomplete", "file_corrupt", 0)
        )
        self.assertEqual(len(self.messages()), 113)
