# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The second half of the posting rules for customer invoices: writes what was planned."""

from odoo import api, models
from odoo.fields import Command

from ...engine.canonical_json import document_digest
from ...engine.errors import BusinessError
from ...engine.ordering import waves
from .work import Effect, Finding


class IntegrationPostingInvoice(models.AbstractModel):
    _inherit = "integration.posting.invoice"

    @api.model
    def _apply(self, works):
        Complete = self.env["integration.complete.lines"]
        fast = [work for work in works if Complete._is_safe(work.plan["header"])]
        for group, complete in ((fast, True), ([work for work in works if work not in fast], False)):
            if group:
                self._write(group, complete)

    def _write(self, works, complete):
        Move = self.env["account.move"].with_context(validate_analytic=True, skip_invoice_sync=complete)
        # A draft has no analytic items yet; core would look for them line by line. They are made when it is posted.
        moves = Move.with_context(skip_analytic_sync=complete).create(
            [self._move_values(work, complete) for work in works]
        )
        moves = moves.with_env(Move.env)
        self._post_documents(moves)
        self._check_kept(
            moves, {move.id: work.plan["header"]["date"] for work, move in zip(works, moves, strict=True)}
        )
        for work, move in zip(works, moves, strict=True):
            if work.plan["header"]["set_off_later"]:
                move.reversed_entry_id = work.plan["header"]["reversed"]
            self._check_total(work, move)
            self._remember(work, move)
        self.env["integration.binding"]._bind(
            works[0].connection,
            "invoice",
            [
                (
                    work.documents[0].source.object_id,
                    move.with_context(skip_invoice_sync=False),
                    work.documents[0].source.version,
                    document_digest(work.documents[0]),
                )
                for work, move in zip(works, moves, strict=True)
            ],
        )
        self.env["integration.posting.application"]._documents_posted(moves.with_env(self.env))

    def _post_documents(self, moves):
        """Post documents, several credit notes of one invoice one after the other.

        Core pairs what it posts together with the credited invoices by position: two notes of one invoice in one call
        would shift the pairs, and match a note with somebody else's invoice.
        """
        for wave in waves(moves, lambda move: move.reversed_entry_id.id or -move.id):
            moves.browse(move.id for move in wave)._with_shared_numbers()._post(soft=False)

    def _move_values(self, work, complete):
        document, header = work.documents[0], work.plan["header"]
        elsewhere = document.issuer == "source"
        values = {
            "move_type": header["move_type"],
            "company_id": header["company"].id,
            "journal_id": header["journal"].id,
            "partner_id": header["partner"].id,
            "currency_id": header["currency"].id,
            "invoice_date": header["invoice_date"],
            "date": header["date"],
            "invoice_payment_term_id": header["payment_term"].id,
            "fiscal_position_id": header["fiscal_position"].id,
            "invoice_currency_rate": header["rate"],
            "narration": document.note or False,
            "invoice_user_id": header["partner"].user_id.id,  # never the service user
            # Posted with its invoice named, core would set it off against that at once.
            "reversed_entry_id": not header["set_off_later"] and header["reversed"].id,
            "ref": document.number if elsewhere else document.reference or False,
            "integration_connection_id": work.connection.id,
            "integration_source_id": document.source.object_id,
            "integration_event_date": document.issue_date,
            "integration_correlation_id": work.row["correlation_id"],
            "integration_issued_elsewhere": elsewhere,
        }
        if document.credit_change:
            credit = abs(float(document.credit_change))
            values |= {"integration_credit_used": credit, "integration_credit_left": credit}
        if document.debt_change:
            name = "integration_debt_left" if document.debt_change > 0 else "integration_debt_collects"
            values[name] = abs(float(document.debt_change))
        if elsewhere:
            values["payment_reference"] = document.number
            # The contract or the subscription behind it; ``ref`` is the issuer's number.
            values["invoice_origin"] = document.reference or False
        if header["due_date"]:
            values["invoice_date_due"] = header["due_date"]
        if complete:
            Complete = self.env["integration.complete.lines"]
            values["line_ids"] = Complete._line_commands(header, work.plan["lines"], work.plan["base_lines"])
        else:
            values["invoice_line_ids"] = [
                Command.create(self._standard_line(line, base_line))
                for line, base_line in zip(work.plan["lines"], work.plan["base_lines"], strict=True)
            ]
        return values

    def _standard_line(self, line, base_line):
        values = self.env["integration.complete.lines"]._product_line(line, base_line)
        if not line.get("unit"):
            values.pop("product_uom_id")
        return values

    def _check_total(self, work, move):
        """Refuse a document whose posted total is not what its issuer states."""
        document = work.documents[0]
        if document.issuer != "source" or document.total_gross is None:
            return
        currency = move.currency_id
        if currency.compare_amounts(move.amount_total, float(document.total_gross)) != 0:
            raise BusinessError(
                "total_difference",
                document.source.object_id,
                params={
                    "stated": f"{document.total_gross:f}",
                    "computed": f"{move.amount_total:.{currency.decimal_places}f}",
                    "currency": currency.name,
                    "number": document.number,
                },
            )

    def _remember(self, work, move):
        document = work.documents[0]
        work.effects.append(Effect(f"invoice:{document.source.object_id}", "account.move", move.id))
        if move.date != document.issue_date:
            work.findings.append(
                Finding(
                    "late_document",
                    {
                        "number": move.ref or move.name,
                        "date": str(document.issue_date),
                        "booked_on": str(move.date),
                    },
                    cause=f"invoice {document.source.object_id}",
                )
            )
