# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from ...engine.mapping import DEFAULT, clean_value
from .mapping_target import KINDS, TARGET_FIELDS, TARGETS

ENDS_SOON_DAYS = 30
MAPPING_CODES = (
    "mapping_missing",
    "mapping_expired",
    "mapping_target_archived",
    "unit_not_of_product",
    "tax_missing",
    "legal_entity_unknown",
)
VALIDITY = ("valid_from", "valid_until")
# What the standing policy covers; the others decide about amounts, states and companies.
POLICY_KINDS = ("account", "tax", "product", "payment_term", "journal", "analytic", "country", "unit")
# What mail writes itself.
_MAIL = frozenset({"message_follower_ids", "message_main_attachment_id"})
# Only the holder of this object may make a mapping other than under the standing policy.
_KEY = object()


class IntegrationMapping(models.Model):
    """A value of an outside system and what it means in Odoo, day by day.

    What it means stands in its versions. A new value is mapped here under the standing policy; everything else is a
    proposal (``integration.mapping.change``) that another person approves.
    """

    _name = "integration.mapping"
    _description = "Mapping of an outside value"
    _inherit = ["integration.mapping.target", "mail.thread"]
    _order = "connection_id, mapping, outside_value"
    _rec_name = "outside_value"
    _check_company_auto = True

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    mapping = fields.Selection(KINDS, required=True, string="What")
    outside_value = fields.Char(
        required=True,
        help="The value as the outside system writes it. * stands for: any value that nobody has mapped.",
    )
    version_ids = fields.One2many("integration.mapping.version", "mapping_id", readonly=True)
    version_count = fields.Integer(compute="_compute_version_count", string="Versions")
    state = fields.Selection(
        [
            ("used", "Counts today"),
            ("later", "Counts later"),
            ("ended", "Has ended"),
            ("none", "Not in force"),
        ],
        compute="_compute_today",
        search="_search_state",
    )
    # What it means today. Written once, when the mapping is made; later only proposals change it.
    today_id = fields.Many2one(
        "integration.mapping.version", compute="_compute_today", string="Version of today"
    )
    valid_from = fields.Date(
        compute="_compute_meaning", store=False, readonly=False, string="Counts from", help="Empty = always."
    )
    valid_until = fields.Date(
        compute="_compute_meaning",
        store=False,
        readonly=False,
        string="until",
        help="Last day. Empty = no end.",
    )
    account_id = fields.Many2one(
        compute="_compute_meaning", search="_search_account", store=False, readonly=False
    )
    tax_id = fields.Many2one(compute="_compute_meaning", search="_search_tax", store=False, readonly=False)
    product_id = fields.Many2one(
        compute="_compute_meaning", search="_search_product", store=False, readonly=False
    )
    payment_term_id = fields.Many2one(compute="_compute_meaning", store=False, readonly=False)
    journal_id = fields.Many2one(
        compute="_compute_meaning", search="_search_journal", store=False, readonly=False
    )
    currency_id = fields.Many2one(compute="_compute_meaning", store=False, readonly=False)
    status = fields.Selection(compute="_compute_meaning", store=False, readonly=False)
    legal_entity_id = fields.Many2one(compute="_compute_meaning", store=False, readonly=False)
    country_id = fields.Many2one(compute="_compute_meaning", store=False, readonly=False)
    unit_id = fields.Many2one(compute="_compute_meaning", store=False, readonly=False)
    analytic_distribution = fields.Json(
        compute="_compute_meaning", search=None, store=False, readonly=False, copy=False
    )
    analytic_id = fields.Many2one(
        "account.analytic.account",
        store=False,
        compute="_compute_analytic_id",
        readonly=False,
        help="Short for an analytic distribution that gives everything to one account.",
    )

    _value_unique = models.Constraint(
        "UNIQUE(connection_id, mapping, outside_value)",
        "This value is mapped already; propose a change of that mapping instead.",
    )

    # -- display ---------------------------------------------------------------------------------------------

    def _today(self):
        return fields.Date.context_today(self)

    @api.depends("version_ids.state", "version_ids.valid_from", "version_ids.valid_until")
    def _compute_today(self):
        today = self._today()
        for mapping in self:
            used = mapping.version_ids.filtered(lambda version: version.state == "used")
            mapping.today_id = used.filtered(lambda version: version._holds_on(today))[:1]
            if mapping.today_id:
                mapping.state = "used"
            elif used.filtered(lambda version: version.valid_from and version.valid_from > today):
                mapping.state = "later"
            else:
                mapping.state = "ended" if mapping.version_ids else "none"

    @api.depends("today_id", "version_ids")
    def _compute_meaning(self):
        for mapping in self:
            shown = (
                mapping.today_id
                or mapping.version_ids.filtered(lambda row: row.state == "used").sorted(
                    lambda row: row.valid_from or fields.Date.to_date("0001-01-01")
                )[-1:]
            )
            for name in (*TARGET_FIELDS, *VALIDITY):
                mapping[name] = shown[name]

    @api.depends("analytic_distribution")
    def _compute_analytic_id(self):
        for mapping in self:
            keys = list(mapping.analytic_distribution or {})
            one = len(keys) == 1 and keys[0].isdecimal()
            mapping.analytic_id = int(keys[0]) if one else False

    @api.depends("version_ids")
    def _compute_version_count(self):
        for mapping in self:
            mapping.version_count = len(mapping.version_ids)

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = self._today()
        used = Domain("version_ids", "any", self._counting_on(today))
        later = Domain("version_ids", "any", [("state", "=", "used"), ("valid_from", ">", today)])
        known = Domain([("version_ids", "!=", False)])
        by_state = {"used": used, "later": ~used & later, "ended": known & ~used & ~later, "none": ~known}
        return Domain.OR(by_state[state] for state in value if state in by_state)

    @api.model
    def _counting_on(self, day):
        """Return a domain on versions: those that count on ``day``."""
        return (
            Domain("state", "=", "used")
            & Domain(["|", ("valid_from", "=", False), ("valid_from", "<=", day)])
            & Domain(["|", ("valid_until", "=", False), ("valid_until", ">=", day)])
        )

    def _search_meaning(self, field, operator, value):
        return Domain("version_ids", "any", self._counting_on(self._today()) & Domain(field, operator, value))

    def _search_account(self, operator, value):
        return self._search_meaning("account_id", operator, value)

    def _search_tax(self, operator, value):
        return self._search_meaning("tax_id", operator, value)

    def _search_product(self, operator, value):
        return self._search_meaning("product_id", operator, value)

    def _search_journal(self, operator, value):
        return self._search_meaning("journal_id", operator, value)

    # -- making ----------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Map values that nobody has mapped before, under the standing policy; each gets its first version."""
        by_key = self.env.context.get("integration_mapping") is _KEY
        if not by_key and not self.env.su:
            self._check_policy(vals_list)
        first = [self._first_version(vals) for vals in vals_list]
        keys = [
            {
                name: value
                for name, value in vals.items()
                if name in ("connection_id", "mapping", "outside_value")
            }
            for vals in vals_list
        ]
        for vals in keys:
            vals["outside_value"] = self._clean(vals.get("outside_value"))
        mappings = super(IntegrationMapping, self.with_context(mail_create_nosubscribe=True)).create(keys)
        if not by_key:
            mappings._map_new(first)
        return mappings

    def _first_version(self, vals):
        kind = vals.get("mapping")
        if kind not in TARGETS:
            return {}
        value = vals.get(TARGETS[kind][0])
        if kind == "analytic" and not value and vals.get("analytic_id"):
            value = {str(vals["analytic_id"]): 100}
        days = [fields.Date.to_date(vals.get(name)) for name in VALIDITY]
        if all(days) and days[1] < days[0]:
            raise ValidationError(self.env._("The last day is before the first."))
        return {"value": value, **{name: vals.get(name) or False for name in VALIDITY}}

    @api.model
    def _clean(self, text):
        """Return a value of an outside system as it is kept.

        :raises ValidationError: it is empty, too long or cannot be read by people.
        """
        try:
            return clean_value(text)
        except ValueError as error:
            words = {
                "empty": self.env._("Say which value of the outside system is meant."),
                "too long": self.env._("A value of an outside system has at most 255 characters."),
                "not printable": self.env._("A value holds line breaks or characters that cannot be seen."),
            }
            raise ValidationError(words[str(error)]) from None

    def _map_new(self, first):
        """Give new mappings their first version: a person under the standing policy, the set-up without one."""
        by_person = not self.env.su
        versions = self.env["integration.mapping.version"].sudo()
        rows = [
            {
                "mapping_id": mapping.id,
                "number": 1,
                "valid_from": facts["valid_from"],
                "valid_until": facts["valid_until"],
                "user_id": self.env.uid,
                "basis": "policy" if by_person else "setup",
                "reason": self.env._("New value, mapped under the standing policy")
                if by_person
                else self.env._("Set up with the connection"),
                **versions._target_fields(mapping.mapping, facts["value"]),
            }
            for mapping, facts in zip(self, first, strict=True)
        ]
        if by_person:
            for company in self.company_id:
                of_company = [
                    row for mapping, row in zip(self, rows, strict=True) if mapping.company_id == company
                ]
                versions._take_slots(company, of_company)
        versions._start(rows)
        self.invalidate_recordset(["version_ids"])
        self._told("mapping.change", self.env._("Mapped for the first time"))

    @api.model
    def _check_policy(self, vals_list):
        """Refuse what the standing policy (F5, class b) does not cover.

        :raises AccessError, UserError: who, or what, it does not cover.
        """
        groups = ("group_operator", "group_administrator")
        if not any(self.env.user.has_group(f"finance_integration.{group}") for group in groups):
            raise AccessError(self.env._("Only an operator or an integration administrator maps values."))
        if any(vals.get("mapping") not in POLICY_KINDS for vals in vals_list):
            raise UserError(
                self.env._(
                    "What a currency, a status or a legal entity is called decides about amounts and companies. It is "
                    "proposed, and another person approves it: Configuration, Proposed mappings."
                )
            )
        if any((vals.get("outside_value") or "").strip() == DEFAULT for vals in vals_list):
            raise UserError(
                self.env._(
                    "What counts for any other value books things that nobody has looked at. It is proposed, and "
                    "another person approves it: Configuration, Proposed mappings."
                )
            )
        connections = {vals.get("connection_id") for vals in vals_list} - {None, False}
        self.env["integration.connection"].browse(connections).check_access("read")

    def _told(self, action, detail):
        """Write down that mappings were given, and let every event go on that waited for them."""
        self.env["integration.audit.leaf"]._record_change(self, action, detail)
        if not self.env.context.get("integration_rehearsal"):
            self._let_go()

    def _let_go(self):
        """Let every event go on that waited for one of these values."""
        values, kinds = set(self.mapped("outside_value")), set(self.mapped("mapping"))
        waiting = (
            self.env["integration.exception"]
            .sudo()
            .search(
                [
                    ("connection_id", "in", self.connection_id.ids),
                    ("code", "in", MAPPING_CODES),
                    ("state", "=", "open"),
                ]
            )
        )

        def is_meant(exception):
            params = exception.params or {}
            if exception.code == "legal_entity_unknown":  # several rules could match
                return "company" in kinds
            return params.get("code") in (None, *kinds) and (
                DEFAULT in values or params.get("value") in values
            )

        waiting.filtered(is_meant).message_ids_held._requeue("message.mapping_given")

    # -- guarding --------------------------------------------------------------------------------------------

    def write(self, vals):
        own = {name: value for name, value in vals.items() if name in _MAIL}
        # Data files are loaded again with every update: what they say already is no change.
        if any(mapping._differs(name, vals[name]) for mapping in self for name in vals.keys() - own.keys()):
            raise UserError(
                self.env._("A mapping is not overwritten: propose a change, so that every version is kept.")
            )
        return super().write(own) if own else True

    def _differs(self, name, value):
        field = self._fields[name]
        new = field.convert_to_write(field.convert_to_cache(value, self), self)
        return field.convert_to_write(self[name], self) != new

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "A mapping is not deleted: propose its end. What it meant is part of the books' evidence."
            )
        )

    # -- buttons ---------------------------------------------------------------------------------------------

    def _propose(self, **facts):
        """Return the action that opens a proposal for this value."""
        self.ensure_one()
        line = {
            "mapping": self.mapping,
            "outside_value": self.outside_value,
            **self._target_fields(self.mapping, self._target_value()),
            **facts,
        }
        return self.env["integration.mapping.change"]._open_new(self.connection_id, [line])

    def action_propose_change(self):
        """Button: propose another meaning from a day on."""
        return self._propose(action="set")

    def action_propose_end(self):
        """Button: propose that the value counts no longer."""
        return self._propose(action="end", valid_from=self._today() + timedelta(days=1))

    @api.model
    def _open_for(self, connection, kind, value):
        """Return the action that maps a value for the first time, or proposes another meaning where it has one."""
        known = self._find_keys(connection, [(kind, value)]).get((kind, value))
        if known and known.version_ids:
            return known.with_env(self.env).action_propose_change()
        if value == DEFAULT or kind not in POLICY_KINDS:
            line = {"mapping": kind, "outside_value": value, "action": "set"}
            return self.env["integration.mapping.change"]._open_new(connection, [line])
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Map a value"),
            "res_model": self._name,
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_connection_id": connection.id,
                "default_mapping": kind,
                "default_outside_value": value,
            },
        }

    def action_open_versions(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_mapping_version")
        return dict(action, domain=[("mapping_id", "=", self.id)], context={}, name=self.env._("Versions"))

    def action_ask(self):
        """Button: what does this value mean on a day?"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What does a value mean?"),
            "res_model": "integration.mapping.question",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_connection_id": self.connection_id.id,
                "default_mapping": self.mapping,
                "default_outside_value": self.outside_value,
            },
        }
