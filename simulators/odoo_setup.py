# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sets the demo connections up in Odoo, by the clicks that an integration administrator would make.

Everything goes through the web client's own calls, as a signed-in person: nothing here can do what
a person could not.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from datetime import datetime, timezone
from typing import Any

import requests

from . import wire
from .local_server import HOST

MODULE = "finance_integration"
TIMEOUT_SECONDS = 60
MAX_ANSWER_BYTES = 5_000_000


class SetupError(Exception):
    """The demo cannot be set up; the text says why, and what to do, in plain words."""


@dataclasses.dataclass(frozen=True)
class Connection:
    """A connection of the hub that is ready to be used: its id and the address that takes its events."""

    id: int
    name: str
    inbound_url: str


class Odoo:
    """A signed-in person at one Odoo database."""

    def __init__(self, url: str, database: str, login: str, password: str):
        self.url = url.rstrip("/")
        self.database = database
        self._login = login
        self._password = password
        self._session = requests.Session()
        self._numbers = itertools.count(1)

    def wait(self, timeout_seconds: int = 60) -> None:
        """Wait until Odoo answers.

        :raises SetupError: it does not within the time.
        """
        end = time.monotonic() + timeout_seconds
        while True:
            try:
                answer = self._session.get(f"{self.url}/web/health", timeout=5, allow_redirects=False)
                if answer.status_code == 200:
                    return
            except requests.RequestException:
                pass
            if time.monotonic() > end:
                raise SetupError(f"Odoo does not answer at {self.url}. Is it running?")
            time.sleep(1)

    def sign_in(self) -> None:
        """Sign in.

        :raises SetupError: the database or the password is wrong.
        """
        found = self._rpc(
            "/web/session/authenticate",
            {"db": self.database, "login": self._login, "password": self._password},
            f"signing in as {self._login} to the database {self.database}",
        )
        if not found or not found.get("uid"):
            raise SetupError(f"Odoo does not let {self._login} in to the database {self.database}.")

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a public method of a model and return its result.

        :raises SetupError: Odoo refuses, with Odoo's own words.
        """
        return self._rpc(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": list(args), "kwargs": kwargs},
            f"{model}.{method}",
        )

    def _rpc(self, path: str, params: dict, what: str) -> Any:
        body = {"jsonrpc": "2.0", "method": "call", "id": next(self._numbers), "params": params}
        try:
            answer = self._session.post(
                self.url + path, json=body, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
            # Amounts come as JSON numbers: read as Decimal they keep the cents that Odoo wrote.
            content = wire.parse(answer.content) if len(answer.content) <= MAX_ANSWER_BYTES else {}
        except (requests.RequestException, ValueError) as reason:
            raise SetupError(f"{what}: no usable answer from {self.url} ({type(reason).__name__})") from None
        if not isinstance(content, dict) or "jsonrpc" not in content:
            raise SetupError(f"{what}: Odoo answered with status {answer.status_code} and no result")
        if "error" in content:
            error = content["error"]
            words = error.get("data", {}).get("message") or error.get("message") or "no reason given"
            raise SetupError(f"{what}: {words}")
        # A method that returns nothing is answered without a result.
        return content.get("result")


def connection(odoo: Odoo, xmlid_name: str) -> Connection:
    """Return one of the demo connections by the last part of its external id.

    :raises SetupError: the demo data are not there.
    """
    found = odoo.call(
        "ir.model.data",
        "search_read",
        [["module", "=", MODULE], ["name", "=", xmlid_name]],
        ["res_id"],
        limit=1,
    )
    if not found:
        raise SetupError(
            f"The database {odoo.database} has no {MODULE}.{xmlid_name}. "
            "Install the addon with demo data (odoo --with-demo -i finance_integration)."
        )
    connection_id = found[0]["res_id"]
    name = odoo.call("integration.connection", "read", [connection_id], ["name"])[0]["name"]
    endpoints = odoo.call(
        "integration.endpoint", "search_read", [["connection_id", "=", connection_id]], ["path"], limit=1
    )
    if not endpoints:
        raise SetupError(f"The connection {name} has no inbound address.")
    # Odoo's own idea of its address (web.base.url) may be another one than the one we reached it at.
    return Connection(connection_id, name, odoo.url + endpoints[0]["path"])


def activate_currency(odoo: Odoo, code: str) -> None:
    """Make a currency usable, as the accountant of a company that is paid in it has done.

    :raises SetupError: Odoo refuses.
    """
    found = odoo.call("res.currency", "search", [["name", "=", code], ["active", "=", False]])
    if found:
        odoo.call("res.currency", "write", found, {"active": True})


def hand_over_secret(odoo: Odoo, connection_id: int, purpose: str, value: str) -> None:
    """Give the hub a new secret for ``purpose`` and end the validity of those it replaces.

    ``purpose``: inbound_signature, outbound_signature or api.
    """
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    old = odoo.call(
        "integration.credential",
        "search",
        [
            ["connection_id", "=", connection_id],
            ["purpose", "=", purpose],
            "|",
            ["valid_until", "=", False],
            ["valid_until", ">", now],
        ],
    )
    odoo.call(
        "integration.credential",
        "create",
        [{"connection_id": connection_id, "purpose": purpose, "value": value}],
    )
    if old:
        odoo.call("integration.credential", "write", old, {"valid_until": now})


def configure(
    odoo: Odoo,
    found: Connection,
    secrets: dict[str, str],
    *,
    api_base_url: str | None = None,
    delivery_url: str | None = None,
) -> None:
    """Give a connection its secrets and addresses and make it active.

    :raises SetupError: Odoo refuses; the text holds its reason.
    """
    for purpose, value in secrets.items():
        hand_over_secret(odoo, found.id, purpose, value)
    addresses = {"allowed_hosts": HOST}
    if api_base_url:
        addresses["api_base_url"] = api_base_url
    if delivery_url:
        addresses["delivery_url"] = delivery_url
    odoo.call("integration.connection", "write", [found.id], addresses)
    odoo.call("integration.connection", "action_activate", [found.id])
