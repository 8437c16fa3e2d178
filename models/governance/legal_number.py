# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Missing and doubled legal numbers of documents that others issue, as of a day (M6, F8)."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.legal_numbers import read_series, written
from ..messaging.big_integer import BigInteger

# Numbers that arrive out of order are no gap yet.
PATIENCE = timedelta(days=1)
MONTHS_LOOKED_AT = 13
MAX_STOPPED = 5_000
# Of more documents in the span, the newest are looked at.
MAX_NUMBERS = 1_000_000


class IntegrationLegalSeries(models.Model):
    """One series of an issuer's legal numbers, as of the last check."""

    _name = "integration.legal.series"
    _description = "Series of legal numbers"
    _order = "connection_id, name, id"

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade", string="Issuer"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    name = fields.Char(required=True, readonly=True, string="Series", help="# stands for what counts.")
    first_text = fields.Char(readonly=True, string="First")
    last_text = fields.Char(readonly=True, string="Last")
    number_count = fields.Integer(readonly=True, string="Documents")
    missing_count = fields.Integer(readonly=True, string="Missing")
    gap_ids = fields.One2many("integration.legal.gap", "series_id", readonly=True)
    open_count = fields.Integer(compute="_compute_open_count", string="To be explained")
    date_from = fields.Date(readonly=True, string="From")
    as_of = fields.Date(readonly=True, string="As of", help="Documents dated up to this day were looked at.")
    checked_at = fields.Datetime(readonly=True, string="Checked")
    note = fields.Char(readonly=True)

    _name_unique = models.UniqueIndex("(connection_id, name)")

    @api.depends("gap_ids.state")
    def _compute_open_count(self):
        for series in self:
            series.open_count = len(series.gap_ids.filtered(lambda gap: gap.state == "open"))

    # -- checking ------------------------------------------------------------------------------------------

    @api.model
    def _cron_check(self):
        """Check every issuer whose documents are kept with their own numbers, over the last months."""
        today = fields.Date.context_today(self)
        self.env.cr.execute(
            """
            SELECT DISTINCT integration_connection_id FROM account_move
             WHERE integration_connection_id IS NOT NULL AND integration_issued_elsewhere
            """
        )
        connections = self.env["integration.connection"].browse(row[0] for row in self.env.cr.fetchall())
        for connection in connections.exists():
            self._check(connection, fields.Date.subtract(today, months=MONTHS_LOOKED_AT), today)

    @api.model
    def _check(self, connection, date_from, as_of):
        """Read an issuer's numbers in a span of days, and keep what is missing or there twice; returns the series.

        The first number of a series in the span counts as its beginning.
        """
        series, _uncounted = read_series(self._booked_numbers(connection, date_from, as_of))
        stopped, _uncounted = read_series(self._stopped_numbers(connection))
        received = {row.name: row for row in stopped}
        known = {row.name: row for row in self.search([("connection_id", "=", connection.id)])}
        records = self.browse()
        for row in series:
            values = {
                "connection_id": connection.id,
                "name": row.name,
                "first_text": written(row.name, row.first, row.first),
                "last_text": written(row.name, row.last, row.last),
                "number_count": row.count,
                "missing_count": row.missing_count,
                "date_from": date_from,
                "as_of": as_of,
                "checked_at": fields.Datetime.now(),
                "note": self._note(row),
            }
            record = known.pop(row.name, None)
            if record:
                record.write(values)
            else:
                record = self.create(values)
            record._keep_gaps(row, received.get(row.name))
            records |= record
        for record in known.values():
            # Its documents are dated outside the span, or were all taken back.
            record.write({"as_of": as_of, "date_from": date_from, "checked_at": fields.Datetime.now()})
        return records

    def _note(self, row):
        notes = [
            self.env._(
                "The numbering leaps from %(before)s to %(after)s.",
                before=written(row.name, before, before),
                after=written(row.name, after, after),
            )
            for before, after in row.jumps[:3]
        ]
        if row.cut:
            notes.append(self.env._("There are more gaps than are listed."))
        return " ".join(notes) or False

    @api.model
    def _booked_numbers(self, connection, date_from, as_of):
        """Return the legal numbers in the books; a document that was cancelled has used its number, too."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT ref FROM account_move
                 WHERE integration_connection_id = %s AND integration_issued_elsewhere AND ref IS NOT NULL
                   AND state IN ('posted', 'cancel') AND invoice_date BETWEEN %s AND %s
                   AND move_type IN ('out_invoice', 'out_refund')
                 ORDER BY invoice_date DESC, id DESC LIMIT %s
                """,
                connection.id,
                date_from,
                as_of,
                MAX_NUMBERS,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _stopped_numbers(self, connection):
        """Return the numbers of documents that were received and are not booked: those are not lost."""
        self.env.cr.execute(
            SQL(
                """
                SELECT m.id
                  FROM integration_message m JOIN integration_payload p ON p.message_id = m.id
                 WHERE m.connection_id = %s AND m.direction = 'in' AND m.kind = 'invoice'
                   AND m.status IN ('parked', 'held', 'waiting', 'dead') AND p.documents IS NOT NULL
                 ORDER BY m.id DESC LIMIT %s
                """,
                connection.id,
                MAX_STOPPED,
            )
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        told = self.env["integration.payload"]._readable_documents(ids)
        numbers = [told[message_id][0].get("number") for message_id in ids if message_id in told]
        return [number for number in numbers if number]

    def _keep_gaps(self, row, received):
        """Store the gaps of a series; what was explained stays explained, what has arrived closes."""
        self.ensure_one()
        known = {(gap.kind, gap.first_number, gap.last_number): gap for gap in self.gap_ids}
        wanted = [("missing", first, last, written(row.name, first, last)) for first, last in row.missing]
        wanted += [("twice", 0, 0, text) for text in row.twice]
        arrived = set(self._counts(received)) if received else set()
        seen = set()
        for kind, first, last, text in wanted:
            key = (kind, first, last) if kind == "missing" else (kind, text)
            gap = known.get((kind, first, last)) if kind == "missing" else self._doubled(text)
            seen.add(key)
            values = {"text": text, "is_received": any(first <= number <= last for number in arrived)}
            if gap and gap.state != "arrived":
                gap.write(values)
            elif gap:
                gap.write({**values, "state": "open", "found_at": fields.Datetime.now()})
            else:
                values |= {"series_id": self.id, "kind": kind, "first_number": first, "last_number": last}
                gap = self.gap_ids.create({**values, **self._explanation_around(kind, first, last)})
        for gap in self.gap_ids.filtered(lambda gap: gap.state != "arrived"):
            key = (
                (gap.kind, gap.first_number, gap.last_number)
                if gap.kind == "missing"
                else (gap.kind, gap.text)
            )
            if key not in seen:
                gap.state = "arrived"
        self._tell()

    def _counts(self, received):
        """Yield the counts of a series of received numbers, leaps left out."""
        ranges = [*received.missing, *((before + 1, after - 1) for before, after in received.jumps)]
        start = received.first
        for first, last in sorted(ranges):
            yield from range(start, first)
            start = last + 1
        yield from range(start, received.last + 1)

    def _doubled(self, text):
        return self.gap_ids.filtered(lambda gap: gap.kind == "twice" and gap.text == text)[:1]

    def _explanation_around(self, kind, first, last):
        """Return what was said of a larger gap, of which this is what is left."""
        around = self.gap_ids.filtered(
            lambda gap: (
                gap.state == "explained"
                and gap.kind == kind == "missing"
                and gap.first_number <= first
                and last <= gap.last_number
            )
        )[:1]
        if not around:
            return {}
        return {
            "state": "explained",
            "reason": around.reason,
            "explained_by_id": around.explained_by_id.id,
            "explained_at": around.explained_at,
        }

    def _tell(self):
        """Ask a person about what has been missing for a while; take it back when nothing is missing any more."""
        old = self.gap_ids.filtered(
            lambda gap: (
                gap.state == "open"
                and (gap.kind == "twice" or gap.found_at <= fields.Datetime.now() - PATIENCE)
            )
        )
        cause = f"series {self.name}"
        if old:
            params = {
                "source": self.connection_id.name,
                "series": self.name,
                "numbers": ", ".join(old[:8].mapped("text")),
            }
            self.env["integration.exception"]._raise_cause(
                self.connection_id, "legal_number_missing", params, cause
            )
            return
        self.env["integration.exception"]._settle_cause(
            self.connection_id,
            "legal_number_missing",
            cause,
            self.env._("No number is missing any more that nobody has explained."),
        )

    def action_check(self):
        """Button: check this issuer again, over the same days up to today."""
        self.check_access("read")
        if not self.env.user.has_group("finance_integration.group_operator"):
            raise UserError(self.env._("Only an operator has the numbers checked."))
        today = fields.Date.context_today(self)
        for connection in self.connection_id:
            first = min(self.filtered(lambda row, c=connection: row.connection_id == c).mapped("date_from"))
            self.sudo()._check(connection.sudo(), first, today)

    def action_open_gaps(self):
        """Button: open what is missing or there twice."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_legal_gap")
        return dict(action, domain=[("series_id", "=", self.id)], context={"search_default_open": 1})


class IntegrationLegalGap(models.Model):
    """Numbers of a series that are missing, or one that two documents have."""

    _name = "integration.legal.gap"
    _description = "Missing or doubled legal number"
    _order = "found_at desc, id desc"
    _rec_name = "text"

    series_id = fields.Many2one(
        "integration.legal.series", required=True, readonly=True, ondelete="cascade", index=True
    )
    connection_id = fields.Many2one(related="series_id.connection_id", store=True, string="Issuer")
    company_id = fields.Many2one(related="series_id.company_id", store=True, index=True)
    kind = fields.Selection([("missing", "Missing"), ("twice", "There twice")], required=True, readonly=True)
    text = fields.Char(required=True, readonly=True, string="Number")
    first_number = BigInteger(readonly=True)
    last_number = BigInteger(readonly=True)
    count = fields.Integer(compute="_compute_count", store=True, string="How many")
    is_received = fields.Boolean(
        readonly=True, string="Received, not booked", help="The document is here; its event has stopped."
    )
    state = fields.Selection(
        [("open", "To be explained"), ("explained", "Explained"), ("arrived", "Arrived")],
        required=True,
        readonly=True,
        default="open",
        index=True,
    )
    reason = fields.Char(
        string="Explanation", help="In the words of the issuer, such as: cancelled before it was sent."
    )
    explained_by_id = fields.Many2one("res.users", readonly=True)
    explained_at = fields.Datetime(readonly=True)
    found_at = fields.Datetime(readonly=True, default=fields.Datetime.now, string="Noticed")

    @api.depends("first_number", "last_number")
    def _compute_count(self):
        for gap in self:
            gap.count = gap.last_number - gap.first_number + 1

    def write(self, vals):
        if not self.env.su and vals.keys() - {"reason"}:
            raise UserError(self.env._("Only the explanation is yours to write."))
        if not self.env.su and any(gap.state != "open" for gap in self):
            raise UserError(self.env._("This was explained already, or has arrived."))
        return super().write(vals)

    def action_explain(self):
        """Button: the explanation stands; the gap is no longer asked about."""
        self.check_access("write")
        for gap in self:
            if gap.state != "open":
                raise UserError(self.env._("%s needs no explanation any more.", gap.text))
            if not (gap.reason or "").strip():
                raise UserError(self.env._("Write down what the issuer says of %s.", gap.text))
        self.sudo().write(
            {
                "state": "explained",
                "explained_by_id": self.env.uid,
                "explained_at": fields.Datetime.now(),
            }
        )
        for gap in self:
            self.env["integration.audit.leaf"].sudo()._record_change(
                gap, "legal_number.explain", f"{gap.text}: {gap.reason}"
            )
        for series in self.sudo().series_id:
            series._tell()
