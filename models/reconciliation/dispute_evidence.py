# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Evidence for a dispute: collected from Odoo's documents, looked over by a person, handed in once.

What is handed in goes to the bank and cannot be changed any more. Evidence of which nobody knows whether it arrived is
asked for at the provider before it is sent again (ADR 0015, 0057).
"""

import base64
import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext
from odoo.tools.mimetypes import guess_mimetype

from ...connectors.registry import get_connector
from ...engine.errors import TransientError
from ..messaging.write_skew import update_for_real

STATES = [
    ("draft", "Being collected"),
    ("to_send", "To be handed in"),
    ("unknown", "Sent, answer not known"),
    ("refused", "Refused by the provider"),
    ("sent", "Handed in"),
]
ANSWERABLE = ("inquiry", "needs_response")
MAX_FILES = 20
MAX_MESSAGES = 50
MAX_TEXT = 20_000
SEND_SECONDS = 90
FILE_KINDS = ("application/pdf", "image/jpeg", "image/png")
TEXTS = {
    "customer_name": "customer_name",
    "customer_email": "customer_email_address",
    "product": "product_description",
    "service_date": "service_date",
    "explanation": "uncategorized_text",
}


class IntegrationDisputeEvidence(models.Model):
    _name = "integration.dispute.evidence"
    _description = "Evidence for a dispute"
    _inherit = ["integration.sent.once"]
    _order = "id desc"
    _rec_name = "dispute_id"
    _check_company_auto = True

    dispute_id = fields.Many2one("integration.dispute", required=True, ondelete="restrict", index=True)
    connection_id = fields.Many2one(related="dispute_id.connection_id", store=True, index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    evidence_due = fields.Datetime(related="dispute_id.evidence_due")
    state = fields.Selection(STATES, required=True, readonly=True, default="draft", copy=False, index=True)
    customer_name = fields.Char(string="Customer")
    customer_email = fields.Char(string="E-mail of the customer")
    product = fields.Text(string="What was sold")
    service_date = fields.Char(string="Delivered or rendered on")
    explanation = fields.Text(string="Why the payment is right")
    file_ids = fields.One2many("integration.dispute.evidence.file", "evidence_id", string="Files", copy=False)
    handed_in_by_id = fields.Many2one("res.users", readonly=True, copy=False, string="Handed in by")
    handed_in_at = fields.Datetime(readonly=True, copy=False, string="Handed in at")
    for_inquiry = fields.Boolean(
        readonly=True,
        copy=False,
        string="For the inquiry",
        help="It answered the inquiry that has become a dispute since: the dispute takes evidence of its own.",
    )

    takes_files = fields.Boolean(compute="_compute_takes_files")

    _one_idx = models.UniqueIndex("(dispute_id) WHERE state <> 'refused' AND for_inquiry IS NOT TRUE")

    @api.depends("connection_id")
    def _compute_takes_files(self):
        for evidence in self:
            evidence.takes_files = evidence.connection_id._spec().evidence_files

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda row: row.state != "draft"):
            raise UserError(self.env._("Evidence that was handed in cannot be deleted."))

    def write(self, vals):
        own = {"dispute_id", "file_ids", *TEXTS} & vals.keys()
        if own and self.filtered(lambda row: row.state != "draft"):
            raise UserError(self.env._("Evidence that was handed in does not change any more."))
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        made = super().create(vals_list)
        for evidence in made:
            evidence._collect()
        return made

    # -- collecting ----------------------------------------------------------------------------------------

    def _collect(self):
        """Propose what Odoo knows: the customer, what was sold, the invoice's files, what was written to each other."""
        invoices = self.dispute_id.invoice_ids
        partner = self.dispute_id.partner_id
        lines = invoices.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        proposed = {
            "customer_name": partner.name,
            "customer_email": partner.email,
            "product": "\n".join(line.name for line in lines if line.name)[:MAX_TEXT],
            "explanation": self._correspondence(invoices)[:MAX_TEXT],
        }
        self.write({name: text for name, text in proposed.items() if text and not self[name]})
        if not self.file_ids and invoices and self.connection_id._spec().evidence_files:
            found = self.env["ir.attachment"].search(
                [
                    ("res_model", "=", "account.move"),
                    ("res_id", "in", invoices.ids),
                    ("mimetype", "in", FILE_KINDS),
                ],
                order="id",
                limit=MAX_FILES,
            )
            fields_left = ["receipt", "uncategorized_file"]
            self.env["integration.dispute.evidence.file"].create(
                [
                    {"evidence_id": self.id, "field": name, "file_name": each.name, "content": each.datas}
                    for name, each in zip(fields_left, found, strict=False)
                ]
            )

    def _correspondence(self, invoices):
        """Return what people wrote about the invoices, oldest first, as plain text."""
        messages = self.env["mail.message"].search(
            [
                ("model", "=", "account.move"),
                ("res_id", "in", invoices.ids),
                ("message_type", "in", ("email", "email_outgoing", "comment")),
                ("subtype_id.internal", "=", False),
            ],
            order="id",
            limit=MAX_MESSAGES,
        )
        return "\n\n".join(
            f"{message.date:%Y-%m-%d} {message.author_id.name or message.email_from or ''}: "
            f"{html2plaintext(message.body).strip()}"
            for message in messages
            if message.body
        )

    # -- handing in ----------------------------------------------------------------------------------------

    def action_hand_in(self):
        """Button: hand the evidence in for good.

        :raises UserError: it is too late, the dispute takes none any more, or nothing is in it.
        """
        self.ensure_one()
        self.check_access("write")
        dispute = self.dispute_id
        if self.state != "draft":
            raise UserError(self.env._("This evidence was handed in already."))
        if not self.connection_id._spec().takes_evidence:
            raise UserError(self.env._("%s takes no evidence from here.", self.connection_id.name))
        if dispute.state not in ANSWERABLE or dispute.evidence_given:
            raise UserError(self.env._("The provider takes no evidence for this dispute any more."))
        if dispute.evidence_due and dispute.evidence_due < fields.Datetime.now():
            raise UserError(self.env._("The time to hand in evidence is over."))
        update_for_real(dispute)  # it may be accepted at this moment
        if dispute.acceptance_ids.filtered(lambda row: row.state not in ("draft", "refused")):
            raise UserError(self.env._("This dispute is being accepted: nothing is handed in for it."))
        if self.file_ids and not self.takes_files:
            raise UserError(
                self.env._(
                    "%s takes texts from here, no files. Say in the text what they show, or hand everything in there.",
                    self.connection_id.name,
                )
            )
        if not self._texts() and not self.file_ids:
            raise UserError(self.env._("There is nothing to hand in yet."))
        self.sudo().write(
            {
                "state": "to_send",
                "key": f"evidence-{self.id}-{secrets.token_hex(8)}",
                "handed_in_by_id": self.env.uid,
                "handed_in_at": fields.Datetime.now(),
            }
        )
        self.env["integration.audit.leaf"]._record_change(self, "evidence.handed_in", dispute.dispute_id)
        dispute.sudo()._judge()
        self._send_soon()
        return True

    def _texts(self):
        return {outside: self[name].strip() for name, outside in TEXTS.items() if (self[name] or "").strip()}

    # -- sending -------------------------------------------------------------------------------------------

    def _facts_to_send(self):
        return {
            "dispute": self.dispute_id.dispute_id,
            "texts": self._texts(),
            "files": [file._facts() for file in self.file_ids],
        }

    @api.model
    def _tell(self, facts, step):
        """Hand evidence in, or find that it is there; returns an empty tuple."""
        connector = get_connector(facts["connector"])
        dispute, key, access = facts["dispute"], facts["key"], (facts["settings"], facts["secret"])
        place = dispute
        if facts["asks_first"] or connector.spec.evidence_apart:
            is_there, place = self._ask_provider(
                facts,
                lambda: connector.evidence_find(dispute, *access),
                lambda answer: (
                    connector.evidence_submitted(answer, key),
                    connector.evidence_place(answer, dispute),
                ),
                SEND_SECONDS,
            )
            if is_there:
                return ()
        files = {
            file["field"]: file["outside_id"] or self._upload(facts, file, step) for file in facts["files"]
        }
        if not self._tell_provider(
            facts,
            lambda: connector.evidence_submit(place, facts["texts"], files, key, *access),
            lambda answer: connector.evidence_submitted(answer, key),
            SEND_SECONDS,
        ):
            raise TransientError(
                "source_unavailable", "the answer names other evidence", params={"status": 200}
            )
        return ()

    @api.model
    def _upload(self, facts, file, step):
        """Hand in one file and keep its id, so that the next try does not hand it in again."""
        connector = get_connector(facts["connector"])
        key = f"{facts['key']}-{file['id']}"
        outside_id = self._tell_provider(
            facts,
            lambda: connector.evidence_upload(
                file["name"], file["media_type"], file["content"], key, facts["settings"], facts["secret"]
            ),
            connector.evidence_uploaded,
            SEND_SECONDS,
        )
        step("_uploaded", file["id"], outside_id)
        return outside_id

    def _uploaded(self, file_id, outside_id):
        self.file_ids.browse(file_id).outside_id = outside_id

    def _made(self):
        self.write({"state": "sent", "answer": False, "due_at": False})
        self.env["integration.audit.leaf"]._record_change(self, "evidence.sent", self.dispute_id.dispute_id)
        self._let_go(self.env._("The evidence is at the provider."))
        self.dispute_id._judge()

    @api.model
    def _failure_code(self):
        return "evidence_not_given"

    def _failure_params(self):
        due = f"{self.evidence_due} UTC" if self.evidence_due else "–"
        return {"dispute": self.dispute_id.dispute_id, "due": due}

    def _cause(self):
        return f"dispute evidence {self.dispute_id.dispute_id}"


class IntegrationDisputeEvidenceFile(models.Model):
    _name = "integration.dispute.evidence.file"
    _description = "File of evidence"
    _order = "evidence_id, id"

    evidence_id = fields.Many2one(
        "integration.dispute.evidence", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="evidence_id.company_id", store=True)
    field = fields.Selection(
        [
            ("receipt", "Receipt or invoice"),
            ("customer_communication", "What the customer wrote"),
            ("shipping_documentation", "Proof of delivery"),
            ("service_documentation", "Proof of service"),
            ("cancellation_policy", "Terms of cancellation"),
            ("refund_policy", "Terms of refunds"),
            ("customer_signature", "Signature of the customer"),
            ("uncategorized_file", "Something else"),
        ],
        required=True,
        default="uncategorized_file",
        string="What it is",
    )
    file_name = fields.Char(required=True, string="Name of the file")
    content = fields.Binary(required=True, attachment=True, help="PDF, JPEG or PNG, at most 5 MB.")
    outside_id = fields.Char(readonly=True, copy=False, string="Provider's id")

    _field_unique = models.UniqueIndex("(evidence_id, field)", "One file of each kind can be handed in.")

    def write(self, vals):
        if {"field", "content", "file_name", "evidence_id"} & vals.keys() and self.filtered(
            lambda file: file.evidence_id.state != "draft"
        ):
            raise UserError(self.env._("Evidence that was handed in does not change any more."))
        return super().write(vals)

    def _facts(self):
        content = base64.b64decode(self.content)
        return {
            "id": self.id,
            "field": self.field,
            "name": self.file_name,
            "media_type": guess_mimetype(content),
            "content": content,
            "outside_id": self.outside_id or None,
        }


class IntegrationDispute(models.Model):
    _inherit = "integration.dispute"

    evidence_ids = fields.One2many("integration.dispute.evidence", "dispute_id", readonly=True)
    can_answer = fields.Boolean(compute="_compute_can_answer")

    @api.depends("state", "evidence_given")
    def _compute_can_answer(self):
        for dispute in self:
            dispute.can_answer = (
                dispute.state in ANSWERABLE
                and not dispute.evidence_given
                and dispute.connection_id._spec().takes_evidence
            )

    def _evidence_now(self):
        """Return the evidence for the dispute as it stands, without what answered the inquiry before it."""
        return self.evidence_ids.filtered(lambda row: not row.for_inquiry)

    def action_evidence(self):
        """Button: open the evidence of this dispute; the first time it is collected from Odoo's documents."""
        self.ensure_one()
        Evidence = self.env["integration.dispute.evidence"]
        evidence = self._evidence_now().filtered(lambda row: row.state != "refused")[:1]
        if not evidence:
            if not self.can_answer:
                raise UserError(self.env._("The provider takes no evidence for this dispute any more."))
            # What a person wrote of a refused one, or for the inquiry, is kept.
            written = self.evidence_ids[:1].read(list(TEXTS), load=None) or [{}]
            texts = {name: text for name, text in written[0].items() if name in TEXTS}
            evidence = Evidence.create({"dispute_id": self.id, **texts})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Evidence"),
            "res_model": Evidence._name,
            "res_id": evidence.id,
            "views": [(False, "form")],
        }
