# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What events would do, computed by really doing it and taking everything back."""

import dataclasses
import uuid
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, models
from odoo.tools import SQL
from odoo.tools.misc import Callbacks

from ...connectors.registry import get_connector
from ...engine.errors import ContractError, IntegrationError
from ...engine.errors import error as error_of
from ...engine.json_guard import parse_json
from ...engine.ordering import waves
from . import isolation
from .drain import ANSWERED_BY_SUCCESSORS, KNOWN_IN_BATCH
from .event import money

OUTCOMES = ("post", "nothing", "duplicate", "superseded", "refused")
# What a hook of the database cursor would do after this transaction.
HOOKS = ("postcommit", "prerollback", "postrollback")
MAX_REHEARSED = 1000


class IntegrationRehearsal(models.AbstractModel):
    """Runs stored events through the drain's own steps and takes everything back.

    What is computed is therefore what the drain would compute: same code, same rights, same books. Nothing is left
    behind: no record, no number, no ring, no mail, no audit entry, no cached value.
    """

    _name = "integration.rehearsal"
    _description = "Rehearsal of events"

    @api.model
    def _rehearse(self, message_ids, granted=None):
        """Return what these stored events would do to the books as they are now, whatever became of them before.

        They are taken together, in the order in which the drain would apply them: a later one sees what an earlier
        one would have done. Who calls this answers for the reader's right to see the result.

        :param message_ids: ids of incoming events, at most MAX_REHEARSED.
        :param granted: {column of the drain's row: value} taken as given: what an approval would allow.
        :returns: list of dicts in the order of ``message_ids``: message_id, outcome (one of OUTCOMES), kind, note,
            held (an earlier event of the same object is stopped, so this one would wait), error_code, error_text,
            next_step, entries, applied, became, findings, mark (digest of the plan where it has one). Amounts are
            decimal strings, dates ISO 8601.
        :raises ValueError: more events than are rehearsed at once.
        """
        message_ids = list(dict.fromkeys(message_ids))
        if len(message_ids) > MAX_REHEARSED:
            raise ValueError(f"at most {MAX_REHEARSED} events are rehearsed at once")
        with self._taken_back() as rehearsal:
            rows = [row | (granted or {}) for row in rehearsal._rows(message_ids)]
            works = [rehearsal.env["integration.drain"]._open_work(row) for row in rows]
            rehearsal._forget_effects(message_ids)
            results = rehearsal._run(works)
        return [results[message_id] for message_id in message_ids if message_id in results]

    @api.model
    def _rehearse_payload(self, connection, raw, headers=None):
        """Return what these bytes would do if the outside system sent them now; their signature is not asked for.

        :param connection: record of integration.connection.
        :param raw: bytes of the body.
        :param headers: dict of headers; names in any case.
        :returns: one dict as ``_rehearse`` gives, with message_id None.
        """
        # Some systems carry the event's id in a header (Standard Webhooks); a pasted body comes without it.
        headers = {"webhook-id": f"rehearsal-{uuid.uuid4().hex}"} | {
            name.lower(): value for name, value in (headers or {}).items()
        }
        with self._taken_back() as rehearsal:
            result = rehearsal._run_payload(connection.with_env(rehearsal.env), raw, headers)
        return result | {"message_id": None}

    # -- leaving nothing behind ----------------------------------------------------------------------------

    @contextmanager
    def _taken_back(self):
        """Give this model in the environment of the drain, and take back whatever is done with it."""
        cr, registry = self.env.cr, self.env.registry
        env = api.Environment(cr, SUPERUSER_ID, {"integration_rehearsal": True})
        cr.flush()  # what the caller has pending belongs to the caller
        hooks = {name: getattr(cr, name) for name in HOOKS}
        invalidated = set(registry.cache_invalidated)
        registry.cache_invalidated.clear()
        savepoint = cr.savepoint()
        cr.cache.pop(KNOWN_IN_BATCH, None)
        for name in HOOKS:
            setattr(cr, name, Callbacks())
        try:
            yield env[self._name]
        finally:
            for name, callbacks in hooks.items():
                setattr(cr, name, callbacks)
            savepoint.close(rollback=True)
            cr.cache.pop(KNOWN_IN_BATCH, None)
            # Values that were cached from what is gone; other processes have never seen it.
            registry.reset_changes()
            registry.cache_invalidated.update(invalidated)

    def _rows(self, message_ids):
        self.env.cr.execute(
            SQL(
                """
                %s FROM integration_message m
                   JOIN integration_payload p ON p.message_id = m.id
                  WHERE m.id = ANY(%s) AND m.direction = 'in' ORDER BY m.id
                """,
                self.env["integration.drain"]._row_columns(),
                message_ids,
            )
        )
        return self.env.cr.dictfetchall()

    def _forget_effects(self, message_ids):
        """Let an event that has had its effect be applied again, as far as the books allow it."""
        self.env.cr.execute(
            SQL("DELETE FROM integration_effect WHERE message_id = ANY(%s)", list(message_ids))
        )

    # -- running -------------------------------------------------------------------------------------------

    def _run_payload(self, connection, raw, headers):
        spec = get_connector(connection.connector).spec
        try:
            if len(raw) > spec.max_body_bytes:
                raise ContractError("body_too_large", params={"limit": spec.max_body_bytes})
            envelope = get_connector(connection.connector).read_envelope(parse_json(raw), headers)
        except IntegrationError as error:
            return self._empty(None) | self._refusal(error)
        ingest = self.env["integration.ingest"]
        # Stored under a name of its own: the event itself may be here already.
        message_id = ingest._insert(
            connection._pull_facts(),
            envelope,
            f"rehearsal:{uuid.uuid4().hex}",
            raw,
            headers,
            "",
            None,
            "push",
        )
        work = self.env["integration.drain"]._open_work(self._rows([message_id])[0])
        work.envelope = dataclasses.replace(work.envelope, event_id=envelope.event_id)
        return self._run([work])[message_id]

    def _run(self, works):
        """Apply one event after the other, so that each entry and each matching is known to be its own."""
        results, stopped = {}, set()
        for work in self._in_order(works):
            key = (work.connection.id, work.envelope.object_key)
            result = self._run_one(work)
            result["held"] = bool(work.row["blocked"] or key in stopped)
            if work.error and work.error.code not in ANSWERED_BY_SUCCESSORS:
                stopped.add(key)
            results[work.message_id] = result
        return results

    def _in_order(self, works):
        """Return the events as the drain takes them: per object by age, else by rank of what they say."""
        for wave in waves(works, lambda work: (work.connection.id, work.envelope.object_key)):
            yield from sorted(wave, key=self._rank)

    def _rank(self, work):
        rule = get_connector(work.connection.connector).spec.events.get(work.envelope.event_type)
        return rule.rank if rule else 0

    def _run_one(self, work):
        drain = self.env["integration.drain"]
        before = self._marks()
        matched = self._matchings_that_may_go(work)
        with isolation.one_batch() as errors, self.env.cr.savepoint():
            drain._perform([work])
            self._look_again(work)
            self.env.flush_all()
        if errors:  # the database refuses: the drain would set the event aside
            work.error = isolation.internal_error(errors[0])
        result = self._empty(work.message_id) | {"kind": work.kind or "", "note": work.note}
        if work.error:
            return result | self._refusal(work.error)
        return result | {
            "outcome": "post" if work.outcome == "done" else _known(work.outcome),
            "entries": self._entries(before["account_move"]),
            "applied": self._applied(before["account_partial_reconcile"]) + self._taken_apart(matched),
            "became": self._became(work),
            "findings": [self._finding(finding) for finding in work.findings],
            "mark": work.plan.get("mark", "") if isinstance(work.plan, dict) else "",
        }

    def _look_again(self, work):
        """Take the drain's second look, at what only this event has left open."""
        left = self.env["integration.drain"]._left_open([work])
        if any(left.values()):
            self.env["integration.waiting"]._look_again(**left)

    # -- saying what it did --------------------------------------------------------------------------------

    def _empty(self, message_id):
        return {
            "message_id": message_id,
            "outcome": "refused",
            "kind": "",
            "note": "",
            "held": False,
            "error_code": None,
            "error_text": None,
            "error_params": {},
            "next_step": None,
            "entries": [],
            "applied": [],
            "became": [],
            "findings": [],
            "mark": "",
        }

    def _refusal(self, error):
        return {
            "outcome": "refused",
            "error_code": error.code,
            "error_text": error.sentence,
            "error_params": dict(error.params),
            "next_step": error.next_step,
        }

    def _finding(self, finding):
        error = error_of(finding.code, params=finding.params)
        return {"code": finding.code, "text": error.sentence, "next_step": error.next_step}

    def _marks(self):
        """Return {table: highest id so far}; ids grow, so what is above it was written since."""
        self.env.cr.execute(
            "SELECT (SELECT max(id) FROM account_move), (SELECT max(id) FROM account_partial_reconcile)"
        )
        moves, partials = self.env.cr.fetchone()
        return {"account_move": moves or 0, "account_partial_reconcile": partials or 0}

    def _entries(self, after_id):
        moves = self.env["account.move"].search([("id", ">", after_id)], order="id", limit=MAX_REHEARSED)
        return [self._entry(move) for move in moves]

    def _entry(self, move):
        move = move.with_context(allowed_company_ids=move.company_id.ids)  # account codes are per company
        lines = move.line_ids.filtered(lambda line: line.display_type not in ("line_section", "line_note"))
        return {
            "move_type": move.move_type,
            "reverses_id": move.reversed_entry_id.id or None,
            "journal": move.journal_id.display_name,
            "journal_id": move.journal_id.id,
            "date": move.date.isoformat(),
            "ref": move.ref or "",
            "partner": move.partner_id.display_name or "",
            "partner_id": move.partner_id.id or None,
            "commercial_partner_id": move.commercial_partner_id.id or None,
            "state": move.state,
            "currency": move.currency_id.name,
            "total": str(money(move.amount_total, move.currency_id).value),
            "lines": [self._line(line) for line in lines.sorted(lambda line: (line.credit > 0, line.id))],
        }

    def _line(self, line):
        own = line.company_currency_id
        return {
            "account": f"{line.account_id.code or ''} {line.account_id.name or ''}".strip(),
            "account_id": line.account_id.id or None,
            "account_code": line.account_id.code or "",
            "partner": line.partner_id.display_name or "",
            "label": line.name or "",
            "debit": str(money(line.debit, own).value),
            "credit": str(money(line.credit, own).value),
            "amount_currency": str(money(line.amount_currency, line.currency_id).value),
            "currency": line.currency_id.name,
        }

    def _applied(self, after_id):
        partials = self.env["account.partial.reconcile"].search(
            [("id", ">", after_id)], order="id", limit=MAX_REHEARSED
        )
        return [
            self.env._("%(what)s would be matched", what=self._matching_text(partial)) for partial in partials
        ]

    def _matching_text(self, partial):
        credit, debit = partial.credit_move_id, partial.debit_move_id
        amount = money(partial.debit_amount_currency, partial.debit_currency_id)
        return self.env._(
            "%(credit)s with %(debit)s, %(amount)s %(currency)s",
            credit=_called(credit.move_id),
            debit=_called(debit.move_id),
            amount=amount.value,
            currency=amount.currency,
        )

    def _matchings_that_may_go(self, work):
        """Return {id: text} of matchings that a payment which was taken back would take apart."""
        documents = [
            document
            for document in self._documents_of(work)
            if getattr(document, "type", None) == "payment_return" and document.related
        ]
        if not documents:
            return {}
        payments = self.env["integration.movement"].search(
            [
                ("connection_id", "=", work.connection.id),
                ("type", "=", "payment"),
                ("movement_id", "in", [document.related for document in documents]),
            ]
        )
        lines = payments.counterpart_id
        partials = lines.matched_debit_ids | lines.matched_credit_ids
        return {partial.id: self._matching_text(partial) for partial in partials}

    def _documents_of(self, work):
        """Return what an event says, without applying it."""
        rule = get_connector(work.connection.connector).spec.events.get(work.envelope.event_type)
        if not rule or rule.kind != "movement":
            return []
        probe = dataclasses.replace(work, stages=[], documents=[], error=None)
        self.env["integration.drain"]._understand(probe)
        return probe.documents

    def _taken_apart(self, matched):
        left = set(self.env["account.partial.reconcile"].browse(matched).exists().ids)
        return [
            self.env._("%(what)s would be taken apart", what=text)
            for partial_id, text in matched.items()
            if partial_id not in left
        ]

    def _became(self, work):
        """Return names of the other records that the event would become: a customer, a movement."""
        return [
            f"{self.env[effect.model]._description}: "
            f"{self.env[effect.model].browse(effect.record_id).display_name}"
            for effect in work.effects
            if effect.model != "account.move"
        ]


def _known(outcome):
    return outcome if outcome in OUTCOMES else "nothing"


def _called(move):
    """Return the name under which a person knows an entry; one that is only rehearsed has no number to keep."""
    return move.ref or move.name or ""
