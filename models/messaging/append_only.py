# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Tables whose rows the database itself refuses to change: evidence is added, never edited."""

from odoo.tools import SQL

# Functions of this form are dropped when the addon is uninstalled; the triggers go with them.
FUNCTION_PATTERN = r"integration\_%\_refuse"


def make_append_only(cr, table, prefix, sentence, allowed=""):
    """Let PostgreSQL refuse UPDATE, DELETE and TRUNCATE of ``table``; can be run again.

    :param prefix: begins the names of the function and of its two triggers; begins with ``integration_``.
    :param sentence: what the database says when it refuses.
    :param allowed: PL/pgSQL that returns before the refusal where a change is meant; written in this repository.
    """
    names = {
        "table": SQL.identifier(table),
        "refuse": SQL.identifier(f"{prefix}_refuse"),
        "row": SQL.identifier(f"{prefix}_row"),
        "whole": SQL.identifier(f"{prefix}_table"),
    }
    # The body of a function is a text: what stands in it cannot be a parameter.
    body = f"""
        BEGIN
            {allowed}
            RAISE EXCEPTION USING MESSAGE = '{sentence}', ERRCODE = 'integrity_constraint_violation';
        END
    """
    cr.execute(
        SQL(
            """
            CREATE OR REPLACE FUNCTION %(refuse)s() RETURNS trigger LANGUAGE plpgsql AS %(body)s;
            DROP TRIGGER IF EXISTS %(row)s ON %(table)s;
            CREATE TRIGGER %(row)s BEFORE UPDATE OR DELETE ON %(table)s
                FOR EACH ROW EXECUTE FUNCTION %(refuse)s();
            DROP TRIGGER IF EXISTS %(whole)s ON %(table)s;
            CREATE TRIGGER %(whole)s BEFORE TRUNCATE ON %(table)s
                FOR EACH STATEMENT EXECUTE FUNCTION %(refuse)s();
            """,
            body=body,
            **names,
        )
    )


def drop_functions(cr):
    """Drop what ``make_append_only`` made besides the triggers, which go with their tables."""
    cr.execute(SQL("SELECT proname FROM pg_proc WHERE proname LIKE %s", FUNCTION_PATTERN))
    for (name,) in cr.fetchall():
        cr.execute(SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(name)))
