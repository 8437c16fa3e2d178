# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_KEY = object()


class IntegrationApprovalDecision(models.Model):
    """What one person said about one request. The database refuses changes, and a second word of the same person."""

    _name = "integration.approval.decision"
    _description = "Decision about a change"
    _order = "id desc"
    _log_access = False
    _rec_name = "request_id"

    request_id = fields.Many2one(
        "integration.change.request", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict", index=True)
    tier = fields.Integer(readonly=True, string="Step")
    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="restrict", string="Who")
    behalf_id = fields.Many2one(
        "res.users",
        required=True,
        readonly=True,
        ondelete="restrict",
        string="In the right of",
        help="The same person, or the approver for whom this person stood in.",
    )
    verdict = fields.Selection(
        [("approve", "Approved"), ("refuse", "Refused")], required=True, readonly=True, string="What"
    )
    reason = fields.Text(readonly=True, string="Remark")
    content_digest = fields.Char(
        readonly=True, help="SHA-256 of what was asked for, as this person saw it when deciding."
    )
    decided_at = fields.Datetime(required=True, readonly=True, string="When")

    _one_per_person = models.UniqueIndex(
        "(request_id, user_id)", "This person has decided about this request already."
    )
    _one_per_right = models.UniqueIndex(
        "(request_id, behalf_id)", "Somebody has decided in the right of this person already."
    )

    def init(self):
        """Let the database itself keep the rule of several people, whatever the code above does."""
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION integration_approval_decision_guard() RETURNS trigger
                LANGUAGE plpgsql AS $$
                DECLARE
                    asked_state text;
                    asker integer;
                    frozen text;
                    hands integer[];
                BEGIN
                    IF TG_OP <> 'INSERT' THEN
                        RAISE EXCEPTION 'a decision is never changed' USING ERRCODE = 'check_violation';
                    END IF;
                    SELECT state, requester_id, content_digest INTO asked_state, asker, frozen
                      FROM integration_change_request WHERE id = NEW.request_id FOR UPDATE;
                    IF asked_state IS DISTINCT FROM 'asked' THEN
                        RAISE EXCEPTION 'this has been decided already' USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.user_id = asker OR NEW.behalf_id = asker OR EXISTS (
                        SELECT FROM integration_change_request_barred_rel b
                         WHERE b.request_id = NEW.request_id AND b.user_id IN (NEW.user_id, NEW.behalf_id)
                    ) THEN
                        RAISE EXCEPTION 'who asked for a change or prepared it never decides about it'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    SELECT array_agg(d.user_id) || array_agg(d.behalf_id) INTO hands
                      FROM integration_approval_decision d WHERE d.request_id = NEW.request_id;
                    IF NEW.user_id = ANY(hands) OR NEW.behalf_id = ANY(hands) THEN
                        RAISE EXCEPTION 'nobody decides twice, nor lets others do so'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF NEW.content_digest IS DISTINCT FROM frozen THEN
                        RAISE EXCEPTION 'this is not what was asked for' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                END $$;
                DROP TRIGGER IF EXISTS integration_approval_decision_row ON integration_approval_decision;
                CREATE TRIGGER integration_approval_decision_row
                    BEFORE INSERT OR UPDATE OR DELETE ON integration_approval_decision
                    FOR EACH ROW EXECUTE FUNCTION integration_approval_decision_guard();
                DROP TRIGGER IF EXISTS integration_approval_decision_table ON integration_approval_decision;
                CREATE TRIGGER integration_approval_decision_table BEFORE TRUNCATE ON integration_approval_decision
                    FOR EACH STATEMENT EXECUTE FUNCTION integration_approval_decision_guard();
                """
            )
        )

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.context.get("integration_approval_decision") is not _KEY:
            raise UserError(self.env._("A decision is made with the buttons of what is asked for."))
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("A decision is never changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A decision is never deleted."))

    @api.model
    def _write_down(self, request, verdict, behalf, reason):
        """Append what the acting user says about ``request`` in the right of ``behalf``."""
        self.sudo().with_context(integration_approval_decision=_KEY).create(
            {
                "request_id": request.id,
                "company_id": request.company_id.id,
                "tier": len(request.decision_ids) + 1,
                "user_id": self.env.uid,
                "behalf_id": behalf.id,
                "verdict": verdict,
                "reason": (reason or "").strip() or False,
                "content_digest": request.content_digest,
                "decided_at": fields.Datetime.now(),
            }
        )
        self.flush_model()
