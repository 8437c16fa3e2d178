# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a value meant becomes its first version."""

from odoo.tools import SQL
from odoo.tools.sql import column_exists

KINDS = {
    "account": "account_id",
    "tax": "tax_id",
    "product": "product_id",
    "payment_term": "payment_term_id",
    "journal": "journal_id",
}


def migrate(cr, _version):
    if column_exists(cr, "integration_mapping", "account_id"):
        first_versions(cr)


def first_versions(cr):
    """Give every mapping that has none the version that it was until now; then its own columns go."""
    columns = [SQL.identifier(name) for name in KINDS.values()]
    cr.execute(
        SQL(
            """
            INSERT INTO integration_mapping_version
                   (mapping_id, connection_id, company_id, mapping, number, state, basis, user_id, reason,
                    create_uid, create_date, write_uid, write_date, analytic_distribution, %s)
            SELECT m.id, m.connection_id, m.company_id, m.mapping, 1, 'used', 'setup', COALESCE(m.write_uid, 1),
                   'As it was before versions were kept', m.create_uid, m.create_date, m.write_uid, m.write_date,
                   CASE WHEN m.mapping = 'analytic' THEN jsonb_build_object(m.analytic_id::text, 100) END, %s
              FROM integration_mapping m
             WHERE NOT EXISTS (SELECT 1 FROM integration_mapping_version v WHERE v.mapping_id = m.id)
            """,
            SQL(", ").join(columns),
            SQL(", ").join(
                SQL("CASE WHEN m.mapping = %s THEN m.%s END", kind, SQL.identifier(name))
                for kind, name in KINDS.items()
            ),
        )
    )
    for name in (*KINDS.values(), "analytic_id"):
        cr.execute(SQL("ALTER TABLE integration_mapping DROP COLUMN IF EXISTS %s", SQL.identifier(name)))
