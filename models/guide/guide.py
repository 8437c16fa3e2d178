# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The guided set-up: one page per step, on the connection itself (ADR 0041).

Nothing of it is kept in a dialog: what was entered stands on the draft, and so does the step at which somebody stopped.
Whoever goes on, days later or another person, sees what is done and what is missing.
"""

from odoo import api, fields, models

STEPS = [
    ("begin", "1. Account and company"),
    ("secrets", "2. Secrets and test"),
    ("address", "3. Our address there"),
    ("books", "4. Accounts and journals"),
    ("codes", "5. Codes"),
    ("check", "6. Check and start"),
]
ORDER = [step for step, _label in STEPS]
DONE, OPEN = "✓", "○"


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    guide_step = fields.Selection(
        STEPS,
        string="Step of the set-up",
        default="begin",
        required=True,
        copy=False,
        help="Where the guided set-up stands. It can be left at any time and goes on here.",
    )
    guide_overview = fields.Text(
        compute="_compute_guide",
        compute_sudo=True,  # it tells that a secret is missing to people who may not see secrets
        string="How far it is",
    )
    guide_next_purpose = fields.Char(compute="_compute_guide_next_purpose", compute_sudo=True)
    guide_open = fields.Integer(compute="_compute_guide", compute_sudo=True, string="Steps open")
    guide_events_text = fields.Text(
        compute="_compute_guide_events",
        string="Events to choose there",
        help="Which events the outside system has to send. Others may come too: they are kept and book nothing.",
    )

    guide_roles_text = fields.Text(
        compute="_compute_guide_roles",
        compute_sudo=True,
        string="Accounts in use",
        help="Which account of the chart plays which role for this connection: its own, else the company's.",
    )

    def _compute_guide_roles(self):
        Role = self.env["integration.role.account"]
        labels = dict(Role._fields["role"]._description_selection(self.env))
        for connection in self:
            chart = self.env["account.account"].with_company(connection.company_id)
            lines = [
                f"{labels[role]}: {account.code or ''} {account.name}"
                for role, account_id in sorted(Role._accounts_by_role(connection).items())
                if (account := chart.browse(account_id))
            ]
            connection.guide_roles_text = "\n".join(lines) or False

    @api.depends("connector")
    @api.depends_context("lang")
    def _compute_guide_events(self):
        for connection in self:
            events = connection._events_to_tick() if connection.connector else []
            by_kind = {}
            for name, label in events:
                by_kind.setdefault(label, []).append(name)
            lines = [f"{label}: {', '.join(names)}" for label, names in by_kind.items()]
            connection.guide_events_text = "\n".join(lines) or False

    def _compute_guide(self):
        labels = dict(self._fields["guide_step"]._description_selection(self.env))
        for connection in self:
            missing = connection._guide_missing() if connection.connector else {}
            connection.guide_open = sum(bool(missing.get(step)) for step in ORDER)
            connection.guide_overview = "\n".join(
                f"{OPEN if missing.get(step) else DONE} {labels[step]}"
                + (f": {'; '.join(missing[step])}" if missing.get(step) else "")
                for step in ORDER
            )

    def _guide_missing(self):
        """Return {step: [what is missing there, in plain words]}; steps in order are left out."""
        self.ensure_one()
        found = {step: [] for step in ORDER}
        for text, step in self._guide_points():
            found[step].append(text)
        return {step: texts for step, texts in found.items() if texts}

    def _guide_points(self):
        """Return [(what is missing, step at which it is given)]: what it cannot do without, and what is advised."""
        self.ensure_one()
        _ = self.env._
        spec, points = self._spec(), []
        account = next((need for need in spec.needs if need.kind == "account"), None)
        if account and self._receives() and not self.outside_account:
            points.append((_(account.what), "begin"))
        purposes = set(self.credential_ids.filtered("is_valid").mapped("purpose"))
        if spec.signature_schemes and self._receives() and "inbound_signature" not in purposes:
            points.append((_("the secret with which the outside system signs its events"), "secrets"))
        if self.delivery_url and "outbound_signature" not in purposes:
            points.append((_("the secret with which our events are signed"), "secrets"))
        if (spec.pulls or spec.trust == "refetch") and self._receives() and not self._api_credential():
            points.append((_("the access for calling the outside system"), "secrets"))
        if spec.signature_schemes and self._receives() and not self.endpoint_ids.filtered("active"):
            points.append((_("an address that is switched on"), "address"))
        points += [(text.rstrip("."), "books") for text in self._missing_books()]
        if codes := self._guide_codes_missing():
            points.append((_("%s codes that nobody has mapped", codes), "codes"))
        if self.state == "draft":
            points.append((_("not switched on yet"), "check"))
        elif self.preflight_open:
            points.append((_("%s points of the set-up are open", self.preflight_open), "check"))
        return points

    # -- going through it ------------------------------------------------------------------------------------

    def _compute_guide_next_purpose(self):
        for connection in self:
            connection.guide_next_purpose = connection._next_purpose() if connection.connector else False

    def _next_purpose(self):
        """Return for what the next secret is needed: what keeps the connection from receiving comes first."""
        spec = self._spec()
        has = set(self.credential_ids.filtered("is_valid").mapped("purpose"))
        wanted = []
        if self._receives():
            wanted += ["inbound_signature"] * bool(spec.signature_schemes)
            wanted += ["api"] * bool(spec.pulls or spec.trust == "refetch")
        wanted += ["outbound_signature"] * bool(self.delivery_url)
        return next((purpose for purpose in wanted if purpose not in has), False)

    def _check_may_set_up(self):
        """Refuse whoever may not set up connections.

        :raises AccessError: the acting user is no integration administrator, or not of this company; it says which
        right is missing and who gives it.
        """
        self.env["integration.right"]._require("configure", self)
        self.check_access("write")

    def action_guide(self):
        """Button: open the guided set-up at the step at which it was left."""
        self.ensure_one()
        self._check_may_set_up()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set up %s", self.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref("finance_integration.connection_view_guide").id, "form")],
            "target": "current",
        }

    def _guide_go(self, move):
        self.ensure_one()
        self._check_may_set_up()
        place = ORDER.index(self.guide_step) + move
        self.guide_step = ORDER[max(0, min(place, len(ORDER) - 1))]
        if self.guide_step == "check":
            self.action_preflight()  # what it says there is of now

    def action_guide_next(self):
        """Button: to the next step. Nothing is refused: what is missing is told, and can be given later."""
        self._guide_go(1)

    def action_guide_back(self):
        """Button: to the step before."""
        self._guide_go(-1)

    def action_activate(self):
        """Switched on from the last step: what stands there of the set-up is of now, too."""
        result = super().action_activate()
        self.filtered(lambda row: row.guide_step == "check").action_preflight()
        return result

    def action_guide_close(self):
        """Button: leave; everything stays as it is."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def action_guide_propose(self):
        """Button: show what is proposed for accounts and journals that are not chosen yet."""
        self.ensure_one()
        self._check_may_set_up()
        return self.env["integration.books.proposal"]._open_for(self)
