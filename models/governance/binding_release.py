# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What comes into the books lets go what has waited for it."""

from collections import defaultdict

from odoo import api, models

PARENT_KINDS = ("customer", "invoice", "order", "order_line")


class IntegrationBinding(models.Model):
    _inherit = "integration.binding"

    @api.model_create_multi
    def create(self, vals_list):
        """Whoever makes a binding, in whatever way, lets go what waits for it, in the same transaction."""
        bindings = super().create(vals_list)
        parents = bindings.filtered(lambda binding: binding.kind in PARENT_KINDS)
        if parents:
            parents.sudo()._let_children_go()
        return bindings

    @api.model
    def _let_go_again(self, connection, kind, outside_ids):
        """Let go what waits for these, which have been known for a while and have changed."""
        found = self._find(connection, kind, outside_ids)
        self.browse(binding.id for binding in found.values()).sudo()._let_children_go()

    @api.model
    def _let_waiting_go(self, connection, kind, values):
        """Let go what waits for something that has happened and has no binding of its own."""
        Message = self.env["integration.message"].sudo()
        Message._release_children(kind, connection.id, connection.company_id.id, values)
        Message._look_after_commit(parents={(kind, value) for value in values})

    def _let_children_go(self):
        Message = self.env["integration.message"]
        groups = defaultdict(set)
        for binding in self:
            groups[binding.kind, binding.connection_id].update(binding._known_as())
        for (kind, connection), values in groups.items():
            Message._release_children(kind, connection.id, connection.company_id.id, values)
            Message._look_after_commit(parents={(kind, value) for value in values})

    def _known_as(self):
        """Return the outside id and the numbers under which others may name this record."""
        names = {self.outside_id}
        if self.res_model == "account.move":
            move = self.env["account.move"].browse(self.res_id).exists()
            names |= {move.ref, move.name}
        return names - {False, None, "/"}
