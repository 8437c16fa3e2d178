# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Notices which exceptions have gained or lost what waits for them, so that their figures can be counted in one go."""

from odoo import api, models
from odoo.tools import SQL

TOUCHED_TABLE = "integration_exception_touched"


def make_touching(cr, table, columns):
    """Let the database write down which exceptions a change of ``table`` concerns.

    A trigger per row with a condition: a row that concerns no exception costs nothing, whichever code changes it.
    """
    cr.execute(
        SQL("CREATE TABLE IF NOT EXISTS integration_exception_touched (exception_id integer NOT NULL)")
    )
    cr.execute(
        SQL(
            """
            CREATE OR REPLACE FUNCTION integration_exception_touch() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.exception_id IS NOT NULL THEN
                    INSERT INTO integration_exception_touched VALUES (OLD.exception_id);
                END IF;
                IF NEW.exception_id IS NOT NULL AND NEW.exception_id IS DISTINCT FROM OLD.exception_id THEN
                    INSERT INTO integration_exception_touched VALUES (NEW.exception_id);
                END IF;
                RETURN NULL;
            END $$
            """
        )
    )
    name = SQL.identifier(f"{table}_touches_exception")
    cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", name, SQL.identifier(table)))
    cr.execute(
        SQL(
            """
            CREATE TRIGGER %s AFTER UPDATE OF %s ON %s FOR EACH ROW
              WHEN (OLD.exception_id IS NOT NULL OR NEW.exception_id IS NOT NULL)
              EXECUTE FUNCTION integration_exception_touch()
            """,
            name,
            SQL(", ").join(SQL.identifier(column) for column in columns),
            SQL.identifier(table),
        )
    )


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    def init(self):
        result = super().init()
        make_touching(self.env.cr, self._table, ("exception_id", "status", "amount", "currency_id"))
        return result


class IntegrationMovement(models.Model):
    _inherit = "integration.movement"

    def init(self):
        result = super().init()
        make_touching(self.env.cr, self._table, ("exception_id", "application", "amount"))
        return result

    @api.model_create_multi
    def create(self, vals_list):
        movements = super().create(vals_list)
        # Nearly never: an exception is raised after its money is booked.
        if raised := movements.filtered("exception_id").exception_id:
            raised._touch()
        return movements
