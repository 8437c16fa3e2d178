# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The server under test: a database with the addon, the benchmark's own addon beside it, two connections."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2

from devtools import paths, processes, templates
from devtools.environment import Environment
from devtools.server import OdooServer

from .rounds import Check
from .rpc import Rpc

ADDONS = Path(__file__).resolve().parent / "addons"
BENCH_ADDON = "finance_integration_bench"
CHANNELS = "root:2,root.one:1,root.finance_integration:2"
WITHOUT_RUNNER = "root:0"
LONG_AGO = "interval '500 days'"
POLL_SECONDS = 0.02

STRIPE_SECRET = "whsec_benchmark_51d0c8a7b6"
STRIPE_ACCOUNT = "acct_1Bench"


class Stage:
    """Context manager: database, server, a signed-in administrator and a look into the database.

    ``stock`` leaves the addon out: Odoo with the modules the addon depends on, queue_job among them.
    ``plain`` leaves the benchmark's own addon out.
    """

    def __init__(self, env: Environment, name: str, *, stock: bool = False, plain: bool = False):
        self.env = env
        self.stock = stock
        self.plain = plain or stock
        self.name = f"bench-{name}-{os.getpid()}"
        self.database = env.database(self.name.replace("-", "_"))
        self.server: OdooServer | None = None
        self.rpc: Rpc | None = None
        self._sql = None

    def __enter__(self) -> Stage:
        template = templates.base(self.env) if self.stock else templates.with_addon(self.env)[0]
        templates.copy(self.env, template, self.database)
        try:
            if not self.plain:
                self._install()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_details) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and drop the database."""
        self.stop()
        templates.drop(self.env, self.database)

    def _install(self) -> None:
        log = paths.LOGS / f"{self.name}-install.log"
        arguments = ["-c", self.env.test_config, f"--addons-path={self.addons_path}", "-d", self.database]
        arguments += ["-i", BENCH_ADDON, "--stop-after-init", "--no-http", f"--logfile={log}"]
        command = self.env.odoo(*arguments)
        processes.run(command, log=log.with_suffix(".out"), env=self.env.env(), cwd=paths.DEV)

    @property
    def addons_path(self) -> str:
        """Odoo's own addons, the product, and the benchmark's addon, which no other server sees."""
        return ",".join(str(path) for path in (*self.env.source.addons, paths.ADDONS_LINK_DIR, ADDONS))

    def start(self, workers: int = 2, options: tuple[str, ...] = (), channels: str = CHANNELS) -> Rpc:
        """Start the server (with the job runner unless ``channels`` say otherwise) and sign in."""
        os.environ["ODOO_QUEUE_JOB_CHANNELS"] = channels
        options = (f"--addons-path={self.addons_path}", *options)
        self.server = OdooServer(
            self.env, name=self.name, workers=workers, database=self.database, options=options
        )
        self.server.start()
        self._sql = self.connect()
        self._sql.autocommit = True
        self.rpc = Rpc(self.server.port, self.database)
        return self.rpc

    def stop(self) -> None:
        """Stop the server; the database stays."""
        if self._sql is not None:
            self._sql.close()
            self._sql = None
        if self.server is not None:
            self.server.stop()
            self.server = None

    @property
    def port(self) -> int:
        """Where the server listens."""
        return self.server.port

    def rows(self, statement: str, *values) -> list[tuple]:
        """Return the rows of a query."""
        with self._sql.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    def value(self, statement: str, *values):
        """Return the single value of a query."""
        return self.rows(statement, *values)[0][0]

    def connect(self) -> psycopg2.extensions.connection:
        """Return another connection to the stage's database; the caller closes it."""
        cluster = self.env.cluster
        return psycopg2.connect(
            host=cluster.host,
            port=cluster.port,
            user=cluster.user,
            password=cluster.password,
            dbname=self.database,
        )

    def copy_event(self, event_id: str, count: int, first: int) -> None:
        """Put ``count`` copies of a stored event into the inbox, each with ids of its own from number ``first`` on."""
        self._copy(event_id, "copy", count, first, "'received', 'ready', 0, NULL, now() AT TIME ZONE 'UTC'")

    def make_old_events(self, event_id: str, count: int) -> None:
        """Fill the tables as ``count`` events of the last years would have: done, contents archived."""
        old = f"now() AT TIME ZONE 'UTC' - {LONG_AGO}"
        portion = 500_000
        for first in range(0, count, portion):
            size = min(portion, count - first)
            state = f"'transformed', 'done', 1, {old}, {old}"
            self._copy(event_id, "old", size, first, state, payload=False, since=LONG_AGO)
        with self._sql.cursor() as cursor:
            cursor.execute(
                "INSERT INTO integration_attempt (message_id, number, trigger, started_at, outcome, stage)"
                " SELECT id, 1, 'queue', received_at, 'nothing', 'transformed' FROM integration_message"
                " WHERE event_id LIKE 'old-%%'"
            )
            cursor.execute(
                "INSERT INTO integration_audit_leaf (company_id, recorded_at, user_id, action, connection_id,"
                " message_id, correlation_id, subject_digest, digest)"
                " SELECT company_id, received_at, 1, 'message.nothing', connection_id, id, correlation_id, body_digest,"
                " encode(sha256(event_id::bytea), 'hex') FROM integration_message WHERE event_id LIKE 'old-%%'"
            )
            cursor.execute("VACUUM ANALYZE")

    def _copy(
        self,
        event_id: str,
        name: str,
        count: int,
        first: int,
        state: str,
        *,
        payload: bool = True,
        since: str = "interval '0'",
    ) -> None:
        # Correlation ids as the hub makes them: they begin with the time (engine/correlation.py).
        correlation = (
            f"lpad(to_hex((extract(epoch FROM now() - {since}) * 1000)::bigint + number), 12, '0')"
            " || substr(md5(%s || number::text), 1, 20)"
        )
        kept = (
            ", kept AS (INSERT INTO integration_payload (message_id, raw, headers)"
            " SELECT made.id, p.raw, p.headers FROM made, model JOIN integration_payload p ON p.message_id = model.id)"
        )
        with self._sql.cursor() as cursor:
            cursor.execute(
                "WITH model AS (SELECT * FROM integration_message WHERE event_id = %s), made AS ("
                " INSERT INTO integration_message (direction, company_id, connection_id, endpoint_id, flow_id, lane_id,"
                " origin, event_id, event_type, object_key, kind, occurred_at, body_digest, correlation_id,"
                " key_share, books_nothing, stage, status, attempt_count, finished_at, received_at)"
                " SELECT direction, company_id, connection_id, endpoint_id, flow_id, lane_id, origin,"
                " %s || '-' || md5(number::text) || number, event_type, %s || ':' || md5(number::text), kind,"
                f" occurred_at, body_digest, {correlation}, key_share, books_nothing, {state}"
                " FROM model, generate_series(%s, %s) AS number RETURNING id)"
                + (kept if payload else "")
                + " SELECT count(*) FROM made",
                (event_id, name, name, name, first, first + count - 1),
            )

    def finish_events(self, connection_id: int) -> None:
        """Put a paused connection's waiting events aside, as if they had been worked off."""
        with self._sql.cursor() as cursor:
            cursor.execute(
                "UPDATE integration_message SET status = 'done', stage = 'transformed'"
                " WHERE connection_id = %s AND status = 'ready'",
                (connection_id,),
            )

    def analyze(self) -> None:
        """Give the planner what autovacuum would give it a minute later."""
        with self._sql.cursor() as cursor:
            cursor.execute("ANALYZE")

    def settle(self) -> None:
        """Do now what autovacuum would do some time, so that no side pays for the other's dead rows."""
        with self._sql.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> float:
        """Wait until ``holds`` and return how long it took.

        :raises TimeoutError: it does not within ``seconds``.
        """
        begin = time.monotonic()
        while not holds():
            if time.monotonic() - begin > seconds:
                raise TimeoutError(f"not done after {seconds:.0f} s\n{self.server.tail()}")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - begin

    def wait_no_jobs(self, seconds: float = 120) -> None:
        """Wait until the job runner has nothing left to do."""
        query = "SELECT count(*) FROM queue_job WHERE state NOT IN ('done', 'cancelled', 'failed')"
        self.wait_until(lambda: not self.value(query), seconds)


def make_connection(rpc: Rpc, connector: str, name: str, secret: str) -> int:
    """Set a connection up as an administrator would, all but active; return its id."""
    values = {"name": name, "connector": connector, "environment": "test", "time_zone": "UTC"}
    [connection_id] = rpc.call("integration.connection", "create", [values])
    rpc.call("integration.connection", "action_propose_accounting", [connection_id])
    rpc.call(
        "integration.credential",
        "create",
        [{"connection_id": connection_id, "purpose": "inbound_signature", "value": secret}],
    )
    return connection_id


def path_of(rpc: Rpc, connection_id: int) -> str:
    """Return the inbound path of a connection."""
    found = rpc.call(
        "integration.endpoint", "search_read", [["connection_id", "=", connection_id]], ["path"], limit=1
    )
    return found[0]["path"]


def allow_administrator(rpc: Rpc) -> None:
    """Give the signed-in administrator the addon's and accounting's groups."""
    names = ("group_operator", "group_administrator")
    ours = ["&", ["module", "=", "finance_integration"], ["name", "in", names]]
    found = rpc.call(
        "ir.model.data",
        "search_read",
        ["|", *ours, "&", ["module", "=", "account"], ["name", "=", "group_account_manager"]],
        ["res_id"],
    )
    rpc.call("res.users", "write", [rpc.user_id], {"group_ids": [[4, row["res_id"]] for row in found]})


def sales_tax(rpc: Rpc) -> int:
    """Return the company's sales tax of 15 %, made where there is none."""
    domain = [["type_tax_use", "=", "sale"], ["amount", "=", 15], ["amount_type", "=", "percent"]]
    found = rpc.call("account.tax", "search", domain, limit=1)
    return found[0] if found else _new_tax(rpc)


def _new_tax(rpc: Rpc) -> int:
    values = {"name": "Output tax 15 %", "amount": 15, "type_tax_use": "sale"}
    return rpc.call("account.tax", "create", [values])[0]


def same_books(stage: Stage, what: str) -> Check:
    """Compare documents of both ways (``asked-N`` and ``direct-N``) with the same content, field by field."""
    rows = stage.rows(
        "SELECT split_part(ref, '-', 2)::int, max(id) FILTER (WHERE ref LIKE 'asked-%'),"
        " max(id) FILTER (WHERE ref LIKE 'direct-%') FROM account_move"
        " WHERE ref LIKE 'asked-%' OR ref LIKE 'direct-%' GROUP BY 1 ORDER BY 1"
    )
    pairs = [(ours, theirs) for _number, ours, theirs in rows if ours and theirs][:100]
    found = stage.rpc.call("finance.integration.bench", "first_difference", pairs)
    return Check(
        f"{what}: same lines, taxes and residuals as the standard path",
        bool(pairs) and not found,
        found or f"{len(pairs)} pairs of documents, equal in every stored field",
    )
