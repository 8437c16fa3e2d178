# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a connector has learned since a connection was made: its flows are added as drafts, and people are told (D2)."""

from odoo import api, models

from ...connectors.registry import all_connectors

PORTION = 200


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    @api.model
    def _gain_flows(self):
        """Give every connection, archived ones too, the flows that its connector has gained; called by each upgrade.

        Doing it again changes nothing. Connections whose connector is gone are left alone.

        :return: the flows that were added.
        """
        gained, last = self.env["integration.flow"], 0
        while connections := self.with_context(active_test=False).search(
            [("id", ">", last), ("connector", "in", list(all_connectors()))], order="id", limit=PORTION
        ):
            for connection in connections:
                gained |= connection._add_missing_flows()
            last = connections[-1].id
        if gained:
            self.env.registry.clear_cache()  # addresses remember which flow takes an event
        return gained

    def _add_missing_flows(self):
        """Add what the connector has and this connection has not, as drafts: an upgrade never lets anything book."""
        self.ensure_one()
        flows = self.env["integration.flow"]._create_drafts(self._missing_flows())
        for flow in flows:
            self.env["integration.audit.leaf"]._record_change(
                flow, "flow.gained", f"{flow.direction} {flow.kind}"
            )
            params = {"connection": self.name, "kind": flow.kind}
            exception = self.env["integration.exception"]._raise_cause(
                self, "flow_added", params, f"flow {flow.id}", flow
            )
            self._tell_administrators(exception)
        return flows

    def _tell_administrators(self, exception):
        """Put the exception on the list of every administrator who may see this company."""
        for person in self.env["integration.watchdog"]._administrators():
            if self.company_id in person.company_ids:
                theirs = exception._for_reader(person)
                exception.with_context(mail_activity_quick_update=True).activity_schedule(
                    "mail.mail_activity_data_todo", summary=theirs.what[:200], user_id=person.id
                )


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    def _change_state(self, target, reason, request=None, shadowed="none"):
        """Whoever lets a new flow begin, or retires it, has decided: nobody need be reminded of it."""
        result = super()._change_state(target, reason, request, shadowed)
        self.env["integration.exception"].sudo().search(
            [("flow_id", "=", self.id), ("code", "=", "flow_added"), ("state", "=", "open")]
        )._resolve(self.env._("A person has decided about the flow: %s", reason.strip()))
        return result
