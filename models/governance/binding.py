# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from ..messaging.big_integer import BigInteger


class IntegrationBinding(models.Model):
    """An outside id and the Odoo record that it stands for."""

    _name = "integration.binding"
    _description = "Binding of an outside id"
    _order = "id desc"
    _rec_name = "outside_id"

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    kind = fields.Char(required=True)
    outside_id = fields.Char(required=True)
    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True, string="Record")
    outside_version = BigInteger(help="The newest version of the outside object that has been applied.")
    content_digest = fields.Char(help="SHA-256 of the document as last applied.")
    is_second = fields.Boolean(
        string="Second id",
        readonly=True,
        help="The outside system knows the record under another id as well, and that one leads: documents are linked, "
        "but what this one says of the record is only proposed. Comes about when two records are merged.",
    )
    record_name = fields.Char(compute="_compute_record_name", string="Odoo record")

    _outside_unique = models.UniqueIndex("(connection_id, kind, outside_id)")
    _record_idx = models.Index("(res_model, res_id)")

    @api.depends("res_model", "res_id")
    def _compute_record_name(self):
        for binding in self:
            record = (
                binding.res_model in self.env and self.env[binding.res_model].browse(binding.res_id).exists()
            )
            binding.record_name = record.display_name if record and record.has_access("read") else False

    @api.model
    def _find(self, connection, kind, outside_ids):
        """Return {outside id: binding} for one connection and kind."""
        outside_ids = [outside_id for outside_id in outside_ids if outside_id]
        if not outside_ids:
            return {}
        bindings = self.sudo().search(
            [("connection_id", "=", connection.id), ("kind", "=", kind), ("outside_id", "in", outside_ids)]
        )
        return {binding.outside_id: binding for binding in bindings}

    @api.model
    def _known_of(self, connection, kind, records):
        """Return the ids of those records that a connection knows already, under whatever outside id."""
        bindings = self.sudo().search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", kind),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
            ]
        )
        return set(bindings.mapped("res_id"))

    @api.model
    def _bind(self, connection, kind, rows):
        """Create bindings in bulk.

        :param rows: list of (outside id, record, version, content digest).
        """
        self.sudo().create(
            [
                {
                    "connection_id": connection.id,
                    "kind": kind,
                    "outside_id": outside_id,
                    "res_model": record._name,
                    "res_id": record.id,
                    "outside_version": version or 0,
                    "content_digest": content_digest,
                }
                for outside_id, record, version, content_digest in rows
            ]
        )

    def _rebind(self, record, version, content_digest):
        """Let an outside id stand for another record, or for another content of its record."""
        self.ensure_one()
        self.sudo().write(
            {
                "res_model": record._name,
                "res_id": record.id,
                "outside_version": version or 0,
                "content_digest": content_digest,
            }
        )

    def action_open_record(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }
