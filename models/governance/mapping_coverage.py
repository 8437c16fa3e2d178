# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which codes the events use, and whether each is mapped: looked up on demand, in what came in lately."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ...engine.mapping import Verdict
from ...engine.mapping_values import OPTIONAL_KINDS, RATE_DIFFERS, Mapped, doubtful, values_of
from .mapping import ENDS_SOON_DAYS
from .mapping_target import KINDS

MAX_EVENTS = 20_000
MAX_VALUES = 20_000
FETCHED_AT_ONCE = 500
SITUATIONS = [
    ("missing", "1. Not mapped"),
    ("expired", "2. Mapped, but not for these days"),
    ("archived", "3. Mapped to something archived"),
    ("doubtful", "4. Mapped, but contradictory"),
    ("ending", "5. Ends soon"),
    ("default", "6. By the default only"),
    ("reference", "7. By itself: reference of a product, unit of the standard"),
    ("mapped", "8. Mapped"),
    ("unused", "9. Mapped, not used lately"),
]


class IntegrationMappingCoverage(models.Model):
    """One code of a connection, how often events used it lately, and how it is mapped."""

    _name = "integration.mapping.coverage"
    _description = "Coverage of mappings"
    _order = "situation, seen_count desc, id"
    _log_access = False

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    mapping = fields.Selection(KINDS, required=True, readonly=True, string="What")
    outside_value = fields.Char(required=True, readonly=True, string="Value")
    outside_label = fields.Char(readonly=True, string="The source calls it")
    situation = fields.Selection(SITUATIONS, required=True, readonly=True)
    seen_count = fields.Integer(readonly=True, string="Events")
    last_seen = fields.Date(readonly=True, help="The day of the newest event that uses it.")
    target = fields.Char(readonly=True, string="Means")
    note = fields.Char(readonly=True)
    looked_at = fields.Datetime(readonly=True, string="As of")
    days = fields.Integer(readonly=True, string="Days looked at")

    _value_unique = models.UniqueIndex("(connection_id, mapping, outside_value)")

    def action_map(self):
        """Button: map the value, or propose another meaning."""
        self.ensure_one()
        return self.env["integration.mapping"]._open_for(self.connection_id, self.mapping, self.outside_value)

    def action_open_mapping_history(self):
        """Button: every version of the mapping of this value."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_mapping_version")
        domain = [
            ("connection_id", "=", self.connection_id.id),
            ("mapping", "=", self.mapping),
            ("mapping_id.outside_value", "=", self.outside_value),
        ]
        return dict(action, domain=domain, context={})

    @api.model
    def _look(self, connection, days):
        """Look through the newest events of ``days`` days (at most MAX_EVENTS) and write down what was found.

        :returns: whether all of them were looked at.
        """
        seen, count = self._seen(connection, days)
        rows = self._judge(connection, seen)
        now = fields.Datetime.now()
        self.sudo().search([("connection_id", "=", connection.id)]).unlink()
        self.sudo().create(
            [
                {**row, "connection_id": connection.id, "looked_at": now, "days": days}
                for row in rows[:MAX_VALUES]
            ]
        )
        return count < MAX_EVENTS

    def _seen(self, connection, days):
        """Return ({(kind, value): [events, last day]}, how many events were read)."""
        seen = defaultdict(lambda: [0, date.min])
        cr = self.env.cr
        since = fields.Datetime.subtract(fields.Datetime.now(), days=days)
        count, before_id = 0, 2**62
        while count < MAX_EVENTS:
            cr.execute(
                SQL(
                    """
                    SELECT m.id, m.kind, (COALESCE(m.occurred_at, m.received_at)
                           AT TIME ZONE 'UTC' AT TIME ZONE %s)::date
                      FROM integration_message m JOIN integration_payload p ON p.message_id = m.id
                     WHERE m.connection_id = %s AND m.direction = 'in' AND m.received_at >= %s AND m.id < %s
                       AND p.documents IS NOT NULL
                     ORDER BY m.id DESC LIMIT %s
                    """,
                    connection.time_zone,
                    connection.id,
                    since,
                    before_id,
                    FETCHED_AT_ONCE,
                )
            )
            rows = cr.fetchall()
            readable = self.env["integration.payload"]._readable_documents([row[0] for row in rows])
            for message_id, kind, day in rows:
                documents = readable.get(message_id) or ()
                for key in {key for told in documents for key in values_of(kind or "", told)}:
                    entry = seen[key]
                    entry[0] += 1
                    entry[1] = max(entry[1], _own_day(documents) or day)
            count += len(rows)
            if len(rows) < FETCHED_AT_ONCE:
                break
            before_id = rows[-1][0]
        return dict(seen), count

    def _judge(self, connection, seen):
        """Return values of the rows to be written."""
        Mapping = self.env["integration.mapping"]
        table = Mapping._meanings(connection)
        mapped = Mapping.sudo().search([("connection_id", "=", connection.id)], limit=MAX_VALUES)
        keys = {(row.mapping, row.outside_value): row for row in mapped}
        labels = self.env["integration.outside.code"]._labels(connection, [*seen, *keys])
        doubts = self._doubts(keys, labels)
        references = self._references(connection, [value for kind, value in seen if kind == "product"])
        today = fields.Date.context_today(self)
        rows = []
        for key in dict.fromkeys([*seen, *keys]):
            kind, value = key
            count, last = seen.get(key, (0, None))
            answer = table.look_up(kind, value, last or today)
            if kind in OPTIONAL_KINDS and answer.verdict is Verdict.MISSING:
                continue
            situation = self._situation(answer, key, count, today, doubts, references)
            code, mapping = labels.get(key), keys.get(key)
            rows.append(
                {
                    "mapping": kind,
                    "outside_value": value,
                    "outside_label": code.label if code else False,
                    "situation": situation,
                    "seen_count": count,
                    "last_seen": last,
                    "target": (mapping and mapping.target) or False,
                    "note": self._note(situation, answer, key, doubts, code),
                }
            )
        return sorted(rows, key=lambda row: (row["situation"], -row["seen_count"]))

    def _situation(self, answer, key, count, today, doubts, references):
        verdict, version = answer.verdict, answer.version
        if verdict is Verdict.MISSING:
            known = key[0] == "product" and key[1] in references
            known = known or (key[0] == "unit" and self.env["integration.mapping"]._standard_unit(key[1]))
            return "reference" if known else "missing"
        if not count:
            return "unused"
        ends = version.valid_until
        checks = (
            (verdict in (Verdict.EXPIRED, Verdict.ARCHIVED), verdict.value),
            (key in doubts, "doubtful"),
            (verdict is Verdict.DEFAULT and key[1] != version.value, "default"),
            (ends is not None and (ends - today).days <= ENDS_SOON_DAYS, "ending"),
        )
        return next((situation for holds, situation in checks if holds), "mapped")

    def _note(self, situation, answer, key, doubts, code):
        _ = self.env._
        notes = []
        if situation == "doubtful":
            notes.append(
                _("The source states another rate than the tax has.")
                if doubts[key] == RATE_DIFFERS
                else _("Another code that cannot mean the same leads to the same place.")
            )
        if situation == "ending":
            notes.append(_("Until %s.", answer.version.valid_until))
        if code and code.is_ended:
            notes.append(
                _("The source does not use this code since %s.", format_date(self.env, code.valid_until))
            )
        return " ".join(notes) or False

    def _doubts(self, keys, labels):
        """Return {(kind, value): why} of mappings that contradict each other or what the source says."""
        by_kind = defaultdict(list)
        for (kind, value), mapping in keys.items():
            target = mapping._target_value()
            if mapping.state != "used" or not isinstance(target, int):
                continue
            code = labels.get((kind, value))
            rate = (
                mapping.tax_id.amount if kind == "tax" and mapping.tax_id.amount_type == "percent" else None
            )
            by_kind[kind].append(
                Mapped(
                    value,
                    target,
                    (code and code.rate_percent) or "",
                    Decimal(str(rate)) if rate is not None else None,
                )
            )
        return {
            (kind, value): why
            for kind, rows in by_kind.items()
            for value, why in doubtful(kind, rows).items()
        }

    def _references(self, connection, values):
        """Return those product codes that are the internal reference of exactly one product."""
        found = (
            self.env["product.product"]
            .sudo()
            ._read_group(
                [
                    ("default_code", "in", values[:MAX_VALUES]),
                    ("company_id", "in", (False, connection.company_id.id)),
                ],
                ["default_code"],
                ["__count"],
            )
        )
        return {code for code, count in found if count == 1}


def _own_day(documents):
    """Return the day that a document bears itself, if it does."""
    for document in documents:
        for name in ("issue_date", "date"):
            if isinstance(document.get(name), str):
                try:
                    return date.fromisoformat(document[name])
                except ValueError:
                    return None
    return None
