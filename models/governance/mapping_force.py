# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Puts approved changes of mappings in force: all or none, in one transaction, each day with one meaning."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.mapping import plan_change
from ...engine.ordering import waves
from .mapping import _KEY


class IntegrationMapping(models.Model):
    _inherit = "integration.mapping"

    @api.model
    def _find_keys(self, connection, pairs):
        """Return {(kind, value): mapping} of those (kind, value) pairs that are there."""
        pairs = set(pairs)
        found = self.sudo().search(
            [
                ("connection_id", "=", connection.id),
                ("mapping", "in", list({kind for kind, _value in pairs})),
                ("outside_value", "in", list({value for _kind, value in pairs})),
            ]
        )
        known = {(mapping.mapping, mapping.outside_value): mapping for mapping in found}
        return {pair: known[pair] for pair in pairs if pair in known}

    def _base(self):
        """Return the versions in force as JSON: what a proposal rests on, and what must not have changed since."""
        used = self.version_ids.filtered(lambda version: version.state == "used")
        return [
            [version.id, _text(version.valid_from), _text(version.valid_until)]
            for version in used.sorted("id")
        ]

    @api.model
    def _put_in_force(self, connection, lines, request):
        """Carry out the lines of an approved proposal.

        :param lines: list of dicts mapping, value, action ('set' or 'end'), from, until (ISO dates or None), target
            (as ``_target_value`` gives it), base (as ``_base`` gives it).
        :param request: the approved integration.change.request, or an empty one in a rehearsal.
        :returns: the mappings that were changed.
        :raises UserError: a mapping has been changed since it was proposed.
        """
        keys = self._find_keys(connection, [(line["mapping"], line["value"]) for line in lines])
        missing = {
            (line["mapping"], line["value"]): None
            for line in lines
            if (line["mapping"], line["value"]) not in keys
        }
        new = (
            self.sudo()
            .with_context(integration_mapping=_KEY, mail_create_nolog=True)
            .create(
                [
                    {"connection_id": connection.id, "mapping": kind, "outside_value": value}
                    for kind, value in missing
                ]
            )
        )
        keys |= dict(zip(missing, new, strict=True))
        keys = {pair: mapping.with_context(integration_mapping=None) for pair, mapping in keys.items()}
        for line in lines:
            keys[line["mapping"], line["value"]]._check_base(line)
        # A value that changes several times does so one time after the other.
        for wave in waves(lines, lambda line: (line["mapping"], line["value"])):
            rows = []
            for line in wave:
                rows += keys[line["mapping"], line["value"]]._change(line, request)
            self.env["integration.mapping.version"]._start(rows)
            self.browse(mapping.id for mapping in keys.values()).invalidate_recordset(["version_ids"])
        changed = self.sudo().browse(mapping.id for mapping in keys.values())
        changed.invalidate_recordset(["version_ids"])
        changed._told("mapping.change", request.name or self.env._("What-if"))
        return changed

    def _check_base(self, line):
        """Refuse a line whose value has other versions in force than when it was proposed.

        :raises UserError: it has.
        """
        self.ensure_one()
        if self._base() != [list(part) for part in line["base"]]:
            raise UserError(
                self.env._(
                    "%(kind)s %(value)s has been changed since this was proposed. Nothing was done: propose it anew.",
                    kind=dict(self._fields["mapping"]._description_selection(self.env))[self.mapping],
                    value=self.outside_value,
                )
            )

    def _change(self, line, request):
        """End what an approved line ends; returns values of the versions that begin."""
        self.ensure_one()
        used = self.version_ids.filtered(lambda version: version.state == "used")
        first, last = fields.Date.to_date(line["from"]), fields.Date.to_date(line["until"])
        steps = plan_change([version._as_rule() for version in used], first, last)
        versions = self.env["integration.mapping.version"]
        versions.browse(steps.replaced)._end(request, state="replaced")
        for version_id, until in steps.cut:
            versions.browse(version_id)._end(request, valid_until=until)
        number = max(self.version_ids.mapped("number"), default=0)
        begin = [(line["target"], first, last)] if line["action"] == "set" else []
        begin += [
            (versions.browse(version_id).sudo()._target_value(), day, until)
            for version_id, day, until in steps.continued
        ]
        return [
            {
                "mapping_id": self.id,
                "number": number + step,
                "valid_from": day,
                "valid_until": until,
                **self._decided(request),
                **self._target_fields(self.mapping, target),
            }
            for step, (target, day, until) in enumerate(begin, start=1)
        ]

    def _decided(self, request):
        """Return who decided a new version, and why."""
        if not request:  # a rehearsal: taken back before anybody sees it
            return {"basis": "setup", "user_id": self.env.uid}
        return {
            "basis": "approval",
            "request_id": request.id,
            "user_id": request.requester_id.id,
            "approved_by_id": request.approver_id.id,
            "reason": request.reason[:500],
        }


def _text(day):
    return day.isoformat() if day else None
