# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What became of a replay, and the net below jobs that were lost."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

# Nothing more happens by itself to an event in one of these.
_ENDED = ("done", "superseded", "discarded", "parked", "dead", "held")
_THROUGH = ("done", "superseded", "discarded")
FOLLOW_SECONDS = 5


class IntegrationReplayResult(models.Model):
    _inherit = "integration.replay"

    totals_html = fields.Html(compute="_compute_totals_html", string="What it would do", sanitize=False)
    results_html = fields.Html(compute="_compute_results_html", string="What came of it", sanitize=False)

    def _look_what_became(self):
        """Write down how the events of this replay ended; close the replay once all have. Returns 0."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_replay_line l
                   SET result = CASE WHEN m.status IN ('held', 'discarded') THEN m.status
                                     ELSE (SELECT a.outcome FROM integration_attempt a WHERE a.message_id = m.id
                                            ORDER BY a.id DESC LIMIT 1) END
                  FROM integration_message m
                 WHERE l.replay_id = %s AND m.id = l.became_id AND m.status = ANY(%s)
                """,
                self.id,
                list(_ENDED),
            )
        )
        self.env["integration.replay.line"].invalidate_model(["result"], flush=False)
        self.env.cr.execute(
            SQL(
                """
                SELECT count(*) FILTER (WHERE l.became_id IS NULL OR m.status IN ('ready', 'waiting', 'unknown')),
                       count(*) FILTER (WHERE m.status <> ALL (%s))
                  FROM integration_replay_line l LEFT JOIN integration_message m ON m.id = l.became_id
                 WHERE l.replay_id = %s AND l.mode <> 'skip'
                """,
                list(_THROUGH),
                self.id,
            )
        )
        going_on, not_through = self.env.cr.fetchone()
        if self.state in ("running", "partly") and not going_on:
            state = "partly" if not_through else "done"
            if state != self.state:
                self._set(state=state, finished_at=fields.Datetime.now())
                self._note_step(
                    "replay.finish", ", ".join(f"{name} {count}" for name, count in self._results())
                )
        return 0

    def _results(self):
        """Return [(result or None, events)] of the lines, by name."""
        rows = self.env["integration.replay.line"]._read_group(
            [("replay_id", "=", self.id)], ["result"], ["__count"]
        )
        return sorted(((result or "", count) for result, count in rows), key=lambda pair: pair[0])

    def _follow_later(self):
        """Look again soon at a run whose events are still being worked off; later the sweep does."""
        if self.state == "running" and fields.Datetime.now() < fields.Datetime.add(
            self.started_at, minutes=2
        ):
            self._ring(eta_seconds=FOLLOW_SECONDS)

    def action_look_again(self):
        """Button: bring the results up to date; go on where a job was lost."""
        self.check_access("write")
        self.sudo()._look_what_became()
        if self.state in ("planning", "running"):
            self._ring_after_commit()
        return True

    @api.model
    def _sweep(self):
        """Go on with replays whose job was lost, and look what became of the others."""
        self.search([("state", "in", ("planning", "running"))], limit=100)._ring()

    # -- display ---------------------------------------------------------------------------------------------

    @api.depends("totals")
    def _compute_totals_html(self):
        labels = self._outcome_labels()
        for replay in self:
            heads = (
                self.env._("What would become of them"),
                self.env._("Events"),
                self.env._("Amount"),
                self.env._("Journal lines added"),
            )
            rows = [
                (
                    self.env._(labels[row["outcome"]]),  # pylint: disable=translation-not-lazy
                    row["events"],
                    f"{row['amount']} {row['currency']}",
                    row["lines"],
                )
                for row in replay.totals or []
            ]
            replay.totals_html = _table(heads, rows) if rows else False

    @api.depends("line_ids.result")
    def _compute_results_html(self):
        labels = dict(self.env["integration.replay.line"]._fields["result"]._description_selection(self.env))
        for replay in self:
            begun = replay.state in ("running", "done", "partly", "cancelled") and replay.id
            rows = [
                (labels.get(name, self.env._("Not yet")), count)
                for name, count in (replay._results() if begun else [])
            ]
            replay.results_html = (
                _table((self.env._("Ended as"), self.env._("Events")), rows) if rows else False
            )


def _table(heads, rows):
    """Return a small table: the first column words, the others figures."""
    head = Markup("").join(
        Markup("<th class='%s'>%s</th>") % ("" if index == 0 else "text-end", text)
        for index, text in enumerate(heads)
    )
    body = Markup("").join(
        Markup("<tr>%s</tr>")
        % Markup("").join(
            Markup("<td class='%s'>%s</td>") % ("" if index == 0 else "text-end", cell)
            for index, cell in enumerate(row)
        )
        for row in rows
    )
    return Markup("<table class='table table-sm'><tr>%s</tr>%s</table>") % (head, body)
