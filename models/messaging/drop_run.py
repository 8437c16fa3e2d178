# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Looks at a folder and reads its files: each portion of records is stored in one commit with the position."""

import random
import time
from contextlib import closing
from datetime import timedelta

from odoo import fields, models

from ...connectors.registry import get_connector
from ...engine.batch import NO_TOTALS, OPEN_STATES
from ...engine.canonical_json import canonical_bytes
from ...engine.errors import ContractError, ErrorClass, IntegrationError
from ...engine.file_names import check_name, is_wanted
from ...engine.formats.base import Trailer, corrupt, truncated
from ...engine.formats.unpack import open_unpacked
from ...engine.retry import RetryPolicy, next_delay_seconds
from .doorbell import comes_back
from .lane import exclusive, ring_lanes

LOCK_OFFSET = 1_100_000_000
BUDGET_SECONDS = 300
# A portion is one transaction; what a killed worker repeats is at most this.
PORTION_EVENTS = 200
PORTION_BYTES = 2_000_000
ALARM_AFTER_FAILURES = 8
UNFINISHED_HOURS = 24
_POLICY = RetryPolicy(max_attempts=1_000_000, base_seconds=10)


class IntegrationDrop(models.Model):
    _inherit = "integration.drop"

    @comes_back
    def _look(self):
        """Job: read what is complete in the folder; returns how many files were worked on.

        Does nothing when somebody else is at it. What is left because its time is over is taken up by the next job.
        """
        self.ensure_one()
        count = 0
        if not self.active or self.connection_id.state != "active":
            return count
        with exclusive(self.env.cr.dbname, LOCK_OFFSET + self.id) as free:
            if free:
                try:
                    facts = self._step("_facts")
                    with closing(self._open_store(facts)) as store:
                        count = self._work(store, facts)
                except IntegrationError as error:
                    self._step("_failed", error)
                else:
                    self._step("_looked")
        return count

    def _step(self, method, *arguments):
        """Run one step on a cursor of its own and commit; a conflict in the database repeats the step."""
        drop_id = self.id
        return self.env["integration.drain"]._in_own_transaction(
            self.env.registry,
            lambda env: getattr(env["integration.drop"].browse(drop_id), method)(*arguments),
        )

    def _work(self, store, facts):
        deadline = time.monotonic() + BUDGET_SECONDS
        chosen = self._step("_sort_out", store.entries())
        for count, file in enumerate(chosen, start=1):
            if file["read"]:
                self._read_file(store, facts, file, deadline)
            self._settle(store, facts, file)
            if time.monotonic() > deadline:
                self._step("_look_soon")
                return count
        return len(chosen)

    # -- what there is -------------------------------------------------------------------------------------

    def _sort_out(self, entries):
        """Compare what is listed with what was seen; returns what is to be done, in order of names.

        A list of dicts with file_id, name, folder and place_name (where it is now), read (False: only to be settled).
        """
        suffix = self.trigger_suffix if self.ready_by == "trigger" else ""
        present = {entry.name for entry in entries}
        now = fields.Datetime.now()
        open_files = self.env["integration.drop.file"].search(
            [("drop_id", "=", self.id), ("settled", "=", False)]
        )
        chosen = open_files.filtered(lambda row: row.state in ("again", "reading", "read"))
        waits = False
        for entry in entries:
            renamed = self.after_read == "rename" and entry.name.endswith((".done", ".error"))
            if renamed or not is_wanted(entry.name, self.name_pattern, suffix):
                continue
            file = self._seen(entry, now)
            if file.state != "waiting":
                continue
            if suffix:
                ready = entry.name + suffix in present
            else:
                ready = file.seen_at <= now - timedelta(seconds=self.stable_seconds)
                waits |= not ready
            if ready:
                chosen |= file
            else:
                self._notice_unfinished(file, now)
        gone = open_files.filtered(lambda row: row.state == "waiting" and row.name not in present)
        gone.write({"state": "missing", "settled": True})
        if waits:
            self._look_soon(delay_seconds=self.stable_seconds + 1)
        return [
            {
                "file_id": file.id,
                "name": file.name,
                "folder": file.place or "",
                "place_name": file.place_name or file.name,
                "read": file.state != "read",
            }
            for file in chosen.sorted(lambda row: (row.name, row.id))
        ]

    def _seen(self, entry, now):
        """Return the ledger's row of a listed file; one that has changed since begins anew."""
        files = self.env["integration.drop.file"]
        domain = [("drop_id", "=", self.id), ("name", "=", entry.name)]
        file = files.search([*domain, ("mark", "=", entry.mark)], order="id desc", limit=1)
        moved_away = file.settled and (file.place or (file.place_name or file.name) != file.name)
        if file and not moved_away:
            if file.state == "missing":
                file.write({"state": "waiting", "settled": False, "seen_at": now})
            return file
        values = {"size_bytes": entry.size_bytes, "mark": entry.mark, "seen_at": now}
        growing = files.search([*domain, ("state", "=", "waiting")], limit=1)
        if growing:
            growing.write(values)
            return growing
        return files.create({"drop_id": self.id, "name": entry.name, **values})

    def _notice_unfinished(self, file, now):
        """Tell somebody of a file that nobody finishes."""
        if file.create_date <= now - timedelta(hours=UNFINISHED_HOURS):
            self.env["integration.exception"]._raise_cause(
                self.connection_id,
                "file_unfinished",
                {"source": file.name, "hours": str(UNFINISHED_HOURS)},
                f"file {file.id}",
            )

    # -- one file ------------------------------------------------------------------------------------------

    def _read_file(self, store, facts, file, deadline):
        """Copy the file, recognise it, read its records in portions; every end is a state of its batch."""
        try:
            check_name(file["place_name"])
            with store.spool(file["folder"], file["place_name"], facts["limits"].max_bytes) as (
                content,
                digest,
                size_bytes,
            ):
                begun = self._step("_begin_file", file["file_id"], digest, size_bytes)
                if begun:
                    self._read_records(content, facts, {**file, **begun, "size_bytes": size_bytes}, deadline)
        except IntegrationError as error:
            if error.error_class is ErrorClass.TRANSIENT:
                self._step("_interrupt_file", file["file_id"], error)
                raise
            self._step("_end_file", file["file_id"], None, error)
        ring_lanes(self.env.registry, self.connection_id.flow_ids.lane_id.ids)

    def _begin_file(self, file_id, digest, size_bytes):
        """Open a batch for the file, or take its own up; returns None where its records are not to be read.

        Returned are batch_id and skip, the number of events that are stored already.
        """
        file = self.env["integration.drop.file"].browse(file_id)
        batch = file.batch_id
        if batch.state in OPEN_STATES:
            return self._take_up(file, batch, digest, size_bytes)
        batches = self.env["integration.batch"]
        domain = [("connection_id", "=", self.connection_id.id), ("kind", "=", "file")]
        twin = batches.search(
            [*domain, ("digest", "=", digest), ("state", "not in", ("repeated", "cancelled", "replaced"))],
            limit=1,
        )
        other = batches.search(
            [
                *domain,
                ("drop_id", "=", self.id),
                ("source", "=", file.name),
                ("digest", "!=", digest),
                ("state", "in", ("complete", "accepted", *OPEN_STATES)),
            ],
            limit=1,
        )
        batch = batches._open(
            self.connection_id,
            file.name,
            kind="file",
            digest=digest,
            size_bytes=size_bytes,
            drop_id=self.id,
            earlier_id=(twin or other).id,
        )
        file.write({"batch_id": batch.id, "state": "reading"})
        if twin:
            batch._move("repeated", closed_at=fields.Datetime.now())
        elif other and not self.names_repeat:
            batch._refuse(ContractError("file_changed", params={"source": file.name}))
        else:
            return {"batch_id": batch.id, "skip": 0}
        file.state = "read"
        return None

    def _take_up(self, file, batch, digest, size_bytes):
        """Go on with the batch of a file: after a crash, or because a person wants it to be read again."""
        skip = (batch.position or {}).get("record", 0)
        batch._resume()
        if batch.digest != digest:
            if skip:
                batch._close(corrupt(file.name, self.env._("it was changed while it was being read")))
                file.state = "read"
                return None
            batch.write({"digest": digest, "size_bytes": size_bytes})
        file.state = "reading"
        return {"batch_id": batch.id, "skip": skip}

    def _read_records(self, content, facts, file, deadline):
        """Store the events of a file in portions; stops at the deadline, and the next look goes on."""
        limits, name = facts["limits"], file["name"]
        stream = open_unpacked(content, name, file["size_bytes"], limits)
        found = get_connector(facts["connector"]).read_file(
            facts["file_format"], stream, name, limits, facts["settings"]
        )
        portion, waiting_bytes, unreadable, totals = [], 0, 0, None
        try:
            for event in found:
                if isinstance(event, Trailer):
                    totals = event.totals
                    continue
                unreadable += event.problem is not None
                if unreadable > limits.max_unreadable:
                    raise corrupt(name, f"more than {limits.max_unreadable} records cannot be read")
                if event.number <= file["skip"]:
                    continue
                raw = canonical_bytes(event.body) if event.body is not None else b""
                portion.append((event, raw))
                waiting_bytes += len(raw)
                if len(portion) >= PORTION_EVENTS or waiting_bytes >= PORTION_BYTES:
                    self._step("_store_portion", file["batch_id"], portion, content.tell())
                    portion, waiting_bytes = [], 0
                    if time.monotonic() > deadline:
                        return
            if totals is None and facts["requires_totals"]:
                raise truncated(name, "there are no control totals at its end")
        except ContractError:  # what is readable is stored, also of a file that cannot be read to its end
            if portion:
                self._step("_store_portion", file["batch_id"], portion, content.tell())
            raise
        if portion:
            self._step("_store_portion", file["batch_id"], portion, content.tell())
        self._step("_end_file", file["file_id"], totals, None)

    def _store_portion(self, batch_id, portion, read_bytes):
        """Store the events of a portion, its totals and the position together."""
        batch = self.env["integration.batch"].browse(batch_id)
        events, problems, counted = [], [], NO_TOTALS
        for event, raw in portion:
            if event.problem:
                problems.append({"line": event.line, "code": event.problem.code})
                continue
            counted = counted.plus(event.totals)
            events.append((event.line, event.envelope, raw))
        new_ids, known_ids = self.env["integration.ingest"]._accept_portion(
            self.connection_id._pull_facts(), batch, events, "file"
        )
        if problems:
            batch._note_unreadable(problems)
        batch._add(
            counted,
            message_ids=new_ids,
            known_ids=known_ids,
            new_count=len(new_ids),
            repeated_count=len(known_ids),
            position={"record": portion[-1][0].number},
            read_bytes=read_bytes,
        )

    def _end_file(self, file_id, totals, error):
        """Compare and close the batch of a file; one that could not even be opened gets its batch now."""
        file = self.env["integration.drop.file"].browse(file_id)
        batch = file.batch_id.filtered(lambda row: row.state in OPEN_STATES)
        if not batch:
            batch = self.env["integration.batch"]._open(
                self.connection_id, file.name, kind="file", size_bytes=file.size_bytes, drop_id=self.id
            )
        batch._resume()
        if totals:
            batch._declare(totals)
        batch._close(error)
        file.write({"batch_id": batch.id, "state": "read"})
        self._close_exceptions(f"file {file.id}")

    def _interrupt_file(self, file_id, error):
        batch = self.env["integration.drop.file"].browse(file_id).batch_id
        if batch.state == "receiving":
            batch._interrupt(error)

    # -- afterwards ----------------------------------------------------------------------------------------

    def _settle(self, store, facts, file):
        """Move the file where it belongs and write the receipt; what a crash leaves undone is done by the next look."""
        wanted = self._step("_wanted_place", file["file_id"])
        if not wanted:
            return
        folder, name = file["folder"], file["place_name"]
        moves = (folder, name) != (wanted["folder"], wanted["name"])
        if moves and store.exists(folder, name):
            store.move(folder, name, wanted["folder"], wanted["name"])
        trigger = f"{file['name']}{facts['trigger_suffix']}"
        if moves and facts["trigger_suffix"] and store.exists("", trigger):
            store.move("", trigger, wanted["folder"], f"{wanted['name']}{facts['trigger_suffix']}")
        if facts["writes_receipts"]:
            content = get_connector(facts["connector"]).render_receipt(wanted["receipt"])
            store.write("receipts", f"{wanted['stem']}.receipt.json", content)
        self._step("_settled", file["file_id"], wanted["folder"], wanted["name"])

    def _wanted_place(self, file_id):
        """Return where a file that was read belongs, and what its receipt says; None while it is being read."""
        file = self.env["integration.drop.file"].browse(file_id)
        batch = file.batch_id
        if file.state != "read":
            return None
        good = batch.state in ("complete", "accepted", "repeated")
        ending = "done" if good else "error"
        stem = f"{file.name[:150]}.{batch.id}"
        folder, name = file.place or "", file.place_name or file.name
        if self.after_read == "move":
            folder, name = ending, stem
        elif self.after_read == "rename":
            folder, name = "", f"{stem}.{ending}"
        declared, counted = batch._totals()
        receipt = {
            "source": file.name,
            "digest": batch.digest or None,
            "state": batch.state,
            "declared": declared.as_json(),
            "counted": counted.as_json(),
            "new": batch.new_count,
            "known": batch.repeated_count,
            "unreadable": batch.unreadable_count,
            "problem": batch.problem_code or None,
        }
        return {"folder": folder, "name": name, "stem": stem, "receipt": receipt}

    def _settled(self, file_id, folder, name):
        file = self.env["integration.drop.file"].browse(file_id)
        file.write({"settled": True, "place": folder or False, "place_name": name})

    def _looked(self):
        self.write(
            {
                "looked_at": fields.Datetime.now(),
                "failure_count": 0,
                "error_code": False,
                "last_error": False,
                "not_before": False,
            }
        )
        self._close_exceptions(f"drop {self.id}")

    def _failed(self, error):
        """Say what went wrong, and when the folder is looked at again."""
        failures = self.failure_count + 1
        passing = error.error_class is ErrorClass.TRANSIENT
        seconds = next_delay_seconds(_POLICY, failures, error.retry_after_seconds, random.random())
        if not passing:  # a person has to change something: look again at the usual time
            seconds = self.look_every_minutes * 60
        self.write(
            {
                "looked_at": fields.Datetime.now(),
                "failure_count": failures,
                "error_code": error.code,
                "last_error": error.sentence[:300],
                "not_before": fields.Datetime.now() + timedelta(seconds=seconds),
            }
        )
        if passing:
            self._look_soon(delay_seconds=seconds)
        if not passing or failures >= ALARM_AFTER_FAILURES:
            self.env["integration.exception"]._raise_cause(
                self.connection_id, error.code, error.params, f"drop {self.id}"
            )

    def _close_exceptions(self, cause):
        self.env["integration.exception"]._settle_cause(
            self.connection_id, None, cause, self.env._("The folder or file was read.")
        )


class IntegrationBatch(models.Model):
    _inherit = "integration.batch"

    def _can_read_again(self):
        return bool(self.drop_id) or super()._can_read_again()

    def _start_again(self):
        """Read the file once more, from where it is now."""
        result = super()._start_again()
        if self.drop_id:
            files = self.env["integration.drop.file"].sudo().search([("batch_id", "=", self.id)])
            files.write({"state": "again", "settled": False})
            self.drop_id.sudo()._look_soon()
        return result
