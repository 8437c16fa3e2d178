# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Report on segregation of duties: who holds what stands against each other, and who did both (C7, A6)."""

from collections import defaultdict

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ...engine.access import (
    ACTS,
    CARRIED_OUT_BY,
    CONFLICTS,
    DUTIES,
    DUTY_ACTIONS,
    conflicts_done,
    conflicts_of,
    duty_of,
    opposing,
)
from ..control.audit_leaf import LINKED_FROM
from .definition import DAY, INSTANT, Column, Report, Scope, define, in_period
from .duties_books import acts_in_books

_lt = LazyTranslate(__name__)
MAX_PEOPLE = 5000
MAX_ACTS = 20_000
HELD, DONE, SAME = "held", "done", "same"
WORDS = {
    HELD: _lt("Holds both"),
    DONE: _lt("Did both in the period"),
    SAME: _lt("Did both on one record"),
}
LEVELS = {
    "always": _lt("Always refused"),
    "production": _lt("Refused with real books"),
    "reported": _lt("Reported"),
}
TITLES = {name: duty.title for name, duty in DUTIES.items()}
# Whoever makes an entry that is posted later is seen to post; Odoo does not keep who pressed the button.
POSTED = "post"


def _duties(env, scope: Scope):
    """Return the lines: rights held together now, duties done together in the period, acts on one record."""
    accepted = _accepted(env, scope)
    lines = []
    for user in _people(env, scope):
        held = conflicts_of(user._integration_rights()[user.id])
        lines += [_line(HELD, user, conflict, None, None, accepted) for conflict in held]
    done = _done(env, scope)
    users = env["res.users"].with_context(active_test=False)
    for user_id, duties in sorted(done.items()):
        user = users.browse(user_id)
        lines += [
            _line(DONE, user, conflict, duties[conflict.first], duties[conflict.second], accepted)
            for conflict in conflicts_done(duties)
        ]
    lines += [
        _act_line(users.browse(user_id), first, second)
        for user_id, first, second in (*_on_one_record(env, scope), *acts_in_books(env, scope))
    ]
    return lines


def _people(env, scope):
    """Return the active people of the company who hold a duty of the matrix; service users have none."""
    groups = [env.ref(name, raise_if_not_found=False) for duty in DUTIES.values() for name in duty.groups]
    ids = [group.id for group in groups if group]
    return env["res.users"].search(
        [
            ("all_group_ids", "in", ids),
            ("company_ids", "in", [scope.company_id]),
            ("integration_service", "=", False),
            ("share", "=", False),
        ],
        order="login",
        limit=MAX_PEOPLE,
    )


def _done(env, scope):
    """Return {user id: {duty: (instant, audit action, record)}}: the first time in the period of each."""
    done = defaultdict(dict)
    for user_id, at, action, record in _acts(env, scope):
        duty = duty_of(action)
        if duty and duty not in done[user_id]:
            done[user_id][duty] = (at, action, record)
    for user_id, at, record in _made_entries(env, scope):
        done[user_id][POSTED] = (at, None, record)
    return done


def _acts(env, scope):
    """Return [(user id, instant, audit action, record)]: of each action the first by each person, oldest first.

    What was written while a request was carried out is no act of the person who approved that request. Each entry names
    its request; those that a version before wrote do not, and count so within five seconds of an approval.
    """
    names = sorted({name for duty in DUTY_ACTIONS.values() for name in duty if not name.endswith(".")})
    prefixes = [f"{name}%" for duty in DUTY_ACTIONS.values() for name in duty if name.endswith(".")]
    env.cr.execute(
        SQL(
            """
            WITH acts AS (SELECT a.id, a.user_id, a.action, a.recorded_at, a.res_model, a.res_id, a.message_id,
                                 a.request_id
                            FROM integration_audit_leaf a
                           WHERE a.company_id = %(company)s AND %(period)s
                             AND (a.action = ANY(%(names)s) OR a.action LIKE ANY(%(prefixes)s)))
            SELECT f.user_id, f.recorded_at, f.action, f.record
              FROM (SELECT DISTINCT ON (x.user_id, x.action) x.id, x.user_id, x.recorded_at, x.action,
                           CASE WHEN x.res_model IS NOT NULL THEN x.res_model || ',' || x.res_id
                                WHEN x.message_id IS NOT NULL
                                THEN 'integration.message,' || x.message_id END AS record
                      FROM acts x JOIN res_users u ON u.id = x.user_id
                     WHERE u.integration_service IS NOT TRUE AND u.id <> 1
                       AND (x.action = ANY(%(carrying)s) OR NOT EXISTS (
                            SELECT FROM integration_audit_leaf c
                             WHERE c.res_model = 'integration.change.request' AND c.res_id = x.request_id
                               AND c.user_id = x.user_id AND c.action = ANY(%(carrying)s)))
                       AND (x.action = ANY(%(carrying)s) OR x.id >= %(linked_from)s OR NOT EXISTS (
                            SELECT FROM acts c
                             WHERE c.user_id = x.user_id AND c.action = ANY(%(carrying)s) AND c.id < x.id
                               AND c.recorded_at >= x.recorded_at - interval '5 seconds'))
                     ORDER BY x.user_id, x.action, x.id) f
             ORDER BY f.id LIMIT %(limit)s
            """,
            company=scope.company_id,
            period=in_period(SQL("a.recorded_at"), scope),
            names=names,
            prefixes=prefixes,
            carrying=list(CARRIED_OUT_BY),
            linked_from=_linked_from(env),
            limit=MAX_ACTS,
        )
    )
    return env.cr.fetchall()


def _linked_from(env):
    """Return the number of the first audit entry that names the request it was written for; 0 = all of them do."""
    value = env["ir.config_parameter"].sudo().get_param(LINKED_FROM) or ""
    return int(value) if value.isdecimal() else 0


def _made_entries(env, scope):
    """Return [(user id, instant, record)]: the first entry of each person in the period that is posted."""
    env.cr.execute(
        SQL(
            """
            SELECT DISTINCT ON (m.create_uid) m.create_uid, m.create_date, 'account.move,' || m.id
              FROM account_move m JOIN res_users u ON u.id = m.create_uid
             WHERE m.company_id = %s AND m.state = 'posted' AND %s AND u.integration_service IS NOT TRUE AND u.id <> 1
             ORDER BY m.create_uid, m.create_date, m.id
            """,
            scope.company_id,
            in_period(SQL("m.create_date"), scope),
        )
    )
    return env.cr.fetchall()


def _on_one_record(env, scope):
    """Return [(user id, (instant, action, record), the same of the second act)]: both by one person on one record."""
    env.cr.execute(
        SQL(
            """
            SELECT a.user_id, a.action, a.recorded_at, a.res_model || ',' || a.res_id,
                   array_agg(e.action ORDER BY e.id), array_agg(e.recorded_at ORDER BY e.id)
              FROM integration_audit_leaf a
              JOIN integration_audit_leaf e
                ON e.res_model = a.res_model AND e.res_id = a.res_id AND e.user_id = a.user_id AND e.id < a.id
             WHERE a.company_id = %s AND %s AND a.action = ANY(%s) AND a.res_model IS NOT NULL
             GROUP BY a.id, a.user_id, a.action, a.recorded_at, a.res_model, a.res_id ORDER BY a.id LIMIT %s
            """,
            scope.company_id,
            in_period(SQL("a.recorded_at"), scope),
            list(ACTS),
            MAX_ACTS,
        )
    )
    found = []
    for user_id, act, at, record, earlier, instants in env.cr.fetchall():
        against = opposing(act, earlier)
        if against:
            first = (instants[earlier.index(against)], against, record)
            found.append((user_id, first, (at, act, record)))
    return found


def _accepted(env, scope):
    """Return {(user id, conflict): exception that holds at the end of the period, or until now within it}."""
    last = min(scope.date_to, scope.as_of.date())
    rows = env["integration.duty.exception"].search(
        [
            ("company_id", "=", scope.company_id),
            ("state", "=", "accepted"),
            ("valid_from", "<=", last),
            ("valid_until", ">=", last),
        ],
        order="id",
        limit=MAX_PEOPLE,
    )
    return {(row.user_id.id, row.conflict): row for row in rows}


def _line(what, user, conflict, first, second, accepted):
    exception = accepted.get((user.id, conflict.code))
    first, second = first or (None, None, None), second or (None, None, None)
    return (
        what,
        user.login,
        user.name,
        conflict.first,
        conflict.second,
        conflict.code,
        conflict.level,
        *first,
        *second,
        "yes" if exception else "no",
        exception.reason if exception else None,
        exception.accepted_by_id.login if exception else None,
        exception.valid_until if exception else None,
    )


def _act_line(user, first, second):
    return (SAME, user.login, user.name, None, None, None, None, *first, *second, "no", None, None, None)


define(
    Report(
        code="duties",
        sequence=88,
        title=_lt("Segregation of duties"),
        question=_lt(
            "Who holds duties that stand against each other at the instant of the report, who did both halves of such "
            "a pair in the period, or both acts on one record, and which of it was accepted, by whom, why and until "
            "when."
        ),
        columns=(
            Column(_lt("What"), words=WORDS),
            Column(_lt("Login")),
            Column(_lt("Person")),
            Column(_lt("May"), words=TITLES),
            Column(_lt("And may"), words=TITLES),
            Column(_lt("Together"), words={row.code: row.why for row in CONFLICTS}),
            Column(_lt("How strict"), words=LEVELS),
            Column(_lt("First done at"), INSTANT),
            Column(_lt("First done"), labels=("integration.audit.leaf", "action")),
            Column(_lt("On")),
            Column(_lt("Then done at"), INSTANT),
            Column(_lt("Then done"), labels=("integration.audit.leaf", "action")),
            Column(_lt("On (then)")),
            Column(_lt("Accepted"), words={"yes": _lt("yes"), "no": _lt("no")}),
            Column(_lt("Why it is accepted")),
            Column(_lt("Accepted by")),
            Column(_lt("Accepted until"), DAY),
        ),
        rows=_duties,
    )
)
