# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Odoo's JSON-RPC over one kept connection, as a signed-in person."""

from __future__ import annotations

import http.client
import itertools
import json
from typing import Any

TIMEOUT_SECONDS = 900
MAX_ANSWER_BYTES = 20_000_000


class RpcError(Exception):
    """Odoo refused a call; the text holds its reason."""


class Rpc:
    """A session of the web client's own calls."""

    def __init__(self, port: int, database: str, login: str = "admin", password: str = "admin"):  # noqa: S107 - of a database made for this run
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._numbers = itertools.count(1)
        self._cookie = ""
        params = {"db": database, "login": login, "password": password}
        self.user_id = self._post("/web/session/authenticate", params)["uid"]

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a public method of a model.

        :raises RpcError: Odoo refuses.
        """
        params = {"model": model, "method": method, "args": list(args), "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def _post(self, path: str, params: dict) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "id": next(self._numbers), "params": params})
        headers = {"Content-Type": "application/json"} | ({"Cookie": self._cookie} if self._cookie else {})
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        content = json.loads(answer.read(MAX_ANSWER_BYTES))
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and value.startswith("session_id="):
                self._cookie = value.partition(";")[0]
        if "error" in content:
            details = content["error"].get("data", {})
            raise RpcError(f"{path}: {details.get('message')}\n{details.get('debug', '')[-3000:]}")
        return content.get("result")
