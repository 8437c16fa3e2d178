# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A refund that is started here and comes back as an event is one refund (S1, E2, ADR 0015)."""

from decimal import Decimal
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.exceptions import UserError
from odoo.tests import new_test_user

from ..connectors.base import HttpAnswer
from ..engine.errors import TransientError
from ..models.messaging import sent_once
from ..simulators.stripe.api import StripeApi
from .common import IntegrationCommon

KEY = "sk_test_key_0123456789"


class TestRefundOrders(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.api = StripeApi(self.stripe, KEY)
        self._secret(self.stripe_connection, "api", KEY)
        self.invoice = self.issue("P-1001")
        self.charge = self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": "P-1001"})
        self.send_stripe()
        self.payment = self.movement("payment", self.charge["id"])
        self.ann = new_test_user(
            self.env,
            "refund_ann",
            groups="finance_integration.group_approver",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.asked, self.lose = [], set()
        self.startPatcher(
            patch.object(sent_once, "in_own_transaction", lambda _registry, what: what(self.root))
        )
        self.startPatcher(patch.object(sent_once.http_client, "send", self.call))

    def call(self, request, _allowed_hosts=(), _max_bytes=None, _total=None):
        parts = urlsplit(request.url)
        self.asked.append(request.method)
        if "before" in self.lose:
            raise TransientError("destination_unavailable")
        answer = self.api.handle(request.method, parts.path, parts.query, request.headers, request.body)
        if "after" in self.lose:
            raise TransientError("destination_timeout")
        if "garbage" in self.lose:
            return HttpAnswer(200, {}, b'{"object": "list of nothing", "data": 7}')
        return HttpAnswer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body
        )

    def order(self, amount=400.0, approve=True):
        order = self.env["integration.refund.order"].create(
            {"payment_id": self.payment.id, "amount": amount, "reason": "Goods came back"}
        )
        order.action_ask()
        if approve:
            self.request(order).with_user(self.ann).action_approve()
            self.env.invalidate_all()
        return order

    def request(self, order):
        return self.env["integration.change.request"].search(
            [("res_model", "=", order._name), ("res_id", "=", order.id)]
        )

    def send(self, order):
        order.sudo().due_at = False
        order.with_env(self.root)._send()
        self.env.invalidate_all()

    def refunds(self):
        return self.env["integration.movement"].search([("type", "=", "refund")])

    def test_one_refund_from_the_order_to_the_books(self):
        order = self.order()
        self.assertEqual((order.state, self.asked), ("to_send", []))
        self.send(order)
        self.assertEqual((order.state, len(self.stripe.refunds), self.asked), ("sent", 1, ["POST"]))
        self.assertFalse(self.refunds())
        self.send_stripe()
        self.pull_stripe()
        self.assertEqual((order.state, order.movement_id), ("booked", self.refunds()))
        self.assertEqual((len(self.refunds()), self.refunds().amount), (1, -400.0))
        self.send(order)
        self.assertEqual(len(self.stripe.refunds), 1)

    def test_without_a_second_person_nothing_is_sent(self):
        order = self.order(approve=False)
        with self.assertRaises(UserError):
            self.request(order).action_approve()
        self.send(order)
        self.assertEqual((self.asked, len(self.stripe.refunds)), ([], 0))
        self.request(order).with_user(self.ann).action_refuse("Not yet")
        self.env.invalidate_all()
        self.assertEqual(order.state, "draft")

    def test_an_answer_that_was_lost_is_asked_for_and_not_sent_again(self):
        order = self.order()
        self.lose = {"after"}
        self.send(order)
        self.assertEqual((order.state, len(self.stripe.refunds)), ("unknown", 1))
        self.lose = set()
        self.send_stripe()  # the event comes before the answer is known
        self.send(order)
        self.assertEqual((order.state, self.asked), ("booked", ["POST", "GET"]))
        self.assertEqual((len(self.stripe.refunds), len(self.refunds())), (1, 1))

    def test_what_never_went_out_is_sent_again(self):
        order = self.order()
        self.lose = {"before"}
        self.send(order)
        self.assertEqual((order.state, len(self.stripe.refunds)), ("to_send", 0))
        self.lose = set()
        self.send(order)
        self.assertEqual((order.state, len(self.stripe.refunds)), ("sent", 1))

    def test_an_answer_that_nobody_can_read_is_no_refusal(self):
        """The money may have gone: asked for anew under another key, it would go twice."""
        order = self.order()
        self.lose = {"garbage"}
        self.send(order)
        self.send(order)  # asks first, and cannot read that either
        self.assertEqual((order.state, self.asked, len(self.stripe.refunds)), ("unknown", ["POST", "GET"], 1))
        with self.assertRaises(UserError):
            order.action_ask()
        self.lose = set()
        self.send(order)
        self.assertEqual((order.state, len(self.stripe.refunds)), ("sent", 1))

    def test_nothing_is_sent_while_the_connection_is_paused(self):
        order = self.order()
        self.stripe_connection.action_pause()
        self.send(order)
        self.assertEqual((order.state, self.asked, len(self.stripe.refunds)), ("to_send", [], 0))
        self.stripe_connection.action_activate()
        self.send(order)
        self.assertEqual((order.state, len(self.stripe.refunds)), ("sent", 1))

    def test_a_person_is_told_of_a_refund_that_does_not_arrive(self):
        order = self.order()
        self.lose = {"before"}
        for _try in range(sent_once.TRIES_BEFORE_ALARM - 1):
            self.send(order)
        self.assertFalse(self.exceptions("refund_not_made"))
        self.send(order)
        exception = self.exceptions("refund_not_made")
        self.assertEqual((len(exception), exception.state), (1, "open"))
        self.assertIn("$\xa0400.00", exception.what)
        self.lose = set()
        self.send(order)
        self.assertEqual((order.state, exception.state), ("sent", "resolved"))

    def test_no_more_than_is_left_and_nothing_twice(self):
        with self.assertRaises(UserError):
            self.order(1150.01, approve=False)
        self.order(1000.0, approve=False)
        with self.assertRaises(UserError):
            self.order(200.0, approve=False)

    def test_what_the_provider_refuses_is_said_in_words(self):
        order = self.order(1150.0)
        self.stripe.refund(self.charge["id"], 100000)
        self.send(order)
        self.assertEqual((order.state, len(self.stripe.refunds)), ("refused", 1))
        self.assertTrue(order.answer)
        exception = self.exceptions("refund_not_made")
        self.assertIn("$\xa01,150.00", exception.what)
        order.action_ask()
        self.assertEqual((order.state, exception.state), ("asked", "resolved"))

    def test_what_was_asked_for_does_not_change(self):
        order = self.order(approve=False)
        with self.assertRaises(UserError):
            order.amount = 1.0
        with self.assertRaises(UserError):
            order.unlink()
        self.assertEqual(Decimal(str(order.amount)), Decimal("400.0"))
