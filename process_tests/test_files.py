# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A file of 200 MB in bounded memory, and a reader that is killed in the middle: real processes (E9, C4)."""

import json
import os
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from devtools import environment, paths, templates

LARGE_BYTES = 200_000_000
# What reading may add to the memory of a process, whatever the size of the file.
MAX_GROWTH_BYTES = 64_000_000
PADDING = "p" * 20_000
WAIT_SECONDS = 300

SET_UP = """
connection = env["integration.connection"].create({
    "name": "Files", "connector": "generic", "environment": "test", "time_zone": "UTC"})
connection.action_propose_accounting()
env["integration.credential"].create({
    "connection_id": connection.id, "purpose": "inbound_signature", "value": "whsec_" + "c2VjcmV0" * 4})
connection.action_activate()
env["integration.drop"].create({
    "name": "Large", "connection_id": connection.id, "protocol": "local", "root": "here", "name_pattern": "*",
    "file_format": "ndjson", "stable_seconds": 0, "after_read": "keep"})
env.cr.commit()
"""
# Reads with a small file first, so that what is loaded once does not count as growth.
LOOK = """
import resource
from odoo.addons.finance_integration.models.messaging import drop_run
drop_run.BUDGET_SECONDS = 3600
drop = env["integration.drop"].search([])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
while drop._look():
    env.invalidate_all()
    print("PEAK", peak(), flush=True)
"""


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


class Reader:
    """Runs pieces of code in Odoo processes on a database of their own, with one folder open."""

    def __init__(self, env, folder):
        self.env = env
        self.folder = folder
        self.database = env.database(f"files_{os.getpid()}")

    def __enter__(self):
        template, _log = templates.with_addon(self.env)
        templates.copy(self.env, template, self.database)
        return self

    def __exit__(self, *_details):
        templates.drop(self.env, self.database)

    def start(self, code):
        """Start a process that runs ``code`` in Odoo's shell."""
        command = self.env.odoo(
            "shell", "-c", self.env.test_config, "-d", self.database, "--no-http", "--shell-interface=python"
        )
        variables = {**self.env.env(), "FINANCE_INTEGRATION_DROP_ROOTS": f"here={self.folder}"}
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd=paths.DEV,
            start_new_session=True,
        )
        process.stdin.write(f"exec({code!r})\n".encode())
        process.stdin.close()
        return process

    def run(self, code):
        """Run ``code`` to its end and return what it printed."""
        process = self.start(code)
        text = process.stdout.read().decode()
        assert process.wait() == 0, text
        return text

    def rows(self, statement):
        """Return the rows of one query."""
        cluster = self.env.cluster
        facts = {
            "host": cluster.host,
            "port": cluster.port,
            "user": cluster.user,
            "password": cluster.password,
        }
        with closing(psycopg2.connect(dbname=self.database, **facts)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()


def write(path: Path, prefix: str, size_bytes: int) -> int:
    """Write a file of movements of about ``size_bytes`` with its control totals; returns how many there are."""
    part = path.with_name(f"{path.name}.part")
    count = 0
    with part.open("w", encoding="utf-8") as file:
        while file.tell() < size_bytes:
            for _line in range(50):
                count += 1
                data = {
                    "kind": "movement",
                    "schema_version": "1",
                    "source": {"system": "files", "object_id": f"{prefix}{count}"},
                    "occurred_at": "2026-03-01T12:00:00Z",
                    "movement_id": f"{prefix}{count}",
                    "type": "payment",
                    "amount": {"value": "1.00", "currency": "USD"},
                    "description": PADDING,
                }
                event = {"id": f"{prefix}{count}", "type": "movement.reported"}
                file.write(json.dumps({**event, "timestamp": data["occurred_at"], "data": data}) + "\n")
        file.write(json.dumps({"control": {"count": count, "sums": {"USD": f"{count}.00"}}}) + "\n")
    part.replace(path)
    return count


def test_a_file_of_200_mb_is_read_in_bounded_memory(env, tmp_path):
    with Reader(env, tmp_path) as reader:
        reader.run(SET_UP)
        write(tmp_path / "a-small.ndjson", "s", 3_000_000)
        text = reader.run(LOOK)
        before = int(text.split("PEAK")[-1].split()[0])
        write(tmp_path / "b-small.ndjson", "t", 3_000_000)
        count = write(tmp_path / "c-large.ndjson", "l", LARGE_BYTES)
        assert (tmp_path / "c-large.ndjson").stat().st_size >= LARGE_BYTES
        after = int(reader.run(LOOK).split("PEAK")[-1].split()[0])
        assert reader.rows(
            "SELECT state, new_count FROM integration_batch WHERE source = 'c-large.ndjson'"
        ) == [("complete", count)]
        assert after - before < MAX_GROWTH_BYTES, f"{(after - before) / 1e6:.0f} MB more"


def test_a_reader_that_is_killed_in_the_middle_loses_nothing_and_stores_nothing_twice(env, tmp_path):
    with Reader(env, tmp_path) as reader:
        reader.run(SET_UP)
        count = write(tmp_path / "a.ndjson", "k", 40_000_000)
        process = reader.start(LOOK)
        stored = "SELECT count(*) FROM integration_message WHERE origin = 'file'"
        deadline = time.monotonic() + WAIT_SECONDS
        while reader.rows(stored)[0][0] < 200:
            assert process.poll() is None, process.stdout.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        state, counted, position = reader.rows(
            "SELECT state, counted_count, (position ->> 'record')::int FROM integration_batch"
        )[0]
        assert state == "receiving"
        assert counted == position == reader.rows(stored)[0][0] < count
        reader.run(LOOK)
        assert reader.rows(stored) == [(count,)]
        assert reader.rows(
            "SELECT state, counted_count, new_count, repeated_count, counted -> 'sums' ->> 'USD'"
            " FROM integration_batch"
        ) == [("complete", count, count, 0, f"{count}.00")]
