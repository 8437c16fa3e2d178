# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import statistics
import time
from types import SimpleNamespace
from unittest.mock import patch

from lxml import etree

from odoo import SUPERUSER_ID, api, models

from odoo.addons.finance_integration.connectors.base import Envelope
from odoo.addons.finance_integration.engine.errors import MissingReferenceError
from odoo.addons.finance_integration.models.posting.work import Work

CAUSES = 20
BATCH = 100
# How often each list is opened in a round.
TURNS = 21
# What an event points at that is marked failed and nothing else.
_NONE = SimpleNamespace(id=None)


class FinanceIntegrationBench(models.AbstractModel):
    _inherit = "finance.integration.bench"

    @api.model
    def prepare_workbench(self, connection_id, behind, length):
        """Make ``length`` open exceptions with ``behind`` events in all, and as many posted invoices."""
        env = self.env(user=SUPERUSER_ID)
        connection = env["integration.connection"].browse(connection_id)
        exceptions = [
            env["integration.exception"]
            ._raise_cause(connection, "mapping_missing", _params(number), f"cause {number}")
            .id
            for number in range(length)
        ]
        env.cr.execute(
            """
            INSERT INTO integration_message
                   (direction, company_id, connection_id, event_id, event_type, object_key, occurred_at, received_at,
                    stage, status, attempt_count, exception_id, amount, currency_id, error_code)
            SELECT 'in', %s, %s, 'behind-' || n, 'invoice.issued', 'invoice:' || n, now(), now(),
                   'transformed', 'parked', 1, (%s)[1 + n %% %s], 100 + n %% 1000, %s, 'mapping_missing'
              FROM generate_series(1, %s) AS n
            """,
            [
                connection.company_id.id,
                connection.id,
                exceptions,
                length,
                connection.company_id.currency_id.id,
                behind,
            ],
        )
        env["integration.exception"].browse(exceptions)._touch()
        env["integration.exception"]._recount_touched()
        partner = env["res.partner"].create({"name": "Customer"})
        env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": "2026-03-02",
                    "invoice_line_ids": [
                        (0, 0, {"name": "Service", "price_unit": 10 + number, "tax_ids": []})
                    ],
                }
                for number in range(length)
            ]
        )._post()

    @api.model
    def fail_events(self, connection_id, count, number, grouped_first):
        """Write down that ``count`` events failed, with and without exceptions; returns the seconds of both.

        Both take turns, as a machine is never the same for two seconds.
        """
        seconds = dict.fromkeys((True, False), 0)
        order = (True, False) if grouped_first else (False, True)
        for grouped in (*order, *order[::-1], *order):
            with self.env.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                works = _works(env, connection_id, count, number)
                seconds[grouped] += _record(env, works, grouped)
                cr.rollback()
        return seconds[False], seconds[True]

    @api.model
    def open_lists(self, length, workbench_first):
        """Open the list of invoices and that of exceptions as the web client does; returns the seconds of both."""
        lists = {
            "stock": ("account.move", "account.view_out_invoice_tree", [("move_type", "=", "out_invoice")]),
            "workbench": (
                "integration.exception",
                "finance_integration.exception_view_list",
                [("state", "=", "open")],
            ),
        }
        times = {name: [] for name in sorted(lists, reverse=workbench_first)}
        wanted = {
            name: self._list_specification(model, view) for name, (model, view, _domain) in lists.items()
        }
        for number in range(TURNS):
            for name in list(times)[:: -1 if number % 2 else 1]:
                model, _view, domain = lists[name]
                with self.env.registry.cursor() as cr:
                    records = api.Environment(cr, self.env.uid, dict(self.env.context))[model]
                    begin = time.perf_counter()
                    found = records.web_search_read(domain, wanted[name], limit=length, count_limit=10001)
                    times[name].append(time.perf_counter() - begin)
                    if len(found["records"]) != length:
                        raise ValueError(f"{len(found['records'])} rows of {model}")
        return statistics.median(times["stock"]), statistics.median(times["workbench"])

    @api.model
    def _list_specification(self, model, view):
        """Return what the web client asks of the columns of a list."""
        info = self.env[model].get_view(self.env.ref(view).id, "list")
        fields = self.env[model]._fields
        names = {node.get("name") for node in etree.fromstring(info["arch"]).iter("field")}
        return {
            name: {"fields": {"display_name": {}}} if fields[name].type == "many2one" else {}
            for name in names
            if name in fields and fields[name].type not in ("one2many", "many2many")
        }

    @api.model
    def count_workbench(self, connection_id):
        """Return stored and true figures of all open exceptions of a connection, and how many there are."""
        env = self.env(user=SUPERUSER_ID)
        env["integration.exception"]._recount_touched()
        exceptions = env["integration.exception"].search(
            [("connection_id", "=", connection_id), ("state", "=", "open")]
        )
        env.cr.execute(
            "SELECT count(*), sum(amount) FROM integration_message WHERE exception_id = ANY(%s)",
            [exceptions.ids],
        )
        count, amount = env.cr.fetchone()
        stored = [
            sum(exceptions.mapped("waiting_count")),
            round(sum(exceptions.stake_ids.mapped("amount")), 2),
        ]
        return stored, [count, round(float(amount), 2)], len(exceptions)


def _params(number):
    return {"mapping": "Tax", "code": "tax", "value": f"T{number}"}


def _works(env, connection_id, count, number):
    """Return ``count`` events that have just failed, one of CAUSES causes each."""
    connection = env["integration.connection"].browse(connection_id)
    env.cr.execute(
        """
        INSERT INTO integration_message
               (direction, company_id, connection_id, event_id, event_type, object_key, occurred_at, received_at,
                stage, status, attempt_count)
        SELECT 'in', %s, %s, %s || n, 'invoice.issued', 'invoice:' || %s || n, now(), now(), 'received', 'ready', 0
          FROM generate_series(1, %s) AS n
        RETURNING id, event_id, object_key
        """,
        [connection.company_id.id, connection.id, f"fail-{number}-", f"{number}-", count],
    )
    works = []
    for index, (message_id, event_id, object_key) in enumerate(env.cr.fetchall()):
        row = {
            "id": message_id,
            "connection_id": connection.id,
            "company_id": connection.company_id.id,
            "flow_id": None,
            "stage": "received",
            "status": "ready",
            "attempt_count": 0,
            "tries_before": 0,
            "correlation_id": None,
            "body_digest": None,
            "exception_id": None,
            "next_trigger": None,
            "trigger_user_id": None,
            "kept_as": None,
            "origin": "push",
        }
        work = Work(row=row, connection=connection, envelope=Envelope(event_id, "invoice.issued", object_key))
        work.error = MissingReferenceError("mapping_missing", params=_params(1000 + index % CAUSES))
        works.append(work)
    return works


def _record(env, works, grouped):
    """Write the outcomes down as the drain does, batch by batch; returns the seconds."""
    drain, exceptions = env["integration.drain"], env["integration.exception"]
    begin = time.monotonic()
    for start in range(0, len(works), BATCH):
        env.cr.cache.clear()
        batch = works[start : start + BATCH]
        if grouped:
            drain._record(batch, [], begin)
        else:
            with patch.object(type(exceptions), "_raise_cause", lambda *_args, **_more: _NONE):
                drain._record(batch, [], begin)
    if grouped:
        exceptions._recount_touched()
    env.flush_all()
    return time.monotonic() - begin
