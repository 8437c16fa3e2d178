# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which references of a movement can name an invoice."""

# The provider's own ids (a payment intent, for example) name nothing here; they may be linked to an invoice.
INVOICE_REFERENCES = ("invoice", "order", "external", "reference")


def named_by(references):
    """Return the values of the references that can name an invoice."""
    return [reference.value for reference in references if reference.type in INVOICE_REFERENCES]


def payments_of(references, movement_id):
    """Return the ids under which a billing system may have said what a movement pays."""
    return [*(reference.value for reference in references if reference.type == "payment"), movement_id]
