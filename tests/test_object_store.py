# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Files from an object store over its real protocol: signed, bounded, at an address that is allowed (E9, C3)."""

from contextlib import closing
from unittest.mock import patch

from requests import Session

from odoo.exceptions import ValidationError

from ..models.messaging import object_store
from ..simulators.partner.object_store import BUCKET, KEY_ID, REGION, serving_store
from .deliveries import send_for_real
from .test_drops import DropCommon

SECRET = "a secret access key of forty characters"


class TestObjectStore(DropCommon):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(Session, "send", send_for_real))  # to this machine alone
        self.server, url = self.enterContext(serving_store(SECRET, page_keys=2))
        self.partner_connection.allowed_hosts = "127.0.0.1"
        self._secret(self.partner_connection, "files", SECRET)
        self.store = self.make_store(endpoint_url=url)

    def make_store(self, **facts):
        return self.make_drop(
            **{
                "name": "Bucket",
                "protocol": "s3",
                "root": False,
                "folder": "in",
                "bucket": BUCKET,
                "region": REGION,
                "username": KEY_ID,
                **facts,
            }
        )

    def bring(self, name="a.csv"):
        """Put the usual file into the bucket, instead of into the folder of this server."""
        self.put(name)
        path = self.inbox / name
        self.server.objects[f"in/{name}"] = path.read_bytes()
        path.unlink()

    def test_a_file_is_read_in_ranges_moved_and_acknowledged(self):
        self.startPatcher(self.patched_ranges(100))
        self.bring()
        self.assertEqual(self.look(self.store), 1)
        batch = self.one_batch("complete")
        self.assertEqual(
            sorted(self.server.objects),
            [f"in/done/a.csv.{batch.id}", f"in/receipts/a.csv.{batch.id}.receipt.json"],
        )
        self.assertEqual(len(self.messages()), 5)
        self.assertGreater([method for method, _path in self.server.requests].count("GET"), 3)
        self.assertEqual(self.look(self.store), 0)

    def patched_ranges(self, size):
        return patch.object(object_store, "RANGE_BYTES", size)

    def test_a_folder_of_several_pages_is_listed_without_its_sub_folders(self):
        for number in range(5):
            self.server.objects[f"in/{number}.txt"] = b"x"
        self.server.objects |= {"in/": b"", "in/done/old.csv": b"x", "elsewhere/b.csv": b"x"}
        with self.opened() as store:
            self.assertEqual(
                [entry.name for entry in store.entries()], [f"{number}.txt" for number in range(5)]
            )
            self.assertTrue(store.exists("", "1.txt"))
            self.assertFalse(store.exists("", "9.txt"))

    def opened(self):
        return closing(self.store._open_store(self.store.sudo()._facts()))

    def test_an_object_that_is_replaced_while_it_is_read_is_not_mixed(self):
        self.startPatcher(self.patched_ranges(100))
        self.bring()
        send = object_store.http_client.send
        replaced = []

        def replace(request, **options):
            answer = send(request, **options)
            if request.method == "GET" and "Range" in str(request.headers).title() and not replaced:
                self.server.objects["in/a.csv"] += b"\n"
                replaced.append(request)
            return answer

        with patch.object(object_store.http_client, "send", replace):
            self.look(self.store)
        self.assertTrue(replaced)
        self.assertFalse(self.messages())
        self.assertFalse(self.batches().filtered(lambda batch: batch.state == "complete"))

    def assert_refused(self, code):
        self.bring()
        self.assertEqual(self.look(self.store), 0)
        self.assertEqual(self.exceptions(code).code, code)
        self.assertFalse(self.batches())
        self.assertIn("in/a.csv", self.server.objects)

    def test_a_wrong_key_is_told(self):
        self.env["integration.credential"].search([("purpose", "=", "files")]).value = "another secret"
        self.assert_refused("credential_refused")

    def test_a_bucket_that_is_not_there_or_not_ours_is_told(self):
        self.store.bucket = "another-bucket"
        self.assert_refused("file_forbidden")

    def test_a_redirect_is_not_followed(self):
        self.server.troubles.append(("GET", 307, "TemporaryRedirect"))
        self.assert_refused("file_forbidden")

    def test_a_store_that_is_down_is_asked_again_later(self):
        self.bring()
        self.server.troubles.append(("GET", 503, "SlowDown"))
        self.assertEqual(self.look(self.store), 0)
        self.assertEqual((self.store.failure_count, bool(self.store.not_before)), (1, True))
        self.store.sudo().not_before = False
        self.assertEqual(self.look(self.store), 1)
        self.one_batch("complete")

    def test_a_copy_that_failed_deletes_nothing(self):
        self.bring()
        self.server.troubles.append(("PUT", 200, "InternalError"))
        self.look(self.store)
        self.assertIn("in/a.csv", self.server.objects)

    def test_a_private_address_is_not_called_unless_it_is_allowed_by_name(self):
        self.bring()
        self.partner_connection.allowed_hosts = False
        self.assertEqual(self.look(self.store), 0)
        self.assertTrue(self.exceptions("address_forbidden"))
        self.assertEqual(self.server.requests, [])

    def test_what_must_be_said(self):
        url = self.store.endpoint_url
        for facts in (
            {"bucket": False},
            {"bucket": "Not A Bucket"},
            {"region": "eu 1"},
            {"username": False},
            {"endpoint_url": f"{url}/bucket"},
            {"endpoint_url": "ftp://127.0.0.1"},
            {"endpoint_url": "http://10.0.0.1"},
            {"folder": "../other"},
        ):
            with self.subTest(facts=facts), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.make_store(name=str(facts), **{"endpoint_url": url, **facts})
