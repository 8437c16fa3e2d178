# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reads contacts and products as far as they tell who they are."""

from odoo import api, models

from ...engine.duplicates import Subject


class IntegrationDuplicateReader(models.AbstractModel):
    _name = "integration.duplicate.reader"
    _description = "Who a record is"

    @api.model
    def _subjects(self, records):
        """Return {record id: engine.duplicates.Subject}."""
        read = self._contact if records._name == "res.partner" else self._product
        return {record.id: read(record) for record in records}

    def _contact(self, partner):
        return Subject(
            id=partner.id,
            name=partner.name or "",
            tax_ids=_told(partner.vat, partner.company_registry),
            ibans=_told(*partner.bank_ids.mapped("sanitized_acc_number")),
            emails=_told(partner.email),
            phones=_told(partner.phone),
            references=_told(partner.ref),
            country=partner.country_id.code or "",
            is_company=partner.is_company,
            company=partner.company_id.id or None,
        )

    def _product(self, product):
        return Subject(
            id=product.id,
            name=product.name or "",
            references=_told(product.default_code),
            barcodes=_told(product.barcode),
            company=product.company_id.id or None,
            family=product.product_tmpl_id.id,
        )


def _told(*texts):
    return tuple(text for text in texts if text and text != "/")
