# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Files from folders: complete or visibly incomplete, resumed after a crash, never read twice (E9, C4)."""

import gzip
import json
import os
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from ..models.messaging import drop_run
from ..models.messaging.lane import exclusive
from ..simulators.partner import files
from .test_batches import BatchCommon

ROWS = [(f"m-{number}", "payment", "2026-03-02T12:00:00Z", "10.00", "USD", "") for number in range(1, 6)]


class DropCommon(BatchCommon):
    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root_path = Path(folder.name).resolve() / "served"
        self.inbox = self.root_path / "in"
        self.inbox.mkdir(parents=True)
        environment = {"FINANCE_INTEGRATION_DROP_ROOTS": f"bank={self.root_path}"}
        self.startPatcher(patch.dict(os.environ, environment))
        self.drop = self.make_drop()

    def make_drop(self, **facts):
        values = {
            "name": "Movements",
            "connection_id": self.partner_connection.id,
            "protocol": "local",
            "root": "bank",
            "folder": "in",
            "name_pattern": "*.csv *.csv.gz",
            "file_format": "movements_csv",
            "stable_seconds": 0,
            "writes_receipts": True,
            **facts,
        }
        return self.env["integration.drop"].create(values)

    def look(self, drop=None):
        self.env.flush_all()
        count = (drop or self.drop).with_env(self.root)._look()
        self.env.invalidate_all()
        return count

    def put(self, name="a.csv", rows=ROWS, **options):
        return files.put(self.inbox, name, files.movements_csv(rows, **options))

    def batches(self):
        return self.env["integration.batch"].search([("drop_id", "!=", False)], order="id")

    def messages(self):
        return self.env["integration.message"].search([("origin", "=", "file")], order="id")

    def names(self):
        """Return every file below the inbox, relative to it."""
        return sorted(str(path.relative_to(self.inbox)) for path in self.inbox.rglob("*") if path.is_file())

    def one_batch(self, state):
        batch = self.batches()
        self.assertEqual((len(batch), batch.mapped("state")), (1, [state]))
        return batch

    def assert_stopped(self, code, stored=0, state="incomplete"):
        batch = self.one_batch(state)
        self.assertEqual(batch.problem_code, code)
        [exception] = self.exceptions(code)
        self.assertEqual((exception.batch_id, exception.fix), (batch, "batch"))
        self.assertEqual(len(self.messages()), stored)
        return batch


class TestFiles(DropCommon):
    def test_a_complete_file_is_read_booked_moved_and_acknowledged(self):
        self.put()
        self.assertEqual(self.look(), 1)
        batch = self.one_batch("complete")
        self.assertEqual((batch.counted_count, batch.new_count, batch.source), (5, 5, "a.csv"))
        self.assertEqual(batch.counted["sums"], {"USD": "50.00"})
        self.assertEqual(self.names(), [f"done/a.csv.{batch.id}", f"receipts/a.csv.{batch.id}.receipt.json"])
        receipt = json.loads((self.inbox / f"receipts/a.csv.{batch.id}.receipt.json").read_bytes())
        self.assertEqual(
            (receipt["state"], receipt["declared"], receipt["new"], receipt["digest"]),
            ("complete", {"count": 5, "sums": {"USD": "50.00"}}, 5, batch.digest),
        )
        self.drain(self.partner_connection)
        self.assertEqual(self.messages().mapped("status"), ["done"] * 5, self.stopped())
        moved = self.env["integration.movement"].search([("movement_id", "like", "m-")])
        self.assertEqual(sum(Decimal(str(row.amount)) for row in moved), Decimal("50.00"))
        self.assertEqual(self.look(), 0)

    def test_a_packed_file_of_documents(self):
        document = {
            "kind": "movement",
            "schema_version": "1",
            "source": {"system": "partner", "object_id": "n-1"},
            "occurred_at": "2026-03-02T12:00:00Z",
            "movement_id": "n-1",
            "type": "payment",
            "amount": {"value": "7.50", "currency": "USD"},
        }
        content = files.ndjson([("e-1", "movement.reported", document)], {"USD": Decimal("7.50")})
        files.put(self.inbox, "b.ndjson", content, packed=True)
        drop = self.make_drop(name="Documents", file_format="ndjson", name_pattern="*.ndjson.gz")
        self.look(drop)
        self.one_batch("complete")
        self.drain(self.partner_connection)
        self.assertEqual(self.messages().mapped("status"), ["done"], self.stopped())
        self.assertEqual(self.messages().event_id, "e-1")

    def test_rename_and_keep(self):
        rename = self.make_drop(name="Rename", after_read="rename", writes_receipts=False)
        self.put("r.csv")
        self.look(rename)
        batch = self.one_batch("complete")
        self.assertEqual(self.names(), [f"r.csv.{batch.id}.done"])
        self.assertEqual(self.look(rename), 0)
        keep = self.make_drop(name="Keep", after_read="keep", writes_receipts=False, name_pattern="k*")
        self.put("k.csv", ROWS[:2])
        self.assertEqual((self.look(keep), self.look(keep)), (1, 0))
        self.assertEqual(len(self.batches()), 2)
        self.assertIn("k.csv", self.names())

    def test_a_file_that_grows_is_left_alone_until_it_rests(self):
        self.drop.stable_seconds = 30
        path = self.inbox / "g.csv"
        content = files.movements_csv(ROWS)
        path.write_bytes(content[:60])
        self.assertEqual(self.look(), 0)
        [seen] = self.drop.sudo().file_ids
        self.assertEqual(seen.state, "waiting")
        seen.seen_at -= timedelta(seconds=60)
        path.write_bytes(content)
        self.assertEqual(self.look(), 0)  # it has changed since
        self.assertFalse(self.batches())
        seen.seen_at -= timedelta(seconds=60)
        self.assertEqual(self.look(), 1)
        self.one_batch("complete")
        self.assertEqual(len(self.drop.file_ids), 1)

    def test_a_trigger_file_says_that_it_is_complete(self):
        self.drop.write({"ready_by": "trigger", "trigger_suffix": ".done"})
        self.put()
        self.assertEqual(self.look(), 0)
        (self.inbox / "a.csv.done").touch()
        self.assertEqual(self.look(), 1)
        batch = self.one_batch("complete")
        self.assertIn(f"done/a.csv.{batch.id}.done", self.names())
        self.assertNotIn("a.csv.done", self.names())

    def test_a_file_that_is_never_finished_is_told(self):
        self.drop.ready_by = "trigger"
        self.put()
        self.look()
        self.assertFalse(self.exceptions("file_unfinished"))
        self.env.cr.execute(
            "UPDATE integration_drop_file SET create_date = create_date - interval '25 hours'"
        )
        self.look()
        [exception] = self.exceptions("file_unfinished")
        self.assertEqual((exception.fix, exception.action_open_folder()["res_id"]), ("folder", self.drop.id))
        (self.inbox / "a.csv.done").touch()
        self.look()
        self.assertEqual(exception.state, "resolved")

    def test_parts_and_other_names_stay_untouched(self):
        for name in ("a.csv.part", "notes.txt", ".hidden.csv"):
            (self.inbox / name).write_bytes(b"x")
        self.assertEqual(self.look(), 0)
        self.assertEqual(self.names(), [".hidden.csv", "a.csv.part", "notes.txt"])
        self.assertFalse(self.drop.file_ids)


class TestCrashes(DropCommon):
    def killed(self, method, call, *, after):
        """Look, and let the process die at the n-th call of a step: before it, or after its work is committed."""
        original = type(self.drop)._step
        calls = []

        def dying(drop, name, *arguments):
            if name != method:
                return original(drop, name, *arguments)
            calls.append(name)
            if len(calls) < call:
                return original(drop, name, *arguments)
            if after:
                original(drop, name, *arguments)
            raise KeyboardInterrupt

        died = False
        with patch.object(type(self.drop), "_step", dying):
            try:  # assertRaises would take back what was committed
                self.look()
            except KeyboardInterrupt:
                died = True
        self.assertTrue(died)
        self.env.invalidate_all()

    def test_killed_anywhere_it_resumes_without_loss_and_without_duplicate(self):
        steps = [
            ("_sort_out", 1),
            ("_begin_file", 1),
            ("_store_portion", 1),
            ("_store_portion", 2),
            ("_store_portion", 3),
            ("_end_file", 1),
            ("_wanted_place", 1),
            ("_settled", 1),
        ]
        cases = [(method, call, after) for method, call in steps for after in (False, True)]
        with patch.object(drop_run, "PORTION_EVENTS", 2):
            for number, (method, call, after) in enumerate(cases):
                rows = [(f"c{number}-{row[0]}", *row[1:]) for row in ROWS]
                self.put(f"c{number}.csv", rows)
                self.killed(method, call, after=after)
                self.look()
                what = f"{method} {call} {'after' if after else 'before'}"
                batch = self.batches()[-1]
                self.assertEqual(
                    (batch.source, batch.state, batch.counted_count, batch.new_count, batch.repeated_count),
                    (f"c{number}.csv", "complete", 5, 5, 0),
                    what,
                )
                self.assertEqual(len(batch.message_ids), 5, what)
                self.assertIn(f"done/c{number}.csv.{batch.id}", self.names(), what)
                self.assertIn(f"receipts/c{number}.csv.{batch.id}.receipt.json", self.names(), what)
                self.assertNotIn(f"c{number}.csv", self.names(), what)
        self.assertEqual((len(self.batches()), len(self.messages())), (len(cases), 5 * len(cases)))
        self.assertEqual(set(self.drop.file_ids.mapped("settled")), {True})

    def test_the_position_is_what_was_stored(self):
        self.put()
        with patch.object(drop_run, "PORTION_EVENTS", 2):
            self.killed("_store_portion", 2, after=False)
        batch = self.one_batch("receiving")
        self.assertEqual((batch.position, batch.counted_count), ({"record": 2}, 2))
        self.assertEqual(len(self.messages()), 2)

    def test_a_file_that_changes_between_crash_and_resumption_is_not_mixed(self):
        path = self.put()
        with patch.object(drop_run, "PORTION_EVENTS", 2):
            self.killed("_store_portion", 1, after=True)
        path.write_bytes(files.movements_csv([(f"x{row[0]}", *row[1:]) for row in ROWS]))
        self.look()
        first = self.batches()[0]
        self.assertEqual((first.state, first.problem_code), ("incomplete", "file_corrupt"))
        self.assertEqual(len(self.messages()), 2)

    def test_one_worker_at_a_time(self):
        self.put()
        with exclusive(self.env.cr.dbname, drop_run.LOCK_OFFSET + self.drop.id) as free:
            self.assertTrue(free)
            self.assertEqual(self.look(), 0)
        self.assertFalse(self.batches())
        self.assertEqual(self.look(), 1)

    def test_a_long_file_stops_at_its_time_and_goes_on(self):
        self.put()
        with patch.object(drop_run, "PORTION_EVENTS", 2), patch.object(drop_run, "BUDGET_SECONDS", -1):
            self.look()
            self.assertEqual(self.one_batch("receiving").counted_count, 2)
            self.look()
            self.look()
        self.assertEqual(self.one_batch("complete").counted_count, 5)
        self.assertEqual(len(self.messages()), 5)


class TestBadFiles(DropCommon):
    def raw(self, content, name="a.csv"):
        return files.put(self.inbox, name, content)

    def test_totals_that_do_not_add_up(self):
        self.raw(files.movements_csv(ROWS).replace(b"TRAILER,5,USD=50.00", b"TRAILER,6,USD=60.00"))
        self.look()
        batch = self.one_batch("incomplete")
        self.assertEqual(batch.missing_count, 1)
        [exception] = self.exceptions("control_total_differs")
        self.assertIn("6 records, $\xa060.00", exception.what)
        self.assertIn(f"error/a.csv.{batch.id}", self.names())
        self.drain(self.partner_connection)  # money that moved is booked at once
        self.assertEqual(set(self.messages().mapped("status")), {"done"}, self.stopped())
        batch.reason = "The sixth was cancelled"
        batch.with_user(self.approver).action_accept()
        self.assertEqual((batch.state, exception.state), ("accepted", "resolved"))

    def test_a_file_that_is_cut_off(self):
        self.raw(files.movements_csv(ROWS)[:150])
        self.look()
        self.assert_stopped("file_truncated", stored=2)

    def test_a_file_without_its_trailer_is_cut_off_and_may_be_allowed(self):
        self.put(trailer=False)
        self.look()
        self.assert_stopped("file_truncated", stored=5)
        self.drop.requires_totals = False
        self.put("b.csv", [(f"b{row[0]}", *row[1:]) for row in ROWS], trailer=False)
        self.look()
        self.assertEqual(self.batches()[-1].state, "complete")

    def test_a_packed_file_that_is_cut_off(self):
        packed = gzip.compress(files.movements_csv(ROWS), mtime=0)
        self.raw(packed[:-12], "a.csv.gz")
        self.look()
        self.assertEqual(self.one_batch("incomplete").problem_code, "file_truncated")

    def test_a_file_that_is_damaged(self):
        self.raw(os.urandom(5000))
        self.look()
        self.assert_stopped("file_corrupt")

    def test_a_bomb(self):
        self.raw(
            gzip.compress(b"movement_id,type,occurred_at,amount,currency\n" + b"\n" * 30_000_000), "a.csv.gz"
        )
        self.look()
        self.assert_stopped("file_too_large")

    def test_a_file_beyond_the_limit_is_not_even_copied(self):
        self.drop.max_megabytes = 1
        self.raw(b"x" * 1_000_001)
        self.look()
        batch = self.assert_stopped("file_too_large")
        self.assertFalse(batch.digest)
        self.assertIn(f"error/a.csv.{batch.id}", self.names())

    def test_records_that_cannot_be_read_are_named_and_the_others_are_used(self):
        rows = [*ROWS[:2], ("m-3", "payment", "2026-03-02T12:00:00Z", "ten", "USD", ""), *ROWS[3:]]
        content = "\n".join(
            [files.MOVEMENT_HEAD, *(",".join(row) for row in rows), "TRAILER,5,USD=50.00", ""]
        )
        self.raw(content.encode())
        self.look()
        batch = self.one_batch("incomplete")
        self.assertEqual(
            (batch.unreadable_count, batch.problems), (1, [{"line": 4, "code": "invalid_amount"}])
        )
        self.assertEqual(len(self.messages()), 4)
        [exception] = self.exceptions("batch_incomplete")
        self.assertIn("lines 4", exception.what)
        self.assertIn("$\xa010.00 are missing", exception.what)

    def test_the_same_file_twice_is_recognised(self):
        self.put()
        self.look()
        self.put("copy.csv")
        self.look()
        first, second = self.batches()
        self.assertEqual((second.state, second.earlier_id, second.counted_count), ("repeated", first, 0))
        self.assertEqual(len(self.messages()), 5)
        self.put()  # also under its own name
        self.look()
        self.assertEqual(self.batches()[-1].state, "repeated")
        self.assertFalse(self.exceptions())
        self.assertEqual(len([name for name in self.names() if name.startswith("done/")]), 3)

    def test_another_content_under_a_known_name_waits_for_a_person(self):
        self.put()
        self.look()
        changed = [("m-9", *ROWS[0][1:])]
        self.put(rows=changed)
        self.look()
        first, second = self.batches()
        self.assertEqual(
            (second.state, second.problem_code, second.earlier_id), ("refused", "file_changed", first)
        )
        self.assertEqual(len(self.messages()), 5)
        self.assertIn(f"error/a.csv.{second.id}", self.names())
        second.with_user(self.operator).reason = "The partner confirmed it"
        second.with_user(self.operator).action_read_again()
        self.look()
        self.assertEqual((second.state, second.new_count, len(self.messages())), ("complete", 1, 6))
        self.assertFalse(self.exceptions())
        self.assertIn(f"done/a.csv.{second.id}", self.names())
        self.drop.names_repeat = True
        self.put(rows=[("m-10", *ROWS[0][1:])])
        self.look()
        self.assertEqual(self.batches()[-1].state, "complete")

    def test_a_correction_under_the_same_name_replaces_the_incomplete_file(self):
        self.put(rows=ROWS[:3], trailer=False)
        self.look()
        self.put()
        self.look()
        first, second = self.batches()
        self.assertEqual((first.state, second.state), ("replaced", "complete"))
        self.assertEqual((second.new_count, second.repeated_count), (2, 3))
        self.assertFalse(self.exceptions())

    def test_read_again_takes_the_file_from_where_it_is_now(self):
        self.put(trailer=False)
        self.look()
        batch = self.assert_stopped("file_truncated", stored=5)
        self.drop.requires_totals = False
        batch.with_user(self.operator).reason = "These files have no totals"
        batch.with_user(self.operator).action_read_again()
        self.look()
        self.assertEqual((batch.state, batch.new_count, batch.repeated_count), ("complete", 0, 5))
        self.assertEqual(len(self.messages()), 5)
        (leaf,) = self.leaves("batch.read_again")
        self.assertEqual((leaf.user_id, leaf.subject_digest), (self.operator, batch.digest))

    def test_a_file_that_is_gone_when_it_shall_be_read_again(self):
        self.put(trailer=False)
        self.look()
        batch = self.one_batch("incomplete")
        for path in (self.inbox / "error").iterdir():
            path.unlink()
        batch.with_user(self.operator).reason = "try"
        batch.with_user(self.operator).action_read_again()
        self.look()
        self.assertEqual((batch.state, batch.problem_code), ("incomplete", "file_forbidden"))
