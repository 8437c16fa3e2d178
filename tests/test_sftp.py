# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Files from an SFTP server: only from the server whose key is known, only at an address that is allowed (E9, C3)."""

import io

import paramiko

from odoo.exceptions import ValidationError

from ..simulators.partner import sftp
from .test_drops import DropCommon


class TestSftp(DropCommon):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(sftp.serving(self.root_path, password="right"))
        self.partner_connection.allowed_hosts = "127.0.0.1"
        self._secret(self.partner_connection, "files", "right")
        self.sftp = self.make_sftp()

    def make_sftp(self, **facts):
        return self.make_drop(
            **{
                "name": "SFTP",
                "protocol": "sftp",
                "root": False,
                "host": "127.0.0.1",
                "port": self.server.port,
                "username": sftp.USER,
                "host_key": self.server.host_key,
                **facts,
            }
        )

    def assert_refused(self, drop, code):
        self.put()
        self.assertEqual(self.look(drop), 0)
        exception = self.exceptions(code)
        self.assertEqual(exception.code, code)
        if code == "host_key_refused":
            self.assertEqual((exception.fix, exception.action_open_folder()["res_id"]), ("folder", drop.id))
        self.assertFalse(self.batches())
        self.assertIn("a.csv", self.names())

    def test_a_file_is_read_moved_and_acknowledged(self):
        self.put()
        self.assertEqual(self.look(self.sftp), 1)
        batch = self.one_batch("complete")
        self.assertEqual(self.names(), [f"done/a.csv.{batch.id}", f"receipts/a.csv.{batch.id}.receipt.json"])
        self.assertEqual(len(self.messages()), 5)
        self.assertEqual(self.look(self.sftp), 0)

    def test_a_private_key_signs_in_also_when_its_line_ends_were_lost(self):
        key = paramiko.RSAKey.generate(2048)
        text = io.StringIO()
        key.write_private_key(text)
        self.server.keys = (key,)
        credential = self.env["integration.credential"].search([("purpose", "=", "files")])
        credential.value = text.getvalue().strip().replace("\n", " ")
        self.put()
        self.assertEqual(self.look(self.sftp), 1)
        self.one_batch("complete")

    def test_another_server_key_is_refused_before_anything_is_sent(self):
        other = paramiko.ECDSAKey.generate()
        self.sftp.host_key = f"{other.get_name()} {other.get_base64()}"
        self.assert_refused(self.sftp, "host_key_refused")
        self.assertEqual(self.server.logins, [])

    def test_a_key_of_another_kind_is_refused(self):
        other = paramiko.RSAKey.generate(2048)
        self.sftp.host_key = f"ssh-rsa {other.get_base64()}"
        self.assert_refused(self.sftp, "host_key_refused")
        self.assertEqual(self.server.logins, [])

    def test_a_wrong_password_is_told(self):
        self.env["integration.credential"].search([("purpose", "=", "files")]).value = "wrong"
        self.assert_refused(self.sftp, "credential_refused")
        self.assertFalse(any(self.server.logins))

    def test_a_private_address_is_not_called_unless_it_is_allowed_by_name(self):
        self.partner_connection.allowed_hosts = False
        self.assert_refused(self.sftp, "address_forbidden")
        self.assertEqual(self.server.logins, [])

    def test_a_server_that_is_down_is_tried_again_by_itself(self):
        self.server.close()
        self.put()
        self.assertEqual(self.look(self.sftp), 0)
        self.assertEqual(self.sftp.failure_count, 1)
        self.assertTrue(self.sftp.not_before)
        self.assertFalse(self.exceptions())

    def test_without_a_key_of_the_server_it_cannot_be_set_up(self):
        for host_key in (False, "ssh-ed25519", "nonsense AAAA", "ssh-ed25519 !!!!"):
            with self.assertRaises(ValidationError):
                self.make_sftp(name=f"Bad {host_key}", host_key=host_key)
