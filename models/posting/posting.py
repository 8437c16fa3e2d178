# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import timedelta

from odoo import api, models

from ...engine.errors import BusinessError, MissingReferenceError
from ...engine.instants import local_date


class IntegrationPosting(models.AbstractModel):
    """Base of the posting rules: from canonical documents to Odoo records.

    The only place that writes accounting, sales and purchase records. Runs as the connection's service user.
    Each kind has its own model ``integration.posting.<kind>`` with two steps:

    ``_prepare(works)``  look everything up and decide; sets ``work.error`` or ``work.plan``; writes nothing.
    ``_apply(works)``    write in bulk what was planned; sets effects and findings; raises when Odoo refuses.
    """

    _name = "integration.posting"
    _description = "Posting rules"

    @api.model
    def _prepare(self, works):
        raise NotImplementedError

    @api.model
    def _apply(self, works):
        raise NotImplementedError

    @api.model
    def _event_date(self, connection, instant):
        """Return the calendar day of an outside instant in the company's time zone (policy P2)."""
        return local_date(instant, connection.time_zone)

    @api.model
    def _first_open_day(self, company, journal, date, has_tax=False):
        """Return ``date``, or the first day after every lock date that it violates (policy F11)."""
        locks = company._get_violated_lock_dates(date, has_tax, journal)
        return max(lock for lock, _field in locks) + timedelta(days=1) if locks else date

    @api.model
    def _check_late(self, work, wanted, date):
        """Stop a document whose day is locked where its flow says so, instead of booking it on ``date`` (F11).

        :raises BusinessError: ``period_locked``.
        """
        if date == wanted or work.row.get("late_allowed"):
            return
        flow = self.env["integration.flow"].browse(work.row.get("flow_id") or [])
        if flow.late_policy == "stop":
            last_locked = date - timedelta(days=1)
            raise BusinessError(
                "period_locked",
                f"{wanted} would become {date}",
                params={"date": str(wanted), "lock_date": str(last_locked)},
            )

    @api.model
    def _wait_for(self, work, kind, value):
        """Let the event wait for what it belongs to; the drain lets it go when that comes into the books.

        :raises MissingReferenceError: ``parent_missing``, always.
        """
        raise MissingReferenceError(
            "parent_missing", value, params={"kind": kind, "value": value, "source": work.connection.name}
        )

    @api.model
    def _wait_for_customer(self, work, party, document_names_it):
        """Let a document wait for its customer where the source sends customers and there is no other way.

        :param document_names_it: the document says enough to make the customer; then the flow decides.
        :raises MissingReferenceError: ``parent_missing``.
        """
        if not party.outside_id:
            return
        flows = work.connection.flow_ids
        first = flows.filtered(lambda flow: flow.id == work.row["flow_id"]).customers_first
        if document_names_it and not first:
            return
        if flows.filtered(lambda flow: flow.direction == "in" and flow.kind == "customer"):
            self._wait_for(work, "customer", party.outside_id)

    @api.model
    def _check_kept(self, moves, wanted):
        """Compare posted entries with what was meant: core moves dates on its own (policy F12).

        :param wanted: {move id: date}.
        :raises BusinessError: ``core_changed``.
        """
        for move in moves:
            if move.state != "posted":
                raise BusinessError(
                    "core_changed",
                    f"move {move.id} is {move.state}",
                    params={"field": "state", "wanted": "posted", "got": move.state},
                )
            if move.date != wanted[move.id]:
                raise BusinessError(
                    "core_changed",
                    f"move {move.id}: {move.date} instead of {wanted[move.id]}",
                    params={"field": "date", "wanted": wanted[move.id], "got": move.date},
                )
