# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine import sealing
from ...engine.errors import IntegrationError
from ..messaging.append_only import make_append_only

RETENTION_PARAMETER = "finance_integration.query_answer_days"
RETENTION_DAYS = 400
PRUNED_AT_ONCE = 10_000
OUTCOMES = [("answered", "Answered"), ("not_known", "Not known here"), ("policy", "Too late: as agreed")]
DECISIONS = [("release", "Release"), ("stop", "Stop")]


class IntegrationQueryAnswer(models.Model):
    """A question that an outside system asked and what it was answered. The database refuses to change it.

    Question and answer are columns beside the ORM, stored encrypted where the connection encrypts such contents: each
    row has a share of its own, and without it both are unreadable (``engine.sealing``).
    """

    _name = "integration.query.answer"
    _description = "Answered question"
    _order = "id desc"
    _log_access = False
    _rec_name = "answer_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict", index=True)
    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict", string="Asked by"
    )
    flow_id = fields.Many2one("integration.flow", readonly=True, ondelete="set null")
    query_id = fields.Char(
        required=True, readonly=True, string="Question id", help="The asker's id of the question."
    )
    answer_id = fields.Char(required=True, readonly=True, string="Answer id")
    kind = fields.Selection(
        [
            ("query.credit", "Credit and order release"),
            ("query.invoice", "State of an invoice"),
            ("query.payment", "State of a payment"),
        ],
        required=True,
        readonly=True,
        string="About",
    )
    subject = fields.Char(
        readonly=True, string="Asked for", help="What was asked for, as the asker names it."
    )
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True, string="Record")
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    decision = fields.Selection(DECISIONS, readonly=True)
    decided_by = fields.Selection(
        [("facts", "What the books say"), ("policy", "What was agreed")],
        required=True,
        readonly=True,
        string="Decided by",
    )
    reasons = fields.Char(readonly=True, string="Codes of the reasons")
    reason_text = fields.Char(compute="_compute_reason_text", string="Why")
    asked_at = fields.Datetime(required=True, readonly=True)
    as_of = fields.Datetime(required=True, readonly=True, string="As of")
    took_ms = fields.Integer(readonly=True, string="Took (ms)")
    time_limit_ms = fields.Integer(readonly=True, string="Time limit (ms)")
    correlation_id = fields.Char(readonly=True, index="btree_not_null")
    trace_parent = fields.Char(readonly=True)
    question_digest = fields.Char(required=True, readonly=True, help="SHA-256 of what was asked.")
    question = fields.Json(compute="_compute_content", groups=fields.NO_ACCESS)
    answer_text = fields.Text(
        compute="_compute_content",
        groups=fields.NO_ACCESS,
        help="The answer, byte for byte as it was signed.",
    )
    is_erased = fields.Boolean(compute="_compute_is_erased")
    question_shown = fields.Text(compute="_compute_shown", string="Question as asked")
    answer_shown = fields.Text(compute="_compute_shown", string="Answer as sent")

    _query_unique = models.UniqueIndex("(connection_id, query_id)")
    _asked_idx = models.Index("(asked_at)")

    def _auto_init(self):
        result = super()._auto_init()
        self.env.cr.execute(
            SQL(
                "ALTER TABLE integration_query_answer ADD COLUMN IF NOT EXISTS question jsonb,"
                " ADD COLUMN IF NOT EXISTS answer_text text, ADD COLUMN IF NOT EXISTS key_share bytea,"
                " ADD COLUMN IF NOT EXISTS erased_at timestamp"
            )
        )
        make_append_only(
            self.env.cr,
            self._table,
            "integration_query_answer",
            "answers that were given are kept as they are",
            allowed="""
                IF TG_OP = 'DELETE'
                   AND COALESCE(current_setting('finance_integration.retention', true), '') = 'on' THEN
                    RETURN OLD;
                END IF;
                IF TG_OP = 'UPDATE' AND NEW.flow_id IS NULL AND OLD.flow_id IS NOT NULL
                   AND to_jsonb(NEW) - 'flow_id' = to_jsonb(OLD) - 'flow_id' THEN
                    RETURN NEW;
                END IF;
                IF TG_OP = 'UPDATE' AND NEW.key_share IS NULL AND OLD.key_share IS NOT NULL
                   AND NEW.erased_at IS NOT NULL
                   AND to_jsonb(NEW) - '{key_share,erased_at}'::text[] = to_jsonb(OLD) - '{key_share,erased_at}'::text[]
                   THEN
                    RETURN NEW;
                END IF;
            """,
        )
        return result

    @api.depends("kind", "subject")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            row.display_name = f"{kinds.get(row.kind, '')} · {row.subject or row.query_id}"

    @api.depends("reasons")
    def _compute_reason_text(self):
        words = self._reason_words()
        for row in self:
            codes = [code for code in (row.reasons or "").split(",") if code]
            row.reason_text = "; ".join(str(words.get(code, code)) for code in codes) or False

    @api.model
    def _reason_words(self):
        _ = self.env._
        return {
            "customer_on_hold": _("the customer is on hold"),
            "customer_archived": _("the customer is archived"),
            "credit_limit_exceeded": _("the credit limit would be exceeded"),
            "invoices_overdue": _("invoices are overdue for too long"),
            "answer_late": _("the facts were not there in time"),
        }

    def _compute_content(self):
        self.env.cr.execute(
            SQL(
                "SELECT id, question, answer_text, key_share FROM integration_query_answer WHERE id = ANY(%s)",
                self.ids,
            )
        )
        stored = {row_id: kept for row_id, *kept in self.env.cr.fetchall()}
        for row in self:
            question, answer, share = stored.get(row.id, (None, None, None))
            try:
                row.question = self._opened_question(question, share)
                row.answer_text = self._opened_answer(answer, share)
            except IntegrationError:  # erased, or its key is gone: said by is_erased and by what is shown
                row.question = row.answer_text = False

    def _compute_is_erased(self):
        self.env.cr.execute(
            SQL(
                "SELECT id FROM integration_query_answer WHERE id = ANY(%s) AND erased_at IS NOT NULL",
                self.ids,
            )
        )
        erased = {row[0] for row in self.env.cr.fetchall()}
        for row in self:
            row.is_erased = row.id in erased

    def _compute_shown(self):
        unreadable = self.env._("It was erased, or the key with which it can be read is missing.")
        for row in self:
            kept = row.sudo()
            is_kept = bool(kept.answer_text)
            row.question_shown = (
                json.dumps(kept.question, indent=2, ensure_ascii=False) if is_kept else unreadable
            )
            row.answer_shown = (
                json.dumps(json.loads(kept.answer_text), indent=2, ensure_ascii=False)
                if is_kept
                else unreadable
            )

    # -- what is stored encrypted ------------------------------------------------------------------------

    @api.model
    def _sealed_content(self, connection_id, kind, question, answer):
        """Return (question, answer, share) as they are stored: encrypted unless the connection leaves them plain.

        :param question: JSON text.
        :param answer: the answer as it is sent, text.
        """
        events = self.env["integration.event"]
        share = events._new_share(connection_id, kind) or events._new_share(
            connection_id, kind.replace("query.", "answer.")
        )
        if not share:
            return question, answer, None
        payloads = self.env["integration.payload"].sudo()
        sealed = payloads._sealed_like(share, question.encode(), sealing.QUESTION)
        return json.dumps(sealing.as_json(sealed)), payloads._sealed_answer(answer, share), share

    @api.model
    def _opened_question(self, stored, share):
        sealed = sealing.from_json(stored)
        if sealed is None:
            return stored
        return json.loads(self.env["integration.payload"].sudo()._opened(sealed, share, sealing.QUESTION))

    @api.model
    def _opened_answer(self, stored, share):
        """Return the answer as it was sent, text; raises like ``integration.payload._opened``."""
        return self.env["integration.payload"].sudo()._opened_answer(stored, share)

    @api.model
    def _erase_about(self, company_id, people):
        """Make unreadable what was asked and answered about these partners; returns how many answers that were.

        What was stored as it came cannot be changed: it goes with its retention.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_query_answer q SET key_share = NULL, erased_at = now() AT TIME ZONE 'UTC'
                 WHERE q.company_id = %(company)s AND q.key_share IS NOT NULL AND (
                       (q.res_model = 'res.partner' AND q.res_id = ANY(%(people)s))
                    OR (q.res_model = 'account.move' AND EXISTS (
                            SELECT 1 FROM account_move a WHERE a.id = q.res_id
                               AND (a.partner_id = ANY(%(people)s) OR a.commercial_partner_id = ANY(%(people)s))))
                    OR (q.res_model = 'integration.movement' AND EXISTS (
                            SELECT 1 FROM integration_movement v
                             WHERE v.id = q.res_id AND v.partner_id = ANY(%(people)s))))
                """,
                company=company_id,
                people=people,
            )
        )
        count = self.env.cr.rowcount
        self.invalidate_model()
        return count

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("An answer that was given is kept as it is."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("An answer that was given is kept until its retention is over."))

    @api.model
    def _keep(self, values):
        """Keep one answer; returns its id, or None when the question was answered before.

        The caller's transaction is READ COMMITTED: a twin that is being kept is waited for.
        """
        names = list(values)
        self.env.cr.execute(
            SQL(
                "INSERT INTO integration_query_answer (%s) VALUES (%s)"
                " ON CONFLICT (connection_id, query_id) DO NOTHING RETURNING id",
                SQL(", ").join(SQL.identifier(name) for name in names),
                SQL(", ").join(SQL("%s", values[name]) for name in names),
            )
        )
        row = self.env.cr.fetchone()
        return row and row[0]

    @api.model
    def _kept(self, connection_id, query_id):
        """Return (digest, answer id, answer text, minutes since) of a question that was answered, or None.

        :raises BusinessError: ``content_erased``.
        :raises AuthorizationError: ``content_unreadable``.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT question_digest, answer_id, answer_text, key_share,
                       extract(epoch FROM now() AT TIME ZONE 'UTC' - asked_at) / 60
                  FROM integration_query_answer WHERE connection_id = %s AND query_id = %s
                """,
                connection_id,
                query_id,
            )
        )
        row = self.env.cr.fetchone()
        if row is None:
            return None
        asked, answer_id, stored, share, minutes = row
        return asked, answer_id, self._opened_answer(stored, share), minutes

    @api.autovacuum
    def _prune(self):
        """Let go of answers whose retention is over, none of a connection on legal hold; the audit entries stay."""
        text = self.env["ir.config_parameter"].sudo().get_param(RETENTION_PARAMETER, "")
        days = int(text) if text.isdecimal() and int(text) else RETENTION_DAYS
        self.env.cr.execute(SQL("SELECT set_config('finance_integration.retention', 'on', true)"))
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM integration_query_answer WHERE id IN (
                    SELECT a.id FROM integration_query_answer a
                     WHERE a.asked_at < now() AT TIME ZONE 'UTC' - make_interval(days => %s)
                       AND NOT EXISTS (SELECT FROM integration_connection c
                                        WHERE c.id = a.connection_id AND c.legal_hold)
                     ORDER BY a.asked_at LIMIT %s)
                """,
                days,
                PRUNED_AT_ONCE,
            )
        )
        pruned = self.env.cr.rowcount
        self.env.cr.execute(SQL("SELECT set_config('finance_integration.retention', 'off', true)"))
        self.invalidate_model()
        return pruned, pruned == PRUNED_AT_ONCE

    def action_open_subject(self):
        """Button: open the customer, invoice or movement that was asked for."""
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env:
            return False
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    def action_open_related(self):
        """Button: the events of the same correlation."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        return dict(action, domain=[("correlation_id", "=", self.correlation_id)], context={})
