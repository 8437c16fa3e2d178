# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The words of the ownership matrix, as people read them."""

OBJECTS = [
    ("customer", "Customer"),
    ("supplier", "Supplier"),
    ("product", "Product"),
    ("order", "Sales order"),
    ("fulfilment", "Fulfilment"),
    ("invoice", "Customer invoice"),
    ("movement", "Money at a payment provider"),
    ("bank_statement", "Bank cash"),
    ("purchase_order", "Purchase order"),
    ("receipt", "Receipt of goods"),
    ("supplier_invoice", "Supplier invoice"),
    ("expense", "Expense"),
    ("payroll", "Payroll"),
    ("ledger", "General ledger"),
]
FIELD_LABELS = [
    ("*", "Everything else"),
    ("name", "Name"),
    ("is_company", "Company or person"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("reference", "Reference"),
    ("note", "Note"),
    ("language", "Language"),
    ("status", "Active or archived"),
    ("address", "Address"),
    ("tax_id", "Tax number"),
    ("payment_term", "Payment terms"),
    ("billing", "Invoicing settings"),
    ("credit_limit", "Credit limit"),
    ("hold", "Credit hold"),
    ("bank", "Bank account"),
    ("type", "Goods or service"),
    ("barcode", "Barcode"),
    ("price", "Price"),
    ("unit", "Unit of measure"),
    ("tax_category", "Tax category"),
    ("accounts", "Accounts"),
    ("document", "Number, dates, lines and total"),
    ("tax_amount", "Tax amount"),
    ("match", "Match with order and receipt"),
    ("release", "Release for payment"),
    ("approval", "Approval"),
    ("amounts", "Amounts"),
    ("periods", "Periods"),
    ("locks", "Lock dates"),
    ("chart", "Chart of accounts"),
    ("rates", "Exchange rates"),
]
ROLE_LABELS = [
    ("crm", "Customer management (CRM)"),
    ("shop", "Shop"),
    ("billing", "Billing"),
    ("procurement", "Procurement"),
    ("stock", "Warehouse"),
    ("tax_engine", "Tax engine"),
    ("processor", "Payment provider"),
    ("bank", "Bank"),
    ("expense", "Expense tool"),
    ("payroll", "Payroll"),
]
CONFLICTS = [
    ("owner_wins", "The owner's value stays"),
    ("newest_wins", "The newest value counts"),
    ("ask", "Ask a person"),
]


def open_form(record):
    """Return the action that opens one record."""
    record.ensure_one()
    return {
        "type": "ir.actions.act_window",
        "res_model": record._name,
        "res_id": record.id,
        "views": [(False, "form")],
    }
