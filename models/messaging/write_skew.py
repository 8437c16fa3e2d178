# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two transactions that each decide by what the other one is changing, and see nothing of it (write skew).

Under REPEATABLE READ PostgreSQL reports a conflict only where both change the same row: what was only read, or locked,
is no conflict (https://www.postgresql.org/docs/current/transaction-iso.html).
"""

from odoo.tools import SQL


def update_for_real(records):
    """Change these rows in the database without changing a value: the later one of two transactions is done again."""
    if records:
        records.env.cr.execute(
            SQL("UPDATE %s SET id = id WHERE id = ANY(%s)", SQL.identifier(records._table), records.ids)
        )
