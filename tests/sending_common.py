# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What tests of things that a provider is told once share: its simulated API instead of a socket, and lost answers."""

from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.tests import new_test_user

from ..connectors.base import HttpAnswer
from ..engine.errors import TransientError
from ..models.messaging import sent_once
from ..simulators.stripe.api import StripeApi
from .common import IntegrationCommon

KEY = "sk_test_key_0123456789"


class SendingCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.api = StripeApi(self.stripe, KEY)
        self._secret(self.stripe_connection, "api", KEY)
        self.ann = new_test_user(
            self.env,
            "sending_ann",
            groups="finance_integration.group_auditor,account.group_account_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        # (method, path) of each call; ``lose``: before, after, garbage, or a status to answer with.
        self.asked, self.lose = [], None
        self.startPatcher(
            patch.object(sent_once, "in_own_transaction", lambda _registry, what: what(self.root))
        )
        self.startPatcher(patch.object(sent_once.http_client, "send", self.call))

    def call(self, request, _allowed_hosts=(), _max_bytes=None, _total=None):
        parts = urlsplit(request.url)
        self.asked.append((request.method, parts.path))
        if self.lose == "before":
            raise TransientError("destination_unavailable")
        if isinstance(self.lose, int):
            return HttpAnswer(self.lose, {}, b'{"error": {"code": "x", "message": "no"}}')
        answer = self.api.handle(request.method, parts.path, parts.query, request.headers, request.body)
        if self.lose == "after" and request.method == "POST":
            raise TransientError("destination_timeout")
        if self.lose == "garbage" and request.method == "POST":
            return HttpAnswer(200, {}, b'{"object": "something else", "id": 7}')
        return HttpAnswer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body
        )

    def send(self, record):
        """Let the job of a record run, as if its pause were over; returns the calls that it made."""
        self.asked = []
        row = self.root[record._name].browse(record.id)
        row.due_at = False
        row._send()
        self.env.invalidate_all()
        return self.asked

    def request(self, record):
        return self.env["integration.change.request"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id), ("state", "=", "asked")]
        )

    def sweep(self):
        self.env.flush_all()
        self.root["integration.sweep"]._cron_run()
        self.env.invalidate_all()
