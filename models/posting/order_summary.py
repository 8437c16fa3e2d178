# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import types
from datetime import datetime, time, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from odoo import api, models

from ...connectors.base import Envelope
from ...engine import order_summary
from ...engine.canonical import Source
from ...engine.money import minor_units
from ..messaging import isolation
from .work import Work


class IntegrationPostingOrderSummary(models.AbstractModel):
    """Books the sales to consumers of a day together: one document per channel, currency and tax country.

    What a step of an order adds is kept with the step until the day is over. A step goes into one summary, which the
    database knows once per day and key; what comes for a closed day goes into the first open one.
    """

    _name = "integration.posting.order_summary"
    _inherit = "integration.posting"
    _description = "Posting rules: daily summaries of shops"

    # -- which way an order goes ---------------------------------------------------------------------------

    @api.model
    def _booking_of(self, connection, document):
        """Return how an order that is new is booked: 'daily' or 'each'."""
        if connection.shop_booking != "daily" or document.business:
            return "each"
        if document.tax_country in connection.prepayment_vat_country_ids.mapped("code"):
            return "each"
        return "each" if self._is_sent_abroad(connection, document.tax_country) else "daily"

    def _is_sent_abroad(self, connection, country):
        """Whether it is taxed in another country of the EU: such sales are reported one by one."""
        own = connection.company_id.country_id
        if not country or not own or country == own.code:
            return False
        europe = self.env.ref("base.europe", raise_if_not_found=False)
        codes = set(europe.country_ids.mapped("code")) if europe else set()
        return {country, own.code} <= codes

    # -- making summaries ----------------------------------------------------------------------------------

    @api.model
    def _summarise(self, connection):
        """Make and book what can be booked; returns how many summaries were."""
        today = self.env["integration.posting.application"]._today(connection)
        self._gather(connection, today)
        opened = self.env["integration.shop.summary"].search(
            [("connection_id", "=", connection.id), ("state", "=", "open")], order="day, id"
        )
        return sum(self._book(connection, summary) for summary in opened)

    def _gather(self, connection, today):
        """Put what waits for a day that is over into the summary of its day, or of the first open one."""
        Summary, Step = self.env["integration.shop.summary"], self.env["integration.shop.step"]
        waiting = [("connection_id", "=", connection.id), ("to_summarise", "=", True)]
        last = Summary.search([("connection_id", "=", connection.id)], order="day desc", limit=1).day or None
        while first := Step.search([*waiting, ("summary_day", "<", today)], order="summary_day, id", limit=1):
            day = order_summary.day_of(first.summary_day, last)
            if day >= today:
                return
            # A day is closed as a whole: what were left out would stand on the next one.
            self._close_day(connection, day, Step.search([*waiting, ("summary_day", "<=", day)], order="id"))
            last = day

    def _close_day(self, connection, day, steps):
        groups = steps.grouped(
            lambda step: (step.order_id.channel, step.order_id.currency_id, step.order_id.tax_country)
        )
        for (channel, currency, country), members in groups.items():
            summary = self.env["integration.shop.summary"].create(
                {
                    "connection_id": connection.id,
                    "number": self._number(day, channel, currency, country),
                    "day": day,
                    "channel": channel,
                    "currency_id": currency.id,
                    "tax_country": country,
                    "partner_id": members[0].order_id.partner_id.id,
                }
            )
            members.write({"summary_id": summary.id, "to_summarise": False})

    def _number(self, day, channel, currency, country):
        return " ".join(filter(None, (f"{day:%Y-%m-%d}", channel, country, currency.name)))

    def _book(self, connection, summary):
        """Book one summary; returns whether it is booked. What is missing is asked for, and it is tried again.

        Whatever stops one summary, also what Odoo itself refuses, stops no other one.
        """
        with isolation.one_event() as errors, self.env.cr.savepoint():
            self._post(connection, summary)
        if errors:
            [error] = errors
            self.env.invalidate_all()
            exception = self.env["integration.exception"]._raise_cause(
                connection, error.code, error.params, f"summary {summary.number}", detail=error.detail
            )
            summary.exception_id = exception
            return False
        before, summary.exception_id = summary.exception_id, False
        before._resolve_if_empty()
        return True

    def _post(self, connection, summary):
        entries = [
            entry
            for step in summary.step_ids
            for entry in order_summary.read((step.facts or {}).get("items") or (), step.id)
        ]
        lines = order_summary.lines_of(entries)
        poster = self.env["integration.posting.order_document"]
        work = self._work(connection, summary, len(entries))
        subs = poster._planned(work, self._wanted(summary, lines))
        if subs:
            poster._apply([sub for sub in subs if sub.plan])
        self._keep(summary, lines, poster._take_over(work, subs))
        for finding in work.findings:
            self.env["integration.exception"]._raise_cause(
                connection, finding.code, finding.params, finding.cause
            )
        self.env["integration.posting.application"]._orders_changed(summary.step_ids.order_id)

    def _work(self, connection, summary, count):
        """Return the work under which a summary is booked: of no single event, on the evening of its day."""
        evening = datetime.combine(summary.day, time(23, 59), ZoneInfo(connection.time_zone))
        flow = connection.flow_ids.filtered(lambda row: row.kind == "fulfilment" and row.direction == "in")
        # Each part was rounded by itself; their sum may differ by half a cent for each of them.
        tolerance = Decimal(count).scaleb(-minor_units(summary.currency_id.name)) / 2
        said = types.SimpleNamespace(
            source=Source(system=connection.connector, object_id=str(summary.id)),
            occurred_at=evening.astimezone(timezone.utc),
        )
        row = {
            "id": None,
            "flow_id": flow[:1].id,
            "correlation_id": f"summary-{connection.id}-{summary.id}",
            "granted_tolerance": float(tolerance),
            "late_allowed": True,
        }
        return Work(row=row, connection=connection, envelope=Envelope("", "", ""), documents=[said])

    def _wanted(self, summary, lines):
        """Return the documents of a summary: an invoice over what was sold, a credit note over what came back."""
        found = []
        for way, document_type, suffix in (
            (order_summary.SOLD, "invoice", ""),
            (order_summary.BACK, "credit_note", " R"),
        ):
            parts = [line.part for line in lines if line.way == way]
            if parts:
                found.append(
                    {
                        "order": summary,
                        "key": f"summary:{summary.id}{suffix}",
                        "number": f"{summary.number}{suffix}",
                        "document_type": document_type,
                        "day": summary.day,
                        "parts": parts,
                    }
                )
        return found

    def _keep(self, summary, lines, moves):
        invoice = moves.filtered(lambda move: move.move_type == "out_invoice")
        note = moves - invoice
        self.env["integration.shop.summary.line"].create(
            [
                {
                    "summary_id": summary.id,
                    "description": line.part.description,
                    "way": line.way,
                    "taxes": ", ".join(line.part.amount.taxes) or False,
                    "quantity": float(line.part.amount.quantity),
                    "amount_net": float(line.part.amount.net),
                    "amount_tax": float(line.part.amount.tax),
                    "step_ids": [(6, 0, line.steps)],
                }
                for line in lines
            ]
        )
        summary.write(
            {
                "state": "posted",
                "move_id": invoice.id,
                "note_id": note.id,
                "amount_net": invoice.amount_untaxed - note.amount_untaxed,
                "amount_tax": invoice.amount_tax - note.amount_tax,
            }
        )
        for way, move in ((order_summary.SOLD, invoice), (order_summary.BACK, note)):
            ids = {step for line in lines if line.way == way for step in line.steps}
            self.env["integration.shop.step"].browse(sorted(ids)).write(
                {"move_ids": [(4, move_id) for move_id in move.ids]}
            )

    # -- what a step of an order adds ----------------------------------------------------------------------

    @api.model
    def _items(self, facts, day, sold=(), back=()):
        """Return the values with which a step waits for the summary of its day.

        :param facts: what is kept of the step besides.
        :param sold: parts that were sold; ``back`` parts that were taken back.
        """
        items = order_summary.kept(sold, order_summary.SOLD) + order_summary.kept(back, order_summary.BACK)
        return {"facts": facts | {"items": items}, "summary_day": day, "to_summarise": bool(items)}
