# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Why an entry is in the books, in plain words: where it comes from, what the source said, who agreed (A5)."""

import dataclasses

from odoo import models
from odoo.tools.misc import format_date, format_datetime

from ...engine.canonical.registry import latest_version
from ..control.display import words_for

MAX_EVENTS = 10
MAX_DECISIONS = 20


@dataclasses.dataclass(frozen=True)
class Fact:
    """One sentence of an explanation and the record that shows it, if there is one."""

    topic: str
    text: str
    model: str | None = None
    record_id: int | None = None


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_explain(self):
        """Button: say why this entry is in the books."""
        self.ensure_one()
        self.check_access("read")
        explanation = self.env["integration.explanation"].create({"move_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Why is this in the books?"),
            "res_model": explanation._name,
            "res_id": explanation.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _integration_explain(self):
        """Return the facts about this entry as a list of ``Fact``: its origin first, decisions of people last."""
        self.ensure_one()
        messages = self._integration_messages().sorted("id")
        facts = self._explain_origin(messages)
        for message in messages[:MAX_EVENTS]:
            facts += self._explain_event(message)
        facts += self._explain_dates()
        facts += self._explain_decisions(messages)
        return facts

    # -- where it comes from -------------------------------------------------------------------------------

    def _explain_origin(self, messages):
        """Say who booked it, and for entries that Odoo adds by itself what made it do so."""
        if made := self._explain_made_by_odoo():
            return made
        origin = self.env._("Origin")
        if messages or self.integration_connection_id:
            connection = self.integration_connection_id or messages.connection_id[:1]
            return [
                Fact(
                    origin,
                    self.env._(
                        "The hub booked this for the connection “%(connection)s”, as its service user %(user)s, "
                        "who may "
                        "book in the journals of that connection only.",
                        connection=connection.name,
                        user=self.create_uid.name,
                    ),
                    connection._name,
                    connection.id,
                )
            ]
        return [
            Fact(
                origin,
                self.env._(
                    "No event of an outside system is behind this entry: %(user)s made it in Odoo on %(when)s.",
                    user=self.create_uid.name,
                    when=format_datetime(self.env, self.create_date),
                ),
            )
        ]

    def _explain_made_by_odoo(self):
        """Return the fact behind an exchange difference or a tax that became due on payment, else nothing."""
        partials = self.env["account.partial.reconcile"].search([("exchange_move_id", "=", self.id)], limit=1)
        if partials:
            text = self.env._(
                "Odoo added this exchange difference by itself when %(one)s was matched with %(other)s: the rate had "
                "changed between the two.",
                one=partials.debit_move_id.move_id.name,
                other=partials.credit_move_id.move_id.name,
            )
            return [Fact(self.env._("Origin"), text, self._name, partials.debit_move_id.move_id.id)]
        if origin := self.tax_cash_basis_origin_move_id:
            text = self.env._(
                "Odoo added this by itself: the tax of %s falls due when it is paid, and it has been paid.",
                origin.name,
            )
            return [Fact(self.env._("Origin"), text, self._name, origin.id)]
        return []

    def _explain_event(self, message):
        """Say what the source told, how that was checked, and by which contract it was understood."""
        connection = message.connection_id
        values = {
            "connection": connection.name,
            "when": format_datetime(self.env, message.received_at),
            "event": message.event_id,
            "type": message.event_type,
        }
        how = {
            "push": self.env._(
                "“%(connection)s” sent the event %(event)s (%(type)s), received on %(when)s. Its signature was "
                "checked over "
                "the bytes as they came in.",
                **values,
            ),
            "pull": self.env._(
                "The event %(event)s (%(type)s) was fetched from “%(connection)s” with the hub's own key on %(when)s.",
                **values,
            ),
            "file": self.env._(
                "The event %(event)s (%(type)s) was read from a file of “%(connection)s” on %(when)s.",
                **values,
            ),
            "handed": self.env._(
                "The event %(event)s (%(type)s) was handed to “%(connection)s” on %(when)s by the connection of "
                "another company, which had checked it: an approved rule says that it belongs here.",
                **values,
            ),
            "replay": self.env._(
                "The event %(event)s (%(type)s) of “%(connection)s” was processed again on %(when)s.",
                **values,
            ),
        }
        facts = [
            Fact(
                self.env._("Event"), how.get(message.origin or "push", how["push"]), message._name, message.id
            )
        ]
        document = self._explained_document(message)
        return facts + self._explain_document(message, document) if document else facts

    def _explain_document(self, message, document):
        """Say who entered and approved it at the source, and by which contract it was understood."""
        facts, source = [], document["source"]
        if source.get("actor") or source.get("approver"):
            text = self.env._(
                "Entered there by %(actor)s, approved there by %(approver)s.",
                actor=source.get("actor") or self.env._("somebody who is not named"),
                approver=source.get("approver") or self.env._("nobody who is named"),
            )
            facts.append(Fact(self.env._("At the source"), text))
        version = source.get("version")
        text = self.env._(
            "It was understood as “%(kind)s” by version %(schema)s of that contract: object %(object)s, %(version)s.",
            kind=message.kind,
            schema=latest_version(message.kind),
            object=source["object_id"],
            version=self.env._("without versions") if version is None else self.env._("version %s", version),
        )
        return [*facts, Fact(self.env._("Contract"), text)]

    def _explained_document(self, message):
        """Return the document that an event says, or None where its content has been archived or erased."""
        payload = self.env["integration.payload"].sudo().search([("message_id", "=", message.id)], limit=1)
        return payload.documents[0] if payload.documents else None

    # -- dates and decisions -------------------------------------------------------------------------------

    def _explain_dates(self):
        event_date = self.integration_event_date
        if not event_date:
            return []
        topic = self.env._("Date")
        if event_date == self.date:
            text = self.env._(
                "It is booked on the day on which it happened, %s.", format_date(self.env, self.date)
            )
        else:
            text = self.env._(
                "It happened on %(true)s. That day was locked when it was booked, so it stands on the first open day, "
                "%(booked)s.",
                true=format_date(self.env, event_date),
                booked=format_date(self.env, self.date),
            )
        return [Fact(topic, text)]

    def _explained_exceptions(self, messages):
        """Return the exceptions, resolved ones too, that were about this entry, its money or its events."""
        movements = self.integration_movement_ids | self.env["integration.movement"].search(
            [("move_id", "=", self.id)]
        )
        source = self.integration_source_id
        causes = [
            *messages.mapped("object_key"),
            *(f"{kind} {source}" for kind in ("invoice", "entry") if source),
            *(f"{movement.type} {movement.movement_id}" for movement in movements),
        ]
        connections = (self | movements.move_id).integration_connection_id | messages.connection_id
        return self.env["integration.exception"].search(
            [("connection_id", "in", connections.ids), ("cause", "in", causes)], limit=MAX_DECISIONS
        )

    def _explain_decisions(self, messages):
        """Say what people decided or approved about the events of this entry, or about the entry itself."""
        correlations = set(messages.mapped("correlation_id")) | {self.integration_correlation_id}
        exceptions = self._explained_exceptions(messages)
        leaves = (
            self.env["integration.audit.leaf"]
            .search(
                [
                    ("user_id.integration_service", "=", False),
                    ("action", "not in", ("message.done", "message.nothing")),
                    "|",
                    "|",
                    "|",
                    ("message_id", "in", messages.ids),
                    ("correlation_id", "in", [text for text in correlations if text]),
                    "&",
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    "&",
                    ("res_model", "=", exceptions._name),
                    ("res_id", "in", exceptions.ids),
                ],
                order="id",
                limit=MAX_DECISIONS,
            )
            .filtered(lambda leaf: leaf.user_id != self.env.ref("base.user_root"))
        )
        return [
            Fact(
                self.env._("Decision"),
                self.env._(
                    "%(what)s, by %(user)s on %(when)s.",
                    what=words_for(self.env, leaf.action),
                    user=leaf.user_id.name,
                    when=format_datetime(self.env, leaf.recorded_at),
                ),
                leaf._name,
                leaf.id,
            )
            for leaf in leaves
        ]
