# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The demo against a stand-in for Odoo that knows signatures and repeats, and nothing else."""

import re
from collections import Counter
from decimal import Decimal

import pytest
import requests

from simulators import demo
from simulators.__main__ import main
from simulators.demo import DemoOptions, run
from simulators.local_server import LocalServer, Reply, json_object, json_reply, serving
from simulators.odoo_setup import Odoo, SetupError, connection, hand_over_secret
from simulators.partner.signing import verify
from simulators.stripe.webhook import signature

CONNECTIONS = {"demo_connection_stripe": 7, "demo_connection_partner": 8}
CRON = 9


class StandIn:
    """As much of Odoo as the set-up touches, and an inbox."""

    def __init__(self):
        self.connections = {**CONNECTIONS, "cron_pull": CRON}
        self.credentials = []
        self.written = {}
        self.activated = []
        self.inbox = {}
        self.counts = Counter()
        self.password = "admin"
        self.refuses_activation = ""
        self.fetched = []
        self.backlog = []
        self.currencies = []
        self.booked = ["791.19"]

    def __call__(self, request):
        if request.path == "/web/health":
            return json_reply(200, {"status": "pass"})
        if request.path.startswith("/integration/v1/in/"):
            return self._take(request)
        params = json_object(request)["params"]
        if request.path == "/web/session/authenticate":
            if (params["db"], params["login"], params["password"]) != ("demo", "admin", self.password):
                return self._error("Access Denied")
            return json_reply(200, {"jsonrpc": "2.0", "result": {"uid": 2}})
        result = self._call(params["model"], params["method"], params["args"])
        if isinstance(result, Reply):
            return result
        # As Odoo does: no result at all where a method returns None.
        return json_reply(200, {"jsonrpc": "2.0", **({} if result is None else {"result": result})})

    @staticmethod
    def _error(message):
        error = {
            "code": 200,
            "message": "Odoo Server Error",
            "data": {"message": message, "debug": "secret trace"},
        }
        return json_reply(200, {"jsonrpc": "2.0", "error": error})

    def _call(self, model, method, args):
        answering = {
            "account.bank.statement.line": self._lines,
            "integration.balance.account": lambda _method, _args: [{"id": 1, "journal_id": [5, "Stripe"]}],
            "integration.connection": self._connection,
            "integration.credential": self._credential,
            "integration.endpoint": lambda _method, args: [
                {"id": 1, "path": f"/integration/v1/in/key{args[0][0][2]}"}
            ],
            "integration.message": lambda _method, _args: self.backlog.pop(0) if self.backlog else 0,
            "ir.cron": self._fetch,
            "ir.model.data": self._named,
            "res.currency": self._currency,
        }
        return answering[model](method, args)

    def _named(self, _method, args):
        found = self.connections.get(args[0][1][2])
        return [{"id": 1, "res_id": found}] if found else []

    def _currency(self, method, args):
        if method == "search":
            return [] if "EUR" in self.currencies else [1]
        assert args == [[1], {"active": True}]
        self.currencies.append("EUR")
        return True

    def _lines(self, _method, _args):
        return [{"id": place, "amount": Decimal(amount)} for place, amount in enumerate(self.booked)]

    def _connection(self, method, args):
        if method == "read":
            return [{"id": args[0][0], "name": f"Connection {args[0][0]}"}]
        if method == "write":
            self.written[args[0][0]] = args[1]
        if method == "action_activate":
            if self.refuses_activation:
                return self._error(self.refuses_activation)
            self.activated += args[0]
        return None

    def _fetch(self, _method, _args):
        """Fetch as the hub would, with the key and at the address that the set-up handed over."""
        (key,) = self.secrets(7, "api")
        address = self.written[7]["api_base_url"] + "/v1/balance_transactions?limit=100"
        answer = requests.get(address, headers={"Authorization": f"Bearer {key}"}, timeout=5)
        self.fetched.append((answer.headers["Date"], len(answer.json()["data"])))
        return True

    def _credential(self, method, args):
        if method == "search":
            wanted = {term[0]: term[2] for term in args[0] if term[0] in ("connection_id", "purpose")}
            return [
                place
                for place, row in enumerate(self.credentials)
                if all(row[name] == value for name, value in wanted.items()) and not row.get("valid_until")
            ]
        if method == "create":
            self.credentials += args[0]
            return [len(self.credentials) - 1]
        for place in args[0]:
            self.credentials[place].update(args[1])
        return True

    def secrets(self, connection_id, purpose="inbound_signature"):
        return [
            row["value"]
            for row in self.credentials
            if (row["connection_id"], row["purpose"]) == (connection_id, purpose)
            and not row.get("valid_until")
        ]

    def _take(self, request):
        connection_id = int(request.path[-1])
        (secret,) = self.secrets(connection_id)
        if connection_id == 7:
            stamp, given = re.fullmatch(
                r"t=(\d+),v1=([0-9a-f]{64})", request.headers["stripe-signature"]
            ).groups()
            if signature(request.body, secret, int(stamp)) != given:
                self.counts["refused"] += 1
                return json_reply(401, {"code": "signature_mismatch"})
            event_id = re.search(rb'"id": "(evt_\w+)"', request.body)[1].decode()
        else:
            event_id = verify(
                request.headers, request.body, [secret], int(request.headers["webhook-timestamp"])
            )
        known = self.inbox.setdefault((connection_id, event_id), request.body)
        verdict = "conflict" if known != request.body else "duplicate" if self.counts[event_id] else "new"
        self.counts[event_id] += 1
        return json_reply(200, {"status": verdict, "message": 1})


@pytest.fixture
def stand_in():
    return StandIn()


@pytest.fixture
def odoo_url(stand_in):
    with serving(LocalServer(stand_in)) as server:
        yield server.url


def play(odoo_url, **options):
    said = []
    code = run(DemoOptions(odoo_url, "demo", idle=False, trickle_seconds=0, **options), say=said.append)
    return code, "\n".join(said)


def test_the_demo_sets_up_and_delivers_everything_and_a_second_run_repeats_it(stand_in, odoo_url):
    code, said = play(odoo_url)
    assert code == 0, said
    assert stand_in.activated == [7, 8]
    assert "54 events taken, 3 repeats recognised, 1 forged refused, 0 not taken" in said
    assert "somebody forges a payment of 9,999.99 USD → refused, as it must be" in said
    assert re.search(r"closing balance +791\.19", said)
    assert stand_in.written[7]["allowed_hosts"] == "127.0.0.1"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", stand_in.written[7]["api_base_url"])
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/events", stand_in.written[8]["delivery_url"])
    assert len(stand_in.inbox) == 63
    assert stand_in.currencies == ["EUR"]
    for row in stand_in.credentials:
        assert row["value"] not in said, "a secret is never shown"
    assert stand_in.fetched == [("Thu, 01 Oct 2026 10:00:02 GMT", 0), ("Sun, 01 Nov 2026 09:00:02 GMT", 21)]
    assert "The books show 791.19 USD at Stripe, and so does Stripe: equal to the cent" in said
    first = dict(stand_in.inbox)

    code, said = play(odoo_url)
    assert code == 0
    assert "All 57 deliveries were repeats of an earlier run" in said
    assert stand_in.inbox == first, "the same bytes again"
    assert stand_in.counts["refused"] == 2
    for connection_id, purpose in ((7, "inbound_signature"), (7, "api"), (8, "outbound_signature")):
        assert len(stand_in.secrets(connection_id, purpose)) == 1, "the earlier secret has ended"


def test_between_two_days_it_waits_for_odoo(stand_in, odoo_url):
    stand_in.backlog = [3, 1]
    code, _said = play(odoo_url, pause_ms=1)
    assert (code, stand_in.backlog) == (0, [])
    assert len(stand_in.inbox) == 63


def test_trickling_goes_on_after_the_month(stand_in, odoo_url):
    code, said = play(odoo_url, trickle=6)
    assert code == 0
    assert len(stand_in.inbox) == 69
    assert "01 Nov" in said


def test_it_says_why_it_cannot_start(stand_in, odoo_url):
    stand_in.password = "changed"
    code, said = play(odoo_url)
    assert code == 1
    assert "signing in as admin to the database demo: Access Denied" in said
    stand_in.password = "admin"

    stand_in.connections.clear()
    code, said = play(odoo_url)
    assert code == 1
    assert "Install the addon with demo data" in said
    stand_in.connections.update(CONNECTIONS)

    stand_in.refuses_activation = "Stripe cannot be active yet. Missing: a journal"
    code, said = play(odoo_url)
    assert code == 1
    assert "Missing: a journal" in said
    assert "secret trace" not in said
    assert stand_in.inbox == {}


def test_books_that_differ_are_named(stand_in, odoo_url):
    stand_in.booked = ["800.00", "-8.80"]
    _code, said = play(odoo_url)
    assert "The books show 791.20 USD at Stripe, Stripe says 791.19 USD" in said


def test_without_the_fetch_the_demo_goes_on(stand_in, odoo_url):
    del stand_in.connections["cron_pull"]
    code, _said = play(odoo_url)
    assert (code, stand_in.fetched) == (0, [])


def test_no_odoo_at_all():
    with pytest.raises(SetupError, match="Is it running"):
        Odoo("http://127.0.0.1:9", "demo", "admin", "admin").wait(timeout_seconds=0)
    with pytest.raises(SetupError, match="no usable answer"):
        Odoo("http://127.0.0.1:9", "demo", "admin", "admin").sign_in()


def test_a_new_secret_ends_only_its_own_kind(stand_in, odoo_url):
    odoo = Odoo(odoo_url, "demo", "admin", "admin")
    odoo.sign_in()
    found = connection(odoo, "demo_connection_stripe")
    assert (found.id, found.inbound_url) == (7, f"{odoo_url}/integration/v1/in/key7")
    hand_over_secret(odoo, 7, "api", "first")
    hand_over_secret(odoo, 7, "inbound_signature", "other")
    hand_over_secret(odoo, 7, "api", "second")
    assert stand_in.secrets(7, "api") == ["second"]
    assert stand_in.secrets(7) == ["other"]


def test_the_command_line_names_what_it_misses(monkeypatch, capsys):
    for name in ("FI_ODOO_URL", "FI_DATABASE", "FI_STRIPE_KEY", "FI_PARTNER_SECRET"):
        monkeypatch.delenv(name, raising=False)
    for command, missing in (
        ("demo", "FI_ODOO_URL"),
        ("stripe", "FI_STRIPE_KEY"),
        ("receiver", "FI_PARTNER_SECRET"),
    ):
        assert main([command]) == 1
        assert missing in capsys.readouterr().err


def test_the_command_line_hands_its_wishes_on(monkeypatch):
    wishes = []
    monkeypatch.setenv("FI_LOGIN", "somebody")
    monkeypatch.setattr("simulators.__main__.run", lambda options, say: wishes.append(options) or 0)
    monkeypatch.setenv("FI_ODOO_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("FI_DATABASE", "demo")
    monkeypatch.setenv("FI_PASSWORD", "other")
    assert main(["demo", "--seed", "x", "--invoices", "20", "--trickle", "--once"]) == 0
    (options,) = wishes
    assert (options.seed, options.invoices, options.trickle, options.idle) == ("x", 20, 60, False)
    assert (options.login, options.password) == ("somebody", "other")


def test_an_answer_without_a_status_counts_as_taken():
    for body in (b"", b"[]", b'{"status": "strange"}'):
        assert demo._outcome(demo.Answer(200, {}, body)) == "new"
    assert demo._outcome(demo.Answer(503)) == "failed"
