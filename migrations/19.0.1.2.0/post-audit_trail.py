# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The audit trail outlives a draft that was deleted: what older versions left in the database against that goes."""


def migrate(cr, _version):
    cr.execute(
        "ALTER TABLE integration_audit_leaf DROP CONSTRAINT IF EXISTS integration_audit_leaf_connection_id_fkey"
    )
    cr.execute("DROP INDEX IF EXISTS integration_audit_leaf__company_id_index")
