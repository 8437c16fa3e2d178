# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How much waits for an exception, how much money is at stake and from when on: counted in bulk, never per event.

Gross, per currency, each document once (accounting policy F31). Lists, filters and sums read stored figures; whatever
has changed since they were counted is counted again before somebody reads, and hourly.
"""

import functools
from collections import defaultdict
from datetime import date

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ...engine.ageing import BUCKETS
from ..control.integration_exception import UNFINISHED

COUNT_LOCK = 0x4649_5857
PORTION = 2000
# Set while a reading method is at work that has counted.
COUNTED = "integration_exceptions_counted"
AGES = [
    ("1_day", "Since today"),
    ("2_week", "Up to a week"),
    ("3_month", "Up to a month"),
    ("4_older", "Longer than a month"),
]


def _counts_first(read):
    """Let a reading method of exceptions count what has changed before; it may therefore write.

    What it calls for its own answer does not look again: reading changes nothing.
    """

    @functools.wraps(read)
    def counted(self, *args, **kwargs):
        known = self.env.cr.cache
        if known.get(COUNTED):
            return read(self, *args, **kwargs)
        self.env["integration.exception"]._recount_touched()
        known[COUNTED] = True
        try:
            return read(self, *args, **kwargs)
        finally:
            known.pop(COUNTED, None)

    counted._readonly = False
    return counted


class IntegrationExceptionStake(models.Model):
    """Money at stake of one exception in one currency."""

    _name = "integration.exception.stake"
    _description = "Money at stake"
    _log_access = False
    _order = "exception_id, currency_id"

    exception_id = fields.Many2one(
        "integration.exception", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="exception_id.company_id", store=True)
    connection_id = fields.Many2one(related="exception_id.connection_id", store=True)
    reason_id = fields.Many2one(related="exception_id.reason_id", store=True)
    state = fields.Selection(related="exception_id.state", store=True)
    user_id = fields.Many2one(related="exception_id.user_id", store=True, string="Owner")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="restrict")
    amount = fields.Monetary(readonly=True, string="At stake", aggregator="sum")
    document_count = fields.Integer(readonly=True, string="Documents")


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    stake_ids = fields.One2many("integration.exception.stake", "exception_id", string="Money at stake")
    at_stake = fields.Char(
        compute="_compute_at_stake", string="At stake", help="Gross, per currency, each document once."
    )
    waiting_count = fields.Integer(readonly=True, string="Waiting", help="Events that wait for it.")
    document_count = fields.Integer(
        readonly=True, string="Documents", help="Documents and movements, each once."
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    stake_company = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        string="At stake in company currency",
        help="At today's rates, to sort and to compare with the materiality limit. It is booked nowhere.",
    )
    books_from = fields.Date(
        readonly=True,
        string="Concerns the books from",
        index=True,
        help="Earliest accounting day of what waits: a month that holds it cannot be closed.",
    )
    books_to = fields.Date(readonly=True, string="Concerns the books until")
    subject_move_id = fields.Many2one(
        "account.move", readonly=True, string="Document", index="btree_not_null", ondelete="set null"
    )
    age = fields.Selection(AGES, readonly=True, default="1_day")

    # -- showing ---------------------------------------------------------------------------------------------

    def _compute_at_stake(self):
        if not self.env.cr.cache.get(COUNTED):
            self._recount_touched()
        sums = defaultdict(dict)
        for row in self.env["integration.exception.stake"].sudo().search([("exception_id", "in", self.ids)]):
            sums[row.exception_id.id][row.currency_id] = row.amount
        for exception in self:
            exception.at_stake = ", ".join(
                formatLang(self.env, amount, currency_obj=currency)
                for currency, amount in sorted(sums[exception.id].items(), key=lambda pair: pair[0].name)
            )

    @api.model
    @_counts_first
    def web_search_read(self, domain, specification, offset=0, limit=None, order=None, count_limit=None):
        return super().web_search_read(domain, specification, offset, limit, order, count_limit)

    @_counts_first
    def web_read(self, specification):
        return super().web_read(specification)

    @api.model
    @_counts_first
    def web_read_group(self, *args, **kwargs):
        return super().web_read_group(*args, **kwargs)

    @api.model
    @_counts_first
    def formatted_read_group(self, *args, **kwargs):
        return super().formatted_read_group(*args, **kwargs)

    @api.model
    @_counts_first
    def formatted_read_grouping_sets(self, *args, **kwargs):
        return super().formatted_read_grouping_sets(*args, **kwargs)

    # -- counting --------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            params = vals.get("params") or {}
            if day := _day(params.get("date")):
                vals.update(books_from=day, books_to=day)
            if params.get("move_id"):
                vals["subject_move_id"] = params["move_id"]
        exceptions = super().create(vals_list)
        exceptions.filtered("subject_move_id")._touch()
        return exceptions

    def _touch(self):
        """Write down that these have to be counted again."""
        if self:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO integration_exception_touched SELECT unnest(%s)",
                    list(self.ids),
                )
            )

    @api.model
    def _recount_touched(self):
        """Count what has changed and return its ids; without a change one look at an empty table."""
        self.env["integration.message"].flush_model(["exception_id", "status", "amount", "currency_id"])
        self.env["integration.movement"].flush_model(["exception_id", "application", "amount"])
        # Where only reading is allowed, the figures of a moment ago are shown.
        self.env.cr.execute(
            "SELECT current_setting('transaction_read_only') = 'off'"
            " AND EXISTS (SELECT 1 FROM integration_exception_touched)"
        )
        if not self.env.cr.fetchone()[0]:
            return []
        # Who comes second reads the figures of before: they are right again a moment later.
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", COUNT_LOCK))
        if not self.env.cr.fetchone()[0]:
            return []
        self.env.cr.execute(
            """
            WITH gone AS (DELETE FROM integration_exception_touched RETURNING exception_id)
            SELECT DISTINCT g.exception_id FROM gone g JOIN integration_exception e ON e.id = g.exception_id
             ORDER BY 1
            """
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        for start in range(0, len(ids), PORTION):
            self.sudo().browse(ids[start : start + PORTION])._recount()
        return ids

    def _recount(self):
        """Count these exceptions anew, all in a handful of statements."""
        if not self:
            return
        self.flush_recordset()
        stakes = self._stakes_now()
        self._write_stakes(stakes)
        spans = self._spans_now()
        in_company = self._in_company_currency(stakes)
        rows = [
            SQL(
                "(%s, %s, %s, %s::numeric, %s::date, %s::date)",
                exception_id,
                spans.get(exception_id, (0, None, None))[0],
                sum(count for _amount, count in stakes.get(exception_id, {}).values()),
                in_company.get(exception_id, 0),
                *spans.get(exception_id, (0, None, None))[1:],
            )
            for exception_id in self.ids
        ]
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_exception e
                   SET waiting_count = v.waiting, document_count = v.documents, stake_company = v.stake,
                       books_from = COALESCE(v.first_day, e.books_from), books_to = COALESCE(v.last_day, e.books_to)
                  FROM (VALUES %s) AS v(id, waiting, documents, stake, first_day, last_day)
                 WHERE e.id = v.id
                """,
                SQL(", ").join(rows),
            )
        )
        names = [
            "waiting_count",
            "document_count",
            "stake_company",
            "books_from",
            "books_to",
            "stake_ids",
            "at_stake",
        ]
        self.invalidate_recordset(names, flush=False)

    def _stakes_now(self):
        """Return {exception id: {currency id: (amount, documents)}}; of money partly applied only the rest counts."""
        self.env.cr.execute(
            SQL(
                """
                SELECT d.exception_id, d.currency_id, sum(abs(d.amount)), count(*)
                  FROM (SELECT DISTINCT ON (m.exception_id, m.connection_id, m.object_key)
                               m.exception_id, m.currency_id, m.amount
                          FROM integration_message m
                         WHERE m.exception_id = ANY(%(ids)s) AND m.status = ANY(%(unfinished)s)
                           AND m.currency_id IS NOT NULL AND m.amount IS NOT NULL
                         ORDER BY m.exception_id, m.connection_id, m.object_key, m.id DESC) d
                 GROUP BY d.exception_id, d.currency_id
                UNION ALL
                SELECT v.exception_id, v.currency_id,
                       sum(abs(CASE WHEN v.application = 'partly' AND l.currency_id = v.currency_id
                                    THEN l.amount_residual_currency ELSE v.amount END)), count(*)
                  FROM integration_movement v
                  LEFT JOIN account_move_line l ON l.id = v.counterpart_id
                 WHERE v.exception_id = ANY(%(ids)s)
                 GROUP BY v.exception_id, v.currency_id
                UNION ALL
                SELECT e.id, m.currency_id, abs(m.amount_residual), 1
                  FROM integration_exception e
                  JOIN account_move m ON m.id = e.subject_move_id
                 WHERE e.id = ANY(%(ids)s) AND e.state = 'open'
                """,
                ids=list(self.ids),
                unfinished=list(UNFINISHED),
            )
        )
        stakes = defaultdict(dict)
        for exception_id, currency_id, amount, count in self.env.cr.fetchall():
            before, counted = stakes[exception_id].get(currency_id, (0, 0))
            stakes[exception_id][currency_id] = (before + (amount or 0), counted + count)
        return stakes

    def _write_stakes(self, stakes):
        self.env.cr.execute(
            SQL("DELETE FROM integration_exception_stake WHERE exception_id = ANY(%s)", list(self.ids))
        )
        rows = [
            SQL("(%s, %s, %s, %s)", exception_id, currency_id, amount, count)
            for exception_id, by_currency in stakes.items()
            for currency_id, (amount, count) in by_currency.items()
        ]
        if rows:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO integration_exception_stake
                           (exception_id, currency_id, amount, document_count, company_id, connection_id, reason_id,
                            state, user_id)
                    SELECT v.*, e.company_id, e.connection_id, e.reason_id, e.state, e.user_id
                      FROM (VALUES %s) AS v(exception_id, currency_id, amount, document_count)
                      JOIN integration_exception e ON e.id = v.exception_id
                    """,
                    SQL(", ").join(rows),
                )
            )
        self.env["integration.exception.stake"].invalidate_model(flush=False)

    def _spans_now(self):
        """Return {exception id: (events that wait, first and last accounting day of what waits)}."""
        self.env.cr.execute(
            SQL(
                """
                SELECT exception_id, sum(events), min(first_day), max(last_day)
                  FROM (SELECT m.exception_id, count(*) AS events, min(COALESCE(m.economic_date, t.day)) AS first_day,
                               max(COALESCE(m.economic_date, t.day)) AS last_day
                          FROM integration_message m
                          JOIN integration_connection c ON c.id = m.connection_id
                         CROSS JOIN LATERAL (SELECT (COALESCE(m.occurred_at, m.received_at) AT TIME ZONE 'UTC'
                                                     AT TIME ZONE COALESCE(c.time_zone, 'UTC'))::date AS day) t
                         WHERE m.exception_id = ANY(%(ids)s) AND m.status = ANY(%(unfinished)s)
                         GROUP BY m.exception_id
                        UNION ALL
                        SELECT v.exception_id, 0, min(v.event_date), max(v.event_date)
                          FROM integration_movement v
                         WHERE v.exception_id = ANY(%(ids)s)
                         GROUP BY v.exception_id) s
                 GROUP BY exception_id
                """,
                ids=list(self.ids),
                unfinished=list(UNFINISHED),
            )
        )
        return {row[0]: (int(row[1]), row[2], row[3]) for row in self.env.cr.fetchall()}

    def _in_company_currency(self, stakes):
        """Return {exception id: amount in the currency of its company, at today's rates}, each rate looked up once."""
        rates, today, result = {}, fields.Date.context_today(self), {}
        Currency = self.env["res.currency"].with_context(active_test=False)
        for exception in self:
            total = 0.0
            company = exception.company_id or self.env.company
            for currency_id, (amount, _count) in stakes.get(exception.id, {}).items():
                key = (currency_id, company.id)
                if key not in rates:
                    rates[key] = Currency._get_conversion_rate(
                        Currency.browse(currency_id), company.currency_id, company, today
                    )
                total += float(amount) * rates[key]
            result[exception.id] = company.currency_id.round(total)
        return result

    @api.model
    def _refresh_ages(self):
        """Hourly: put open exceptions into the bucket of their age; one statement."""
        limits = SQL(" ").join(
            SQL("WHEN create_date > now() AT TIME ZONE 'UTC' - make_interval(days => %s) THEN %s", days, code)
            for code, days in BUCKETS
            if days
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_exception SET age = a.age
                  FROM (SELECT id AS this, CASE %s ELSE %s END AS age FROM integration_exception
                         WHERE state = 'open') a
                 WHERE id = a.this AND integration_exception.age IS DISTINCT FROM a.age
                """,
                limits,
                BUCKETS[-1][0],
            )
        )
        self.invalidate_model(["age"], flush=False)


def _day(text):
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
