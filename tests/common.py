# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the Odoo tests share: two connections, set up as an administrator would, and simulated outside systems."""

from datetime import datetime, timezone
from decimal import Decimal

from odoo import SUPERUSER_ID
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from ..connectors.registry import get_connector
from ..engine.canonical_json import canonical_bytes
from ..engine.json_guard import parse_json
from ..simulators.clock import SimulatedClock
from ..simulators.partner import documents, signing
from ..simulators.stripe.api import StripeApi
from ..simulators.stripe.state import StripeAccount
from ..simulators.stripe.webhook import as_event

STRIPE_SECRET = "whsec_test_4f1c2b7d9e8a"
PARTNER_SECRET = signing.make_secret("tests")
START = datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)
ANNA = documents.Party("C-1", "Anna's Bakery", "anna@bakery.example")
BEN = documents.Party("C-2", "Ben & Sons", "ben@sons.example")


@tagged("post_install", "-at_install")
class IntegrationCommon(AccountTestInvoicingCommon):
    """A company in US dollars with a partner system and a Stripe account, both active."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        # The accountant of these tests also sets up the connections; who may do what is tested elsewhere.
        cls.env.user.group_ids |= cls.env.ref("finance_integration.group_operator") | cls.env.ref(
            "finance_integration.group_administrator"
        )
        cls.root = cls.env(user=SUPERUSER_ID)
        cls.tax15 = cls.env["account.tax"].create(
            {"name": "Output tax 15 %", "amount": 15.0, "type_tax_use": "sale", "company_id": cls.company.id}
        )
        cls.partner_connection = cls._connection("generic", "Partner platform")
        cls.stripe_connection = cls._connection("stripe", "Stripe account")
        cls.env["integration.mapping"].create(
            {
                "connection_id": cls.partner_connection.id,
                "mapping": "tax",
                "outside_value": "STD",
                "tax_id": cls.tax15.id,
            }
        )
        cls._secret(cls.partner_connection, "inbound_signature", PARTNER_SECRET)
        cls._secret(cls.stripe_connection, "inbound_signature", STRIPE_SECRET)
        (cls.partner_connection | cls.stripe_connection).action_activate()

    def setUp(self):
        super().setUp()
        self.clock = SimulatedClock(START)
        self.stripe = StripeAccount("tests", self.clock)
        self._sent = 0

    @classmethod
    def _connection(cls, connector, name):
        connection = cls.env["integration.connection"].create(
            {
                "name": name,
                "connector": connector,
                "company_id": cls.company.id,
                "environment": "test",
                "time_zone": "America/New_York",
            }
        )
        connection.action_propose_accounting()
        return connection

    @classmethod
    def _secret(cls, connection, purpose, value):
        return cls.env["integration.credential"].create(
            {"connection_id": connection.id, "purpose": purpose, "value": value}
        )

    # -- bringing events in ----------------------------------------------------------------------------------

    def accept(self, connection, body, headers=None, correlation_id="test-correlation"):
        """Store one event as the inbound route would after its signature held; returns (verdict, message)."""
        headers = headers or {}
        facts = connection.with_env(self.root)._pull_facts()
        envelope = get_connector(connection.connector).read_envelope(parse_json(body), headers)
        verdict, message_id = self.root["integration.ingest"]._accept(
            facts, envelope, body, headers, correlation_id
        )
        return verdict.value, self.env["integration.message"].browse(message_id)

    def drain(self, connection):
        """Work off everything that is ready in the connection's lane, in this transaction."""
        total = 0
        while count := self.root["integration.drain"]._work_off(connection.flow_ids.lane_id.id):
            total += count
        self.env.invalidate_all()
        return total

    def stripe_events(self):
        """Return the events that the simulated account has told since the last call, oldest first."""
        told = list(self.stripe.events)[self._sent :]
        self._sent += len(told)
        return told

    def send_stripe(self, events=None):
        """Bring the account's new events (or the given ones) in and work them off; returns the messages."""
        messages = self.env["integration.message"]
        for told in self.stripe_events() if events is None else events:
            _verdict, message = self.accept(self.stripe_connection, as_event(told).body)
            messages |= message
        self.drain(self.stripe_connection)
        return messages

    def pull_stripe(self, pull="balance_transactions"):
        """Fetch one of the account's lists page by page, without a socket, and work the events off."""
        connection = self.stripe_connection.with_env(self.root)
        api = StripeApi(self.stripe, "sk_test_key")
        connector = get_connector("stripe")
        for _page in range(100):
            cursor = connection.pull_cursor_ids.filtered(lambda row: row.pull == pull)
            position, settings = cursor.position or {}, connection._settings()
            request = connector.pull_request(pull, position, settings, "sk_test_key")
            answer = api_answer(api, request)
            page = connector.pull_page(pull, position, answer, settings)
            connection._store_page(pull, page)
            connection.invalidate_recordset()
            if not page.more:
                break
        return self.drain(connection)

    def send_partner(self, event_type, document, drain=True):
        """Bring one document of the partner in; returns its message."""
        event = documents.as_event("tests", event_type, document)
        _verdict, message = self.accept(self.partner_connection, event.body, {"webhook-id": event.id})
        if drain:
            self.drain(self.partner_connection)
        return message

    def issue(self, number, party=ANNA, amount="1000.00", tax=True, **facts):
        """Let the partner issue an invoice of one line; returns the posted invoice."""
        line = documents.Line("Advice", Decimal(1), Decimal(amount), ("STD",) if tax else ())
        document = documents.invoice(
            number,
            party,
            [line],
            self.clock.now,
            due_date=facts.pop("due_date", self.clock.now.date()),
            **facts,
        )
        message = self.send_partner("invoice.issued", document)
        return self.became(message, "account.move")

    def forget_mapping(self, value):
        """Make the database as if nobody had ever mapped ``value``; people can only end a mapping."""
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM integration_mapping WHERE outside_value = %s", [value])
        self.env.invalidate_all()

    # -- looking at what became of it --------------------------------------------------------------------------

    def became(self, message, model):
        """Return the records of one model that a message became."""
        return self.env[model].browse(
            message.effect_ids.filtered(lambda row: row.res_model == model).mapped("res_id")
        )

    def movement(self, movement_type, movement_id):
        """Return the one movement with this identity; fails with what the inbox says when there is none."""
        found = self.env["integration.movement"].search(
            [("type", "=", movement_type), ("movement_id", "=", movement_id)]
        )
        self.assertEqual(len(found), 1, self.stopped())
        return found

    def stopped(self):
        """Return why events are not done, for the message of a failing assertion."""
        messages = self.env["integration.message"].search(
            [("status", "not in", ("done", "superseded", "discarded"))]
        )
        return "\n".join(
            f"{row.event_type} {row.status}: {row.error_code} {row.error_detail}" for row in messages
        )

    def exceptions(self, code=None):
        domain = [("state", "=", "open"), ("company_id", "=", self.company.id)]
        return self.env["integration.exception"].search(domain + ([("code", "=", code)] if code else []))

    def role(self, role):
        return (
            self.env["integration.role.account"]
            .search([("company_id", "=", self.company.id), ("role", "=", role)])
            .account_id
        )

    def balance(self, account):
        """Return the posted balance of an account, exact to the cent."""
        lines = self.env["account.move.line"].search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        )
        return Decimal(str(round(sum(lines.mapped("balance")), 2)))

    def assert_done(self, messages):
        for message in messages:
            said = f"{message.event_type}: {message.error_code} {message.error_text} {message.error_detail}"
            self.assertEqual(message.status, "done", said)
            if message.effect_ids:
                self.assertIn(message.stage, ("posted", "acknowledged", "reconciled"), said)


def api_answer(api, request):
    """Let the simulated API answer a request of the hub."""
    from urllib.parse import urlsplit

    from ..connectors.base import HttpAnswer

    parts = urlsplit(request.url)
    answer = api.handle(request.method, parts.path, parts.query, dict(request.headers))
    return HttpAnswer(
        answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body
    )


def exact(record):
    """Return a record's wire form as canonical bytes, to compare two of them."""
    return canonical_bytes(record)
