# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.replay import OUTCOMES
from ..messaging.error_words import kept_words
from ..messaging.message import STATUS_LABELS
from .replay import OUTCOME_LABELS


class IntegrationReplayLine(models.Model):
    """One event of a replay: what the plan says of it and what came of it. Written by the steps of the replay alone."""

    _name = "integration.replay.line"
    _description = "Event of a replay"
    _order = "replay_id desc, message_id"
    _log_access = False
    _rec_name = "message_id"

    replay_id = fields.Many2one("integration.replay", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict", index=True)
    message_id = fields.Many2one(
        "integration.message", required=True, readonly=True, ondelete="restrict", index=True, string="Event"
    )
    connection_id = fields.Many2one("integration.connection", readonly=True, ondelete="restrict")
    event_type = fields.Char(readonly=True, string="Said by the source")
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True, ondelete="restrict")
    planned_status = fields.Selection(
        list(STATUS_LABELS.items()),
        readonly=True,
        string="State when planned",
        help="Its state when it was chosen.",
    )
    mode = fields.Selection(
        [
            ("new", "Processed again as a new event"),
            ("resume", "Goes on in its place"),
            ("skip", "Left alone"),
        ],
        readonly=True,
        required=True,
        string="How",
    )
    outcome = fields.Selection(
        [(outcome, OUTCOME_LABELS[outcome]) for outcome in OUTCOMES],
        readonly=True,
        string="What it would do",
    )
    error_code = fields.Char(readonly=True)
    error_text = fields.Char(readonly=True, string="Why it would be refused (as it is kept)")
    error_words = fields.Char(compute="_compute_error_words", string="Why it would be refused")
    entries = fields.Json(
        readonly=True, help="The journal entries that it would become, amounts as decimal texts."
    )
    applied = fields.Json(readonly=True)
    entry_line_count = fields.Integer(readonly=True, string="Journal lines added")
    fingerprint = fields.Char(readonly=True, help="Digest of what the plan says of this event.")
    fresh_fingerprint = fields.Char(readonly=True, help="The same, computed again just before the run.")
    became_id = fields.Many2one("integration.message", readonly=True, ondelete="restrict", index=True)
    result = fields.Selection(
        "_selection_result",
        readonly=True,
        string="Ended as",
    )
    entries_html = fields.Html(compute="_compute_entries_html", string="Journal lines", sanitize=False)

    _once = models.UniqueIndex("(replay_id, message_id)")

    @api.depends("error_code", "error_text")
    @api.depends_context("lang", "tz", "uid")
    def _compute_error_words(self):
        for line in self:
            line.error_words = kept_words(self.env, line.error_code, line.error_text, line.connection_id)

    def init(self):
        """Let the database refuse to change what a person has been asked to approve."""
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION integration_replay_line_guard() RETURNS trigger LANGUAGE plpgsql AS $$
                DECLARE
                    parent integer := CASE WHEN TG_OP = 'DELETE' THEN OLD.replay_id ELSE NEW.replay_id END;
                BEGIN
                    IF TG_OP = 'UPDATE' AND (NEW.replay_id, NEW.message_id, NEW.mode, NEW.outcome, NEW.fingerprint)
                        IS NOT DISTINCT FROM (OLD.replay_id, OLD.message_id, OLD.mode, OLD.outcome, OLD.fingerprint)
                    THEN
                        RETURN NEW;
                    END IF;
                    IF (SELECT state FROM integration_replay WHERE id = parent) NOT IN ('draft', 'planning') THEN
                        RAISE EXCEPTION 'the plan of a replay is frozen' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
                END $$;
                DROP TRIGGER IF EXISTS integration_replay_line_frozen ON integration_replay_line;
                CREATE TRIGGER integration_replay_line_frozen
                    BEFORE INSERT OR UPDATE OR DELETE ON integration_replay_line
                    FOR EACH ROW EXECUTE FUNCTION integration_replay_line_guard();
                """
            )
        )

    @api.model
    def _selection_result(self):
        """Return how the last try ended, or why there is none."""
        ended = self.env["integration.attempt"]._fields["outcome"]._description_selection(self.env)
        _ = self.env._
        return [*ended, ("held", _("Waits for an earlier event")), ("discarded", _("Put aside by a person"))]

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise UserError(self.env._("The lines of a replay are written by its plan."))

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The lines of a replay are written by its plan."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The lines of a replay are written by its plan."))

    @api.depends("entries", "applied")
    def _compute_entries_html(self):
        for line in self:
            line.entries_html = line._entries_markup()

    def _entries_markup(self):
        """Return the entries as the tables that an accountant knows."""
        parts = []
        for entry in self.entries or []:
            rows = Markup("").join(
                Markup(
                    "<tr><td>%s</td><td>%s</td><td class='text-end'>%s</td><td class='text-end'>%s</td>"
                    "<td class='text-end'>%s</td></tr>"
                )
                % (
                    row.get("account") or "",
                    row.get("label") or "",
                    row.get("debit") or "",
                    row.get("credit") or "",
                    f"{row.get('amount_currency') or ''} {row.get('currency') or ''}",
                )
                for row in entry.get("lines") or []
            )
            heading = " · ".join(
                str(entry[name]) for name in ("journal", "date", "ref", "partner") if entry.get(name)
            )
            parts.append(
                Markup(
                    "<h5>%s</h5><table class='table table-sm'><tr><th>%s</th><th>%s</th><th class='text-end'>%s</th>"
                )
                % (heading, self.env._("Account"), self.env._("Label"), self.env._("Debit"))
                + Markup("<th class='text-end'>%s</th><th class='text-end'>%s</th></tr>%s</table>")
                % (self.env._("Credit"), self.env._("Amount in currency"), rows)
            )
        parts += [Markup("<p>%s</p>") % text for text in self.applied or []]
        return Markup("").join(parts) or False

    def action_open_event(self):
        self.ensure_one()
        return self._open(self.message_id)

    def action_open_became(self):
        self.ensure_one()
        return self._open(self.became_id)

    def _open(self, message):
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.message",
            "res_id": message.id,
            "views": [(False, "form")],
        }
