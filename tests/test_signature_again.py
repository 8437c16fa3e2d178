# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Years later a signature is verified again, over the kept bytes, with the secret that was valid then (A4)."""

import hashlib
import json
import os
from datetime import timedelta
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..simulators.partner import documents, signing
from ..simulators.partner.signing import PartnerSigner
from .common import ANNA, PARTNER_SECRET
from .test_audit_coverage import CoverageCommon


@tagged("post_install", "-at_install")
class TestSignatureAgain(CoverageCommon):
    def signed(self, number="S-1"):
        """Store an event as the address does: with its signed headers, sent to us."""
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"), ("STD",))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        event = documents.as_event("tests", "invoice.issued", document)
        now = int(fields.Datetime.now().timestamp())
        headers = {
            name.lower(): value for name, value in PartnerSigner(PARTNER_SECRET).headers(event, now).items()
        }
        kept = {name: headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        _verdict, message = self.accept(self.partner_connection, event.body, kept)
        self.env.cr.execute(
            "UPDATE integration_message SET origin = 'push', endpoint_id = %s, received_at = %s WHERE id = %s",
            (self.partner_connection.endpoint_ids[:1].id, fields.Datetime.now(), message.id),
        )
        message.invalidate_recordset()
        return message

    def again(self, message):
        outcome = message.with_user(self.people["auditor"]).action_verify_signature()
        leaf = self.last("payload.verify")
        self.assertEqual((leaf.message_id, leaf.user_id), (message, self.people["auditor"]))
        self.assertTrue(outcome["params"]["message"])
        return leaf.detail

    def test_it_holds_also_after_the_secret_was_replaced(self):
        message = self.signed()
        self.assertEqual(self.again(message), "holds")
        credential = self.partner_connection.credential_ids.filtered(
            lambda row: row.purpose == "inbound_signature"
        )
        credential.value = signing.make_secret("the next one")
        kept = self.partner_connection.credential_ids - credential
        self.assertEqual((len(kept), kept.is_valid), (1, False))
        self.assertEqual(self.again(message), "holds")
        kept.unlink()
        self.assertEqual(
            self.again(message), "broken"
        )  # entered within the same minute: it could be that one
        credential.sudo().secret_set_at = message.received_at + timedelta(hours=1)
        self.assertEqual(self.again(message), "secret_gone")
        credential.unlink()
        self.assertEqual(self.again(message), "secret_gone")

    def test_a_secret_that_ended_counts_for_what_came_before(self):
        message = self.signed()
        credential = self.partner_connection.credential_ids
        self.env.cr.execute("UPDATE integration_message SET received_at = received_at - interval '1 second'")
        message.invalidate_recordset()
        credential.write(
            {"valid_from": message.received_at - timedelta(days=1), "valid_until": message.received_at}
        )
        self.assertEqual(self.again(message), "holds")
        credential.valid_until = message.received_at - timedelta(hours=1)
        self.assertEqual(self.again(message), "secret_gone")

    def test_bytes_that_were_changed(self):
        message = self.signed()
        self.env.cr.execute(
            "UPDATE integration_payload SET raw = raw || ' ' WHERE message_id = %s", (message.id,)
        )
        self.assertEqual(self.again(message), "changed")
        # Whoever has the key as well and encrypts other bytes is found by the digest, then by the signature.
        payloads = self.env["integration.payload"].sudo()
        share = payloads._shares_by_message(message.ids).get(message.id)
        other = json.dumps({"another": "content"}).encode()
        self.env.cr.execute(
            "UPDATE integration_payload SET raw = %s WHERE message_id = %s",
            (payloads._sealed_like(share, other), message.id),
        )
        self.assertEqual(self.again(message), "changed")
        self.env.cr.execute(
            "UPDATE integration_message SET body_digest = %s WHERE id = %s",
            (hashlib.sha256(other).hexdigest(), message.id),
        )
        self.env.invalidate_all()
        self.assertEqual(self.again(message), "broken")

    def test_a_secret_that_this_server_cannot_open(self):
        message = self.signed()
        with patch.dict(os.environ, {"FINANCE_INTEGRATION_KEYS": Fernet.generate_key().decode()}):
            self.assertEqual(self.again(message), "content_locked")
        self.env.cr.execute(
            "UPDATE integration_credential SET ciphertext = %s WHERE connection_id = %s",
            (Fernet(Fernet.generate_key()).encrypt(b"x").decode(), self.partner_connection.id),
        )
        self.env.invalidate_all()
        self.assertEqual(self.again(message), "secret_locked")

    def test_what_was_never_signed(self):
        fetched = self.event()
        self.env.cr.execute("UPDATE integration_message SET origin = 'pull' WHERE id = %s", (fetched.id,))
        fetched.invalidate_recordset()
        self.assertEqual(self.again(fetched), "unsigned")

    @mute_logger("odoo.addons.finance_integration.models.archive.retention")
    def test_from_an_archive_and_when_nothing_is_left(self):
        message = self.signed()
        self.drain(self.partner_connection)
        self.root["integration.archive"]._put_away(message.with_env(self.root))
        self.env.invalidate_all()
        self.assertTrue(message.content_archived)
        self.assertEqual(self.again(message), "holds")
        gone = self.signed("S-2")
        self.root["integration.payload"].search([("message_id", "=", gone.id)]).unlink()
        self.assertEqual(self.again(gone), "content_gone")

    def test_an_event_of_a_batch(self):
        message = self.signed()
        raw = self.root["integration.payload"]._raw_by_message(message.ids)[message.id]
        body = json.dumps({"id": "first"}).encode() + b"\n" + raw
        event = type("Event", (), {"id": "batch-1", "body": body})
        now = int(fields.Datetime.now().timestamp())
        headers = {
            name.lower(): value for name, value in PartnerSigner(PARTNER_SECRET).headers(event, now).items()
        }
        batch = self.root["integration.batch"].create(
            {
                "connection_id": self.partner_connection.id,
                "kind": "intake",
                "source": "batch-1",
                "size_bytes": len(body),
                "signed_headers": {name: headers[name] for name in headers if name.startswith("webhook-")},
            }
        )
        batch._keep_signed_body(body)
        self.env.cr.execute(
            "UPDATE integration_message SET batch_id = %s WHERE id = %s", (batch.id, message.id)
        )
        self.env.cr.execute(
            "UPDATE integration_payload SET headers = '{}' WHERE message_id = %s", (message.id,)
        )
        self.env.invalidate_all()
        self.assertEqual(self.again(message), "holds")
        batch._keep_signed_body(body[:-1] + b" ")
        self.assertEqual(self.again(message), "changed")
