# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The drain's answer to flows that do not simply book: shadow, retired, before the start date, not at this time."""

from odoo import fields, models
from odoo.tools import SQL

from ...engine.cutover import economic_date, opening_document, without_open_amount
from ...engine.errors import BusinessError
from ...engine.lifecycle import STAGES
from . import isolation

KEPT = [
    ("shadow", "Computed in shadow"),
    ("before_start", "Before the start date"),
    ("reference", "Known for reference"),
    ("retired", "The flow is retired"),
]
MAX_PREDECESSORS = 200


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    kept_as = fields.Selection(
        KEPT, readonly=True, string="Not booked", help="Why this event is finished without being booked."
    )

    _kept_idx = models.Index("(flow_id, kept_as, id) WHERE kept_as IS NOT NULL")

    def _compute_state_label(self):
        """Say why an event that is finished is not in the books."""
        result = super()._compute_state_label()
        _ = self.env._
        labels = {
            "shadow": _("Computed, not booked: the flow runs in shadow"),
            "before_start": _("Recorded, not booked: before the start date"),
            "reference": _("Known for reference, not booked"),
            "retired": _("Recorded, not booked: the flow is retired"),
        }
        for message in self.filtered(lambda message: message.kept_as and message.status == "done"):
            message.state_label = labels[message.kept_as]
        return result


class IntegrationAttempt(models.Model):
    _inherit = "integration.attempt"

    outcome = fields.Selection(selection_add=KEPT, ondelete={value: "cascade" for value, _label in KEPT})


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _row_columns(self, behind=None):
        return SQL("%s, m.kept_as", super()._row_columns(behind))

    # -- deciding ------------------------------------------------------------------------------------------

    def _translate(self, work):
        result = super()._translate(work)
        if work.documents and work.row["flow_id"]:
            self._treat(work, self.env["integration.flow"].browse(work.row["flow_id"]))
        return result

    def _treat(self, work, flow):
        """Decide whether an understood event is booked, and how else it is treated."""
        if flow.state == "retired":
            return self._keep(work, "retired", self.env._("The flow is retired: recorded, not booked."))
        if work.row["kept_as"] == "reference":
            work.treatment = "reference"
        elif flow.start_date:
            day = economic_date(work.documents[0], work.connection.time_zone)
            if day < flow.start_date:
                self._treat_history(work, flow, day)
        work.documents = [without_open_amount(document) for document in work.documents]
        if not work.open:
            return None
        if flow.state == "shadow" and not self.env.context.get("integration_rehearsal"):
            work.treatment = "shadow"
        elif not work.treatment:
            self._wait_for_window(work, flow)
        return None

    def _treat_history(self, work, flow, day):
        """Treat an event of a day before the flow's start as its history policy says (E14)."""
        if flow.history_policy == "keep" or work.kind == "cancellation":
            early = BusinessError("before_start_date", params={"date": day, "start_date": flow.start_date})
            self._keep(work, "before_start", early.sentence)
        elif flow.history_policy == "reference" or self._is_booked(work, flow.history_policy):
            work.treatment = "reference"
        elif flow.history_policy == "open_items":
            document = work.documents[0]
            label = self.env._("Open of %s", document.number or document.source.object_id)
            opening = opening_document(document, label)
            if opening is None:
                self._keep(
                    work, "before_start", self.env._("Nothing is open of it; it was paid before the start.")
                )
            else:
                work.documents = [opening]

    def _keep(self, work, kept_as, note):
        work.kept_as = work.outcome = kept_as
        work.note = note

    def _is_booked(self, work, policy):
        """Whether the books hold an old event already.

        What this connection has booked itself is left to the posting rules, which know what is new of it; an opening
        document is not: the source goes on telling another open amount of it.
        """
        move = self._in_books(work)
        return bool(move) and (policy == "open_items" or move.integration_connection_id != work.connection)

    def _in_books(self, work):
        """Return the posted entry that the books hold under the event's number, whoever booked it."""
        document, connection = work.documents[0], work.connection.sudo()
        if work.kind == "invoice":
            reference = document.number or document.reference
        else:
            reference = getattr(document, "movement_id", None) or getattr(document, "reference", None)
        journals = connection.balance_account_ids.journal_id if work.kind == "movement" else None
        return connection.env["integration.books"]._by_reference(
            connection.company_id, work.kind, reference, journals
        )

    def _wait_for_window(self, work, flow):
        """Outside the posting window an event is understood and checked, and booked when the window opens."""
        if flow.has_posting_window and not self.env.context.get("integration_rehearsal"):
            work.not_before = self.env["integration.flow"]._closed_now("posting").get(flow.id)
            if work.not_before:
                work.outcome = "waiting"
                work.note = self.env._("Understood; it is booked when the posting window opens.")

    # -- doing ---------------------------------------------------------------------------------------------

    def _perform(self, works):
        """After the events that are booked: compute those in shadow, on the books as they are then."""
        held = super()._perform(works)
        shadows = [work for work in works if work.treatment == "shadow" or self._failed_in_shadow(work)]
        if shadows and not self.env.context.get("integration_rehearsal"):
            self._compute_shadows(shadows)
        return held

    def _failed_in_shadow(self, work):
        """Whether an event of a flow in shadow could not even be understood: that is an answer of the shadow, too."""
        if not work.error:
            return False
        return self.env["integration.flow"].browse(work.row["flow_id"] or []).state == "shadow"

    def _compute_shadows(self, works):
        earlier = self._shadowed_before(works)
        ids = [*earlier, *(work.message_id for work in works)]
        answers = {row["message_id"]: row for row in self.env["integration.rehearsal"]._rehearse(ids)}
        for work in works:
            answer = answers[work.message_id]
            work.error = None
            work.kind = work.kind or answer["kind"] or None
            verdict = self.env["integration.shadow.result"]._store(work, answer)
            self._keep(work, "shadow", verdict)

    def _shadowed_before(self, works):
        """Return ids of events computed in shadow before, on which these rest: same object, and their customers."""
        keys = set()
        for work in works:
            keys.add((work.connection.id, work.envelope.object_key))
            for document in work.documents:
                customer = getattr(document, "customer", None)
                if customer and customer.outside_id:
                    keys |= {(work.connection.id, key) for key in _customer_keys(customer.outside_id)}
        self.env.cr.execute(
            SQL(
                """
                SELECT m.id FROM integration_message m
                  JOIN (VALUES %s) AS k(connection_id, object_key)
                    ON m.connection_id = k.connection_id AND m.object_key = k.object_key
                 WHERE m.kept_as = 'shadow' AND m.direction = 'in' AND NOT m.id = ANY(%s)
                 ORDER BY m.id DESC LIMIT %s
                """,
                SQL(", ").join(SQL("%s", key) for key in sorted(keys)),
                [work.message_id for work in works],
                MAX_PREDECESSORS,
            )
        )
        return sorted(row[0] for row in self.env.cr.fetchall())

    def _apply_group(self, works):
        """Book what is booked; make known what is only made known; leave what is computed in shadow."""
        for work in works:
            if work.treatment == "shadow":
                work.outcome = "shadow"
        references = [work for work in works if work.treatment == "reference"]
        for work in references:
            with isolation.one_event() as errors, self.env.cr.savepoint():
                work.connection.env["integration.reference"]._make_known(work, self._in_books(work))
                self._write_effects([work])
            if errors:
                work.reset()
                work.error = errors[0]
            else:
                work.outcome = work.kept_as = "reference"
        booked = [work for work in works if not work.treatment]
        return super()._apply_group(booked) if booked else None

    # -- writing down --------------------------------------------------------------------------------------

    def _record(self, works, held, started):
        postponed = [work for work in works if work.not_before and not work.error]
        if postponed:
            self.env["integration.message"]._advance_many([self._postponed(work) for work in postponed])
            works = [work for work in works if work not in postponed]
        result = super()._record(works, held, started)
        self._write_kept(works)
        return result

    def _postponed(self, work):
        """Return how an event waits for the posting window: seen, not tried."""
        row = work.row
        return {
            "id": row["id"],
            "direction": "in",
            "from_stage": row["stage"],
            "from_status": row["status"],
            "stage": "transformed",
            "status": "waiting",
            "attempts": row["attempt_count"],
            "kind": work.kind,
            "error_text": work.note,
            "due_at": work.not_before.replace(tzinfo=None),
            **self._amount(work),
        }

    def _outcome(self, work):
        outcome = super()._outcome(work)
        if work.kept_as == "shadow":
            outcome["stage"] = max(work.row["stage"], "transformed", key=STAGES.index)
        return outcome

    def _write_kept(self, works):
        changed = [
            work for work in works if (work.kept_as if not work.error else None) != work.row["kept_as"]
        ]
        if changed:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE integration_message m SET kept_as = v.kept_as
                      FROM (VALUES %s) AS v(id, kept_as) WHERE m.id = v.id
                    """,
                    SQL(", ").join(
                        SQL("(%s, %s::varchar)", work.message_id, None if work.error else work.kept_as)
                        for work in changed
                    ),
                )
            )
            self.env["integration.message"].invalidate_model(["kept_as"], flush=False)


def _customer_keys(outside_id):
    """Return the object keys under which connectors know a customer."""
    return (outside_id, f"customer:{outside_id}")
