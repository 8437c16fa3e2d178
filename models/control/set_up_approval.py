# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a connection that books real events is set up with changes with a second person (X4, C2, C7).

Which fields, and which changes of them, says ``engine/set_up_guard.py``. A form is saved as ever: what one person may
change holds at once, the rest is written into a request and holds when another person has approved it.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.set_up_guard import BEGINS_AS, GUARDED, held, needs_two

SLOT = "set_up"
OPEN_STATES = ("asked", "agreed")


class IntegrationSetUpGuard(models.AbstractModel):
    """Mix-in: holds back what takes two people, and carries it out when it was approved."""

    _name = "integration.set.up.guard"
    _description = "Set-up that changes with two people"

    change_reason = fields.Char(
        string="Why it changes",
        compute="_compute_change_reason",
        readonly=False,
        help="Where real events are booked, another person decides about where the hub calls and reads, the journals "
        "and what is accepted without asking. Say why.",
    )
    change_waiting = fields.Char(
        compute="_compute_change_waiting",
        string="Waits for another person",
        help="What was asked for and does not hold yet.",
    )

    def _compute_change_reason(self):
        self.change_reason = False

    def _compute_change_waiting(self):
        requests = (
            self.env["integration.change.request"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("slot", "=", SLOT),
                    ("state", "in", OPEN_STATES),
                ]
            )
        )
        waiting = {request.res_id: request for request in requests}
        for record in self:
            request = waiting.get(record.id)
            record.change_waiting = bool(request) and self.env._(
                "%(what)s, asked by %(user)s",
                what=record._set_up_labels((request.values or {}).get("set_up") or ()),
                user=request.requester_id.name,
            )

    def _set_up_connections(self):
        """Return the connections whose events are concerned."""
        return self.connection_id

    @api.model
    def _connections_of_new(self, vals):
        """Return the same of a record that is to be made."""
        return self.env["integration.connection"].sudo().browse(vals.get("connection_id") or []).exists()

    @api.model
    def _trusts_set_up(self):
        """Whether it is the hub that writes: what was approved, an import that was, or itself."""
        return self.env.su or self.env.user.integration_service

    @api.model_create_multi
    def create(self, vals_list):
        """Make records as they may be made by one person; what is more is asked of another one."""
        made, asked = [], []
        for vals in vals_list:
            plain = {name: value for name, value in vals.items() if name != "change_reason"}
            begins = self._begins_as(plain)
            more = {name: plain.get(name, self._default_of(name)) for name in begins}
            made.append({**plain, **begins})
            asked.append(
                (more, vals.get("change_reason") or self.env.context.get("integration_change_reason"))
            )
        records = super().create(made)
        for record, (more, reason) in zip(records, asked, strict=True):
            if more:
                record._ask_set_up(more, reason)
        return records

    @api.model
    def _begins_as(self, vals):
        """Return {field: value} with which a new record begins where another person has to agree to its own."""
        rules, safe = GUARDED[self._name], BEGINS_AS.get(self._name, {})
        if not safe or self._trusts_set_up():
            return {}
        if not any(connection._books_real_events() for connection in self._connections_of_new(vals)):
            return {}
        return {
            name: value
            for name, value in safe.items()
            if needs_two(rules[name], value, vals.get(name, self._default_of(name)))
        }

    @api.model
    def _default_of(self, name):
        return self.default_get([name]).get(name)

    def write(self, vals):
        reason = vals.get("change_reason") or self.env.context.get("integration_change_reason")
        vals = {name: value for name, value in vals.items() if name != "change_reason"}
        if not vals:
            return True
        # Lines that are saved with their connection have its reason.
        records = self.with_context(integration_change_reason=reason) if reason else self
        wanted = {record: record._held_back(vals) for record in self}
        if not any(wanted.values()):
            return super(IntegrationSetUpGuard, records).write(vals)
        self.check_access("write")
        for record in records:
            names = wanted[record]
            rest = {name: value for name, value in vals.items() if name not in names}
            if rest:
                super(IntegrationSetUpGuard, record).write(rest)
            if names:
                record._ask_set_up({name: vals[name] for name in names}, reason)
        return True

    def _held_back(self, vals):
        """Return the names of what another person has to agree to."""
        self.ensure_one()
        rules = GUARDED[self._name]
        names = [name for name in vals if name in rules]
        if not names or self._trusts_set_up():
            return []
        connections = self._set_up_connections().sudo() | self._connections_of_new(vals)
        if not any(connection._books_real_events() for connection in connections):
            return []
        before = {name: self._set_up_value(name, self[name]) for name in names}
        after = {name: self._set_up_value(name, vals[name]) for name in names}
        return held(rules, before, after)

    def _set_up_value(self, name, value):
        """Return a value, of a record or as it is written, in the form in which it can be compared and kept."""
        field = self._fields[name]
        record = field.convert_to_record(field.convert_to_cache(value, self), self)
        if field.type == "many2many":
            return sorted(record.ids)
        plain = field.convert_to_write(record, self)
        return plain.strip() if isinstance(plain, str) else plain

    def _set_up_written(self, values):
        """Return values as they are written, from how they are kept."""
        many = {name for name in values if self._fields[name].type == "many2many"}
        return {name: [(6, 0, value)] if name in many else value for name, value in values.items()}

    def _set_up_text(self, name, value):
        if self._fields[name].type == "many2many":
            value = self[name].browse(value)
        return self.env["integration.change.request"]._text(self, name, value)

    def _set_up_labels(self, names):
        return ", ".join(
            self._fields[name]._description_string(self.env) for name in names if name in self._fields
        )

    def _ask_set_up(self, values, reason):
        """Ask another person for a change; returns the request.

        :param values: {field: value as it is written}.
        :raises UserError: no reason is given, another change waits already, or the values cannot be.
        """
        self.ensure_one()
        labels = self._set_up_labels(values)
        reason = str(reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "Real events are booked with this: another person has to agree to a change of %s. Say why in “Why "
                    "it changes”.",
                    labels,
                )
            )
        self._try_set_up(values)
        kept = {name: self._set_up_value(name, value) for name, value in values.items()}
        return self.env["integration.change.request"]._ask(
            self,
            f"{self.display_name}: {labels}",
            {"set_up": kept},
            reason,
            kind="connection",
            company=self.company_id,
            slot=SLOT,
        )

    def _try_set_up(self, values):
        """Refuse at once what could never be carried out.

        :raises ValidationError: as the form would say it.
        """
        with self.env["integration.rehearsal"]._taken_back() as rehearsal:
            self.with_env(rehearsal.env).with_company(self.company_id).write(values)
            rehearsal.env.flush_all()

    def _set_up_preview(self, values):
        """Return what would change of the set-up, in the form of ``request_preview``."""
        return {
            "rows": [
                {
                    "field": name,
                    "before": self._set_up_text(name, self._set_up_value(name, self[name])),
                    "after": self._set_up_text(name, value),
                }
                for name, value in sorted(values["set_up"].items())
            ]
        }

    def _carry_out_set_up(self, request):
        """Let the approved set-up hold.

        :raises UserError: the approval is not one of this.
        """
        self.ensure_one()
        values = (request.values or {}).get("set_up") or {}
        known = values.keys() <= GUARDED[self._name].keys()
        if not (request._approves(self) and request.slot == SLOT and values and known):
            raise UserError(self.env._("This approval is not one of this set-up."))
        self.sudo().write(self._set_up_written(values))


class IntegrationConnection(models.Model):
    _name = "integration.connection"
    _inherit = ["integration.connection", "integration.set.up.guard"]

    def _set_up_connections(self):
        return self

    @api.model
    def _connections_of_new(self, vals):
        return self.browse()

    def _books_real_events(self):
        """Whether the events of this connection are, or were, booked as real ones: the same test as for its secrets."""
        return bool(self) and self._secrets_need_approval()

    def _approval_preview(self, values):
        if "set_up" in (values or {}):
            return self._set_up_preview(values)
        return super()._approval_preview(values)

    def _carry_out(self, request):
        return self._carry_out_set_up(request) if request.slot == SLOT else super()._carry_out(request)


class IntegrationFlow(models.Model):
    _name = "integration.flow"
    _inherit = ["integration.flow", "integration.set.up.guard"]

    secrets_need_approval = fields.Boolean(related="connection_id.secrets_need_approval")

    def _approval_preview(self, values):
        if "set_up" in (values or {}):
            return self._set_up_preview(values)
        return self.env["integration.change.request"]._plain_preview(self, values)

    def _carry_out(self, request):
        return self._carry_out_set_up(request) if request.slot == SLOT else super()._carry_out(request)


class IntegrationBalanceAccount(models.Model):
    _name = "integration.balance.account"
    _inherit = ["integration.balance.account", "integration.set.up.guard"]

    def _approval_preview(self, values):
        return self._set_up_preview(values)

    def _carry_out(self, request):
        self._carry_out_set_up(request)


class IntegrationDrop(models.Model):
    _name = "integration.drop"
    _inherit = ["integration.drop", "integration.set.up.guard"]

    secrets_need_approval = fields.Boolean(related="connection_id.secrets_need_approval")

    def _approval_preview(self, values):
        return self._set_up_preview(values)

    def _carry_out(self, request):
        self._carry_out_set_up(request)


class IntegrationRetention(models.Model):
    """What erases evidence earlier than before takes two people, too."""

    _name = "integration.retention"
    _inherit = ["integration.retention", "integration.set.up.guard"]

    needs_approval = fields.Boolean(compute="_compute_needs_approval")

    @api.depends("company_id")
    def _compute_needs_approval(self):
        for row in self:
            row.needs_approval = any(one._books_real_events() for one in row._set_up_connections().sudo())

    def _set_up_connections(self):
        return self._connections_of(self.company_id)

    @api.model
    def _connections_of_new(self, vals):
        company_id = vals.get("company_id", self.env.company.id if not self else False)
        return self._connections_of(self.env["res.company"].browse(company_id or []))

    def _connections_of(self, companies):
        connections = self.env["integration.connection"].sudo().with_context(active_test=False)
        return connections.search([("company_id", "in", companies.ids)])

    def _approval_preview(self, values):
        return self._set_up_preview(values)

    def _carry_out(self, request):
        self._carry_out_set_up(request)
