# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The published agreements about form and content: versions, fields in words, what differs, how long they hold (M4)."""

import hashlib
import json

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...engine.canonical.registry import KINDS, latest_version
from ...engine.canonical.schemas import DECIMAL_PATTERN, json_schema
from ...engine.contract_compatibility import compare
from ...engine.contract_compatibility import fields as contract_fields
from ...engine.event_catalogue import EVENTS

MAX_VALUES_CHARS = 500
# Only the holder of this object writes what is published.
_KEY = object()


class IntegrationContract(models.Model):
    """One version of what a kind of document says. Published with the hub; what is published is never edited."""

    _name = "integration.contract"
    _description = "Data contract"
    _inherit = ["mail.thread"]
    _order = "kind, sequence desc, id desc"

    name = fields.Char(compute="_compute_name", store=True)
    kind = fields.Selection("_selection_kind", required=True, readonly=True, string="Carries")
    version = fields.Char(required=True, readonly=True)
    sequence = fields.Integer(readonly=True, help="Orders the versions of one kind.")
    schema = fields.Json(readonly=True, string="JSON Schema")
    schema_text = fields.Text(compute="_compute_schema_text", string="Schema")
    digest = fields.Char(
        readonly=True, help="SHA-256 of the schema: two sides can make sure they hold the same."
    )
    published_at = fields.Datetime(readonly=True, string="Published")
    deprecated_on = fields.Date(
        string="Outdated from",
        tracking=True,
        help="From this day on the flows that still use this version are warned.",
    )
    withdrawn_on = fields.Date(
        string="No longer accepted after", tracking=True, help="Agreed with the other side as its last day."
    )
    state = fields.Selection(
        [("current", "Current"), ("older", "Older version"), ("outdated", "Outdated"), ("over", "Over")],
        compute="_compute_state",
        help="Outdated and over by the two dates; an older version without a date still holds.",
    )
    field_ids = fields.One2many("integration.contract.field", "contract_id", readonly=True, string="Fields")
    field_count = fields.Integer(compute="_compute_counts", string="Number of fields")
    flow_ids = fields.One2many("integration.flow", "contract_id", readonly=True, string="Flows")
    flow_count = fields.Integer(compute="_compute_counts", string="Used by")
    previous_id = fields.Many2one(
        "integration.contract", compute="_compute_previous_id", string="Version before"
    )
    changes_html = fields.Html(
        compute="_compute_changes_html", string="Against the version before", sanitize=False
    )

    _version_unique = models.Constraint("UNIQUE(kind, version)", "This version is published already.")

    @api.depends("kind", "version")
    def _compute_name(self):
        for contract in self:
            contract.name = f"{contract.kind} v{contract.version}"

    @api.depends("kind", "version")
    @api.depends_context("lang")
    def _compute_display_name(self):
        words = dict(self._fields["kind"]._description_selection(self.env))
        for contract in self:
            contract.display_name = self.env._(
                "%(kind)s, version %(version)s",
                kind=words.get(contract.kind, contract.kind),
                version=contract.version,
            )

    @api.model
    def _selection_kind(self):
        """Return every kind that is published, in the words in which flows name it."""
        _ = self.env._
        words = {
            **dict(self.env["integration.flow"]._selection_kind()),
            "cancellation": _("Cancellations of documents"),
            "answer.credit": _("Answers: credit and order release"),
            "answer.invoice": _("Answers: state of an invoice"),
            "answer.payment": _("Answers: state of a payment"),
        }
        words |= {kind: _(info.label) for kind, info in EVENTS.items()}  # pylint: disable=translation-not-lazy
        return [(kind, words.get(kind, kind)) for kind in KINDS]

    @api.model
    def _words_of(self, name):
        """Return the name of a contract as sentences keep it (``invoice v1``) as people read it."""
        found = self.sudo().search([("name", "=", name)], limit=1)
        return found.display_name if found else name

    def _compute_schema_text(self):
        for contract in self:
            contract.schema_text = json.dumps(contract.schema, indent=2, ensure_ascii=False)

    @api.depends("field_ids", "flow_ids")
    def _compute_counts(self):
        for contract in self:
            contract.field_count = len(contract.field_ids)
            contract.flow_count = len(contract.flow_ids)

    @api.depends("deprecated_on", "withdrawn_on", "sequence")
    def _compute_state(self):
        today = fields.Date.context_today(self)
        newest = dict(self._read_group([("kind", "in", self.mapped("kind"))], ["kind"], ["sequence:max"]))
        for contract in self:
            if contract.withdrawn_on and contract.withdrawn_on < today:
                contract.state = "over"
            elif contract.deprecated_on and contract.deprecated_on <= today:
                contract.state = "outdated"
            else:
                contract.state = "current" if contract.sequence == newest.get(contract.kind) else "older"

    @api.depends("kind", "sequence")
    def _compute_previous_id(self):
        for contract in self:
            contract.previous_id = self.search(
                [("kind", "=", contract.kind), ("sequence", "<", contract.sequence)],
                order="sequence desc",
                limit=1,
            )

    def _compute_changes_html(self):
        for contract in self:
            before = contract.previous_id
            contract.changes_html = before and contract._changes_table(
                compare(before.schema, contract.schema)
            )

    @api.constrains("deprecated_on", "withdrawn_on")
    def _check_dates(self):
        for contract in self:
            if contract.withdrawn_on and not contract.deprecated_on:
                raise ValidationError(self.env._("Say first from when on it is outdated."))
            if contract.withdrawn_on and contract.withdrawn_on < contract.deprecated_on:
                raise ValidationError(self.env._("It cannot be over before it is outdated."))

    # -- publishing ----------------------------------------------------------------------------------------

    @api.model
    def _publish(self):
        """Publish what this version of the hub speaks, and give flows without a contract the newest of their kind."""
        known = {(contract.kind, contract.version): contract for contract in self.search([])}
        for kind, versions in KINDS.items():
            for version in versions:
                self._publish_one(known.get((kind, version)), kind, version, json_schema(kind, version))
        flows = self.env["integration.flow"].sudo().search([("contract_id", "=", False)])
        for flow in flows:
            flow.contract_id = self._newest(flow.kind)

    @api.model
    def _publish_one(self, contract, kind, version, schema):
        """Publish one version; returns its record."""
        digest = schema_digest(schema)
        if contract and contract.digest == digest:
            return contract
        values = {
            "kind": kind,
            "version": version,
            "sequence": int(version),
            "schema": schema,
            "digest": digest,
            "field_ids": [(5, 0, 0), *((0, 0, line) for line in self._field_lines(schema))],
        }
        if not contract:
            values["published_at"] = fields.Datetime.now()
            return self.with_context(integration_contract=_KEY, tracking_disable=True).create(values)
        breaking = [change for change in compare(contract.schema, schema) if change.breaks("in")]
        contract.with_context(integration_contract=_KEY).write(values)
        # The same version with another content: whoever built on it should know.
        self.env["integration.audit.leaf"]._record_change(
            contract, "contract.changed", ", ".join(change.path for change in breaking)[:500] or None
        )
        return contract

    @api.model
    def _field_lines(self, schema):
        return [
            {
                "sequence": place,
                "path": field.path,
                "types": self._form_words(field.types),
                "required": field.required,
                "may_be_empty": "null" in field.types,
                "values": ", ".join(sorted(map(str, field.values or ())))[:MAX_VALUES_CHARS] or False,
                "limits": self._limit_words(field),
                "classification": field.classification or "internal",
                "description": field.description or False,
            }
            for place, field in enumerate(contract_fields(schema))
        ]

    @api.model
    def _form_words(self, types):
        """Return JSON types in words."""
        words = {
            "string": self.env._("text"),
            "integer": self.env._("whole number"),
            "number": self.env._("number"),
            "boolean": self.env._("yes or no"),
            "array": self.env._("list"),
            "object": self.env._("group of fields"),
        }
        return self.env._(" or ").join(words.get(name, name) for name in sorted(types - {"null"})) or "–"

    @api.model
    def _limit_words(self, field):
        """Return the limits of a field in words; a pattern only where it has no name."""
        _ = self.env._
        words = {
            "minLength": _("at least %s characters"),
            "maxLength": _("at most %s characters"),
            "minimum": _("at least %s"),
            "maximum": _("at most %s"),
            "exclusiveMinimum": _("more than %s"),
            "exclusiveMaximum": _("less than %s"),
            "minItems": _("at least %s lines"),
            "maxItems": _("at most %s lines"),
            "date": _("a day"),
            "date-time": _("a moment, with its time zone"),
            DECIMAL_PATTERN: _("an exact decimal number"),
        }
        parts = [words.get(text, text) for _name, text in field.texts]
        parts += [words[name] % value for name, value in field.bounds]
        return ", ".join(parts) or False

    @api.model
    def _newest(self, kind):
        """Return the newest published version of a kind that is not over; an empty record where there is none."""
        versions = self.sudo().search([("kind", "=", kind)], order="sequence desc")
        if kind in KINDS:
            spoken = versions.filtered(lambda contract: contract.version == latest_version(kind))
            versions = spoken or versions
        return versions[:1]

    # -- keeping it ----------------------------------------------------------------------------------------

    def _may_write(self):
        return self.env.context.get("integration_contract") is _KEY

    @api.model_create_multi
    def create(self, vals_list):
        if not self._may_write():
            raise UserError(self.env._("Contracts are published with the hub and with its connectors."))
        return super().create(vals_list)

    def write(self, vals):
        dates = {"deprecated_on", "withdrawn_on"}
        if not self._may_write() and not vals.keys() <= dates | {"message_follower_ids", "message_ids"}:
            raise UserError(self.env._("What is published is never edited. Only its dates are yours to set."))
        result = super().write(vals)
        self.env.registry.clear_cache()
        if dates & vals.keys():
            for contract in self:
                detail = f"{contract.deprecated_on or '–'} / {contract.withdrawn_on or '–'}"
                self.env["integration.audit.leaf"]._record_change(contract, "contract.dates", detail)
            self._warn_flows()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What was published stays published."))

    def _warn_flows(self):
        """Tell the owners of the flows that still use an outdated version; what is no longer outdated is taken back."""
        Exception_ = self.env["integration.exception"]
        for flow in self.sudo().flow_ids.filtered(lambda flow: flow.state != "retired"):
            contract = flow.contract_id
            cause = f"{flow.direction}.{flow.kind}"
            if contract.deprecated_on:
                params = {
                    "contract": contract.name,
                    "flow": flow.display_name,
                    "date": contract.deprecated_on,
                    "end": contract.withdrawn_on or self.env._("a day still to be agreed"),
                }
                Exception_._raise_cause(
                    flow.connection_id,
                    "contract_deprecated",
                    {name: str(value) for name, value in params.items()},
                    cause,
                    flow,
                )
            else:
                flow._settle_contract_warning()

    # -- showing it ----------------------------------------------------------------------------------------

    @api.model
    def _change_words(self):
        _ = self.env._
        return {
            "added_optional": _("New, may be left out"),
            "added_required": _("New, must be there"),
            "removed": _("No longer there"),
            "made_required": _("Must be there now"),
            "made_optional": _("May be left out now"),
            "narrowed": _("Allows less"),
            "widened": _("Allows more"),
            "changed": _("Is something else now"),
            "classified": _("Protected otherwise"),
        }

    @api.model
    def _changes_table(self, changes):
        """Return changes as a table for people, with whom each one breaks."""
        _ = self.env._
        words = self._change_words()
        if not changes:
            return Markup('<p class="text-muted">%s</p>') % _("Both say the same.")
        rows = Markup("").join(
            Markup("<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>")
            % (
                change.path,
                words[change.kind],
                change.before,
                change.after,
                ", ".join(
                    text
                    for direction, text in (("in", _("who sends it")), ("out", _("who receives it")))
                    if change.breaks(direction)
                )
                or _("nobody"),
            )
            for change in changes
        )
        head = Markup("").join(
            Markup("<th>%s</th>") % title
            for title in (_("Field"), _("What"), _("Before"), _("Now"), _("Breaks"))
        )
        return Markup('<table class="table table-sm"><thead><tr>%s</tr></thead><tbody>%s</tbody></table>') % (
            head,
            rows,
        )

    def action_open_flows(self):
        """Button: open the flows that use this version."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_flow")
        return dict(action, domain=[("contract_id", "=", self.id)], context={})


class IntegrationContractField(models.Model):
    """One field of a contract, in words."""

    _name = "integration.contract.field"
    _description = "Field of a data contract"
    _order = "contract_id, sequence, id"
    _rec_name = "path"

    contract_id = fields.Many2one(
        "integration.contract", required=True, readonly=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(readonly=True)
    path = fields.Char(required=True, readonly=True, string="Field")
    types = fields.Char(readonly=True, string="Form")
    required = fields.Boolean(readonly=True, string="Must be there")
    may_be_empty = fields.Boolean(readonly=True)
    values = fields.Char(readonly=True, string="One of")
    limits = fields.Char(readonly=True)
    classification = fields.Selection(
        [
            ("public", "Public"),
            ("internal", "Internal"),
            ("confidential", "Confidential"),
            ("restricted", "Restricted"),
        ],
        readonly=True,
        string="Protection",
    )
    description = fields.Char(readonly=True, string="Meaning")


def schema_digest(schema):
    """Return the SHA-256 of a schema, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(schema, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
