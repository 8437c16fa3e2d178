# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What was sent and what was not is told apart exactly; nothing takes longer than its time (E8)."""

import socket
import threading
import time
from contextlib import contextmanager, suppress
from unittest.mock import patch

from requests import Session

from odoo.tests import BaseCase, tagged

from ..connectors.base import HttpRequest
from ..engine.errors import IntegrationError
from ..models.messaging import http_client

send_for_real = Session.send
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@contextmanager
def speaking(act):
    """Run ``act(connection)`` for each connection to a port of this machine; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve():
            with suppress(OSError):
                while True:
                    connection, _address = server.accept()
                    with connection, suppress(OSError):
                        act(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
    thread.join(timeout=1)


def read_request(connection):
    text = b""
    while b"\r\n\r\n" not in text:
        text += connection.recv(4096)
    return text


def answering(*parts, pause_seconds=0):
    def act(connection):
        read_request(connection)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_seconds)

    return act


@tagged("post_install", "-at_install")
class TestHttpClient(BaseCase):
    @classmethod
    def _request_handler(cls, session, request, /, **options):
        return send_for_real(session, request, **options)

    def call(self, url, total_seconds=2, timeout_seconds=1, most=1000):
        """Return the answer, or (code, seconds it took)."""
        began = time.monotonic()
        request = HttpRequest("POST", url, {}, b"{}", timeout_seconds)
        try:
            return http_client.send(
                request, ("127.0.0.1", "localhost", "nowhere.invalid"), most, total_seconds
            )
        except IntegrationError as error:
            return error.code, time.monotonic() - began

    def assert_code(self, found, code, within_seconds):
        self.assertEqual(found[0], code)
        self.assertLess(found[1], within_seconds)

    def test_an_answer(self):
        with speaking(answering(HEAD + b"Content-Length: 2\r\n\r\nok")) as port:
            answer = self.call(f"http://127.0.0.1:{port}/")
        self.assertEqual((answer.status, answer.body, answer.cut_off), (200, b"ok", False))
        self.assertEqual(answer.headers["content-type"], "text/plain")

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.assert_code(self.call(f"http://127.0.0.1:{port}/"), "destination_unavailable", 2)

    def test_there_is_no_such_host(self):
        self.assert_code(self.call("https://nowhere.invalid/"), "destination_unavailable", 30)

    def test_the_handshake_fails_and_nothing_was_sent(self):
        seen = []

        def act(connection):
            seen.append(connection.recv(4096))
            connection.sendall(b"this is no TLS at all\r\n\r\n")

        with speaking(act) as port:
            found = self.call(f"https://127.0.0.1:{port}/")
        self.assert_code(found, "destination_unavailable", 2)
        self.assertNotIn(b"POST", b"".join(seen))

    def test_an_address_that_is_not_allowed(self):
        request = HttpRequest("POST", "https://localhost/", {}, b"{}", 1)
        with self.assertRaises(IntegrationError) as caught:
            http_client.send(request)
        self.assertEqual(caught.exception.code, "address_forbidden")

    def test_a_name_that_leads_inside_after_it_was_checked(self):
        """A second answer of the name server changes nothing: the address that was really reached is looked at."""
        heard = []
        resolve = socket.getaddrinfo

        def rebound(host, port, *details, **more):
            return resolve("127.0.0.1" if host == "public.example" else host, port, *details, **more)

        listening = speaking(lambda connection: heard.append(connection.recv(100)))
        with listening as port, patch.object(socket, "getaddrinfo", rebound):
            found = self.call(f"https://public.example:{port}/")
        self.assert_code(found, "address_forbidden", 2)
        self.assertEqual([text for text in heard if text], [])

    def test_a_redirect_is_an_answer_and_never_followed(self):
        head = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n"
        with speaking(answering(head)) as port:
            answer = self.call(f"http://127.0.0.1:{port}/")
        self.assertEqual((answer.status, answer.headers["location"]), (302, "http://169.254.169.254/latest/"))

    def test_it_was_sent_and_no_answer_comes(self):
        with speaking(answering(pause_seconds=3)) as port:
            found = self.call(f"http://127.0.0.1:{port}/", total_seconds=5)
        self.assert_code(found, "destination_timeout", 2)

    def test_it_was_sent_and_the_connection_is_cut(self):
        with speaking(read_request) as port:
            self.assert_code(self.call(f"http://127.0.0.1:{port}/"), "destination_timeout", 2)

    def test_an_answer_that_breaks_off(self):
        with speaking(answering(HEAD + b"Content-Length: 100\r\n\r\nonly this")) as port:
            self.assert_code(self.call(f"http://127.0.0.1:{port}/"), "destination_timeout", 2)

    def test_headers_that_drip(self):
        drops = [bytes([letter]) for letter in HEAD * 3]
        with speaking(answering(*drops, pause_seconds=0.2)) as port:
            self.assert_code(self.call(f"http://127.0.0.1:{port}/"), "destination_timeout", 3)

    def test_a_body_that_drips(self):
        start = HEAD + b"Content-Length: 100\r\n\r\n"
        with speaking(answering(start, *[b"x"] * 100, pause_seconds=0.2)) as port:
            self.assert_code(self.call(f"http://127.0.0.1:{port}/"), "destination_timeout", 3)

    def test_a_body_without_end_that_drips(self):
        """Without a length the end of the connection is the end of the body: shut by us, it is no answer."""
        start = HEAD + b"Connection: close\r\n\r\n"
        with speaking(answering(start, *[b"x"] * 100, pause_seconds=0.2)) as port:
            self.assert_code(self.call(f"http://127.0.0.1:{port}/"), "destination_timeout", 3)

    def test_a_body_without_end_that_floods(self):
        start = HEAD + b"Connection: close\r\n\r\n"
        with speaking(answering(start, *[b"x" * 65536] * 200)) as port:
            answer = self.call(f"http://127.0.0.1:{port}/", most=70_000)
        self.assertEqual((len(answer.body), answer.cut_off), (70_000, True))

    def test_no_thread_is_left_behind(self):
        before = threading.active_count()
        with speaking(answering(HEAD + b"Content-Length: 2\r\n\r\nok")) as port:
            for _call in range(5):
                self.call(f"http://127.0.0.1:{port}/", total_seconds=60)
        deadline = time.monotonic() + 5
        while threading.active_count() > before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertLessEqual(threading.active_count(), before)
