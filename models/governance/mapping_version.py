# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...engine.mapping import Version
from .mapping_target import TARGET_FIELDS

DAILY_CAP = 50
# What may change of a version once it is there, and only through the methods below.
_LATER = frozenset({"state", "valid_until", "ended_by_request_id", "reviewed_by_id", "reviewed_at"})
_KEY = object()


class IntegrationMappingVersion(models.Model):
    """What a value means from one day to another, and who decided it. Kept for good: entries name it.

    The database itself refuses two versions for one day, and any change of what a version says.
    """

    _name = "integration.mapping.version"
    _description = "Version of a mapping"
    _inherit = ["integration.mapping.target"]
    _order = "mapping_id, number desc"
    _check_company_auto = True

    mapping_id = fields.Many2one(
        "integration.mapping", required=True, readonly=True, ondelete="cascade", index=True
    )
    connection_id = fields.Many2one(related="mapping_id.connection_id", store=True, index=True)
    company_id = fields.Many2one(related="mapping_id.company_id", store=True, index=True)
    mapping = fields.Selection(related="mapping_id.mapping", store=True)
    outside_value = fields.Char(related="mapping_id.outside_value")
    number = fields.Integer(required=True, readonly=True, string="Version")
    valid_from = fields.Date(readonly=True, string="Counts from", help="Empty = always.")
    valid_until = fields.Date(readonly=True, string="until", help="Last day. Empty = no end.")
    state = fields.Selection(
        [("used", "In force"), ("replaced", "Replaced")],
        required=True,
        readonly=True,
        default="used",
        help="Replaced: it counts for no day any more. What was booked with it stays as it was booked.",
    )
    basis = fields.Selection(
        [
            ("policy", "Standing policy: new value"),
            ("approval", "Approved by a second person"),
            ("setup", "Set up with the connection"),
        ],
        required=True,
        readonly=True,
        string="Decided by way of",
    )
    reason = fields.Char(readonly=True, string="Why")
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="restrict", string="Asked for by"
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    request_id = fields.Many2one(
        "integration.change.request", readonly=True, ondelete="restrict", string="Approval"
    )
    ended_by_request_id = fields.Many2one(
        "integration.change.request", readonly=True, ondelete="restrict", string="Ended by"
    )
    policy_day = fields.Date(readonly=True)
    policy_slot = fields.Integer(readonly=True)
    reviewed_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    reviewed_at = fields.Datetime(readonly=True)
    needs_review = fields.Boolean(compute="_compute_needs_review", search="_search_needs_review")
    is_own = fields.Boolean(compute="_compute_is_own")

    _one_meaning_per_day = models.Constraint(
        "EXCLUDE USING gist (int4range(mapping_id, mapping_id, '[]') WITH &&, "
        "daterange(valid_from, valid_until, '[]') WITH &&) WHERE (state = 'used')",
        "This value would have two meanings on one day. Somebody else may have changed it in the meantime.",
    )
    _days_in_order = models.Constraint(
        "CHECK (valid_from IS NULL OR valid_until IS NULL OR valid_from <= valid_until)",
        "The last day is before the first.",
    )
    _two_people = models.Constraint(
        "CHECK (basis <> 'approval' OR (request_id IS NOT NULL AND approved_by_id IS NOT NULL"
        " AND approved_by_id <> user_id))",
        "Nobody approves an own proposal.",
    )
    _review_by_another = models.Constraint(
        "CHECK (reviewed_by_id IS NULL OR reviewed_by_id <> user_id)", "Nobody reviews an own mapping."
    )
    _number_unique = models.Constraint("UNIQUE(mapping_id, number)", "This version exists already.")
    # Two transactions of one person cannot both take the last place under the daily cap.
    _slot_unique = models.UniqueIndex("(company_id, user_id, policy_day, policy_slot) WHERE basis = 'policy'")
    _review_idx = models.Index("(company_id, id) WHERE basis = 'policy' AND reviewed_by_id IS NULL")

    def init(self):
        """Let the database refuse to change what a version says: entries were booked with it."""
        result = super().init()
        self.env.cr.execute(
            SQL(
                """
                CREATE OR REPLACE FUNCTION integration_mapping_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF (NEW.mapping_id, NEW.number, NEW.valid_from, NEW.basis, NEW.user_id, NEW.approved_by_id,
                        NEW.request_id, %(new)s)
                       IS DISTINCT FROM
                       (OLD.mapping_id, OLD.number, OLD.valid_from, OLD.basis, OLD.user_id, OLD.approved_by_id,
                        OLD.request_id, %(old)s)
                       OR (OLD.state = 'replaced' AND NEW.state <> 'replaced')
                       OR COALESCE(NEW.valid_until, 'infinity') > COALESCE(OLD.valid_until, 'infinity')
                    THEN
                        RAISE EXCEPTION 'a version of a mapping is never changed' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                END $$;
                DROP TRIGGER IF EXISTS integration_mapping_version_kept ON integration_mapping_version;
                CREATE TRIGGER integration_mapping_version_kept BEFORE UPDATE ON integration_mapping_version
                    FOR EACH ROW EXECUTE FUNCTION integration_mapping_version_guard();
                """,
                new=SQL(", ").join(SQL("NEW.%s", SQL.identifier(name)) for name in TARGET_FIELDS),
                old=SQL(", ").join(SQL("OLD.%s", SQL.identifier(name)) for name in TARGET_FIELDS),
            )
        )
        return result

    @api.depends("mapping_id.outside_value", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(value)s, version %(number)s", value=version.outside_value, number=version.number
            )

    @api.depends("basis", "reviewed_by_id")
    def _compute_needs_review(self):
        for version in self:
            version.needs_review = version.basis == "policy" and not version.reviewed_by_id

    def _search_needs_review(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("basis", "=", "policy"), ("reviewed_by_id", "=", False)]

    @api.depends("user_id")
    @api.depends_context("uid")
    def _compute_is_own(self):
        for version in self:
            version.is_own = version.user_id == self.env.user

    def _holds_on(self, day):
        return self._as_rule().holds_on(day)

    def _as_rule(self):
        """Return this version as the pure rules see it."""
        self.ensure_one()
        return Version(
            self.id,
            self.mapping,
            self.outside_value,
            self.valid_from or None,
            self.valid_until or None,
            self._target_value(),
        )

    # -- making and ending -----------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.context.get("integration_mapping_version") is not _KEY:
            raise UserError(self.env._("A version comes from a new mapping or from an approved proposal."))
        versions = super().create(vals_list)
        versions._check_targets()
        return versions

    def write(self, vals):
        if self.env.context.get("integration_mapping_version") is not _KEY or not vals.keys() <= _LATER:
            raise UserError(
                self.env._("A version of a mapping is never changed. Propose a change of the mapping.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A version of a mapping is evidence and is never deleted."))

    @api.model
    def _start(self, rows):
        """Put new versions in force; what they replace must be out of force already."""
        self.env.flush_all()
        versions = self.sudo().with_context(integration_mapping_version=_KEY).create(rows)
        versions.flush_recordset()
        return versions

    def _end(self, request, **values):
        """Let these versions end earlier (``valid_until``) or count for no day (``state`` = replaced)."""
        keyed = self.sudo().with_context(integration_mapping_version=_KEY)
        keyed.write({"ended_by_request_id": request.id, **values})
        keyed.flush_recordset()

    # -- the standing policy ---------------------------------------------------------------------------------

    @api.model
    def _take_slots(self, company, rows):
        """Count new mappings of the acting person against the daily cap; fills the rows with their places.

        :raises UserError: the cap is reached.
        """
        today = fields.Date.today()
        cap = company.sudo().integration_mapping_cap
        [(used,)] = self.sudo()._read_group(
            [
                ("company_id", "=", company.id),
                ("user_id", "=", self.env.uid),
                ("policy_day", "=", today),
                ("basis", "=", "policy"),
            ],
            [],
            ["policy_slot:max"],
        )
        used = used or 0
        if used + len(rows) > cap:
            raise UserError(
                self.env._(
                    "You have mapped %(used)s new values of %(company)s today; the standing policy allows %(cap)s a "
                    "day. Propose the rest as a change or an import, and another person approves it.",
                    used=used,
                    company=company.name,
                    cap=cap,
                )
            )
        for slot, row in enumerate(rows, start=used + 1):
            row |= {"policy_day": today, "policy_slot": slot}

    def action_review(self):
        """Button: an approver has looked at what was mapped under the standing policy."""
        self.check_access("read")
        if not self.env.user.has_group("finance_integration.group_approver"):
            raise AccessError(
                self.env._("Only an approver reviews what was mapped under the standing policy.")
            )
        open_ones = self.filtered("needs_review")
        if open_ones.filtered("is_own"):
            raise UserError(self.env._("Nobody reviews an own mapping. Ask another approver."))
        open_ones.sudo().with_context(integration_mapping_version=_KEY).write(
            {"reviewed_by_id": self.env.uid, "reviewed_at": fields.Datetime.now()}
        )
        self.env["integration.audit.leaf"]._record_change(open_ones, "mapping.review")

    def action_open_mapping(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.mapping",
            "res_id": self.mapping_id.id,
            "views": [(False, "form")],
        }

    def action_open_booked(self):
        """Button: the events that were booked with this version."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_message")
        effects = self.env["integration.effect"]._booked_with(self)
        return dict(
            action,
            domain=[("id", "in", effects.message_id.ids)],
            context={},
            name=self.env._("Booked with %s", self.display_name),
        )
