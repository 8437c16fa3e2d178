# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The matrix of ownership: which system a field is believed from, per company and connection (M1)."""

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ...engine.ownership import DEFAULTS, ODOO, Rule, owners_of, problems, rule_for
from .ownership_words import CONFLICTS, FIELD_LABELS, OBJECTS, ROLE_LABELS


class IntegrationOwnership(models.Model):
    """Who owns a field of an object. Rules of a company go before those that come with the hub."""

    _name = "integration.ownership"
    _description = "Owner of a field"
    _inherit = ["mail.thread"]
    _order = "object, field, company_id, connection_id, id"
    _check_company_auto = True

    object = fields.Selection(OBJECTS, required=True, string="Of", tracking=True)
    field = fields.Selection(FIELD_LABELS, required=True, default="*", tracking=True)
    owner = fields.Selection(
        [("odoo", "Odoo"), ("role", "The system that is our …"), ("connection", "One connection")],
        required=True,
        default="odoo",
        string="Owned by",
        tracking=True,
        help="Whose value is believed.",
    )
    owner_role = fields.Selection(ROLE_LABELS, string="Role", tracking=True)
    owner_role_2 = fields.Selection(ROLE_LABELS, string="or", tracking=True)
    owner_role_3 = fields.Selection(ROLE_LABELS, string="or also", tracking=True)
    owner_connection_id = fields.Many2one(
        "integration.connection", string="Owning connection", check_company=True, tracking=True
    )
    conflict = fields.Selection(
        CONFLICTS,
        required=True,
        default="owner_wins",
        string="When somebody else says otherwise",
        tracking=True,
        help="Whatever is chosen, the other value is kept beside it and shown: nothing is lost and nothing happens "
        "silently.",
    )
    fills_empty = fields.Boolean(
        string="Others may fill in what is empty",
        default=True,
        tracking=True,
        help="A value that is missing may come from any system; it is written down where it came from.",
    )
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index=True,
        tracking=True,
        help="Empty = the rule that comes with the hub, for every company that has none of its own.",
    )
    connection_id = fields.Many2one(
        "integration.connection",
        string="Only for what comes from",
        check_company=True,
        ondelete="cascade",
        tracking=True,
        help="Empty = whoever says it.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("asked", "Waits for approval"),
            ("active", "Holds"),
            ("retired", "Held before"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
    )
    is_default = fields.Boolean(string="Comes with the hub", readonly=True, copy=False)
    reason = fields.Text(string="Why", help="The approver decides on it.")
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    valid_from = fields.Datetime(readonly=True, copy=False, string="Holds since")
    valid_until = fields.Datetime(readonly=True, copy=False, string="Held until")
    owner_text = fields.Char(compute="_compute_owner_text", string="Owner")

    _one_holds = models.UniqueIndex(
        "(object, field, COALESCE(company_id, 0), COALESCE(connection_id, 0)) WHERE state = 'active'",
        "There is a rule for this already. Change that one.",
    )

    @api.depends("object", "field", "owner_text", "company_id", "connection_id")
    def _compute_display_name(self):
        objects, labels = self._labels("object"), self._labels("field")
        for rule in self:
            scope = rule.connection_id.name or rule.company_id.name
            rule.display_name = (
                f"{objects.get(rule.object, '')}: {labels.get(rule.field, '')} → {rule.owner_text or ''}"
                + (f" ({scope})" if scope else "")
            )

    @api.depends("owner", "owner_role", "owner_role_2", "owner_role_3", "owner_connection_id.name")
    def _compute_owner_text(self):
        roles = self._labels("owner_role")
        for rule in self:
            if rule.owner == "connection":
                rule.owner_text = rule.owner_connection_id.name
            elif rule.owner == "role":
                rule.owner_text = self.env._(" or ").join(roles[name] for name in rule._roles())
            else:
                rule.owner_text = "Odoo"

    @api.model
    def _labels(self, name):
        return dict(self._fields[name]._description_selection(self.env))

    def _roles(self):
        self.ensure_one()
        return [name for name in (self.owner_role, self.owner_role_2, self.owner_role_3) if name]

    # -- what must hold ------------------------------------------------------------------------------------

    @api.constrains(
        "object", "field", "owner", "owner_role", "owner_role_2", "owner_role_3", "owner_connection_id",
        "conflict", "company_id", "connection_id", "state",
    )  # fmt: skip
    def _check_sense(self):
        for rule in self:
            if rule.owner == "role" and not rule._roles():
                raise ValidationError(self.env._("Choose the role of the system that owns it."))
            if rule.owner == "connection" and not rule.owner_connection_id:
                raise ValidationError(self.env._("Choose the connection that owns it."))
            if not rule.is_default and not rule.company_id:
                raise ValidationError(self.env._("A rule of your own belongs to a company."))
            kinds = {problem.kind for problem in problems([rule._engine_rule()])}
            if "reserved" in kinds:
                raise ValidationError(
                    self.env._(
                        "A supplier's bank account belongs to Odoo: what comes from outside is only proposed, and a "
                        "second person approves it after a call back."
                    )
                )
            if kinds:
                raise ValidationError(
                    self.env._(
                        "“%(field)s” is nothing that a %(object)s has.",
                        field=self._labels("field").get(rule.field),
                        object=self._labels("object").get(rule.object),
                    )
                )
        for company in self.filtered(lambda rule: rule.state == "active").company_id:
            self._check_together(company, self.browse())

    @api.model
    def _check_together(self, company, candidates):
        """Refuse rules of a company that contradict one another, ``candidates`` among them.

        :raises ValidationError: circular or contradictory, with the names of the rules.
        """
        holding = self.sudo().search([("state", "=", "active"), ("company_id", "=", company.id)])
        rules = {}
        for record in (*holding, *candidates):
            rules[record._engine_rule().key] = record  # a candidate takes the place of what holds
        engine_rules = {record._engine_rule(): record for record in rules.values()}
        for problem in problems(engine_rules, self._cast(company.id)):
            names = "\n".join(engine_rules[rule].display_name for rule in problem.rules)
            if problem.kind == "circular":
                raise ValidationError(
                    self.env._(
                        "This ownership is circular: each of these systems leaves the value to the next, so nobody "
                        "could ever change it.\n%s",
                        names,
                    )
                )
            raise ValidationError(self.env._("These rules contradict each other.\n%s", names))

    def _engine_rule(self):
        self.ensure_one()
        owners = {
            "odoo": (ODOO,),
            "role": tuple(f"role:{name}" for name in self._roles()),
            "connection": (f"connection:{self.owner_connection_id.id or ''}",),
        }[self.owner]
        return Rule(
            self.object,
            self.field,
            owners,
            self.conflict,
            self.company_id.id or None,
            self.connection_id.id or None,
            self.fills_empty,
        )

    # -- asking the matrix ---------------------------------------------------------------------------------

    @api.model
    @tools.ormcache("company_id")
    def _rules(self, company_id):
        """Return the rules that hold in a company, as a tuple of engine.ownership.Rule."""
        domain = [("state", "=", "active"), ("company_id", "in", (False, company_id))]
        return tuple(record._engine_rule() for record in self.sudo().search(domain))

    @api.model
    @tools.ormcache("company_id")
    def _cast(self, company_id):
        """Return {role: ids of the company's connections that play it}."""
        cast = {}
        connections = self.env["integration.connection"].sudo()
        for connection in connections.search([("company_id", "=", company_id), ("system_role", "!=", False)]):
            cast.setdefault(connection.system_role, []).append(connection.id)
        return {role: tuple(ids) for role, ids in cast.items()}

    @api.model
    def _owner_of(self, company, object_type, field, connection=None, home=None):
        """Return (engine rule or None, owners) of a field in a company.

        :param connection: the connection that writes, if any.
        :param home: id of the connection that first brought the record.
        """
        rule = rule_for(
            self._rules(company.id), object_type, field, company.id, connection.id if connection else None
        )
        if rule is None:
            return None, frozenset()
        return rule, owners_of(rule, self._cast(company.id), home)

    @api.model
    def _say_owners(self, owners):
        """Return the names of owners as ``owners_of`` gives them."""
        names = []
        for owner in sorted(owners):
            if owner == ODOO:
                names.append("Odoo")
            else:
                connection = self.env["integration.connection"].sudo().browse(int(owner.partition(":")[2]))
                names.append(connection.exists().name or self.env._("a connection that is gone"))
        return ", ".join(names) or self.env._("nobody yet")

    @api.model
    def _ship_defaults(self):
        """Bring the rules that come with the hub up to what this version ships; those of companies stay."""
        present = {
            (record.object, record.field): record
            for record in self.search([("is_default", "=", True), ("state", "=", "active")])
        }
        for rule in DEFAULTS:
            values = self._values_of(rule)
            record = present.pop((rule.object, rule.field), None)
            if record and record._engine_rule() == rule:
                continue
            if record:
                record._with_key().write(values)
            else:
                self._with_key().create({**values, "state": "active", "valid_from": fields.Datetime.now()})
        for record in present.values():
            record._with_key().write({"state": "retired", "valid_until": fields.Datetime.now()})

    @api.model
    def _values_of(self, rule):
        roles = [owner.partition(":")[2] for owner in rule.owners if owner.startswith("role:")]
        padded = [*roles, False, False, False][:3]
        return {
            "object": rule.object,
            "field": rule.field,
            "owner": "role" if roles else "odoo",
            "owner_role": padded[0],
            "owner_role_2": padded[1],
            "owner_role_3": padded[2],
            "conflict": rule.conflict,
            "fills_empty": rule.fills_empty,
            "company_id": False,
            "is_default": True,
        }
