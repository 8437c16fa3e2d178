# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an outside system brings and takes, in an accountant's words: from the declaration of its connector."""

from odoo import api, models


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    @api.model
    def _brings(self, spec):
        """Return in words what comes in from a system, and how: events, lists, files.

        :param spec: its ConnectorSpec.
        """
        labels = dict(self.env["integration.flow"]._fields["kind"]._description_selection(self.env))
        kinds = sorted({rule.kind for rule in spec.events.values() if rule.kind})
        ways = []
        if spec.signature_schemes:
            ways.append(self.env._("as events, at once"))
        if spec.pulls:
            ways.append(self.env._("fetched as lists"))
        if spec.file_formats:
            ways.append(self.env._("as files: %s", ", ".join(spec.file_formats.values())))
        what = ", ".join(labels.get(kind, kind) for kind in kinds)
        return f"{what} ({'; '.join(ways)})" if ways else what

    @api.model
    def _takes(self, spec):
        """Return in words what the hub can tell a system; an empty text where it tells nothing."""
        labels = dict(self.env["integration.flow"]._fields["kind"]._description_selection(self.env))
        told = [labels.get(kind, kind) for kind in spec.outbound_events]
        if spec.queries:
            told.append(self.env._("answers to %s kinds of questions", len(spec.queries)))
        return ", ".join(told)

    def _events_to_tick(self):
        """Return [(event type, what it becomes)]: which events the outside system has to send."""
        self.ensure_one()
        labels = dict(self.env["integration.flow"]._fields["kind"]._description_selection(self.env))
        spec = self._spec()
        return [
            (name, labels.get(rule.kind, rule.kind))
            for name, rule in sorted(spec.events.items(), key=lambda pair: (pair[1].kind or "", pair[0]))
            if rule.kind and name not in spec.fetched_events
        ]
