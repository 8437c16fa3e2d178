# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Erasing what events say about a person: their shares are destroyed, books, digests and proofs stay (C9)."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, split_every

from ...engine import sealing
from ..archive.archived_payload import FINISHED

STATES = [("draft", "Being prepared"), ("asked", "Waits for approval"), ("done", "Erased")]
AUDITED_AT_ONCE = 1000


class IntegrationErasure(models.Model):
    """A request of a person to have erased what events say about them."""

    _name = "integration.erasure"
    _description = "Erasure of personal data"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner",
        required=True,
        string="Person",
        ondelete="restrict",
        help="Events that became this contact, its invoices, payments and movements, or that name it as their "
        "customer, are meant.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, readonly=True, index=True
    )
    reason = fields.Text(required=True, tracking=True, help="Who asked for it, when, and on what ground.")
    state = fields.Selection(STATES, required=True, default="draft", readonly=True, copy=False, tracking=True)
    found_count = fields.Integer(compute="_compute_counts", string="Contents to erase")
    open_count = fields.Integer(
        compute="_compute_counts",
        string="Not finished",
        help="Events that are not worked off yet keep their content.",
    )
    plain_archived_count = fields.Integer(
        compute="_compute_counts",
        string="In older archives",
        help="Contents that were archived before they were encrypted: an archive is never changed.",
    )
    hold_names = fields.Char(compute="_compute_counts", string="Under legal hold")
    erased_count = fields.Integer(readonly=True, copy=False, string="Contents erased")
    erased_at = fields.Datetime(readonly=True, copy=False)

    # -- what is meant ---------------------------------------------------------------------------------------

    def _people(self):
        """Return the ids of the contact and of those below it."""
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        return partners.search([("id", "child_of", self.partner_id.ids)]).ids or self.partner_id.ids

    def _found_part(self):
        """Return a query of the ids of all events about the person, in this company, with what was made of them."""
        self.ensure_one()
        return SQL(
            """
            WITH about AS (
                SELECT e.message_id AS id FROM integration_effect e
                 WHERE e.res_model = 'res.partner' AND e.res_id = ANY(%(people)s)
                UNION
                SELECT e.message_id FROM integration_effect e
                  JOIN account_move a ON e.res_model = 'account.move' AND a.id = e.res_id
                 WHERE a.partner_id = ANY(%(people)s) OR a.commercial_partner_id = ANY(%(people)s)
                UNION
                SELECT v.message_id FROM integration_movement v WHERE v.partner_id = ANY(%(people)s)
                UNION
                SELECT m.id FROM integration_binding b
                  JOIN integration_message m ON m.connection_id = b.connection_id
                                            AND m.object_key = 'customer:' || b.outside_id
                 WHERE b.kind = 'customer' AND b.res_model = 'res.partner' AND b.res_id = ANY(%(people)s)
                UNION
                SELECT m.id FROM account_move a
                  JOIN integration_message m ON m.direction = 'out' AND m.object_key = 'invoice:' || a.id
                 WHERE a.partner_id = ANY(%(people)s)
            ), found AS (
                SELECT id FROM about
                UNION
                SELECT r.id FROM integration_message r JOIN about ON r.replay_of_id = about.id
            )
            SELECT m.* FROM integration_message m JOIN found USING (id)
             WHERE m.company_id = %(company)s AND m.content_erased_at IS NULL
            """,
            people=self._people(),
            company=self.company_id.id,
        )

    @api.depends("partner_id", "company_id", "state")
    def _compute_counts(self):
        for erasure in self:
            counts = erasure._counts() if erasure.partner_id and erasure.state != "done" else (0, 0, 0, False)
            erasure.found_count, erasure.open_count, erasure.plain_archived_count, erasure.hold_names = counts

    def _counts(self):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT count(*) FILTER (WHERE f.status IN %(finished)s AND NOT %(kept)s),
                       count(*) FILTER (WHERE f.status NOT IN %(finished)s),
                       count(*) FILTER (WHERE %(kept)s),
                       string_agg(DISTINCT c.name, ', ') FILTER (WHERE c.legal_hold)
                  FROM (%(found)s) f JOIN integration_connection c ON c.id = f.connection_id
                """,
                finished=FINISHED,
                kept=SQL("(f.key_share IS NULL AND f.archive_id IS NOT NULL)"),
                found=self._found_part(),
            )
        )
        return self.env.cr.fetchone()

    # -- asking ----------------------------------------------------------------------------------------------

    def _check_asker(self):
        self.check_access("write")
        user = self.env.user
        if not self.env.su and not any(
            user.has_group(f"finance_integration.group_{name}") for name in ("operator", "administrator")
        ):
            raise AccessError(self.env._("Only an operator or an integration administrator asks for this."))

    def action_ask(self):
        """Button: ask for the erasure; others have to agree, and the last approval does it."""
        self.ensure_one()
        self._check_asker()
        if self.state != "draft":
            raise UserError(self.env._("This was asked for already."))
        self._check_holds()
        if not self.found_count:
            raise UserError(self.env._("No finished event with a content is found for this person."))
        name = self.env._("Erase what events say about %s", self.partner_id.display_name)
        self.env["integration.change.request"]._ask(
            self, name, {"state": "done"}, self.reason, kind="erasure"
        )
        self.sudo().state = "asked"

    def _check_holds(self):
        if self.hold_names:
            raise UserError(
                self.env._(
                    "A legal hold forbids it: %s. It ends first, or nothing is erased.", self.hold_names
                )
            )

    def _approval_preview(self, _values):
        """Return what the approvers see."""
        _ = self.env._
        notes = [
            _("%s contents are erased, and those that come in until then.", self.found_count),
            _("Encrypted questions about the person, and what was answered, are erased with them."),
            _("Entries, invoices, digests and the audit trail stay. The contents can never be read again."),
        ]
        written = (
            self.env["integration.customer.copy"]
            .sudo()
            .search(
                [("partner_id", "in", self._people()), ("company_id", "=", self.company_id.id)], limit=100
            )
        )
        if written.filtered(lambda row: row.outside_id or row.first_try_at):
            notes.append(
                _(
                    "The person is written to %s no more; what is there is deleted there by hand.",
                    ", ".join(written.connection_id.mapped("name")),
                )
            )
        if self.open_count:
            notes.append(_("%s events are not finished and keep their content.", self.open_count))
        if self.plain_archived_count:
            notes.append(
                _(
                    "%s contents are in archives from before encryption and stay there.",
                    self.plain_archived_count,
                )
            )
        label = _("What events say about %s", self.partner_id.display_name)
        row = {"field": "content", "label": label, "before": _("kept"), "after": _("erased")}
        return {"rows": [row], "entries": [], "notes": notes, "digest": f"{self.id},{self.partner_id.id}"}

    def _approval_ended(self, _request):
        """Called when a request was refused, taken back, or has expired."""
        self.filtered(lambda row: row.state == "asked").sudo().write({"state": "draft"})

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(
            {"state", "erased_count", "erased_at"} & vals.keys() for vals in vals_list
        ):
            raise UserError(self.env._("An erasure is asked for and approved, never written."))
        return super().create(vals_list)

    def write(self, vals):
        fixed = {"partner_id", "company_id", "reason"} & vals.keys()
        if fixed and any(erasure.state != "draft" for erasure in self):
            raise UserError(self.env._("What was asked for is not changed any more."))
        if {"state", "erased_count", "erased_at"} & vals.keys() and not self.env.su:
            raise UserError(self.env._("An erasure is asked for and approved, never written."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if any(erasure.state != "draft" for erasure in self):
            raise UserError(self.env._("An erasure that was asked for is evidence and stays."))

    # -- doing it --------------------------------------------------------------------------------------------

    def _carry_out(self, request):
        """Destroy the shares of all finished events about the person; called by the last approval."""
        self.ensure_one()
        if not request._allows(self, "done") or self.state == "done":
            raise UserError(self.env._("This erasure was not approved."))
        self._check_holds()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message
                   SET key_share = NULL, content_erased_at = now() AT TIME ZONE 'UTC'
                 WHERE id IN (SELECT f.id FROM (%s) f
                               WHERE f.status IN %s AND NOT (f.key_share IS NULL AND f.archive_id IS NOT NULL))
                RETURNING id
                """,
                self._found_part(),
                FINISHED,
            )
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        self._overwrite(ids)
        self.env["integration.query.answer"]._erase_about(self.company_id.id, self._people())
        self.env["integration.customer.copy"]._stop_for(self._people(), self.company_id)
        messages = self.env["integration.message"].browse(ids)
        messages.invalidate_recordset()
        for portion in split_every(AUDITED_AT_ONCE, ids):
            self.env["integration.audit.leaf"]._record_messages(
                messages.browse(portion), "payload.erase", f"integration.erasure,{self.id}"
            )
        self.write({"state": "done", "erased_count": len(ids), "erased_at": fields.Datetime.now()})

    def _overwrite(self, message_ids):
        """Overwrite what was stored as it came, and the signed wholes of which these events were lines."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_payload SET raw = %s, documents = NULL
                 WHERE message_id = ANY(%s) AND raw IS NOT NULL
                """,
                sealing.ERASED,
                message_ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_batch SET signed_body = %s, key_share = NULL
                 WHERE signed_body IS NOT NULL AND id IN (SELECT batch_id FROM integration_message WHERE id = ANY(%s))
                """,
                sealing.ERASED,
                message_ids,
            )
        )
        self.env["integration.payload"].invalidate_model()


class IntegrationEncryptionKey(models.Model):
    _inherit = "integration.encryption.key"

    @api.model
    def _sealed_columns(self):
        return {**super()._sealed_columns(), "integration.data.key": ("wrapped",)}
