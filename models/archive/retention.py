# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import logging
import time

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from .archive import MAX_MESSAGES
from .archived_payload import FINISHED

_logger = logging.getLogger(__name__)

RUN_SECONDS = 120


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    retention_days = fields.Integer(
        string="Keep contents (days)",
        default=400,
        help="Contents of finished events are moved to a compressed archive after this time; the events, what they "
        "became and the proofs stay. 0 = they stay where they are.",
    )

    _retention_not_negative = models.Constraint(
        "CHECK(retention_days IS NULL OR retention_days >= 0)", "The retention time cannot be negative."
    )


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    legal_hold = fields.Boolean(
        tracking=True,
        help="While this is set, no content of this connection's events and no answer to its questions is moved away "
        "or erased, whatever the retention time.",
    )
    legal_hold_reason = fields.Char(tracking=True)

    @api.constrains("legal_hold", "legal_hold_reason")
    def _check_legal_hold(self):
        if any(one.legal_hold and not (one.legal_hold_reason or "").strip() for one in self):
            raise ValidationError(
                self.env._("Say why nothing may be moved away or erased: the reason is kept.")
            )


class IntegrationArchive(models.Model):
    _inherit = "integration.archive"

    @api.model
    def _cron_archive(self):
        """Move contents whose retention time is over into archives, portion by portion, for a bounded time.

        Each portion is a transaction: what was put away stays so, whatever happens to the next. One run goes through
        the contents once, from the oldest on.
        """
        deadline = time.monotonic() + RUN_SECONDS
        self.env["integration.payload"]._put_back_into_archives()
        total = after_id = 0
        while messages := self._due(after_id):
            after_id = max(messages.ids)
            for together in messages.grouped(self._kept_together).values():
                total += self._put_away(together).message_count
            self.env["ir.cron"]._commit_progress(len(messages))
            if time.monotonic() >= deadline:
                _logger.info("archived %s contents; the rest follows with the next run", total)
                return
        _logger.info("archived %s contents", total)

    @api.model
    def _kept_together(self, message):
        """Return what contents of one archive have in common: they are erased together, too."""
        return message.connection_id, message.flow_id.classification

    @api.model
    def _due(self, after_id=0):
        """Return up to MAX_MESSAGES finished events whose contents are to be put away, the oldest first.

        Contents that are put away leave their table, so the search begins at the oldest one that is left.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT p.message_id
                  FROM integration_payload p
                  JOIN integration_message m ON m.id = p.message_id
                  %s AND p.message_id > %s
                 ORDER BY p.message_id LIMIT %s
                """,
                self._due_part(),
                after_id,
                MAX_MESSAGES,
            )
        )
        return self.env["integration.message"].browse(row_id for (row_id,) in self.env.cr.fetchall())

    def _due_part(self):
        """Return the joins and conditions of what may be put away now. What was brought back is put back by itself."""
        return SQL(
            """
            JOIN integration_flow f ON f.id = m.flow_id AND f.retention_days > 0
            JOIN integration_connection c ON c.id = m.connection_id AND c.legal_hold IS NOT TRUE
           WHERE m.status IN %s AND m.archive_id IS NULL
             AND m.finished_at < now() AT TIME ZONE 'UTC' - f.retention_days * interval '1 day'
            """,
            FINISHED,
        )
