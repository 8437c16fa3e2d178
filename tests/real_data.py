# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a test with real commits leaves behind is removed: every row that is newer than the test, whatever the table."""

import psycopg2

from odoo.tools import SQL

MAX_ROUNDS = 30


def newest_ids(cr):
    """Return {table: highest id} of all tables with an id."""
    cr.execute(
        """
        SELECT c.relname FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id' AND NOT a.attisdropped
          JOIN pg_type t ON t.oid = a.atttypid AND t.typname IN ('int4', 'int8')
         WHERE c.relkind = 'r'
         ORDER BY 1
        """
    )
    newest = {}
    for (table,) in cr.fetchall():
        cr.execute(SQL("SELECT COALESCE(max(id), 0) FROM %s", SQL.identifier(table)))
        newest[table] = cr.fetchone()[0]
    return newest


def remove_newer(cr, newest):
    """Delete all rows that were made since ``newest_ids``, past the triggers as only the owner of the tables can.

    Rows refer to each other in every direction: what is still referred to is tried again, after the references that may
    be empty were emptied.

    :raises AssertionError: something cannot be removed.
    """
    left = [table for table, last in newest.items() if _count(cr, table, last)]
    guarded = list(left)
    for table in guarded:
        cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table)))
    for _round in range(MAX_ROUNDS):
        before = list(left)
        left = [table for table in left if not _tried(cr, _delete(table, newest[table]))]
        if not left:
            break
        if left == before:
            for table in left:
                _empty_references(cr, table, newest[table])
    for table in guarded:
        cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", SQL.identifier(table)))
    assert not left, f"cannot be removed: {left}"


def _delete(table, last):
    return SQL("DELETE FROM %s WHERE id > %s", SQL.identifier(table), last)


def _count(cr, table, last):
    cr.execute(SQL("SELECT EXISTS (SELECT FROM %s WHERE id > %s)", SQL.identifier(table), last))
    return cr.fetchone()[0]


def _empty_references(cr, table, last):
    cr.execute(
        """
        SELECT a.attname FROM pg_constraint k
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
         WHERE k.contype = 'f' AND k.conrelid = %s::regclass AND NOT a.attnotnull AND cardinality(k.conkey) = 1
        """,
        [table],
    )
    for (column,) in cr.fetchall():
        name = SQL.identifier(column)
        _tried(
            cr,
            SQL(
                "UPDATE %s SET %s = NULL WHERE id > %s AND %s IS NOT NULL",
                SQL.identifier(table),
                name,
                last,
                name,
            ),
        )


def _tried(cr, statement):
    """Carry out a statement; returns whether the database has let it pass."""
    savepoint = cr.savepoint(flush=False)
    try:
        cr.execute(statement, log_exceptions=False)
    except psycopg2.IntegrityError:
        savepoint.close(rollback=True)
        return False
    savepoint.close(rollback=False)
    return True
