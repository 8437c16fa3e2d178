# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The drain's second half: writes down what became of the events of a batch."""

import json
import random
import time
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ...engine.canonical.registry import encode
from ...engine.cutover import economic_date
from ...engine.error_catalogue import retries_by_itself
from ...engine.errors import ErrorClass
from ...engine.lifecycle import STAGES
from ...engine.retry import RetryPolicy, next_delay_seconds


class IntegrationDrainOutcome(models.AbstractModel):
    _inherit = "integration.drain"

    # -- writing down what happened ------------------------------------------------------------------------

    def _record(self, works, held, started):
        """Write outcomes, tries and audit entries of the batch."""
        outcomes = [self._outcome(work) for work in works]
        outcomes += [self._held_outcome(row) for row in held if row["status"] != "held"]
        self.env["integration.message"]._advance_many(outcomes)
        self._write_documents(works)
        self._write_attempts(works, started)
        self._write_leaves(works)
        self._raise_findings(works)
        self._after(works)

    def _held_outcome(self, row):
        return {
            "id": row["id"],
            "direction": "in",
            "from_stage": row["stage"],
            "from_status": row["status"],
            "stage": row["stage"],
            "status": "held",
            "attempts": row["attempt_count"],
        }

    def _outcome(self, work):
        row = work.row
        outcome = {
            "id": row["id"],
            "direction": "in",
            "from_stage": row["stage"],
            "from_status": row["status"],
            "stage": max(row["stage"], work.stage, key=STAGES.index),
            "status": "superseded" if work.outcome == "superseded" else "done",
            "attempts": row["attempt_count"] + 1,
            "kind": work.kind,
            "economic_date": self._accounting_day(work),
            **self._amount(work),
        }
        if work.note and not work.error:
            outcome["error_text"] = work.note[:500]
        if work.error:
            outcome |= self._failure(work)
            work.outcome = {"waiting": "retry"}.get(outcome["status"], outcome["status"])
        return outcome

    def _accounting_day(self, work):
        """Return the day to which what the event says belongs, for the lists of a month; None = not understood."""
        return economic_date(work.documents[0], work.connection.time_zone) if work.documents else None

    def _amount(self, work):
        """Return amount and currency of what the event says, for lists and for the money at stake."""
        document = work.documents[0] if work.documents else None
        value = code = None
        if work.kind == "movement":
            value, code = document.amount.value, document.amount.currency
        elif work.kind == "invoice":
            value, code = document.total_gross, document.currency
            if value is None:
                value = sum((line.net_amount or line.quantity * line.unit_price) for line in document.lines)
        elif work.kind == "entry":
            value, code = sum(line.debit or 0 for line in document.lines), document.currency
        currency = self.env["res.currency"]._by_code(code)
        return {"amount": value, "currency_id": currency.id} if currency else {}

    def _failure(self, work):
        """Return how a failed event goes on: again later by itself, or with a person."""
        error, connection = work.error, work.connection.sudo()
        flow = self.env["integration.flow"].browse(work.row["flow_id"] or [])
        policy = flow._retry_policy_for(error.code) if flow else RetryPolicy()
        by_itself = retries_by_itself(error.code)
        delay = None
        if by_itself:
            tries = work.row["attempt_count"] + 1 - (work.row["tries_before"] or 0)
            delay = next_delay_seconds(policy, tries, error.retry_after_seconds, random.random())
        values = {
            "error_code": error.code,
            "error_text": error.sentence[:500],
            "error_detail": error.detail,
        }
        if delay is not None:
            return values | {"status": "waiting", "due_at": fields.Datetime.now() + timedelta(seconds=delay)}
        cause = self._cause(work)
        # Five hundred events with one cause ask once for its exception, not five hundred times.
        exception = self._once(
            ("cause", error.code, cause),
            connection,
            lambda: self.env["integration.exception"]._raise_cause(
                connection.with_env(self.env), error.code, error.params, cause, flow, error.detail
            ),
        )
        return values | {"status": "dead" if by_itself else "parked", "exception_id": exception.id}

    def _cause(self, work):
        """Return the text that groups events with the same cause: a missing mapping is one cause, not 500."""
        error = work.error
        if error.error_class in (ErrorClass.REFERENCE, ErrorClass.AUTHORIZATION) and error.params:
            return "; ".join(f"{name}={value}" for name, value in sorted(error.params.items()))
        if error.code in ("unknown_event_type", "wrong_account", "wrong_environment"):
            return "; ".join(str(value) for _name, value in sorted(error.params.items())) or error.code
        return work.envelope.object_key

    def _write_documents(self, works):
        text = self.env["integration.payload"]._documents_text
        rows = [
            (
                work.message_id,
                SQL(
                    "%s::jsonb",
                    text(work.row["key_share"], [encode(document) for document in work.documents]),
                ),
            )
            for work in works
            if work.documents
        ]
        if rows:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE integration_payload p SET documents = v.documents
                      FROM (VALUES %s) AS v(message_id, documents) WHERE p.message_id = v.message_id
                    """,
                    SQL(", ").join(SQL("(%s, %s)", message_id, documents) for message_id, documents in rows),
                )
            )

    def _write_attempts(self, works, started):
        if not works:
            return
        took_ms = int((time.monotonic() - started) * 1000 / len(works))
        rows = [
            (
                work.message_id,
                work.row["attempt_count"] + 1,
                *self._trigger(work.row),
                work.outcome,
                work.stage,
                json.dumps(work.stages),
                work.error.code if work.error else None,
                (work.error.sentence if work.error else work.note)[:500] or None,
            )
            for work in works
        ]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_attempt
                       (message_id, number, trigger, user_id, outcome, stage, stages, error_code, detail,
                        started_at, duration_ms)
                SELECT v.*, %s, %s
                  FROM unnest(%s::int[], %s::int[], %s::text[], %s::int[], %s::text[], %s::text[], %s::jsonb[],
                              %s::text[], %s::text[]) AS v
                """,
                fields.Datetime.now(),
                took_ms,
                *(list(column) for column in zip(*rows, strict=True)),
            )
        )

    def _write_leaves(self, works):
        self.env["integration.audit.leaf"]._append(
            [
                {
                    "action": f"message.{work.error.code}" if work.error else f"message.{work.outcome}",
                    "company_id": work.row["company_id"],
                    "connection_id": work.connection.id,
                    "message_id": work.message_id,
                    "user_id": work.connection.service_user_id.id,
                    "correlation_id": work.row["correlation_id"],
                    "subject_digest": work.row["body_digest"],
                    "detail": ", ".join(f"{effect.model},{effect.record_id}" for effect in work.effects)
                    or None,
                }
                for work in works
            ]
        )

    def _raise_findings(self, works):
        """Turn findings about booked events into exceptions, and let the booked money point at its own."""
        for work in works:
            for finding in work.findings:
                exception = self.env["integration.exception"]._raise_cause(
                    work.connection.with_env(self.env), finding.code, finding.params, finding.cause,
                    self.env["integration.flow"].browse(work.row["flow_id"] or []),
                )  # fmt: skip
                if finding.record:
                    record = finding.record.with_env(self.env)
                    before, record.exception_id = record.exception_id, exception
                    (before - exception)._resolve_if_empty()

    def _left_open(self, works):
        """Return ids of documents that were posted, and of money that names documents and is not applied."""
        moves, movements = [], []
        for work in works:
            if work.error or not work.plan:
                continue
            if work.kind == "invoice":
                moves += [effect.record_id for effect in work.effects if effect.model == "account.move"]
            elif work.kind == "movement":
                booked = [plan["movement"] for plan in work.plan if plan.get("movement")]
                movements += [
                    movement.id
                    for movement in booked
                    if movement.application in ("open", "unidentified", "partly") and movement.reference_ids
                ]
        return {"move_ids": moves, "movement_ids": movements}

    def _after(self, works):
        """Let go what waited for these events, and close exceptions whose cause has gone."""
        done = [work for work in works if not work.error]
        self.env["integration.message"]._release_successors(
            {(work.connection.id, work.envelope.object_key) for work in done}
        )
        earlier = {work.row["exception_id"] for work in done} - {None}
        self.env["integration.exception"].browse(earlier)._resolve_if_empty()
        failed = [work for work in works if work.error]
        moved = {work.row["exception_id"] for work in failed} - {None}
        self.env["integration.exception"].browse(moved)._resolve_if_empty()
