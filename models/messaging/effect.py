# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models


class IntegrationEffect(models.Model):
    """What a message became: the link from the event to the record, and the second line against doing it twice."""

    _name = "integration.effect"
    _description = "What an event became"
    _order = "id"
    _log_access = False

    message_id = fields.Many2one(
        "integration.message", required=True, readonly=True, ondelete="restrict", index=True
    )
    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="message_id.company_id")
    key = fields.Char(
        required=True, readonly=True, help="An effect with this key happens once, whatever is delivered."
    )
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Many2oneReference(string="Record", model_field="res_model", readonly=True)
    mapped_by = fields.Json(
        readonly=True, help="Ids of the versions of mappings that gave its codes a meaning."
    )

    _key_unique = models.UniqueIndex("(connection_id, key)")
    _record_idx = models.Index("(res_model, res_id)")

    @api.depends("res_model", "res_id", "key")
    def _compute_display_name(self):
        for effect in self:
            record = effect._record()
            effect.display_name = record.display_name if record else effect.key

    def _record(self):
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env or not self.res_id:
            return None
        record = self.env[self.res_model].browse(self.res_id).exists()
        return record if record and record.has_access("read") else None

    def _open_records(self):
        """Return an action that opens the records of these effects (one form, or a list of one model)."""
        records = [record for effect in self if (record := effect._record())]
        if not records:
            return False
        model = records[0]._name
        ids = [record.id for record in records if record._name == model]
        action = {"type": "ir.actions.act_window", "res_model": model, "name": self.env._("Became")}
        if len(ids) == 1:
            return dict(action, view_mode="form", views=[(False, "form")], res_id=ids[0])
        return dict(
            action,
            view_mode="list,form",
            views=[(False, "list"), (False, "form")],
            domain=[("id", "in", ids)],
        )

    def action_open(self):
        self.ensure_one()
        return self._open_records()

    @api.model
    def _known_keys(self, connection_id, keys):
        """Return {key: (model, id, message id)} of effects that have happened."""
        self.env.cr.execute(
            """
            SELECT key, res_model, res_id, message_id FROM integration_effect
             WHERE connection_id = %s AND key = ANY(%s)
            """,
            [connection_id, list(keys)],
        )
        return {key: (model, res_id, message_id) for key, model, res_id, message_id in self.env.cr.fetchall()}
