# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A PayPal account for the Odoo tests: its webhooks, its lists, and what is asked of it."""

from decimal import Decimal
from unittest.mock import patch
from urllib.parse import urlsplit

from ..connectors.base import HttpAnswer
from ..models.messaging import fetched, refetch
from ..models.messaging.fetched import NeedsFetchError
from ..simulators.paypal.api import PayPalApi
from ..simulators.paypal.signing import DEFAULT_URL
from ..simulators.paypal.state import PayPalAccount, as_event
from .common import IntegrationCommon

ACCESS = "access-token-tests"


class PayPalCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paypal = cls._connection("paypal", "PayPal account")
        cls._secret(cls.paypal, "inbound_signature", "WH1")
        cls.access = cls._secret(cls.paypal, "api", ACCESS)
        cls.access.kind = "api_key"
        cls.paypal.outside_account = "MERCH1"
        cls.paypal.action_activate()
        cls.journal = cls.paypal.balance_account_ids.journal_id

    def setUp(self):
        super().setUp()
        fetched.forget()
        self.addCleanup(fetched.forget)
        self.account = PayPalAccount("tests", self.clock)
        self.api = PayPalApi(self.account, ACCESS)
        self.told = 0
        self.in_test_mode = False
        self.startPatcher(patch.object(refetch.http_client, "send", self.call))

    def call(self, request, _allowed_hosts=(), _max_bytes=None, _total=None):
        parts = urlsplit(request.url)
        self.assertEqual(parts.netloc, "api-m.paypal.com")
        status, headers, body = self.api.handle(request.method, parts.path, parts.query, request.headers)
        return HttpAnswer(status, {name.lower(): value for name, value in headers.items()}, body)

    # -- bringing events in --------------------------------------------------------------------------------

    def drain(self, connection):
        """Work everything off; what is needed from outside is fetched between two tries, as the drain's caller does."""
        total = 0
        for _try in range(50):
            try:
                with self.env.cr.savepoint():
                    count = self.root["integration.drain"]._work_off(connection.flow_ids.lane_id.id)
            except NeedsFetchError as need:
                self.fetches += 1
                need.fetch()
                continue
            if not count:
                break
            total += count
        self.env.invalidate_all()
        return total

    def send(self, events=None, drain=True):
        """Bring the account's new webhooks (or the given bodies) in; returns their messages."""
        bodies = events
        if bodies is None:
            bodies = [as_event(told).body for told in self.account.events[self.told :]]
            self.told = len(self.account.events)
        self.fetches = 0
        messages = self.env["integration.message"]
        for body in bodies:
            messages |= self.accept(self.paypal, body, {"paypal-cert-url": DEFAULT_URL})[1]
        if drain:
            self.drain(self.paypal)
        return messages

    def pull(self, pull="transactions"):
        """Fetch a list to its end and work it off."""
        connection, connector = self.paypal.with_env(self.root), self.paypal._connector()
        self.fetches = 0
        for _page in range(20):
            cursor = connection.pull_cursor_ids.filtered(lambda row: row.pull == pull)
            position, settings = cursor.position or {}, connection._settings()
            request = connector.pull_request(pull, position, settings, ACCESS)
            page = connector.pull_page(pull, position, self.call(request), settings)
            connection._store_page(pull, page)
            connection.invalidate_recordset()
            if not page.more:
                break
        return self.drain(self.paypal)

    def movements(self):
        """Return (type, amount, booked) of every movement, in the order in which they came."""
        found = self.env["integration.movement"].search([("connection_id", "=", self.paypal.id)], order="id")
        return [(row.type, row.amount, row.changes_balance) for row in found]

    def movement(self, kind, movement_id):
        return self.env["integration.movement"].search(
            [("connection_id", "=", self.paypal.id), ("type", "=", kind), ("movement_id", "=", movement_id)]
        )

    def psp(self):
        """Return the balance of the account that mirrors PayPal's."""
        lines = self.env["account.move.line"].search(
            [("account_id", "=", self.journal.default_account_id.id), ("parent_state", "=", "posted")]
        )
        return sum((Decimal(str(line.balance)) for line in lines), Decimal(0)).quantize(Decimal("0.01"))

    def counterpart(self, kind, movement_id):
        """Return the role of the account against which a movement is booked."""
        account = self.movement(kind, movement_id).counterpart_id.account_id
        roles = self.env["integration.role.account"]._accounts_by_role(self.paypal)
        return next((role for role, each in roles.items() if each == account.id), account.account_type)
