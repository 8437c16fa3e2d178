# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The drain and numbered events: each batch counts the numbers that it brings, and holds what is ahead of a gap."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from datetime import timedelta
from typing import Any

from odoo import fields, models
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine.errors import BusinessError, IntegrationError
from ...engine.json_guard import parse_json
from ...engine.numbering import Place, Series, place
from ..posting.work import Finding
from .numbering import MAX_OPEN_GAPS

# A source that begins anew does so with one of these.
FIRST_NUMBERS = (0, 1)


@dataclasses.dataclass
class Mark:
    """The number of one event in its series."""

    row: dict[str, Any]
    flow: Any
    name: str
    number: int
    series_id: int | None = None
    state: str = "counted"


@dataclasses.dataclass
class Counter:
    """What is known of one series while a batch is counted."""

    series: Series
    series_id: int | None = None
    gap_rows: list[dict[str, Any]] = dataclasses.field(default_factory=list)


def _counted_before(row):
    """Whether the number of an event was counted elsewhere: of the event that it repeats, or where it was received."""
    return bool(row["replay_of_id"]) or row["origin"] == "handed"


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _sort_out(self, works, held):
        """Count the numbers of all events of the batch, also of those held back; hold what is ahead of a gap."""
        works, held = super()._sort_out(works, held)
        rows = [work.row for work in works] + held
        flows = self.env["integration.flow"].browse({row["flow_id"] for row in rows} - {None})
        numbered = {flow.id: flow for flow in flows if flow.numbering != "none"}
        rows = [row for row in rows if row["flow_id"] in numbered and not _counted_before(row)]
        if not rows:
            return works, held
        marks = [
            mark for row in rows if row["series_id"] is None and (mark := self._read_mark(row, numbered))
        ]
        self._count(marks)
        for mark in marks:
            mark.row |= {"series_id": mark.series_id, "sequence": mark.number, "number_state": mark.state}
        gaps = self._first_gaps({row["series_id"] for row in rows} - {None})
        behind = self._keys_behind_numbers(works)
        free = []
        for work in works:
            flow = None if _counted_before(work.row) else numbered.get(work.row["flow_id"])
            if flow and (hold := self._number_hold(work.row, flow, gaps, behind)):
                held.append(work.row | {"hold": hold})
                continue
            if flow and work.row["number_state"] in ("repeated", "broken"):
                self._object(work, flow)
            free.append(work)
        return self._by_number(free), held

    def _understand(self, work):
        result = super()._understand(work)
        work.error = work.error or work.objection
        return result

    def _read_mark(self, row, numbered):
        """Return the number that an event says, or None where it says none or cannot be read at all."""
        flow = numbered[row["flow_id"]]
        connector = get_connector(flow.connection_id.connector)
        try:
            raw = self.env["integration.payload"]._opened(row["raw"], row["key_share"])
            envelope = connector.read_envelope(parse_json(raw), row["headers"] or {})
        except IntegrationError:
            return None
        name = flow._series_name(envelope, row["object_key"])
        return Mark(row, flow, name, envelope.sequence) if name else None

    # -- counting ------------------------------------------------------------------------------------------

    def _count(self, marks):
        """Place the numbers in their series; writes each series, its gaps and the events in a few statements."""
        if not marks:
            return
        groups = defaultdict(list)
        for mark in marks:
            groups[mark.row["connection_id"], mark.name].append(mark)
        counters = self._load_counters(groups)
        known = []
        for key, group in groups.items():
            counter = counters[key]
            for mark in sorted(group, key=lambda each: (each.number, each.row["id"])):
                where, counter.series = place(counter.series, mark.number, mark.flow._series_start())
                if where is Place.BROKEN:
                    mark.state = "broken"
                elif where is Place.KNOWN:
                    known.append(mark)
        self._save_counters(groups, counters)
        for key, group in groups.items():
            for mark in group:
                mark.series_id = counters[key].series_id
        self._judge_known(known, marks)
        self.env["integration.message"]._mark_numbers(marks)
        self._save_gaps(groups, counters)

    def _load_counters(self, keys):
        counters = {key: Counter(Series()) for key in keys}
        self.env.cr.execute(
            SQL(
                "SELECT id, connection_id, name, lowest, highest FROM integration_series"
                " WHERE (connection_id, name) IN (%s)",
                SQL(", ").join(SQL("%s", key) for key in keys),
            )
        )
        by_id = {}
        for series_id, connection_id, name, lowest, highest in self.env.cr.fetchall():
            counter = counters[connection_id, name]
            counter.series_id, counter.series = series_id, Series(lowest, highest)
            by_id[series_id] = counter
        for row in self._open_gaps(by_id):
            by_id[row["series_id"]].gap_rows.append(row)
        for counter in by_id.values():
            gaps = tuple((row["first_number"], row["last_number"]) for row in counter.gap_rows)
            counter.series = dataclasses.replace(counter.series, gaps=gaps)
        return counters

    def _open_gaps(self, series_ids):
        if not series_ids:
            return []
        self.env.cr.execute(
            SQL(
                """
                SELECT id, series_id, first_number, last_number, deadline, exception_id
                  FROM integration_sequence_gap WHERE series_id = ANY (%s) AND state = 'open'
                 ORDER BY series_id, first_number LIMIT %s
                """,
                list(series_ids),
                MAX_OPEN_GAPS,
            )
        )
        return self.env.cr.dictfetchall()

    def _save_counters(self, groups, counters):
        """Write the series that have changed: one statement per batch, however many events it has."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_series AS s
                       (connection_id, company_id, flow_id, name, lowest, highest, create_date, write_date)
                VALUES %s
                    ON CONFLICT (connection_id, name) DO UPDATE
                   SET lowest = EXCLUDED.lowest, highest = EXCLUDED.highest, write_date = EXCLUDED.write_date
                 WHERE (s.lowest, s.highest) IS DISTINCT FROM (EXCLUDED.lowest, EXCLUDED.highest)
                """,
                SQL(", ").join(
                    SQL(
                        "(%s, %s, %s, %s, %s::bigint, %s::bigint, now() AT TIME ZONE 'UTC',"
                        " now() AT TIME ZONE 'UTC')",
                        connection_id, group[0].row["company_id"], group[0].flow.id, name,
                        counters[connection_id, name].series.lowest, counters[connection_id, name].series.highest,
                    )
                    for (connection_id, name), group in groups.items()
                ),
            )
        )  # fmt: skip
        self.env["integration.series"].invalidate_model(flush=False)
        self.env.cr.execute(
            SQL(
                "SELECT id, connection_id, name FROM integration_series WHERE (connection_id, name) IN (%s)",
                SQL(", ").join(SQL("%s", key) for key in groups),
            )
        )
        for series_id, connection_id, name in self.env.cr.fetchall():
            counters[connection_id, name].series_id = series_id

    def _judge_known(self, known, marks):
        """Tell numbers that came before (another event has it) from those that were given up and came all the same."""
        if not known:
            return
        others = {(mark.series_id, mark.number) for mark in marks if mark not in known}
        taken = self.env["integration.message"]._numbers_taken(
            {(mark.series_id, mark.number) for mark in known}
        )
        restarted = self._restarted({mark.series_id for mark in known})
        for mark in known:
            key = mark.series_id, mark.number
            if key not in taken and key not in others:
                others.add(key)
                continue
            start = mark.flow._series_start()
            begins = mark.number in FIRST_NUMBERS or mark.number == start
            mark.state = "broken" if begins or mark.series_id in restarted else "repeated"
            if mark.state == "broken":
                restarted.add(mark.series_id)

    def _restarted(self, series_ids):
        """Return those series of which a person must still say whether they have begun anew."""
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT series_id FROM integration_message
                 WHERE series_id = ANY (%s) AND number_state = 'broken' AND status = 'parked'
                """,
                list(series_ids),
            )
        )
        return {series_id for (series_id,) in self.env.cr.fetchall()}

    def _save_gaps(self, groups, counters):
        """Write what has changed of the gaps: filled, split, or new."""
        Gap = self.env["integration.sequence.gap"]
        filled, new = Gap, []
        for key, group in groups.items():
            counter, flow = counters[key], group[0].flow
            left = list(counter.series.gaps)
            for row in counter.gap_rows:
                pieces = [
                    gap for gap in left if row["first_number"] <= gap[0] and gap[1] <= row["last_number"]
                ]
                left = [gap for gap in left if gap not in pieces]
                gap = Gap.browse(row["id"])
                if not pieces:
                    filled |= gap
                    continue
                if pieces[0] != (row["first_number"], row["last_number"]):
                    gap.write({"first_number": pieces[0][0], "last_number": pieces[0][1]})
                values = {"deadline": row["deadline"], "exception_id": row["exception_id"]}
                new += [self._gap_values(group[0], counter, piece) | values for piece in pieces[1:]]
            deadline = fields.Datetime.now() + timedelta(hours=flow.gap_hours)
            new += [self._gap_values(group[0], counter, piece) | {"deadline": deadline} for piece in left]
        Gap.create(new)
        Gap.flush_model()
        if filled:
            filled._settle("filled")
        elif any(counter.gap_rows for counter in counters.values()):
            self.env["integration.message"]._release_numbered(
                [counter.series_id for counter in counters.values()]
            )
        self._wake_after_commit([counter.series_id for counter in counters.values() if counter.gap_rows])

    def _gap_values(self, mark, counter, piece):
        return {
            "series_id": counter.series_id,
            "connection_id": mark.row["connection_id"],
            "company_id": mark.row["company_id"],
            "flow_id": mark.flow.id,
            "first_number": piece[0],
            "last_number": piece[1],
            "found_at": fields.Datetime.now(),
        }

    def _wake_after_commit(self, series_ids):
        """Flows of one series may be in several lanes: look again after the commit at what another lane is holding."""
        if series_ids:
            self.env["integration.message"]._look_after_commit(series_ids=series_ids)

    # -- holding -------------------------------------------------------------------------------------------

    def _first_gaps(self, series_ids):
        """Return {series id: first open gap}."""
        first = {}
        for row in self._open_gaps(series_ids):
            first.setdefault(row["series_id"], row)
        return first

    def _keys_behind_numbers(self, works):
        """Return {(connection id, object key): [(message id, series id)]} of events held for a missing number."""
        keys = {(work.row["connection_id"], work.row["object_key"]) for work in works}
        if not keys:
            return {}
        self.env.cr.execute(
            SQL(
                """
                SELECT connection_id, object_key, id, series_id FROM integration_message
                 WHERE (connection_id, object_key) IN (%s) AND direction = 'in' AND status = 'held'
                   AND hold_reason = 'number'
                """,
                SQL(", ").join(SQL("%s", key) for key in sorted(keys)),
            )
        )
        behind = defaultdict(list)
        for connection_id, object_key, message_id, series_id in self.env.cr.fetchall():
            behind[connection_id, object_key].append((message_id, series_id))
        return behind

    def _number_hold(self, row, flow, gaps, behind):
        """Return why an event of a numbered flow must wait, or None."""
        gap = gaps.get(row["series_id"])
        policy = flow.numbering_policy
        if (
            policy == "hold"
            and gap
            and gap["first_number"] < row["sequence"]
            and row["number_state"] == "counted"
        ):
            return {
                "id": row["id"],
                "reason": "number",
                "value": str(gap["first_number"]),
                "until": gap["deadline"],
            }
        for message_id, series_id in behind.get((row["connection_id"], row["object_key"]), ()):
            if message_id < row["id"] and series_id != row["series_id"]:
                return {"id": row["id"], "reason": "order"}
        return None

    def _object(self, work, flow):
        """A number that came before, or a numbering that does not go on: stop, or book and tell, as the flow says."""
        row = work.row
        code = "sequence_repeated" if row["number_state"] == "repeated" else "sequence_broken"
        series = self.env["integration.series"].browse(row["series_id"])
        params = {
            "source": work.connection.name,
            "number": row["sequence"],
            "highest": series.highest or 0,
            "series": series.name,
        }
        if flow.numbering_policy == "hold":
            work.objection = BusinessError(code, params=params)
        else:
            cause = f"{series.name} {row['sequence']}" if code == "sequence_repeated" else series.name
            work.remarks.append(Finding(code, params, cause=cause))

    def _cause(self, work):
        if work.error.code == "sequence_broken":
            return work.error.params["series"]
        if work.error.code == "sequence_repeated":
            return f"{work.error.params['series']} {work.error.params['number']}"
        return super()._cause(work)

    def _raise_findings(self, works):
        for work in works:
            if not work.error:
                work.findings += work.remarks
        return super()._raise_findings(works)

    def _by_number(self, works):
        """Bring the events of one object that are numbered in one series into the order of their numbers."""
        places = defaultdict(list)
        for index, work in enumerate(works):
            if work.row["series_id"]:
                key = work.connection.id, work.envelope.object_key, work.row["series_id"]
                places[key].append(index)
        result = list(works)
        for indexes in places.values():
            ordered = sorted(indexes, key=lambda index: (works[index].row["sequence"], index))
            for target, source in zip(indexes, ordered, strict=True):
                result[target] = works[source]
        return result
