# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_KEY = object()


class IntegrationBankChange(models.Model):
    """What happened to the bank account of a business partner: a report that the database refuses to alter."""

    _name = "integration.bank.change"
    _description = "Change of bank details"
    _order = "id desc"
    _log_access = False
    _rec_name = "account"

    bank_id = fields.Many2one("res.partner.bank", readonly=True, ondelete="restrict", index=True)
    partner_id = fields.Many2one(
        "res.partner", readonly=True, required=True, ondelete="restrict", index=True, string="Whose account"
    )
    company_id = fields.Many2one("res.company", readonly=True, ondelete="restrict", index=True)
    account = fields.Char(readonly=True, required=True, help="The last characters of the number.")
    what = fields.Selection(
        [
            ("entered", "Entered"),
            ("received", "Received from outside"),
            ("changed", "Details changed"),
            ("asked", "Approval asked for"),
            ("approved", "Approved for payments"),
            ("not_approved", "Not approved"),
            ("frozen", "No longer used: changed after its approval"),
            ("stopped", "No longer used: stopped by a person"),
            ("archived", "Archived"),
            ("restored", "Taken out of the archive"),
        ],
        readonly=True,
        required=True,
    )
    detail = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, required=True, ondelete="restrict", string="By")
    request_id = fields.Many2one("integration.change.request", readonly=True, ondelete="restrict")
    changed_at = fields.Datetime(readonly=True, required=True, string="When")

    def init(self):
        """Let the database refuse to change or remove what has been written down."""
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION integration_bank_change_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    -- Two contacts that are merged keep their rows; nothing else ever changes.
                    IF TG_OP = 'UPDATE' AND (NEW.bank_id, NEW.company_id, NEW.account, NEW.what, NEW.detail,
                        NEW.user_id, NEW.request_id, NEW.changed_at)
                       IS NOT DISTINCT FROM (OLD.bank_id, OLD.company_id, OLD.account, OLD.what, OLD.detail,
                        OLD.user_id, OLD.request_id, OLD.changed_at) THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'the report of bank details is append-only' USING ERRCODE = 'check_violation';
                END $$;
                DROP TRIGGER IF EXISTS integration_bank_change_row ON integration_bank_change;
                CREATE TRIGGER integration_bank_change_row BEFORE UPDATE OR DELETE ON integration_bank_change
                    FOR EACH ROW EXECUTE FUNCTION integration_bank_change_refuse();
                DROP TRIGGER IF EXISTS integration_bank_change_table ON integration_bank_change;
                CREATE TRIGGER integration_bank_change_table BEFORE TRUNCATE ON integration_bank_change
                    FOR EACH STATEMENT EXECUTE FUNCTION integration_bank_change_refuse();
                """
            )
        )

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.context.get("integration_bank_change") is not _KEY:
            raise UserError(self.env._("This report is written by the changes themselves."))
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("This report is never changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("This report is never changed."))

    @api.model
    def _write_down(self, banks, what, detail=None, request=None):
        """Append one row per bank account, and the same to the audit trail."""
        self.sudo().with_context(integration_bank_change=_KEY).create(
            [
                {
                    "bank_id": bank.id,
                    "partner_id": bank.partner_id.id,
                    "company_id": (
                        bank.company_id or (request and request.company_id) or self.env.company
                    ).id,
                    "account": bank._integration_masked(),
                    "what": what,
                    "detail": detail,
                    "user_id": self.env.uid,
                    "request_id": request.id if request else False,
                    "changed_at": fields.Datetime.now(),
                }
                for bank in banks.sudo()
            ]
        )
        self.env["integration.audit.leaf"].sudo()._record_change(banks, f"bank.{what}", detail)
