# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A real hub to break: Odoo server processes on a database of their own, two connections, set up over RPC."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devtools import log_check, paths, processes, templates
from devtools.environment import Environment
from devtools.errors import Stop
from devtools.server import OdooServer
from simulators.local_server import HOST
from simulators.odoo_setup import Connection, Odoo
from simulators.partner import signing
from simulators.sending import Signer
from simulators.stripe.webhook import StripeSigner

from .books import Database
from .own_cluster import OwnCluster

LOGIN = "admin"
API_KEY = "sk_test_faults"
POLL_SECONDS = 0.2
COPY_TRIES = 5
PATIENCE_SECONDS = 60
# Three sweeps of the cron that works off what was left behind, and the time to do it.
RECOVERY_SECONDS = 240
# An event behind one that stopped waits for a person, too.
OPEN_OUT = (
    "SELECT count(*) FROM integration_message m WHERE direction = 'out' AND status IN ('ready', 'waiting', 'unknown')"
    " AND NOT EXISTS (SELECT FROM integration_message b WHERE b.connection_id = m.connection_id AND b.direction = 'out'"
    " AND b.object_key = m.object_key AND b.id < m.id AND b.status IN ('parked', 'dead'))"
)
LEFT = (
    "SELECT count(*) FROM integration_message WHERE direction = 'in'"
    " AND (status = 'ready' OR (status = 'waiting' AND due_at <= now() AT TIME ZONE 'UTC'))"
)
# The locks of lanes and deliveries; a second look at what was booked happens under them, too.
LOCKED = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1179208782 AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)
DRAINING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
    " AND pid <> pg_backend_pid() AND clock_timestamp() - xact_start > interval '0.3 seconds'"
)
# What a killed process leaves in the log of the one that follows is no defect.
KILL_TRACES = ("Re-queued dead job", "exception: sleeping", "runjob", "Bus.loop error")
# On a machine with more work than cores the runner hands a job out again that another process has taken meanwhile; one
# of them runs it.
BUSY_TRACES = (*KILL_TRACES, "was requested to run job")
# What a lost connection or a server that was stopped leaves; each names the loss.
LOSS_TRACES = (
    *BUSY_TRACES,
    "OperationalError",
    "InterfaceError",
    "AdminShutdown",
    "server closed the connection",
    "connection to server",
    "terminating connection",
    "connection already closed",
    "cursor already closed",
    "could not be rung",
    # Odoo's first process ends when it finds no database; who starts it again does not wait for its live chat process.
    "Gevent Parent changed",
    "Address already in use",
)


@dataclass(frozen=True)
class Address:
    """A connection of the hub with what is needed to send to it."""

    id: int
    path: str
    secret: str
    signer: Signer


class Hub:
    """Context manager: copies the template, starts a server, sets up a partner and a Stripe connection.

    ``delivery_url``: where the partner wants to hear of business events. ``servers`` grows by
    ``add_server``; all share one database, on the ``cluster`` of the run where one is given. ``db_port``: where the
    servers find PostgreSQL, if not at the cluster's own port. ``expected_traces``: what may be in the logs.
    """

    def __init__(
        self,
        env: Environment,
        name: str,
        *,
        workers: int = 2,
        delivery_url: str | None = None,
        outbound_secret: str | None = None,
        stripe_api_url: str | None = None,
        cluster: OwnCluster | None = None,
        db_port: int | None = None,
        expected_traces: Sequence[str] = KILL_TRACES,
    ):
        self.env = cluster.env if cluster else env
        env = self.env
        self._cluster = cluster
        self._db_port = db_port
        self.expected_traces = expected_traces
        self.name = f"{name}-{os.getpid()}"
        self.workers = workers
        self.delivery_url = delivery_url
        self.outbound_secret = outbound_secret
        self.stripe_api_url = stripe_api_url
        self.database = env.database(f"srv_{self.name.replace('-', '_')}")
        self.servers: list[OdooServer] = []
        # A server that this run stops is waited for until it is back.
        self._database = Database(env.cluster, self.database, PATIENCE_SECONDS if cluster else 0.0)
        self.partner: Address | None = None
        self.stripe: Address | None = None

    # -- life ----------------------------------------------------------------------------------------

    def __enter__(self) -> Hub:
        self._copy_template()
        try:
            self.add_server()
            self._set_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_details) -> None:
        self.close()

    def _copy_template(self) -> None:
        if self._cluster:
            self._cluster.fill(self.database)
            return
        for tries_left in reversed(range(COPY_TRIES)):
            template, _log = templates.with_addon(self.env)
            try:
                templates.copy(self.env, template, self.database)
                return
            except Stop:  # somebody else copied or renewed the template at the same moment
                if not tries_left:
                    raise
                time.sleep(1)

    def close(self) -> None:
        """End all servers and drop the database."""
        for server in self.servers:
            server.stop()
        self._database.close()
        if self._cluster is None or self._cluster.postmaster():
            templates.drop(self.env, self.database)

    @property
    def server(self) -> OdooServer:
        """The first server."""
        return self.servers[0]

    def add_server(self, **options) -> OdooServer:
        """Start one more server on the database."""
        log = paths.LOGS / f"faults-{self.name}-{len(self.servers)}.log"
        log.unlink(missing_ok=True)
        if self._db_port:
            options["options"] = (*options.get("options", ()), f"--db_port={self._db_port}")
        server = OdooServer(
            self.env,
            name=f"{self.name}-{len(self.servers)}",
            workers=options.pop("workers", self.workers),
            database=self.database,
            log=log,
            **options,
        )
        self.servers.append(server)
        server.start()
        return server

    # -- set-up --------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        odoo = self.odoo()
        user_id = odoo.call("res.users", "search", [["login", "=", LOGIN]])[0]
        groups = [
            self._ref(odoo, name)
            for name in ("finance_integration.group_operator", "account.group_account_manager")
        ]
        odoo.call("res.users", "write", [user_id], {"group_ids": [(4, group) for group in groups]})
        partner_secret = signing.make_secret(self.name)
        stripe_secret = f"whsec_{self.name}"
        partner = self._connect(odoo, "generic", "Partner platform", {"inbound_signature": partner_secret})
        stripe_secrets = {"inbound_signature": stripe_secret}
        if self.stripe_api_url:
            stripe_secrets["api"] = API_KEY
        stripe = self._connect(
            odoo, "stripe", "Stripe account", stripe_secrets, api_base_url=self.stripe_api_url
        )
        tax = odoo.call(
            "account.tax", "search", [["type_tax_use", "=", "sale"], ["amount", "=", 15]], limit=1
        )[0]
        mapping = {"connection_id": partner.id, "mapping": "tax", "outside_value": "STD", "tax_id": tax}
        odoo.call("integration.mapping", "create", [mapping])
        if self.delivery_url:
            secret = {
                "connection_id": partner.id,
                "purpose": "outbound_signature",
                "value": self.outbound_secret,
            }
            odoo.call("integration.credential", "create", [secret])
            odoo.call(
                "integration.connection",
                "write",
                [partner.id],
                {"delivery_url": self.delivery_url, "allowed_hosts": HOST},
            )
        odoo.call("integration.connection", "action_activate", [partner.id, stripe.id])
        self.partner = Address(
            partner.id, partner.inbound_url, partner_secret, signing.PartnerSigner(partner_secret)
        )
        self.stripe = Address(stripe.id, stripe.inbound_url, stripe_secret, StripeSigner(stripe_secret))

    def _ref(self, odoo: Odoo, xmlid: str) -> int:
        module, _dot, name = xmlid.partition(".")
        return odoo.call(
            "ir.model.data", "search_read", [["module", "=", module], ["name", "=", name]], ["res_id"]
        )[0]["res_id"]

    def _connect(self, odoo: Odoo, connector: str, name: str, secrets: dict, **values) -> Connection:
        values |= {
            "name": name,
            "connector": connector,
            "environment": "test",
            "time_zone": "America/New_York",
        }
        if values.get("api_base_url"):
            values["allowed_hosts"] = HOST
        values = {field: value for field, value in values.items() if value is not None}
        [connection_id] = odoo.call("integration.connection", "create", [values])
        odoo.call("integration.connection", "action_propose_accounting", [connection_id])
        for purpose, value in secrets.items():
            secret = {"connection_id": connection_id, "purpose": purpose, "value": value}
            odoo.call("integration.credential", "create", [secret])
        [endpoint] = odoo.call(
            "integration.endpoint", "search_read", [["connection_id", "=", connection_id]], ["path"]
        )
        return Connection(connection_id, name, endpoint["path"])

    def odoo(self, server: OdooServer | None = None) -> Odoo:
        """A signed-in administrator at one of the servers."""
        odoo = Odoo((server or self.server).url, self.database, LOGIN, LOGIN)
        odoo.sign_in()
        return odoo

    # -- looking -------------------------------------------------------------------------------------

    def sql(self, statement: str, *values) -> list[tuple]:
        """Return the rows of one query, read in a transaction of its own."""
        return self._database.sql(statement, *values)

    def one(self, statement: str, *values):
        """Return the single value of a query."""
        return self._database.one(statement, *values)

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> float:
        """Wait until ``condition`` holds; return how many seconds that took.

        :raises AssertionError: it does not within the time.
        """
        begin = time.monotonic()
        while not condition():
            if time.monotonic() - begin > seconds:
                raise AssertionError(f"{what}: not within {seconds:.0f} s\n{self.state()}")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - begin

    def wait_drained(self, seconds: float = RECOVERY_SECONDS, *, locks: bool = True) -> float:
        """Wait until no received event is left to be worked off by itself and no drain is at work."""
        return self.wait(
            lambda: not self.one(LEFT) and not (locks and self.one(LOCKED)),
            seconds,
            "the inbox is not worked off",
        )

    def state(self) -> str:
        """What the inbox, the outbox and the job queue hold, for the text of a failure."""
        messages = self.sql(
            "SELECT direction, stage, status, error_code, count(*) FROM integration_message"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
        jobs = self.sql("SELECT state, method_name, count(*) FROM queue_job GROUP BY 1, 2 ORDER BY 1, 2")
        errors = self.sql(
            "SELECT error_code, left(error_text, 300), left(error_detail, 600) FROM integration_message"
            " WHERE error_code IS NOT NULL ORDER BY id DESC LIMIT 3"
        )
        return f"messages: {messages}\njobs: {jobs}\nerrors: {errors}"

    def log_problems(self) -> list[str]:
        """Return the warnings and errors in the logs that nobody expects."""
        found = []
        for server in self.servers:
            records = [
                record
                for record in log_check.check_file(server.log)
                if not any(text in record.message for text in self.expected_traces)
            ]
            found += log_check.describe(records)
        return found

    # -- breaking ------------------------------------------------------------------------------------

    def kill(self, server: OdooServer | None = None) -> None:
        """Kill a server with everything it started (its own process group), without a warning."""
        server = server or self.server
        if os.getpgid(server.pid) != server.pid:
            raise AssertionError("the server does not lead a process group of its own")
        os.killpg(server.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while server.is_running() and time.monotonic() < deadline:
            time.sleep(0.02)
        processes.pid_file(server.name).unlink(missing_ok=True)

    def restart(self, server: OdooServer | None = None) -> None:
        """Start a killed server again, on the same address."""
        (server or self.server).start()
