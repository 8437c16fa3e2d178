# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of questions share: a partner that asks, and a look at what was answered and kept."""

import time

from ..engine.canonical import decode
from ..simulators.partner import documents, signing
from .common import ANNA, PARTNER_SECRET
from .signed_requests import SignedRequests, dump


class QueryCommon(SignedRequests):
    def setUp(self):
        super().setUp()
        self.asked = 0
        self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now))
        self.anna = self._bound("customer", "C-1")

    def _bound(self, kind, outside_id, connection=None):
        connection = connection or self.partner_connection
        binding = self.env["integration.binding"]._find(connection, kind, [outside_id])[outside_id]
        return self.env[binding.res_model].browse(binding.res_id)

    def question(self, kind="credit", query_id=None, **fields):
        self.asked += 1
        return {
            "kind": f"query.{kind}",
            "schema_version": "1",
            "source": {"system": "shop", "object_id": query_id or f"q-{self.asked}"},
            "occurred_at": "2026-03-02T16:00:00Z",
            **fields,
        }

    def ask(self, body, *, endpoint=None, event_id=None, **options):
        """Send a question; a dict is written as JSON."""
        self.env.flush_all()
        raw = body if isinstance(body, bytes) else dump(body)
        path = f"/integration/v1/query/{(endpoint or self.endpoint).key}"
        return self.post(path, raw, event_id or f"msg_{self.asked}_{len(raw)}", **options)

    def answered(self, body, **options):
        """Return the answer to a question that is answered, its signature and contract checked."""
        answer = self.ask(body, **options)
        self.assertEqual(answer.status_code, 200, answer.text)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        answer_id = signing.verify(headers, answer.content, [PARTNER_SECRET], int(time.time()))
        said = answer.json()
        self.assertEqual(said["source"], {"system": "odoo", "object_id": answer_id})
        self.assertEqual(said["query_id"], body["source"]["object_id"])
        fields = dict(said)
        self.assertEqual(
            decode(fields.pop("kind"), fields.pop("schema_version"), fields).company, self.company.name
        )
        return said

    def kept(self):
        self.env.invalidate_all()
        return self.env["integration.query.answer"].search([], order="id")

    def flow(self, kind):
        return self.partner_connection.flow_ids.filtered(lambda row: row.kind == f"query.{kind}")
