# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reports on control: decisions, changes of set-up, locks, and times in which something did not work."""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ...engine.error_catalogue import CODES
from ...engine.watchdog import FINDINGS
from .definition import DAY, INSTANT, NUMBER, Column, Report, Scope, define, in_period

_lt = LazyTranslate(__name__)
# An exception keeps the code of its cause; its words are made where they are read.
EXCEPTION_TITLES = {code: info.title for code, info in CODES.items()}
_RECORDED = SQL("a.recorded_at")
# What says that something could not be reached or did not work, and that it works again.
OUTAGE_CODES = (
    *FINDINGS, "destination_unavailable", "destination_timeout", "destination_server_error", "destination_busy",
    "destination_silent", "source_unavailable",
)  # fmt: skip
OUTAGE_ACTIONS = ("connection.paused_by_itself", "connection.answers_again", "connection.resume")
_LEAF_COLUMNS = (
    Column(_lt("When"), INSTANT),
    Column(_lt("By")),
    Column(_lt("What was done"), labels=("integration.audit.leaf", "action")),
    Column(_lt("Connection")),
    Column(_lt("Record")),
    Column(_lt("Detail")),
    Column(_lt("Correlation")),
    Column(_lt("Digest of the audit entry")),
)


def _leaves(scope: Scope, condition: SQL) -> SQL:
    return SQL(
        """
        SELECT a.recorded_at, b.login, a.action, c.name,
               CASE WHEN a.res_model IS NOT NULL THEN a.res_model || ',' || a.res_id END, a.detail, a.correlation_id,
               a.digest
          FROM integration_audit_leaf a
          LEFT JOIN res_users b ON b.id = a.user_id
          LEFT JOIN integration_connection c ON c.id = a.connection_id
         WHERE (a.company_id = %(company)s OR a.company_id IS NULL) AND %(period)s AND %(condition)s
         ORDER BY a.id
        """,
        company=scope.company_id,
        period=in_period(_RECORDED, scope),
        condition=condition,
    )


def _configuration(scope: Scope) -> SQL:
    return _leaves(
        scope,
        SQL(
            "a.action NOT LIKE 'message.%%' AND a.action NOT LIKE 'exception.%%' AND a.action NOT LIKE 'query.%%'"
            " AND a.action NOT LIKE 'match.%%'"
        ),
    )


define(
    Report(
        code="configuration",
        sequence=110,
        title=_lt("Changes of set-up, rights and secrets"),
        question=_lt(
            "Who changed connections, flows, mappings, rules, rights and secrets, and what was approved."
        ),
        columns=_LEAF_COLUMNS,
        query=_configuration,
    )
)


def _overrides(scope: Scope) -> SQL:
    return _leaves(
        scope,
        SQL(
            "(a.action LIKE 'exception.%%' OR a.action IN ('message.discard', 'message.retry', 'message.send_again',"
            " 'message.stop_waiting') OR a.action LIKE 'replay.%%' OR a.action LIKE 'bank%%'"
            " OR a.action LIKE 'match.%%')"
            " AND b.integration_service IS NOT TRUE"
        ),
    )


define(
    Report(
        code="decisions",
        sequence=120,
        title=_lt("Decisions and overrides of people"),
        question=_lt(
            "What people decided about events: applied, corrected, put aside, processed again, approved."
        ),
        columns=_LEAF_COLUMNS,
        query=_overrides,
    )
)


def _exceptions(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT x.create_date, x.code, x.severity, c.name, x.deadline, o.login, x.state, x.resolved_at, r.login,
               x.resolution, round(extract(epoch FROM COALESCE(x.resolved_at, %(as_of)s) - x.create_date) / 3600)::int,
               CASE WHEN COALESCE(x.resolved_at, %(as_of)s) > x.deadline THEN ':late' END
          FROM integration_exception x
          LEFT JOIN integration_connection c ON c.id = x.connection_id
          LEFT JOIN res_users o ON o.id = x.user_id
          LEFT JOIN res_users r ON r.id = x.resolved_by_id
         WHERE (x.company_id = %(company)s OR x.company_id IS NULL) AND x.create_date < %(end)s
           AND (x.resolved_at IS NULL OR x.resolved_at >= %(begin)s)
         ORDER BY x.create_date, x.id
        """,
        company=scope.company_id,
        as_of=scope.as_of,
        begin=scope.begin,
        end=scope.end,
    )


define(
    Report(
        code="exceptions",
        sequence=130,
        title=_lt("History of exceptions"),
        question=_lt(
            "What needed a person in the period, who answered for it, how it ended and how long it took."
        ),
        columns=(
            Column(_lt("Since"), INSTANT),
            Column(_lt("Exception"), words=EXCEPTION_TITLES),
            Column(_lt("Severity"), labels=("integration.exception", "severity")),
            Column(_lt("Connection")),
            Column(_lt("Act by"), INSTANT),
            Column(_lt("Owner")),
            Column(_lt("State"), labels=("integration.exception", "state")),
            Column(_lt("Resolved at"), INSTANT),
            Column(_lt("Resolved by")),
            Column(_lt("How")),
            Column(_lt("Hours open"), NUMBER),
            Column(_lt("Late"), words={":late": _lt("yes")}),
        ),
        query=_exceptions,
    )
)


def _locks(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT at, who, what, field, old, new, until, reason, active
          FROM (
            SELECT e.create_date AS at, b.login AS who, ':exception' AS what, e.lock_date_field AS field,
                   e.company_lock_date AS old, e.lock_date AS new, e.end_datetime AS until, e.reason,
                   CASE WHEN e.active IS NOT TRUE THEN ':revoked'
                        WHEN e.end_datetime IS NULL THEN ':endless'
                        ELSE (CASE WHEN g.login IS NULL THEN ':everyone' ELSE g.login END) END AS active
              FROM account_lock_exception e
              LEFT JOIN res_users b ON b.id = e.create_uid
              LEFT JOIN res_users g ON g.id = e.user_id
             WHERE e.company_id = %(company)s AND e.create_date < %(end)s
               AND (e.end_datetime IS NULL OR e.end_datetime >= %(begin)s)
             UNION ALL
            SELECT t.create_date, b.login, ':moved', f.name, t.old_value_datetime::date, t.new_value_datetime::date,
                   NULL, NULL, NULL
              FROM mail_tracking_value t
              JOIN mail_message g ON g.id = t.mail_message_id AND g.model = 'res.company' AND g.res_id = %(company)s
              JOIN ir_model_fields f ON f.id = t.field_id AND f.name LIKE '%%lock_date'
              LEFT JOIN res_users b ON b.id = t.create_uid
             WHERE t.create_date >= %(begin)s AND t.create_date < %(end)s) AS found
         ORDER BY at
        """,
        company=scope.company_id,
        begin=scope.begin,
        end=scope.end,
    )


define(
    Report(
        code="locks",
        sequence=140,
        title=_lt("Lock dates and exceptions from them"),
        question=_lt(
            "When lock dates were moved, and who was allowed to book before them, for how long and why."
        ),
        columns=(
            Column(_lt("When"), INSTANT),
            Column(_lt("By")),
            Column(
                _lt("What"),
                words={":exception": _lt("Exception from a lock date"), ":moved": _lt("Lock date moved")},
            ),
            Column(_lt("Lock")),
            Column(_lt("Before"), DAY),
            Column(_lt("After"), DAY),
            Column(_lt("Ends at"), INSTANT),
            Column(_lt("Reason")),
            Column(
                _lt("For whom"),
                words={
                    ":revoked": _lt("revoked"),
                    ":endless": _lt("has no end"),
                    ":everyone": _lt("for everyone"),
                },
            ),
        ),
        query=_locks,
    )
)


def _outages(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT at, name, what, who, ended, hours
          FROM (
            SELECT x.create_date AS at, COALESCE(c.name, ':hub') AS name, x.code AS what, NULL AS who,
                   x.resolved_at AS ended,
                   round(extract(epoch FROM COALESCE(x.resolved_at, %(as_of)s) - x.create_date) / 3600, 1) AS hours
              FROM integration_exception x
              LEFT JOIN integration_connection c ON c.id = x.connection_id
             WHERE (x.company_id = %(company)s OR x.company_id IS NULL) AND x.code = ANY(%(codes)s)
               AND x.create_date < %(end)s AND (x.resolved_at IS NULL OR x.resolved_at >= %(begin)s)
             UNION ALL
            SELECT a.recorded_at, c.name, a.action || COALESCE(': ' || a.detail, ''), b.login, NULL, NULL
              FROM integration_audit_leaf a
              JOIN integration_connection c ON c.id = a.connection_id
              LEFT JOIN res_users b ON b.id = a.user_id
             WHERE a.company_id = %(company)s AND a.action = ANY(%(actions)s)
               AND a.recorded_at >= %(begin)s AND a.recorded_at < %(end)s) AS found
         ORDER BY at
        """,
        company=scope.company_id,
        as_of=scope.as_of,
        begin=scope.begin,
        end=scope.end,
        codes=list(OUTAGE_CODES),
        actions=list(OUTAGE_ACTIONS),
    )


define(
    Report(
        code="outages",
        sequence=150,
        title=_lt("Evidence of outages"),
        question=_lt("When something could not be reached or no work was done, and when it worked again."),
        columns=(
            Column(_lt("When"), INSTANT),
            Column(_lt("Where"), words={":hub": _lt("the hub itself")}),
            Column(_lt("What"), words=EXCEPTION_TITLES),
            Column(_lt("By")),
            Column(_lt("Over at"), INSTANT),
            Column(_lt("Hours"), NUMBER),
        ),
        query=_outages,
    )
)
