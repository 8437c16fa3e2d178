# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a past month would have looked like with proposed mappings: computed by booking it and taking it back."""

import json
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.error_catalogue import CODES
from ...engine.mapping import DEFAULT
from ...engine.mapping_values import values_of
from ..messaging import isolation
from ..messaging.doorbell import comes_back
from ..messaging.drain import KNOWN_IN_BATCH
from ..messaging.lane import CHANNEL, exclusive

PORTION = 20
MAX_MONTH_EVENTS = 20_000
OPENED_AT_ONCE = 500
# A document is dated at most so long before or after the event that tells of it.
DATED_APART_DAYS = 400
MAX_REHEARSED = 1000
SHOWN_DIFFERENCES = 20
# First half of the keys of session locks, as of lanes and replays: kept apart from them by this number.
LOCK_OFFSET = 1_700_000_000
DIMENSIONS = [
    ("account", "Account"),
    ("tax", "Tax"),
    ("journal", "Journal"),
    ("outcome", "What became of events"),
]


class IntegrationMappingDifference(models.Model):
    """What one account, tax or journal would carry of a month: as mapped today, and with the proposal."""

    _name = "integration.mapping.difference"
    _description = "Difference that proposed mappings make"
    _order = "change_id, dimension, label"
    _log_access = False

    change_id = fields.Many2one(
        "integration.mapping.change", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="change_id.company_id", store=True, index=True)
    dimension = fields.Selection(DIMENSIONS, required=True, readonly=True, string="By")
    label = fields.Char(required=True, readonly=True, string="Where")
    currency_id = fields.Many2one("res.currency", readonly=True)
    before = fields.Monetary(
        readonly=True,
        string="As mapped today",
        help="Of accounts and taxes debit minus credit, of journals their turnover, of outcomes the number of events.",
    )
    after = fields.Monetary(readonly=True, string="With the proposal")
    difference = fields.Monetary(readonly=True)
    event_count = fields.Integer(readonly=True, string="Events")


class IntegrationMappingChange(models.Model):
    _name = "integration.mapping.change"
    _inherit = ["integration.mapping.change", "integration.doorbell"]

    what_if_month = fields.Date(readonly=True, copy=False, string="Month computed")
    what_if_state = fields.Selection(
        [("running", "Being computed"), ("done", "Computed"), ("failed", "Stopped")],
        readonly=True,
        copy=False,
    )
    what_if_note = fields.Char(readonly=True, copy=False, string="What was computed")
    what_if_ids = fields.Json(readonly=True, copy=False)
    what_if_sums = fields.Json(readonly=True, copy=False)
    what_if_lines = fields.Json(readonly=True, copy=False)
    what_if_done = fields.Integer(readonly=True, copy=False, string="Events computed")
    what_if_progress = fields.Float(compute="_compute_what_if_progress", string="Progress (%)")
    difference_ids = fields.One2many("integration.mapping.difference", "change_id", readonly=True)

    @api.depends("what_if_ids", "what_if_done", "what_if_state")
    def _compute_what_if_progress(self):
        for change in self:
            total = len(change.what_if_ids or [])
            change.what_if_progress = 100.0 * change.what_if_done / total if total else 0.0

    # -- asking for it ---------------------------------------------------------------------------------------

    def _start_what_if(self, month):
        """Let a month be computed in the background with exactly the lines as they are now.

        :param month: a date in the month.
        """
        self.ensure_one()
        self.check_access("write")
        self._check_may_propose()
        self._check_open()
        lines = self._as_values()
        first = month.replace(day=1)
        if first > fields.Date.context_today(self):
            raise UserError(self.env._("Choose a month that has begun."))
        self.sudo().difference_ids.unlink()
        self._keyed().write(
            {
                "what_if_month": first,
                "what_if_state": "running",
                "what_if_note": False,
                "what_if_ids": False,
                "what_if_sums": {},
                "what_if_lines": lines,
                "what_if_done": 0,
            }
        )
        self.env["integration.audit.leaf"]._record_change(self, "mapping.what_if", first.isoformat())
        registry, change_id = self.env.registry, self.id

        @self.env.cr.postcommit.add
        def ring():
            with registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["integration.mapping.change"].browse(
                    change_id
                )._ring_what_if()

    def _ring_what_if(self):
        for change in self:
            change.with_delay(
                channel=CHANNEL,
                identity_key=f"finance_integration.what_if.{change.id}",
                max_retries=1,
                priority=10,
            )._go_on_what_if()

    def action_what_if(self):
        """Button: choose the month that is computed with the proposal."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What if?"),
            "res_model": "integration.mapping.what.if",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_change_id": self.id},
        }

    def action_open_differences(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_mapping_difference")
        return dict(action, domain=[("change_id", "=", self.id)], context={})

    # -- the job ---------------------------------------------------------------------------------------------

    @comes_back
    def _go_on_what_if(self):
        """Job: compute portion after portion, each its own transaction; returns how many events it computed.

        Does nothing where another job is at it; a job that is killed is gone on with by the next.
        """
        self.ensure_one()
        registry, change_id = self.env.registry, self.id
        drain = self.env["integration.drain"]
        total = 0

        def step(env):
            return env["integration.mapping.change"].browse(change_id)._what_if_portion()

        def give_up(error):
            drain._in_own_transaction(
                registry,
                lambda env: env["integration.mapping.change"].browse(change_id)._give_up_what_if(error),
            )

        with exclusive(self.env.cr.dbname, LOCK_OFFSET + change_id) as free:
            while free:
                count = 0
                with isolation.one_batch() as errors:
                    count = drain._in_own_transaction(registry, step)
                if errors:
                    give_up(isolation.internal_error(errors[0]))
                if not count:
                    break
                total += count
        return total

    def _give_up_what_if(self, error):
        text = error.detail.strip().splitlines()[-1][:300] if error.detail else error.code
        self._keyed().write(
            {
                "what_if_state": "failed",
                "what_if_note": self.env._("It stopped at something unexpected: %s", text),
            }
        )

    def _what_if_portion(self):
        """Compute the next events in the current transaction; returns how many steps it did, 0 = nothing is next."""
        if self.what_if_state != "running":
            return 0
        if self.what_if_ids is False or self.what_if_ids is None:
            ids, looked_at = self._concerned()
            note = self.env._(
                "%(month)s: %(count)s of %(all)s events use these values; the others would be booked the same.",
                month=self.what_if_month.strftime("%Y-%m"),
                count=len(ids),
                all=looked_at,
            )
            if len(ids) > MAX_REHEARSED:
                note += " " + self.env._("The newest %s of them are computed.", MAX_REHEARSED)
            self._keyed().write({"what_if_ids": ids[-MAX_REHEARSED:], "what_if_note": note})
            return 1
        portion = self.what_if_ids[self.what_if_done : self.what_if_done + PORTION]
        if not portion:
            self._finish_what_if()
            return 0
        self._add(portion)
        self._keyed().what_if_done = self.what_if_done + len(portion)
        return len(portion)

    def _concerned(self):
        """Return (ids of the month's events that use a value of the proposal, how many events were looked at)."""
        wanted = {(line["mapping"], line["value"]) for line in self.what_if_lines}
        defaults = {kind for kind, value in wanted if value == DEFAULT}
        ids, count = [], 0
        for message_id, kind, documents in self._of_month():
            count += 1
            keys = (key for document in documents for key in values_of(kind, document))
            if any(key in wanted or key[0] in defaults for key in keys):
                ids.append(message_id)
            if count == MAX_MONTH_EVENTS:
                break
        return sorted(ids), count

    def _of_month(self):
        """Yield (id, kind, documents) of what was told with a date of the month, the newest first.

        Contents are encrypted: the date that a document bears is known only when it is opened.
        """
        first = self.what_if_month.isoformat()
        last = ((self.what_if_month + timedelta(days=31)).replace(day=1) - timedelta(days=1)).isoformat()
        payloads, before_id = self.env["integration.payload"], 2**62
        while True:
            self.env.cr.execute(
                SQL(
                    """
                    SELECT m.id, m.kind FROM integration_message m
                     WHERE m.connection_id = %s AND m.direction = 'in' AND m.kind IN ('invoice', 'entry')
                       AND m.replay_of_id IS NULL AND m.status <> 'discarded' AND m.id < %s
                       AND COALESCE(m.occurred_at, m.received_at) BETWEEN %s AND %s
                     ORDER BY m.id DESC LIMIT %s
                    """,
                    self.connection_id.id,
                    before_id,
                    self.what_if_month - timedelta(days=DATED_APART_DAYS),
                    self.what_if_month + timedelta(days=DATED_APART_DAYS),
                    OPENED_AT_ONCE,
                )
            )
            rows = self.env.cr.fetchall()
            told = payloads._readable_documents([message_id for message_id, _kind in rows])
            for message_id, kind in rows:
                documents = told.get(message_id)
                if documents and first <= (_date_of(documents[0]) or "") <= last:
                    yield message_id, kind, documents
            if len(rows) < OPENED_AT_ONCE:
                return
            before_id = rows[-1][0]

    def _add(self, message_ids):
        """Book these events twice, as mapped today and as proposed, take both back, and add up what each gives."""
        rehearsal = self.env["integration.rehearsal"]
        connection, lines = self.connection_id, self.what_if_lines

        def as_proposed(env):
            env["integration.mapping"]._put_in_force(
                connection.with_env(env), lines, env["integration.change.request"]
            )

        sums = defaultdict(lambda: [Decimal(0), Decimal(0), 0])
        for key, row in (self.what_if_sums or {}).items():
            sums[key] = [Decimal(row[0]), Decimal(row[1]), row[2]]
        for side, prepare in enumerate((None, as_proposed)):
            for result in rehearsal._rehearse_anew(message_ids, prepare):
                amounts = list(_amounts(result))
                for key, amount in amounts:
                    sums[json.dumps(key)][side] += amount
                for key in dict(amounts):
                    sums[json.dumps(key)][2] += side
        self._keyed().what_if_sums = {
            key: [str(before), str(after), count] for key, (before, after, count) in sums.items()
        }

    def _finish_what_if(self):
        company_currency = self.company_id.currency_id
        rows = []
        for key, (told_before, told_after, count) in (self.what_if_sums or {}).items():
            dimension, label = json.loads(key)
            before, after = Decimal(told_before), Decimal(told_after)
            rows.append(
                {
                    "change_id": self.id,
                    "dimension": dimension,
                    "label": label,
                    "currency_id": company_currency.id if dimension != "outcome" else False,
                    "before": float(before),
                    "after": float(after),
                    "difference": float(after - before),
                    "event_count": count,
                }
            )
        self.env["integration.mapping.difference"].sudo().create(rows)
        self._keyed().what_if_state = "done"

    # -- what the approver sees ------------------------------------------------------------------------------

    def _summary(self, lines):
        summary = super()._summary(lines)
        if self.what_if_state != "done" or self.what_if_lines != lines:
            if self.what_if_state:
                summary += "\n" + self.env._(
                    "The what-if was computed for other values and says nothing about these."
                )
            return summary
        changed = self.difference_ids.filtered(
            lambda row: row.dimension != "outcome" and row.currency_id.compare_amounts(row.difference, 0)
        ).sorted(lambda row: -abs(row.difference))
        told = [self.env._("What if? %s", self.what_if_note)]
        told += [
            self.env._(
                "%(where)s: %(before)s → %(after)s (%(difference)s)",
                where=row.label,
                before=row.currency_id.format(row.before),
                after=row.currency_id.format(row.after),
                difference=row.currency_id.format(row.difference),
            )
            for row in changed[:SHOWN_DIFFERENCES]
        ]
        told += [
            f"{row.label}: {row.before:.0f} → {row.after:.0f}"
            for row in self.difference_ids
            if row.dimension == "outcome" and row.before != row.after
        ]
        if len(told) == 1:
            told.append(self.env._("Nothing would have been different."))
        return "\n".join([summary, *told])


def _amounts(result):
    """Yield ((dimension, label), amount) of what one event would book: debit minus credit in company currency."""
    if result["outcome"] == "refused":
        yield ("outcome", CODES[result["error_code"]].title), Decimal(1)
        return
    yield ("outcome", "Booked"), Decimal(1)
    for entry in result["entries"]:
        yield ("journal", entry["journal"]), Decimal(0)
        for line in entry["lines"]:
            amount = Decimal(line["debit"]) - Decimal(line["credit"])
            yield ("account", line["account"]), amount
            if line.get("tax"):
                yield ("tax", line["tax"]), amount
            if amount > 0:
                yield ("journal", entry["journal"]), amount


def _date_of(document):
    return document.get("issue_date") or document.get("date")


class IntegrationRehearsal(models.AbstractModel):
    _inherit = "integration.rehearsal"

    @api.model
    def _rehearse_anew(self, message_ids, prepare=None):
        """Return what these events would do if none of them had been booked yet; everything is taken back.

        :param message_ids: ids of incoming events about invoices and entries.
        :param prepare: is called with the environment of the rehearsal before the first event.
        :returns: as ``_rehearse``.
        """
        with self._taken_back() as taken_back:
            rehearsal = taken_back.with_context(integration_what_if=True)
            rows = rehearsal._rows(message_ids)
            rehearsal._forget_effects(message_ids)
            rehearsal._forget_bookings(rows)
            if prepare:
                prepare(rehearsal.env)
            rehearsal.env.cr.cache.pop(KNOWN_IN_BATCH, None)
            works = [rehearsal.env["integration.drain"]._open_work(row) for row in rows]
            results = rehearsal._run(works)
        return [results[message_id] for message_id in message_ids if message_id in results]

    def _forget_bookings(self, rows):
        """Let documents that are bound be booked once more, inside what is taken back."""
        keys = {(row["connection_id"], row["kind"], row["object_key"]) for row in rows}
        told = self.env["integration.payload"]._readable_documents([row["id"] for row in rows])
        outside_ids = defaultdict(set)
        for row in rows:
            outside_ids[row["connection_id"], row["kind"], row["object_key"]].update(
                document["source"]["object_id"] for document in told.get(row["id"], ())
            )
        for connection_id, kind, object_key in keys:
            self.env.cr.execute(
                SQL(
                    "DELETE FROM integration_binding"
                    " WHERE connection_id = %s AND kind = %s AND outside_id = ANY(%s)",
                    connection_id,
                    kind,
                    list(outside_ids[connection_id, kind, object_key]),
                )
            )
            self.env.cr.execute(
                SQL(
                    "DELETE FROM integration_applied_version"
                    " WHERE connection_id = %s AND kind = %s AND object_key = %s",
                    connection_id,
                    kind,
                    object_key,
                )
            )
        self.env.invalidate_all()

    def _line(self, line):
        told = super()._line(line)
        if self.env.context.get("integration_what_if"):
            told["tax"] = line.tax_line_id.name or ""
        return told
