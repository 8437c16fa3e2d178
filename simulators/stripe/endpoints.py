# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Webhook endpoints of an account: https://docs.stripe.com/api/webhook_endpoints."""

from __future__ import annotations

import copy

from ..ids import token
from .shapes import API_VERSION, Shape


class WebhookEndpoints:
    """What is registered; the secret of an endpoint is told once, when it is made."""

    def __init__(self):
        self.made: dict[str, Shape] = {}
        self._answers: dict[str, Shape] = {}

    def answer(self, method: str, endpoint_id: str, pairs: list[tuple[str, str]], key: str) -> Shape:
        """Answer one request.

        :raises KeyError: there is no such endpoint, or no such request.
        """
        if key and key in self._answers:
            return copy.deepcopy(self._answers[key])
        shown = self._act(method, endpoint_id, pairs)
        if key:
            self._answers[key] = copy.deepcopy(shown)
        return shown

    def _act(self, method: str, endpoint_id: str, pairs: list[tuple[str, str]]) -> Shape:
        if method == "GET" and not endpoint_id:
            data = [copy.deepcopy(each) for each in reversed(self.made.values())]
            return {"object": "list", "data": data, "has_more": False, "url": "/v1/webhook_endpoints"}
        if method == "POST" and not endpoint_id:
            return self._make(pairs)
        held = self.made[endpoint_id]
        if method == "DELETE":
            del self.made[endpoint_id]
            return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}
        if method != "POST":
            raise KeyError(method)
        values = dict(pairs)
        if events := [value for name, value in pairs if name == "enabled_events[]"]:
            held["enabled_events"] = events
        if "disabled" in values:
            held["status"] = "disabled" if values["disabled"] == "true" else "enabled"
        return copy.deepcopy(held)

    def _make(self, pairs: list[tuple[str, str]]) -> Shape:
        values = dict(pairs)
        number = len(self._answers) + len(self.made) + 1
        made = {
            "id": "we_" + token("endpoint", number, length=24),
            "object": "webhook_endpoint",
            "api_version": values.get("api_version") or API_VERSION,
            "enabled_events": [value for name, value in pairs if name == "enabled_events[]"],
            "livemode": False,
            "status": "enabled",
            "url": values["url"],
        }
        self.made[made["id"]] = made
        return {**made, "secret": "whsec_" + token("endpoint secret", number, length=32)}
