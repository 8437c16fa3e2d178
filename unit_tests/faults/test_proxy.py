# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The proxy hands everything on, and cuts where it was told: before a query, or between its end and its answer."""

import socket
import struct
import threading
from contextlib import contextmanager

import pytest

from faults.proxy import SSL_REQUEST, Cut, Proxy

READY = b"Z\0\0\0\5I"


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


class FakePostgres:
    """Answers each simple query with CommandComplete and ReadyForQuery, and remembers it."""

    def __init__(self):
        self.queries = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                end, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(end,), daemon=True).start()

    def talk(self, end):
        stream = end.makefile("rb")
        (length,) = struct.unpack("!I", stream.read(4))
        stream.read(length - 4)
        end.sendall(READY)
        while kind := stream.read(1):
            (length,) = struct.unpack("!I", stream.read(4))
            body = stream.read(length - 4)
            if kind == b"Q":
                self.queries.append(body.rstrip(b"\0").decode())
                end.sendall(message(b"C", b"DONE\0") + READY)


@contextmanager
def client(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as end:
        end.sendall(struct.pack("!II", 8, SSL_REQUEST))
        assert end.recv(1) == b"N"
        end.sendall(struct.pack("!II", 8, 196608))
        assert end.recv(len(READY)) == READY
        yield end


def ask(end, text):
    """Return what comes back, b"" when the wire was cut."""
    end.sendall(message(b"Q", text.encode() + b"\0"))
    received = b""
    try:
        while not received.endswith(READY):
            part = end.recv(1000)
            if not part:
                return b""
            received += part
    except ConnectionError:
        return b""
    return received


@pytest.fixture
def server():
    fake = FakePostgres()
    yield fake
    fake.listener.close()


@pytest.fixture
def proxy(server):
    with Proxy(*server.listener.getsockname()) as made:
        yield made


def test_nothing_is_cut_unless_a_cut_is_armed(proxy, server):
    with client(proxy) as end:
        assert ask(end, "SELECT 1").endswith(READY)
        assert ask(end, "COMMIT").endswith(READY)
    assert server.queries == ["SELECT 1", "COMMIT"]


def test_before_the_query_never_reaches_the_server(proxy, server):
    with client(proxy) as end:
        proxy.arm(Cut("before", "^COMMIT", before=True))
        assert ask(end, "INSERT")
        assert ask(end, "COMMIT") == b""
        assert proxy.wait(5)
    assert server.queries == ["INSERT"]


def test_after_the_server_carries_it_out_and_nobody_hears_of_it(proxy, server):
    with client(proxy) as end:
        proxy.arm(Cut("after", "^COMMIT", before=False))
        assert ask(end, "COMMIT") == b""
        assert proxy.wait(5)
        assert proxy.cut_text == "COMMIT"
    assert server.queries == ["COMMIT"]


def test_a_cut_within_waits_for_its_transaction_and_is_made_once(proxy, server):
    proxy.arm(Cut("within", "^COMMIT", before=True, within="UPDATE inbox"))
    with client(proxy) as end:
        assert ask(end, "UPDATE inbox SET x")
        assert ask(end, "ROLLBACK;")
        assert ask(end, "SELECT 1")
        assert ask(end, "COMMIT")  # of another transaction
        assert ask(end, "BEGIN")
        assert ask(end, "UPDATE inbox SET y")
        assert ask(end, "COMMIT") == b""
    with client(proxy) as end:
        assert ask(end, "UPDATE inbox SET y")
        assert ask(end, "COMMIT")
    assert proxy.wait(0)


def test_the_skipped_matches_pass(proxy, server):
    proxy.arm(Cut("third", ".", before=True, skip=2))
    with client(proxy) as end:
        assert ask(end, "one")
        assert ask(end, "two")
        assert ask(end, "three") == b""
    assert server.queries == ["one", "two"]


def test_a_cut_that_did_not_come_true_is_disarmed(proxy, server):
    proxy.arm(Cut("never", "^COMMIT", before=True))
    assert not proxy.wait(0)
    with client(proxy) as end:
        assert ask(end, "COMMIT")
