# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How long contents are kept, by what they hold: classes of the published schemas decide, a flow may be stricter."""

import logging
import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.canonical.base import CLASSIFICATIONS
from ...engine.classification import highest_class
from .archived_payload import FINISHED

_logger = logging.getLogger(__name__)

CLASS_LABELS = [
    ("public", "Public"),
    ("internal", "Internal: amounts, dates, numbers"),
    ("confidential", "Confidential: names, addresses, tax numbers"),
    ("restricted", "Restricted"),
]
ERASED_AT_ONCE = 2000
ERASE_SECONDS = 60


class IntegrationRetention(models.Model):
    """How long contents of one class are kept in a company. Events, what they became and their proofs stay."""

    _name = "integration.retention"
    _description = "Retention of a class of contents"
    _order = "company_id, classification"
    _rec_name = "classification"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    classification = fields.Selection(CLASS_LABELS, required=True, string="Contents")
    database_days = fields.Integer(
        string="In the database (days)",
        help="Older contents of this class go into an archive, even where their flow would keep them longer. "
        "0 = as the flow says.",
    )
    erase_days = fields.Integer(
        string="Erased after (days)",
        help="Contents of this class that are older are erased for good, from the database and from archives, unless "
        "the connection is on legal hold. Their digests stay as proof. 0 = never. Ask how long the law wants them.",
    )

    _class_unique = models.Constraint(
        "UNIQUE(company_id, classification)", "Each class of contents has one retention per company."
    )
    _days_in_order = models.Constraint(
        "CHECK(COALESCE(database_days, 0) >= 0 AND COALESCE(erase_days, 0) >= 0)", "Days cannot be negative."
    )

    @api.constrains("erase_days")
    def _check_erase_days(self):
        for row in self:
            if 0 < row.erase_days < 90:
                raise UserError(
                    self.env._(
                        "Contents are kept for at least 90 days: retries, questions and disputes need them."
                    )
                )


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    classification = fields.Selection(
        CLASS_LABELS,
        compute="_compute_classification",
        store=True,
        string="Contents",
        help="The strictest class of a field that such contents hold; the retention follows from it.",
    )

    @api.depends("kind")
    def _compute_classification(self):
        for flow in self:
            flow.classification = highest_class(flow.kind) if flow.kind else CLASSIFICATIONS[-1]


class IntegrationArchive(models.Model):
    _inherit = "integration.archive"

    classification = fields.Selection(CLASS_LABELS, readonly=True, string="Contents")
    erased_at = fields.Datetime(readonly=True, string="Erased")

    @api.model
    def _put_away(self, messages):
        """The strictest class of what an archive holds; the nightly run fills each with one class only."""
        archive = super()._put_away(messages)
        classes = set(archive.message_ids.flow_id.mapped("classification")) or {CLASSIFICATIONS[-1]}
        archive._set_life({"classification": max(classes, key=CLASSIFICATIONS.index)})
        return archive

    def _contents(self):
        if self.erased_at:
            return
        yield from super()._contents()

    def _check(self):
        if self.erased_at:
            return self.env._(
                "Erased when its time was over; the digests of its %s events stay", self.message_count
            )
        return super()._check()

    def _due_part(self):
        """A class may let contents go earlier than their flow."""
        return SQL(
            """
            JOIN integration_flow f ON f.id = m.flow_id
            JOIN integration_connection c ON c.id = m.connection_id AND c.legal_hold IS NOT TRUE
            LEFT JOIN integration_retention r ON r.company_id = m.company_id AND r.classification = f.classification
           WHERE m.status IN %s AND m.archive_id IS NULL
             AND LEAST(NULLIF(f.retention_days, 0), NULLIF(r.database_days, 0)) IS NOT NULL
             AND m.finished_at < now() AT TIME ZONE 'UTC'
                 - LEAST(NULLIF(f.retention_days, 0), NULLIF(r.database_days, 0)) * interval '1 day'
            """,
            FINISHED,
        )

    @api.model
    def _cron_archive(self):
        result = super()._cron_archive()
        self._erase_due()
        return result

    # -- erasing ---------------------------------------------------------------------------------------------

    @api.model
    def _erase_due(self):
        """Erase contents whose time is over, portion by portion, for a bounded time."""
        self.env.flush_all()
        deadline = time.monotonic() + ERASE_SECONDS
        total = 0
        while time.monotonic() < deadline:
            erased = self._erase_archives() + self._erase_payloads()
            if not erased:
                break
            total += erased
            self.env["ir.cron"]._commit_progress(erased)
        if total:
            _logger.info("erased %s contents", total)

    def _erasable(self):
        """Return the joins and conditions of finished events whose contents may be erased now."""
        return SQL(
            """
            JOIN integration_flow f ON f.id = m.flow_id
            JOIN integration_connection c ON c.id = m.connection_id AND c.legal_hold IS NOT TRUE
            JOIN integration_retention r ON r.company_id = m.company_id AND r.classification = f.classification
                 AND r.erase_days > 0
           WHERE m.status IN %s
             AND m.finished_at < now() AT TIME ZONE 'UTC' - r.erase_days * interval '1 day'
            """,
            FINISHED,
        )

    def _erase_archives(self):
        """Erase the oldest archive of which every event may be erased; returns how many contents that were."""
        self.env.cr.execute(
            SQL(
                """
                SELECT a.id FROM integration_archive a
                 WHERE a.erased_at IS NULL
                   AND a.message_count = (SELECT count(*) FROM integration_message m %s AND m.archive_id = a.id)
                 ORDER BY a.id LIMIT 1
                """,
                self._erasable(),
            )
        )
        row = self.env.cr.fetchone()
        if not row:
            return 0
        archive = self.sudo().browse(row[0])
        brought_back = (
            self.env["integration.payload"].sudo().search([("message_id", "in", archive.message_ids.ids)])
        )
        brought_back.unlink()
        archive._set_life({"file": False, "erased_at": fields.Datetime.now()})
        archive.flush_recordset()  # the next look is by SQL and must not find it again
        self._record_erased(archive.connection_id, archive.message_count, archive.file_digest, archive)
        return archive.message_count

    def _erase_payloads(self):
        """Erase contents that were never archived; returns how many."""
        self.env.cr.execute(
            SQL(
                """
                SELECT p.id, m.connection_id FROM integration_payload p
                  JOIN integration_message m ON m.id = p.message_id
                %s AND m.archive_id IS NULL ORDER BY p.message_id LIMIT %s
                """,
                self._erasable(),
                ERASED_AT_ONCE,
            )
        )
        rows = self.env.cr.fetchall()
        payloads = self.env["integration.payload"].sudo().browse(row_id for row_id, _connection in rows)
        for connection_id in sorted({connection for _row, connection in rows}):
            connection = self.env["integration.connection"].sudo().browse(connection_id)
            mine = payloads.filtered(lambda row, of=connection: row.message_id.connection_id == of)
            self.env["integration.audit.leaf"]._record_messages(mine.message_id, "payload.erase")
        payloads.unlink()
        return len(rows)

    def _record_erased(self, connection, count, digest, archive):
        self.env["integration.audit.leaf"]._append(
            [
                {
                    "action": "payload.erase",
                    "company_id": connection.company_id.id,
                    "connection_id": connection.id,
                    "res_model": archive._name,
                    "res_id": archive.id,
                    "subject_digest": digest,
                    "detail": f"{count} events",
                }
            ]
        )


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    archive_erased_at = fields.Datetime(related="archive_id.erased_at", string="Archive erased")

    def _bring_back(self):
        if self.archive_id.filtered("erased_at"):
            raise UserError(
                self.env._("The content was erased when its time was over; its digest is in the audit trail.")
            )
        return super()._bring_back()
