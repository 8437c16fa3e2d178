# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ...engine.approval import KINDS, deadline
from .audit_leaf import CarriedOut

_lt = LazyTranslate(__name__)

KIND_LABELS = {
    "flow": _lt("What a flow does"),
    "replay": _lt("Processing events again"),
    "override": _lt("Decision against a check"),
    "mapping": _lt("Mapping"),
    "contract": _lt("Data contract"),
    "ownership": _lt("Who owns a field"),
    "credential": _lt("Secret of a connection"),
    "bank_detail": _lt("Bank account of a supplier"),
    "partner": _lt("Customer or supplier"),
    "write_off": _lt("Write-off"),
    "application": _lt("Application of cash"),
    "entry": _lt("Journal entry"),
    "lock_waiver": _lt("Exception to a lock date"),
    "erasure": _lt("Erasure of personal data"),
    "bundle": _lt("Import of a configuration"),
    "policy": _lt("Approval rule"),
    "delegation": _lt("Standing in for an approver"),
    "connection": _lt("Set-up of a connection"),
    "other": _lt("Other change"),
}
# The kind of a request that does not say it, by what it is about.
KIND_BY_MODEL = {"integration.flow": "flow", "integration.replay": "replay", "integration.mapping": "mapping"}
OPEN_STATES = ("asked", "agreed")
# What mail and activities write themselves.
_MAIL = frozenset({"message_follower_ids", "activity_ids", "message_main_attachment_id", "message_ids"})
# Only the holder of this object may write a request: it moves through its buttons alone.
_KEY = object()


class IntegrationChangeRequest(models.Model):
    """Something that one person asks for and others decide. What is asked for is done at the last approval.

    A record that can be asked about has ``_carry_out(request)``. It may have ``_approval_preview(values)``, which tells
    what would change (see ``request_preview``); else the fields named in ``values`` are compared.
    """

    _name = "integration.change.request"
    _description = "Change that needs approval"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _mail_post_access = "read"

    name = fields.Char(required=True, readonly=True, string="What is asked for")
    kind = fields.Selection("_selection_kind", required=True, readonly=True, default="other", index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True, readonly=True, string="Record")
    slot = fields.Char(
        readonly=True, help="Tells apart what may be asked at the same time about one record; usually empty."
    )
    flow_id = fields.Many2one("integration.flow", readonly=True, ondelete="restrict", index="btree_not_null")
    values = fields.Json(readonly=True, help="What is carried out on approval.")
    reason = fields.Text(required=True, readonly=True, string="Why")
    summary = fields.Text(readonly=True, help="What the requester saw when asking, such as the parallel run.")
    amount = fields.Monetary(readonly=True, string="At stake")
    currency_id = fields.Many2one("res.currency", readonly=True, ondelete="restrict")
    attachment_ids = fields.Many2many(
        "ir.attachment", "integration_change_request_evidence_rel", readonly=True, string="Evidence"
    )
    state = fields.Selection(
        [
            ("asked", "Waits for approval"),
            ("agreed", "Approved, not done yet"),
            ("approved", "Approved and done"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
            ("expired", "Expired"),
        ],
        required=True,
        readonly=True,
        default="asked",
        tracking=True,
    )
    requester_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="restrict", string="Asked by"
    )
    requested_at = fields.Datetime(required=True, readonly=True, string="Asked on")
    approver_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="Decided by")
    decided_at = fields.Datetime(readonly=True, string="Decided on")
    answer = fields.Text(readonly=True, string="Why it was refused or ended")
    later = fields.Boolean(
        readonly=True, help="It is not done at the last approval, but when somebody presses “Do it now”."
    )
    expires_at = fields.Datetime(readonly=True, string="Decide before", index=True)
    valid_until = fields.Datetime(readonly=True, string="Do it before")
    done_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict", string="Done by")
    done_at = fields.Datetime(readonly=True, string="Done on")
    is_own = fields.Boolean(compute="_compute_is_own")

    _two_people = models.Constraint(
        "CHECK (approver_id IS NULL OR approver_id <> requester_id)",
        "Nobody decides about an own request.",
    )
    _decided_by_somebody = models.Constraint(
        "CHECK (state NOT IN ('approved', 'agreed', 'refused')"
        " OR (approver_id IS NOT NULL AND decided_at IS NOT NULL))",
        "A decision has somebody who made it.",
    )
    _one_open = models.UniqueIndex(
        "(res_model, res_id, COALESCE(slot, '')) WHERE state IN ('asked', 'agreed')",
        "A change of this waits for approval already.",
    )

    @api.model
    def _selection_kind(self):
        return [(kind, self.env._(KIND_LABELS[kind])) for kind in KINDS]

    @api.depends("requester_id")
    @api.depends_context("uid")
    def _compute_is_own(self):
        for request in self:
            request.is_own = request.requester_id == self.env.user

    # -- asking --------------------------------------------------------------------------------------------

    @api.model
    def _ask(
        self, record, name, values, reason, summary=None, *, kind=None, amount=None, currency=None, company=None,
        preview=None, barred=None, attachments=None, later=False, slot=None,
    ):  # fmt: skip
        """Write down that the acting user asks for a change of ``record``; returns the request.

        :param values: JSON that ``record._carry_out(request)`` understands.
        :param summary: text that the requester saw.
        :param kind: one of ``engine.approval.KINDS``; else that of the model.
        :param amount: exact amount at stake in ``currency`` (a res.currency; else the company's).
        :param company: whose rules hold, where ``record`` has no company.
        :param preview: what would change, where the record cannot tell it again; else it is computed, and compared
            once more before it is carried out.
        :param barred: users who prepared it and therefore never decide about it; the requester always is.
        :param attachments: ir.attachment records, the evidence.
        :param later: it is not carried out at the last approval, but by ``action_carry_out`` within the time of the
            policy.
        :param slot: name that lets several changes of one record be asked for at the same time.
        :raises UserError: no reason is given, or a request for this record waits already.
        """
        record.ensure_one()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the approver decides on it."))
        requests = self.sudo()
        domain = [
            ("res_model", "=", record._name),
            ("res_id", "=", record.id),
            ("slot", "=", slot or False),
            ("state", "in", OPEN_STATES),
        ]
        if requests.search_count(domain, limit=1):
            raise UserError(self.env._("A change of %s waits for approval already.", record.display_name))
        company = company or ("company_id" in record._fields and record.sudo().company_id) or self.env.company
        currency = currency or company.currency_id
        if amount is not None:
            amount = currency.round(float(amount))
        facts = {
            "name": name,
            "kind": kind or KIND_BY_MODEL.get(record._name, "other"),
            "company_id": company.id,
            "res_model": record._name,
            "res_id": record.id,
            "slot": slot or False,
            "flow_id": record.id if record._name == "integration.flow" else False,
            "values": values,
            "reason": reason.strip(),
            "summary": summary,
            "amount": amount,
            "currency_id": currency.id if amount is not None else False,
            "attachment_ids": [(6, 0, attachments.ids)] if attachments else False,
            "later": later,
            "requester_id": self.env.uid,
            "requested_at": fields.Datetime.now(),
        }
        facts |= self._content_facts(record, facts, preview, attachments)
        facts |= self._policy_facts(facts, amount, currency, company)
        facts["barred_ids"] = [(6, 0, sorted({self.env.uid, *(barred.ids if barred else ())}))]
        request = requests.with_context(integration_change_request=_KEY).create(facts)
        request = request.with_context(integration_change_request=None)
        self.env["integration.audit.leaf"]._record_change(request, "change.ask", f"{name}: {reason.strip()}")
        request._after_asking()
        return request.with_env(self.env)

    def _content_facts(self, record, facts, preview, attachments):
        """Hook: return what freezes the content of a new request."""
        return {}

    def _policy_facts(self, facts, amount, currency, company):
        """Hook: return who has to agree to a new request, and until when."""
        return {}

    def _after_asking(self):
        """Hook: a request was written down."""

    def _approves(self, record):
        """Whether somebody else than the asker has approved this, and it is about that record."""
        self.ensure_one()
        return (
            self.state == "approved"
            and bool(self.approver_id)
            and self.approver_id != self.requester_id
            and (self.res_model, self.res_id) == (record._name, record.id)
        )

    def _allows(self, record, target):
        """Whether this is the approval of that record's change into the state ``target``."""
        return self._approves(record) and (self.values or {}).get("state") == target

    # -- deciding ------------------------------------------------------------------------------------------

    def _set(self, **values):
        """Write what only the steps of a request may write."""
        self.sudo().with_context(integration_change_request=_KEY).write(values)
        self.flush_recordset()

    def _lock(self, *states):
        """Let nobody else decide about this request until the transaction ends; it must be in one of ``states``.

        Two who press at once wait for each other here; the second one is told by the database that it comes too late
        and, tried again by Odoo from a fresh snapshot, finds that it has been decided.

        :raises UserError: it is in another state.
        """
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(
            SQL("SELECT state FROM integration_change_request WHERE id = %s FOR UPDATE", self.id)
        )
        row = self.env.cr.fetchone()
        self.invalidate_recordset()
        if not row or row[0] not in states:
            raise UserError(self.env._("This has been decided already."))

    def _decide(self, verdict, reason=None):
        """Write down what the acting user says; returns the request as superuser.

        :param verdict: 'approve' or 'refuse'.
        :raises AccessError: this person belongs to nobody who is asked.
        :raises UserError: asked for or prepared by this person, decided already, expired, or no longer what it was.
        """
        self.ensure_one()
        self.check_access("read")
        self._check_person()
        self._lock("asked")
        behalf = self._deciding_for()
        request = self.sudo()
        now = fields.Datetime.now()
        if request.expires_at and request.expires_at < now:
            raise UserError(self.env._("The time to decide is over. Who asked for it has to ask again."))
        if verdict == "approve":
            request._check_content()
        request._write_decision(verdict, behalf, reason)
        if verdict == "refuse":
            request._set(state="refused", approver_id=self.env.uid, decided_at=now, answer=reason or False)
        elif request._is_agreed():
            request._set(**request._agreed_values(now))
        self.env["integration.audit.leaf"]._record_change(
            request, f"change.{verdict}", request._step_text(behalf, reason)
        )
        request._after_decision(verdict, reason)
        return request

    def _agreed_values(self, now):
        values = {"state": "approved", "approver_id": self.env.uid, "decided_at": now}
        if not self.later:
            return values | {"done_by_id": self.env.uid, "done_at": now}
        until = deadline(now.replace(tzinfo=timezone.utc), self.valid_hours)
        return values | {"state": "agreed", "valid_until": until.replace(tzinfo=None)}

    def action_approve(self, reason=None):
        """Button: agree; at the last approval what was asked for is done, in the same transaction."""
        request = self._decide("approve", reason)
        if request.state == "approved":
            request._do_it()
        return True

    def action_refuse(self, reason=None):
        """Do not agree, and say why; nothing changes.

        :raises UserError: no reason is given.
        """
        if not (reason or "").strip():
            raise UserError(self.env._("Say why you refuse it: who asked has to know."))
        self._decide("refuse", reason.strip())
        return True

    def action_open_refusal(self):
        """Button: open the dialog in which an approver refuses, with the reason."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refuse: %s", self.name),
            "res_model": "integration.approval.refuse",
            "view_mode": "form",
            "target": "new",
            "context": {"default_request_id": self.id},
        }

    def action_withdraw(self):
        """Button: who asked takes it back."""
        self.ensure_one()
        self.check_access("read")
        request = self.sudo()
        if request.requester_id != self.env.user:
            raise UserError(self.env._("Only who asked for it can withdraw it, while it waits."))
        request._lock(*OPEN_STATES)
        request._end("withdrawn", self.env._("%s took it back.", self.env.user.name))
        return True

    def action_carry_out(self):
        """Button: do now what has been approved, as it was approved."""
        self.ensure_one()
        self.check_access("read")
        self._check_person()
        request = self.sudo()
        may = request.requester_id == self.env.user or self.env.user in request.decision_ids.user_id
        if not may:
            raise AccessError(self.env._("Only who asked for it or who approved it does it."))
        request._lock("agreed")
        now = fields.Datetime.now()
        if request.valid_until < now:
            raise UserError(self.env._("The approval has expired. Ask for it again."))
        request._check_content()
        request._set(state="approved", done_by_id=self.env.uid, done_at=now)
        self.env["integration.audit.leaf"]._record_change(request, "change.done", request.name)
        request._do_it()
        return True

    def _do_it(self):
        """Have the record carry out what was approved.

        :raises UserError: the record is gone.
        """
        self.ensure_one()
        record = self._record()
        if not record:
            raise UserError(self.env._("What was to be changed is no longer there."))
        context = {"integration_carried_out": CarriedOut(self.id)}
        record = record.sudo().with_company(self.company_id).with_context(**context)
        record._carry_out(self.sudo().with_context(**context))

    def _record(self):
        """Return the record that is asked about, empty when it is gone."""
        self.ensure_one()
        if self.res_model not in self.env:
            return self.browse()
        return self.env[self.res_model].browse(self.res_id).exists()

    def _end(self, state, answer):
        """Close an open request without a decision: withdrawn or expired."""
        self.ensure_one()
        self._set(state=state, answer=answer)
        action = {"withdrawn": "change.withdraw", "expired": "change.expire"}[state]
        self.env["integration.audit.leaf"].sudo()._record_change(self, action, self.name)
        self._after_end()

    def _after_decision(self, verdict, reason):
        """Hook: somebody has decided; the state says whether that was the last one."""

    def _after_end(self):
        """Hook: an open request was closed without a decision."""

    # -- guard ---------------------------------------------------------------------------------------------

    def _may_write(self):
        return self.env.context.get("integration_change_request") is _KEY

    @api.model_create_multi
    def create(self, vals_list):
        if not self._may_write():
            raise ValidationError(self.env._("A change is asked for with the buttons of what it changes."))
        return super().create(vals_list)

    def write(self, vals):
        if not vals.keys() <= _MAIL and not self._may_write():
            raise ValidationError(self.env._("A request is decided with its buttons, never edited."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A request is evidence: it is never deleted."))
