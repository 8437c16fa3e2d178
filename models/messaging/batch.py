# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A file, a fetched list or a sent batch: what was declared, what was counted, and what became of it."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...engine import batch as rules
from ...engine.batch import read_totals
from ...engine.errors import ErrorClass
from ...engine.money import plain
from .big_integer import BigInteger
from .error_words import kept_words

STATE_LABELS = {
    "receiving": "Being read",
    "interrupted": "Interrupted, goes on by itself",
    "complete": "Complete",
    "incomplete": "Incomplete",
    "accepted": "Accepted as it is",
    "refused": "Refused",
    "repeated": "Was read before",
    "replaced": "Replaced by a later one",
    "cancelled": "Put aside",
}
# Only the holder of this object may write the state: it changes through _move alone.
_KEY = object()
MAX_PROBLEMS = 20


class IntegrationBatch(models.Model):
    """One file, one run over a fetched list, or one sent batch, with its control totals."""

    _name = "integration.batch"
    _description = "File or list"
    _order = "id desc"
    _rec_name = "source"
    _check_company_auto = True

    kind = fields.Selection(
        [("file", "File"), ("poll", "Fetched list"), ("intake", "Sent batch")], required=True, readonly=True
    )
    source = fields.Char(
        string="Name at the source", required=True, readonly=True, help="Name of the file or of the list."
    )
    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    state = fields.Selection(
        [(state, STATE_LABELS[state]) for state in rules.STATES],
        required=True,
        readonly=True,
        default="receiving",
    )
    declared = fields.Json(readonly=True, help="What the source says there is: number and sum per currency.")
    counted = fields.Json(readonly=True, help="What was read: number and sum per currency.")
    declared_count = fields.Integer(compute="_compute_counts", store=True, string="Records by the source")
    counted_count = fields.Integer(compute="_compute_counts", store=True, string="Records read")
    missing_count = fields.Integer(
        compute="_compute_counts",
        store=True,
        string="Records missing",
        help="Records that the source says there are and that were not read; negative where there are too many.",
    )
    new_count = fields.Integer(string="New events", readonly=True)
    repeated_count = fields.Integer(
        string="Known events", readonly=True, help="Records that had been received before; they book nothing."
    )
    unreadable_count = fields.Integer(string="Unreadable records", readonly=True)
    problems = fields.Json(readonly=True, help="Where records could not be read: the first ones.")
    problem_code = fields.Char(readonly=True)
    problem_text = fields.Char(string="What stopped it", readonly=True)
    total_ids = fields.One2many("integration.batch.total", "batch_id", string="Totals")
    difference_text = fields.Text(compute="_compute_difference_text", string="What is missing")
    digest = fields.Char(readonly=True, help="SHA-256 of the file as it came in.")
    size_bytes = BigInteger(readonly=True)
    read_bytes = BigInteger(readonly=True)
    position = fields.Json(readonly=True, help="Where reading goes on; it moves with what was stored.")
    percent = fields.Integer(compute="_compute_percent", string="Read (%)")
    opened_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, string="Begun")
    closed_at = fields.Datetime(readonly=True, string="Ended")
    user_id = fields.Many2one(
        "res.users", readonly=True, string="Begun by", default=lambda self: self.env.uid
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    reason = fields.Char(help="Why it is read again, accepted or put aside; kept with the decision.")
    exception_id = fields.Many2one("integration.exception", readonly=True, ondelete="set null")
    earlier_id = fields.Many2one(
        "integration.batch", readonly=True, ondelete="set null", string="The earlier one"
    )
    message_ids = fields.One2many("integration.message", "batch_id", string="Events")
    booked_count = fields.Integer(compute="_compute_message_counts", string="Events done")
    open_count = fields.Integer(compute="_compute_message_counts", string="Events in the queue")
    stuck_count = fields.Integer(compute="_compute_message_counts", string="Events that need a person")

    _open_idx = models.Index(
        "(connection_id, source) WHERE state IN ('receiving', 'interrupted', 'incomplete', 'refused')"
    )
    _digest_idx = models.Index("(connection_id, digest) WHERE digest IS NOT NULL")

    # -- display -------------------------------------------------------------------------------------------

    @api.depends("declared", "counted")
    def _compute_counts(self):
        for batch in self:
            declared, counted = batch._totals()
            batch.declared_count = declared.count or 0
            batch.counted_count = counted.count or 0
            known = declared.count is not None
            batch.missing_count = declared.count - (counted.count or 0) if known else 0

    @api.depends("declared", "counted", "problem_text", "unreadable_count")
    @api.depends_context("lang", "tz", "uid")
    def _compute_difference_text(self):
        for batch in self:
            batch.difference_text = (
                "\n".join(
                    f"• {kept_words(self.env, batch.problem_code, line, batch.connection_id)}"
                    for line in batch._words_of_problems()
                )
                or False
            )

    def _compute_percent(self):
        for batch in self:
            batch.percent = rules.percent_done(
                batch.declared_count, batch.counted_count, batch.size_bytes, batch.read_bytes
            )
            if batch.state in ("complete", "repeated"):
                batch.percent = 100

    def _compute_message_counts(self):
        groups = self.env["integration.message"]._read_group(
            [("batch_id", "in", self.ids)], ["batch_id", "status"], ["__count"]
        )
        counts = {(batch.id, status): count for batch, status, count in groups}
        for batch in self:
            batch.booked_count = counts.get((batch.id, "done"), 0)
            batch.open_count = sum(
                counts.get((batch.id, status), 0) for status in ("ready", "waiting", "held")
            )
            batch.stuck_count = sum(counts.get((batch.id, status), 0) for status in ("parked", "dead"))

    def _totals(self):
        """Return (declared, counted) as ``ControlTotals``."""
        return read_totals(self.declared or None), read_totals(self.counted or None)

    # -- what other parts of the hub call ------------------------------------------------------------------

    @api.model
    def _open(self, connection, source, declared=None, kind="intake", **facts):
        """Return a new batch that is being read. The caller commits.

        :param declared: what the source says there is, as ``ControlTotals`` or its JSON form
            ``{"count": 3, "sums": {"EUR": "12.50"}}``; None = not said (yet).
        :param facts: further fields: digest, size_bytes, position, earlier_id.
        :raises ContractError: the declared totals cannot be read.
        """
        totals = read_totals(declared)
        return self.sudo().create(
            {
                "connection_id": connection.id,
                "source": source[:255],
                "kind": kind,
                "declared": totals.as_json(),
                "counted": {},
                **facts,
            }
        )

    def _add(self, counted, message_ids=(), known_ids=(), **facts):
        """Add what was read to what was counted; belongs into the transaction that stores these records.

        :param counted: ``ControlTotals`` (or its JSON form) of the records read, also of those known before.
        :param message_ids: their messages; those without a batch, or of a batch that never got complete, join
            this one.
        :param known_ids: messages that had been received before; those of a batch that never got complete join.
        :param facts: position, read_bytes (absolute); new_count and repeated_count (added).
        """
        self.ensure_one()
        batch = self.sudo()
        values = {"counted": batch._totals()[1].plus(read_totals(counted)).as_json()}
        for name in ("new_count", "repeated_count"):
            values[name] = batch[name] + facts.pop(name, 0)
        values.update(facts)
        batch.write(values)
        batch._show_totals()
        if message_ids or known_ids:
            self._take(message_ids, known_ids)

    def _declare(self, declared):
        """Take over the totals that the source says only now, at the end."""
        self.ensure_one()
        self.sudo().write({"declared": read_totals(declared).as_json()})
        self._show_totals()

    def _close(self, error=None):
        """Compare and end the batch; returns its state. Incomplete ones raise one exception.

        :param error: the IntegrationError that kept it from being read to its end, if one did.
        """
        self.ensure_one()
        batch = self.sudo()
        facts = {"closed_at": fields.Datetime.now(), "problem_code": False, "problem_text": False}
        if error:
            facts |= {"problem_code": error.code, "problem_text": error.sentence[:500]}
        wrong = error or batch.unreadable_count or rules.differences(*batch._totals())
        batch._move("incomplete" if wrong else "complete", **facts)
        if wrong:
            batch._raise_exception(error)
        else:
            batch._settled(self.env._("It is complete now."))
            batch._replace_earlier()
        return batch.state

    def _interrupt(self, error):
        """Note that reading stopped at something that passes by itself."""
        self.ensure_one()
        self.sudo()._move("interrupted", problem_code=error.code, problem_text=error.sentence[:500])

    def _resume(self):
        """Go on where reading stopped."""
        self.ensure_one()
        if self.state == "interrupted":
            self.sudo()._move("receiving", problem_code=False, problem_text=False)

    def _refuse(self, error):
        """Use nothing of it until a person decides."""
        self.ensure_one()
        batch = self.sudo()
        batch._move(
            "refused",
            closed_at=fields.Datetime.now(),
            problem_code=error.code,
            problem_text=error.sentence[:500],
        )
        batch._raise_exception(error)

    def _note_unreadable(self, problems):
        """Count records that could not be read.

        :param problems: list of dicts with line (number in the file) and code.
        """
        self.ensure_one()
        batch = self.sudo()
        batch.write(
            {
                "unreadable_count": batch.unreadable_count + len(problems),
                "problems": [*(batch.problems or []), *problems][:MAX_PROBLEMS],
            }
        )

    # -- state ---------------------------------------------------------------------------------------------

    def write(self, vals):
        if not self.env.su and vals.keys() - {"reason"}:
            raise AccessError(self.env._("Only the reason of a decision can be written here."))
        if "state" in vals and self.env.context.get("integration_batch_state") is not _KEY:
            raise UserError(self.env._("The state of a file or list follows from what is done with it."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A file or list that was read is evidence: it can be put aside, never deleted.")
        )

    def _move(self, state, **values):
        """Move to ``state``; the one way in which it changes.

        :raises IllegalTransition: the transition table does not know the step.
        """
        for batch in self:
            rules.check_step(batch.state, state)
        self.with_context(integration_batch_state=_KEY).write({"state": state, **values})
        self.flush_recordset()  # the drain reads it with plain SQL
        if state in rules.RELEASED_STATES:
            self.env["integration.lane"]._ring_after_commit(self.connection_id.flow_ids.lane_id.ids)

    def _take(self, message_ids, known_ids):
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message SET batch_id = %s
                 WHERE id = ANY(%s)
                   AND ((batch_id IS NULL AND id = ANY(%s)) OR batch_id IN (SELECT id FROM integration_batch
                                                          WHERE connection_id = %s AND state = ANY(%s)))
                """,
                self.id,
                [*message_ids, *known_ids],
                list(message_ids),
                self.connection_id.id,
                [*rules.NEEDS_PERSON, "interrupted"],
            )
        )
        self.env["integration.message"].invalidate_model(["batch_id"], flush=False)

    def _show_totals(self):
        """Write declared and counted side by side, a line per currency."""
        declared, counted = self._totals()
        codes = sorted({*(declared.sums or {}), *(counted.sums or {})})
        lines = {line.code: line for line in self.total_ids}
        currencies = self.env["res.currency"].with_context(active_test=False)
        for code in codes:
            values = {
                "declared": declared.sums is not None and plain(declared.sums.get(code, Decimal(0))),
                "counted": plain((counted.sums or {}).get(code, Decimal(0))),
            }
            if code in lines:
                lines[code].write(values)
                continue
            currency = currencies.search([("name", "=", code)], limit=1)
            self.env["integration.batch.total"].sudo().create(
                {"batch_id": self.id, "code": code, "currency_id": currency.id, **values}
            )

    def _raise_exception(self, error):
        """Raise the one exception of this batch, with what is missing in plain words."""
        code, params = self._problem(error)
        detail = "\n".join(self._words_of_problems())
        exception = self.env["integration.exception"]._raise_cause(
            self.connection_id, code, {"source": self.source, **params}, f"batch {self.id}", detail=detail
        )
        exception.sudo().batch_id = self
        before, self.exception_id = self.exception_id, exception
        (before - exception)._resolve(self.env._("Another problem of the same file or list came up."))

    def _problem(self, error):
        """Return code and parameters of what is wrong."""
        if error and error.error_class is not ErrorClass.TRANSIENT:
            return error.code, error.params
        if error or self.unreadable_count:
            return "batch_incomplete", {"problem": " ".join(self._words_of_problems())}
        declared, counted = self._totals()
        return "control_total_differs", {
            "stated": self._words_of_totals(declared),
            "computed": self._words_of_totals(counted),
        }

    def _settled(self, resolution):
        """Close the exceptions of these batches."""
        exceptions = self.sudo().exception_id.filtered(lambda row: row.state == "open")
        if exceptions:
            exceptions._resolve(resolution)

    def _replace_earlier(self):
        """End earlier incomplete ones of the same name when this one brought everything that waited in them."""
        earlier = self.search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("kind", "=", self.kind),
                ("source", "=", self.source),
                ("state", "in", list(rules.NEEDS_PERSON)),
                ("id", "<", self.id),
            ]
        )
        done = earlier.filtered(lambda batch: not batch.open_count)
        if done:
            done._move("replaced")
            done._settled(self.env._("A later one of the same name is complete."))
