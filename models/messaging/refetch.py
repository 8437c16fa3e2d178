# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money of events whose signature does not cover it is asked for at the source before it is booked (ADR 0043).

The event is a reason to ask. What the source answers is kept as an event of its own, like one of a fetched list, and
that is what is booked: what the books rest on is in the inbox, encrypted and in the audit trail like everything else.
"""

import time
from dataclasses import replace
from decimal import Decimal

from odoo import fields, models

from ...connectors.base import InboundEvent
from ...connectors.registry import all_connectors, get_connector
from ...engine.canonical_json import canonical_bytes
from ...engine.errors import AuthorizationError, IntegrationError, TransientError
from ..posting.work import Finding
from . import fetched, http_client

# Of one batch; what is left over is asked for by the next one.
ASK_SECONDS = 20
ANSWER_SECONDS = 30
REMEMBER_SECONDS = 120
FAILURE_SECONDS = 15
MAX_ANSWER_BYTES = 1_000_000
# What the source answers to one question with these it answers to all: access refused, a pause asked for.
STOPPING = (401, 403, 429)


def _refetches(connector):
    return all_connectors()[connector].spec.trust == "refetch"


def _may_be_partial(work):
    """Whether an event of this type can hold the first part only of what it tells."""
    return work.envelope.event_type in all_connectors()[work.connection.connector].spec.partial_events


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    trusted_amount = fields.Monetary(
        string="Book without asking up to",
        currency_field="company_currency_id",
        default=0,
        copy=False,
        tracking=True,
        help="For systems whose signature does not cover the amounts: money up to this amount, in the company's "
        "currency, is booked as the event says it. Everything else is asked for at the source first. 0 = always ask.",
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    asks_source = fields.Boolean(compute="_compute_asks_source")

    _trusted_amount_positive = models.Constraint(
        "CHECK(trusted_amount >= 0)", "The amount up to which nothing is asked is not negative."
    )

    def _compute_asks_source(self):
        for connection in self:
            connection.asks_source = bool(connection.connector) and connection._spec().trust == "refetch"

    def _settings(self):
        limit = {
            "value": str(Decimal(str(self.trusted_amount))),
            "currency": self.company_id.currency_id.name,
        }
        return super()._settings() | {"trusted_amount": limit}

    def _missing_points(self):
        points = super()._missing_points()
        if self._spec().trust == "refetch" and self._receives() and not self._api_credential():
            points.append(
                self.env._(
                    "The access for calling the outside system: it is asked what its events of money say."
                )
            )
        return points


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _perform(self, works):
        self._ask_sources(works)
        return super()._perform(works)

    def _asks(self, work):
        """Whether what an event says may have to be asked for at its source."""
        if self.env.context.get("integration_rehearsal"):
            return False
        if work.row["origin"] in ("push", "pull") and _may_be_partial(work):
            return True
        return work.row["origin"] == "push" and _refetches(work.connection.connector)

    def _ask_sources(self, works):
        """Ask for everything that this batch needs, when its transaction is given up.

        :raises NeedsFetchError: something has not been asked for yet.
        """
        needed = {}
        for work in works:
            if self._asks(work) and not fetched.is_known(_key(work)):
                request = self._request_of(work)
                if request is not None:
                    needed[_key(work)] = request
        if needed:
            raise fetched.NeedsFetchError(("refetch", min(needed)), lambda: _ask(needed))

    def _request_of(self, work):
        """Return (request, hosts that may be called), None where nothing is to be asked."""
        try:
            event = self._event_of(work)
            asked = self._question_of(work, event)
        except IntegrationError:
            return None
        return None if asked is None else (asked, self._hosts_of(work))

    def _hosts_of(self, work):
        return tuple((work.connection.sudo().allowed_hosts or "").split())

    def _event_of(self, work):
        settings = self._once("settings", work.connection, work.connection._settings)
        return InboundEvent(work.envelope, self._body_of(work), settings)

    def _question_of(self, work, event):
        """Return the request that asks the source what an event says, None where it is believed.

        :raises AuthorizationError: ``api_access_missing``: there is no access with which to ask; others: it cannot be
        had.
        """
        connection = work.connection.sudo()
        connector = get_connector(connection.connector)
        settings = {**event.settings, "access_kind": "api_key"}
        if connector.refetch_request(event, settings, "") is None:
            return None
        if not connection._api_credential():
            raise AuthorizationError("api_access_missing", params={"connection": connection.name})
        kind, secret = self._once("access", work.connection, connection._access)
        request = connector.refetch_request(event, {**event.settings, "access_kind": kind}, secret)
        return replace(request, certificate=connection._client_certificate())

    def _documents_of(self, work, connector, event):
        """What the source says is kept and booked by itself; of the event nothing is left to book."""
        asked = self._question_of(work, event) if self._asks(work) else None
        if asked is None:
            return super()._documents_of(work, connector, event)
        if not fetched.is_known(_key(work)):
            needed = {_key(work): (asked, self._hosts_of(work))}
            raise fetched.NeedsFetchError(("refetch", *needed), lambda: _ask(needed))
        answer = fetched.known(_key(work), lambda: (None, 0))
        envelope, body = connector.refetched(event, answer)
        self._check_same(work, connector, event, envelope, body)
        facts = work.connection.sudo()._pull_facts()
        _verdict, message_id = self.env["integration.ingest"]._accept(
            facts, envelope, canonical_bytes(body), {}, work.row["correlation_id"], origin="pull"
        )
        work.note = self.env._("Asked the source; what it answered is event %s.", message_id)
        return []

    def _check_same(self, work, connector, event, envelope, body):
        """Tell somebody when an event says another amount than its source: it was altered on its way, or is old."""
        if not _refetches(work.connection.connector):  # its signature covers what it says
            return
        told = {_identity(each): each for each in connector.transform(event)}
        said = connector.transform(replace(event, envelope=envelope, body=body))
        for each in said:
            other = told.get(_identity(each))
            if other is not None and other.amount != each.amount:
                work.findings.append(
                    Finding(
                        "refetch_differs",
                        {
                            "movement": each.movement_id,
                            "told": f"{other.amount.value} {other.amount.currency}",
                            "stated": f"{each.amount.value} {each.amount.currency}",
                        },
                        cause=f"{each.type} {each.movement_id} {other.amount.value}",
                    )
                )


def _identity(document):
    return getattr(document, "type", None), getattr(document, "movement_id", None)


def _key(work):
    return ("refetch", work.connection.env.cr.dbname, work.message_id, work.row["attempt_count"])


def _ask(needed):
    """Ask for everything in turn; no transaction is open. A source that fails is not asked for the rest."""
    deadline, failure = time.monotonic() + ASK_SECONDS, None
    for key, (request, hosts) in sorted(needed.items(), key=lambda pair: pair[0]):
        if failure is None and time.monotonic() > deadline:
            failure = TransientError("refetch_later")
        if failure is not None:
            fetched.remember(key, failure, FAILURE_SECONDS)
            continue
        try:
            answer = http_client.send(request, hosts, MAX_ANSWER_BYTES, ANSWER_SECONDS)
        except IntegrationError as error:
            answer, failed = error, isinstance(error, TransientError)
        else:
            failed = answer.status in STOPPING or answer.status >= 500
        failure = answer if failed else None
        fetched.remember(key, answer, FAILURE_SECONDS if failed else REMEMBER_SECONDS)
    return None, 0
