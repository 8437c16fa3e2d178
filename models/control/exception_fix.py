# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

# Which button an exception of a code offers; the views read this through the computed field.
FIXES = {
    "mapping_missing": "mapping",
    "mapping_expired": "mapping",
    "legal_entity_unknown": "mapping",
    "legal_entity_not_connected": "connection",
    "mapping_target_archived": "mapping",
    "unit_not_of_product": "mapping",
    "tax_missing": "mapping",
    "payment_short": "write_off",
    "tax_difference": "difference",
    "total_difference": "difference",
    "schema_violation": "correct",
    "credited_invoice_unknown": "correct",
    "duplicate_number": "duplicate",
    "late_movement": "reopen",
    "late_document": "reopen",
    "period_locked": "period",
    "currency_inactive": "currency",
    "version_conflict": "resend",
    "unknown_currency": "resend",
    "invalid_amount": "resend",
    "amount_not_exact": "resend",
    "amount_too_large": "resend",
    "totals_do_not_add_up": "resend",
    "unbalanced_entry": "resend",
    "date_invalid": "resend",
    "partner_ambiguous": "customer",
    "partner_unknown": "customer",
    "partner_blocked": "partner",
    "bank_details_new": "bank",
    "bank_details_differ": "bank",
    "product_uncertain": "product",
    "product_archived": "archived",
    "movement_unclassified": "classify",
    "purchase_from_balance": "classify",
    "payment_party_unknown": "identify",
    "refund_party_unknown": "identify",
    "payment_reference_unknown": "apply",
    "payment_without_reference": "apply",
    "payment_invoice_closed": "apply",
    "payment_currency_differs": "apply",
    "payment_excess": "apply",
    "collect_to_confirm": "collect",
    "collect_invoice_closed": "collect",
    "collect_locked": "collect",
    "collect_refused": "collect",
    "collected_dispute_lost": "disputed",
    "document_changed": "anew",
    "rebooking_outdated": "anew",
    "refund_without_credit_note": "credit_note",
    "refund_returned": "apply",
    "billing_issuer_undecided": "connection",
    "billing_lines_missing": "connection",
    "role_account_missing": "connection",
    "journal_missing": "connection",
    "balance_account_missing": "connection",
    "bank_account_unknown": "connection",
    "bank_currency_differs": "connection",
    "service_user_missing": "connection",
    "flow_added": "connection",
    "wrong_account": "connection",
    "wrong_environment": "connection",
    "secret_missing": "connection",
    "api_access_missing": "connection",
    "credential_refused": "connection",
    "credential_unreadable": "connection",
    "address_forbidden": "connection",
    "destination_redirected": "connection",
    "delivery_unknown": "arrival",
    "acknowledgement_missing": "arrival",
    "destination_garbage": "arrival",
    "destination_silent": "resume",
    "balance_differs": "pull",
    "bank_statement_differs": "resend",
    "payout_incomplete": "pull",
    "match_refused": "match",
    "bank_line_unmatched": "match",
    "conversion_leg_missing": "pull",
    "settlement_amount_unknown": "pull",
    "batch_incomplete": "batch",
    "control_total_differs": "batch",
    "file_truncated": "batch",
    "file_corrupt": "batch",
    "file_changed": "batch",
    "file_too_large": "batch",
    "file_unfinished": "folder",
    "file_forbidden": "folder",
    "host_key_refused": "folder",
    "cursor_goes_back": "batch",
    "cursor_repeats": "batch",
    "page_too_large": "batch",
    "sequence_gap": "resend",
    "parent_missing": "resend",
    "sequence_repeated": "repeated",
    "sequence_broken": "numbering",
    "value_not_owned": "values",
    "value_kept_out": "values",
    "owned_value_edited": "values",
    "source_changed": "drift",
    "duplicate_suspected": "twice",
    "legal_number_missing": "legal_numbers",
    "gateway_not_covered": "gateway",
    "dispute_opened": "dispute",
    "dispute_after_refund": "dispute",
    "dispute_lost": "dispute",
    "dispute_not_accepted": "dispute",
    "evidence_not_given": "dispute",
    "evidence_deadline": "dispute",
    "evidence_held_up": "connection",
    "evidence_missed": "dispute",
    "dispute_unread": "connection",
    "customer_not_written": "customer_copy",
    "customer_gone": "customer_copy",
    "customer_tax_number_unknown": "customer_copy",
    "billing_credit_missing": "credit",
    "shop_not_written": "shop_writing",
}


class IntegrationExceptionFix(models.Model):
    """The buttons that fix the usual causes (X2); money is applied in the name of the connection's service user."""

    _inherit = "integration.exception"

    fix = fields.Char(compute="_compute_fix")
    fix_partner_id = fields.Many2one("res.partner", string="Customer", help="Who this customer is in Odoo.")
    fix_invoice_ids = fields.Many2many(
        "account.move",
        "integration_exception_invoice_rel",
        string="Invoices",
        domain="[('move_type', '=', 'out_invoice'), ('state', '=', 'posted'), ('company_id', '=', company_id),"
        " ('payment_state', 'in', ('not_paid', 'partial')), ('commercial_partner_id', '=?', payer_id)]",
        help="The invoices that this money pays, oldest first.",
    )
    payer_id = fields.Many2one(
        "res.partner", compute="_compute_payer_id", help="Whose money it is, where it is known."
    )

    @api.depends("movement_ids.partner_id")
    def _compute_payer_id(self):
        for exception in self:
            payers = exception.sudo().movement_ids.partner_id.commercial_partner_id
            exception.payer_id = payers if len(payers) == 1 else False

    @api.depends("code", "state")
    def _compute_fix(self):
        for exception in self:
            exception.fix = FIXES.get(exception.code) if exception.state == "open" else False

    def action_add_mapping(self):
        """Button: open the mapping that is missing, filled in as far as it is known."""
        self.ensure_one()
        params = self.params or {}
        kind = params.get("code") or ("tax" if self.code == "tax_missing" else "account")
        return self.env["integration.mapping"]._open_for(self.connection_id, kind, params.get("value"))

    def action_open_connection(self):
        """Button: open the set-up that has to be completed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.connection",
            "res_id": self.connection_id.id,
            "views": [(False, "form")],
        }

    def action_open_currency(self):
        """Button: open the currency that is not active."""
        self.ensure_one()
        currency = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", (self.params or {}).get("currency"))], limit=1)
        )
        if not currency:
            raise UserError(self.env._("Odoo does not know this currency."))
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.currency",
            "res_id": currency.id,
            "views": [(False, "form")],
        }

    def action_pull(self):
        """Button: fetch the provider's list again."""
        self.check_access("write")
        for exception in self:
            exception.connection_id._fetch_for_person(exception.name)
        return self._told(self.env._("The provider's list is being fetched."))

    def action_choose_customer(self):
        """Button: say who the customer of the waiting events is; they go on by themselves."""
        self.ensure_one()
        self.check_access("write")
        partner = self.fix_partner_id
        if not partner:
            raise UserError(self.env._("Choose the customer first."))
        outside_ids = self._outside_customers()
        if not outside_ids:
            raise UserError(
                self.env._(
                    "The source names this customer without an id. Put its tax number or e-mail address "
                    "on the contact, "
                    "then press Try again."
                )
            )
        known = self.env["integration.binding"]._find(self.connection_id, "customer", outside_ids)
        self.env["integration.binding"]._bind(
            self.connection_id,
            "customer",
            [(outside_id, partner, 0, None) for outside_id in outside_ids if outside_id not in known],
        )
        self.env["integration.audit.leaf"]._record_change(
            self, "exception.choose_customer", f"res.partner,{partner.id}"
        )
        return self.action_try_again()

    def _outside_customers(self):
        """Return the outside ids of the customers that the waiting events name."""
        told = self.env["integration.payload"].sudo()._documents_by_message(self.sudo().message_ids_held.ids)
        ids = set()
        for document in (document for documents in told.values() for document in documents or []):
            if "customer" in document:
                ids.add((document["customer"] or {}).get("outside_id"))
            else:
                ids.add(document["source"]["object_id"])
        return sorted(ids - {None})

    def action_apply(self):
        """Button: apply the booked money to the chosen invoices."""
        self.ensure_one()
        self.check_access("write")
        if not self.fix_invoice_ids:
            raise UserError(self.env._("Choose the invoices that this money pays."))
        invoices = self.fix_invoice_ids.sorted(lambda move: (move.invoice_date_due or move.date, move.id))
        self._as_posting(
            lambda service, movement, date: service._apply_to(
                movement, invoices.with_env(service.env), date, any_currency=True
            )
        )
        self._audit_application(invoices)
        return self._told(self.env._("Applied to %s.", ", ".join(invoices.mapped("name"))))

    def action_leave_open(self):
        """Button: a person has decided that this money stays as it is booked; the customer's account shows it."""
        self.check_access("write")
        for exception in self:
            if exception.movement_ids.filtered(
                lambda movement: movement.application in ("unidentified", "suspense")
            ):
                raise UserError(self.env._("This money has no owner yet. Say first whose it is."))
            if exception.held_count:
                raise UserError(
                    self.env._("Events still wait for this exception. Try them again, or put them aside.")
                )
            exception.sudo().movement_ids.write({"exception_id": False})
        self._resolve(self.env._("Left as it is booked, decided by %s.", self.env.user.name))

    def action_identify(self):
        """Button: unidentified money belongs to this customer; then apply it by its references where they are known."""
        self.ensure_one()
        self.check_access("write")
        partner = self.fix_partner_id
        if not partner:
            raise UserError(self.env._("Choose the customer first."))
        self._identify_now(partner)
        return self._told(self.env._("The money belongs to %s now.", partner.display_name))

    def _identify_now(self, partner):
        def identify(service, movement, date):
            service._identify(movement, partner.with_env(service.env), date)
            service._judge_again(movement)

        self._as_posting(identify)
        self._audit_application(partner)

    def _as_posting(self, apply):
        """Run ``apply(service, movement, date)`` for the booked money, as the connection's service user."""
        if not self.movement_ids:
            raise UserError(self.env._("The money of this exception has been applied in the meantime."))
        connection = self.connection_id.sudo()._as_service()
        service = connection.env["integration.posting.application"]
        date = service._today(connection)
        for movement in self.sudo().movement_ids:
            apply(service, movement.with_env(service.env), max(date, movement.move_id.date))

    def _audit_application(self, records):
        detail = ", ".join(f"{record._name},{record.id}" for record in records)
        self.env["integration.audit.leaf"]._record_change(self, "exception.apply", detail)
        names = ", ".join(records.mapped("display_name"))
        text = self.env._("%(user)s applied it: %(what)s", user=self.env.user.name, what=names)
        self._note(text)
        # The booking ran as the service user; the decision is this person's.
        closed = self.sudo().filtered(lambda exception: exception.state == "resolved")
        closed.write({"resolved_by_id": self.env.uid, "resolution": text[:500]})

    def action_create_credit_note(self):
        """Button: prepare the credit note that a refund asks for, as a draft for the accountant to check and post."""
        self.ensure_one()
        movement = self.movement_ids[:1]
        payment = self.env["integration.movement"].search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("type", "=", "payment"),
                ("movement_id", "=", movement.related_id),
            ]
        )
        invoice = payment.invoice_ids[:1]
        if not invoice:
            raise UserError(
                self.env._(
                    "The payment that was refunded is not applied to an invoice. Apply it first, or credit by hand."
                )
            )
        draft = self.env["account.move"].search(
            [
                ("reversed_entry_id", "=", invoice.id),
                ("state", "=", "draft"),
                ("move_type", "=", "out_refund"),
            ],
            limit=1,
        )
        note = draft or self._draft_credit_note(invoice, abs(movement.amount), movement)
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": note.id,
            "views": [(False, "form")],
        }

    def _draft_credit_note(self, invoice, gross, movement):
        """Return a draft credit note over ``gross``: the invoice's own lines, each in proportion.

        The reversal never cancels: that would take apart all existing reconciliations (policy F2).
        """
        note = invoice._reverse_moves(
            [
                {
                    "date": movement.event_date,
                    "invoice_date": movement.event_date,
                    "ref": self.env._(
                        "Refund %(refund)s of %(invoice)s", refund=movement.movement_id, invoice=invoice.name
                    ),
                }
            ],
            cancel=False,
        )
        currency = invoice.currency_id
        if currency.compare_amounts(note.amount_total, gross) == 0 or not note.amount_total:
            return note
        share = gross / note.amount_total
        for line in note.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
            line.price_unit = line.price_unit * share
        largest = max(note.invoice_line_ids, key=lambda line: abs(line.price_subtotal))
        for _step in range(3):  # rounding per line leaves cents; the largest line takes them
            rest = currency.round(gross - note.amount_total)
            if currency.is_zero(rest) or not largest.quantity:
                break
            rate = largest.price_total / largest.price_subtotal if largest.price_subtotal else 1
            largest.price_unit += rest / rate / largest.quantity
        return note
