# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Answers what a code means on a day, for the drain: read once per batch, remembered with what was booked."""

from odoo import api, models
from odoo.tools import SQL

from ...engine.mapping import Table, Version, combine
from .mapping_target import TARGETS

KNOWN = "mappings"


class Resolver:
    """What the codes of one connection mean.

    :param env: environment in which the records that codes mean are given out.
    """

    def __init__(self, env, table, labels, plans):
        self.env = env
        self.table = table
        self._labels = labels
        self._plans = plans

    def on(self, day, used):
        """Return a function (kind, code) → what it means on ``day``: a record, a text, or an analytic distribution.

        It raises what ``engine.mapping.Table.resolve`` raises.

        :param used: set that takes the ids of the versions that gave an answer.
        """

        def resolve(kind, code):
            version = self.table.resolve(kind, code, day, self._labels.get(kind))
            used.add(version.id)
            model = TARGETS[kind][1]
            return self.env[model].browse(version.target) if model else version.target

        return resolve

    def for_work(self, work, day):
        """Return ``on(day)`` that remembers with the event which versions it used."""
        return self.on(day, work.mapped)

    def distribution(self, codes, resolve):
        """Return the analytic distribution that several codes say together, or False where there are none.

        :raises BusinessError: ``analytic_contradiction``.
        """
        found = [resolve("analytic", code) for code in codes]
        if len(found) < 2:
            return dict(found[0]) if found else False
        # Odoo keeps shares as floating point in JSON; they have few decimals.
        return {key: float(share) for key, share in combine(found, self._plans()).items()}


class IntegrationMapping(models.Model):
    _inherit = "integration.mapping"

    @api.model
    def _resolver(self, connection):
        """Return the Resolver of ``connection``, for records in its environment; asked once per batch."""
        drain = self.env["integration.drain"]
        table = drain._once(KNOWN, connection, lambda: self._meanings(connection))
        labels = drain._once("labels", connection, self._kind_labels)
        return Resolver(connection.env, table, labels, self._plans)

    def _kind_labels(self):
        return dict(self._fields["mapping"]._description_selection(self.env))

    @api.model
    def _meanings(self, connection):
        """Return all versions in force of a connection as a Table, and whether what they lead to is in use."""
        self.env["integration.mapping.version"].flush_model()
        columns, joins, alive = [], [], []
        for kind, (field, model) in TARGETS.items():
            columns.append(SQL("WHEN %s THEN to_jsonb(v.%s)", kind, SQL.identifier(field)))
            if model and "active" in self.env[model]._fields and self.env[model]._fields["active"].store:
                alias = SQL.identifier(f"t_{kind}")
                joins.append(
                    SQL(
                        "LEFT JOIN %s %s ON %s.id = v.%s",
                        SQL.identifier(self.env[model]._table), alias, alias, SQL.identifier(field),
                    )
                )  # fmt: skip
                alive.append(SQL("COALESCE(%s.active, true)", alias))
        self.env.cr.execute(
            SQL(
                """
                SELECT v.id, v.mapping, m.outside_value, v.valid_from, v.valid_until, CASE v.mapping %s END, %s
                  FROM integration_mapping_version v JOIN integration_mapping m ON m.id = v.mapping_id %s
                 WHERE v.connection_id = %s AND v.state = 'used'
                """,
                SQL(" ").join(columns),
                SQL(" AND ").join(alive),
                SQL(" ").join(joins),
                connection.id,
            )
        )
        return Table(Version(*row) for row in self.env.cr.fetchall())

    def _plans(self):
        """Return a function analytic account id → id of its root plan."""
        self.env.cr.execute(
            "SELECT a.id, COALESCE(NULLIF(split_part(p.parent_path, '/', 1), '')::int, p.id)"
            " FROM account_analytic_account a JOIN account_analytic_plan p ON p.id = a.plan_id"
        )
        return dict(self.env.cr.fetchall()).get
