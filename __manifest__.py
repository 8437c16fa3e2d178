# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
{
    "name": "Finance Integration Hub",
    "summary": "Outside systems on one side, correct, reconciled, auditable books on the other",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Finance Integration Hub contributors",
    "website": "https://github.com/finance-integration/finance_integration",
    "license": "LGPL-3",
    "depends": [
        "account",
        "account_edi_ubl_cii",
        "mail",
        "purchase",
        "queue_job",
        "sale",
    ],
    "external_dependencies": {
        "python": ["cryptography", "iso4217", "msgspec", "requests", "rfc8785"],
    },
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "security/rules.xml",
        "data/queue_job.xml",
        "data/ir_cron.xml",
    ],
    "demo": [
        "demo/demo.xml",
    ],
    "application": True,
    "installable": True,
}
