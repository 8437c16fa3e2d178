# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The first step of the guided set-up: which system, which company, which account there; then one draft connection."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, RedirectWarning, UserError

from ..connectors.registry import all_connectors, get_connector
from ..models.messaging.connection import ENVIRONMENTS


class IntegrationConnectSystem(models.TransientModel):
    """A card of the first page: an outside system that can be connected. Made anew for whoever looks."""

    _name = "integration.connect.system"
    _description = "System that can be connected"
    _order = "name"

    connector = fields.Char(required=True, readonly=True)
    name = fields.Char(required=True, readonly=True)
    summary = fields.Char(readonly=True)
    brings = fields.Char(readonly=True)
    takes = fields.Char(readonly=True, string="Is told")
    documentation_url = fields.Char(readonly=True)
    connected = fields.Char(readonly=True, string="Connected already")

    @api.model
    def action_open(self):
        """Menu and buttons “Connect a system”: the cards of all systems.

        :raises AccessError: the acting user does not set up connections; it says who does.
        """
        self.env["integration.connection"]._check_may_set_up()
        self.search([("create_uid", "=", self.env.uid)]).unlink()
        Connection = self.env["integration.connection"]
        counts = dict(Connection._read_group([], ["connector"], ["__count"]))
        cards = self.create(
            [
                {
                    "connector": code,
                    "name": connector.spec.name,
                    "summary": self.env._(connector.spec.summary),  # pylint: disable=translation-not-lazy
                    "brings": Connection._brings(connector.spec),
                    "takes": Connection._takes(connector.spec),
                    "documentation_url": connector.spec.documentation_url,
                    "connected": self._count_words(counts.get(code, 0)),
                }
                for code, connector in sorted(all_connectors().items())
            ]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect a system"),
            "res_model": self._name,
            "views": [(False, "kanban")],
            "domain": [("id", "in", cards.ids)],
            "target": "current",
        }

    def _count_words(self, count):
        if not count:
            return False
        return self.env._("1 connection") if count == 1 else self.env._("%s connections", count)

    def action_choose(self):
        """Button on a card: ask for company, environment and account."""
        self.ensure_one()
        connect = self.env["integration.connect"].create({"connector": self.connector})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect %s", self.name),
            "res_model": connect._name,
            "res_id": connect.id,
            "views": [(False, "form")],
            "target": "new",
        }


class IntegrationConnect(models.TransientModel):
    """The dialog that begins a connection, or goes on with the one that was begun before."""

    _name = "integration.connect"
    _description = "Begin a connection"

    connector = fields.Selection("_selection_connector", required=True, readonly=True, string="System")
    needs_text = fields.Text(compute="_compute_about", string="Have at hand")
    account_label = fields.Char(compute="_compute_about")
    account_where = fields.Char(compute="_compute_about")
    account_required = fields.Boolean(compute="_compute_about")
    company_id = fields.Many2one(
        "res.company",
        string="Legal entity",
        required=True,
        default=lambda self: self.env.company,
        domain=lambda self: [("id", "in", self.env.companies.ids)],
        help="Whose books: the company that owns the account at the outside system.",
    )
    environment = fields.Selection(ENVIRONMENTS, required=True, default="sandbox")
    outside_account = fields.Char(
        string="Account there",
        help="The id of the account at the outside system. Events of any other account are not booked.",
    )
    name = fields.Char(
        compute="_compute_name", store=True, readonly=False, required=True, precompute=True, string="Call it"
    )
    found_id = fields.Many2one("integration.connection", compute="_compute_found")
    found_text = fields.Char(compute="_compute_found")
    made_id = fields.Many2one("integration.connection", readonly=True, ondelete="set null")

    @api.model
    def _selection_connector(self):
        return self.env["integration.connection"]._selection_connector()

    @api.depends("connector")
    def _compute_display_name(self):
        for connect in self:
            connect.display_name = self.env._("Connect a system")

    @api.depends("connector")
    @api.depends_context("lang")
    def _compute_about(self):
        _ = self.env._
        for connect in self:
            needs = get_connector(connect.connector).spec.needs if connect.connector else ()
            account = next((need for need in needs if need.kind == "account"), None)
            connect.needs_text = "\n".join(f"• {_(need.what)}: {_(need.where)}" for need in needs) or False
            connect.account_label = account and _(account.what)
            connect.account_where = account and _(account.where)
            connect.account_required = account is not None

    @api.depends("connector", "environment", "company_id")
    def _compute_name(self):
        labels = dict(self._fields["environment"]._description_selection(self.env))
        for connect in self:
            base = get_connector(connect.connector).spec.name if connect.connector else ""
            if connect.environment and connect.environment != "production":
                base = f"{base} ({labels[connect.environment]})"
            taken = connect._names_taken(base)
            names = [base, *(f"{base} {number}" for number in range(2, len(taken) + 3))]
            connect.name = next(name for name in names if name not in taken)

    def _names_taken(self, base):
        """Return names of other connections that begin with ``base``; a draft of the name is gone on with."""
        found = (
            self.env["integration.connection"]
            .with_context(active_test=False)
            .search([("company_id", "=", self.company_id.id), ("name", "=like", f"{base}%")], limit=1000)
        )
        if not self.account_required:
            found = found.filtered(lambda row: row.state != "draft" or row.connector != self.connector)
        return set(found.mapped("name"))

    @api.depends("connector", "environment", "company_id", "outside_account", "name")
    def _compute_found(self):
        for connect in self:
            found = connect._same_account().filtered(lambda row: row.company_id in self.env.companies)[:1]
            connect.found_id = found
            connect.found_text = connect._found_sentence(found) if found else False

    def _found_sentence(self, found):
        if found.state == "draft":
            return self.env._("“%s” is being set up for this account already: go on with it.", found.name)
        return self.env._("“%s” is connected to this account already.", found.name)

    def _same_account(self):
        """Return connections, of whatever company, to the same account in the same environment; drafts of this first.

        Of a system that has no accounts, a draft of the company with the same name is taken for the same.
        """
        self.ensure_one()
        account = (self.outside_account or "").strip()
        domain = [("connector", "=", self.connector), ("environment", "=", self.environment)]
        if account:
            domain.append(("outside_account", "=", account))
        else:
            domain += [
                ("company_id", "=", self.company_id.id),
                ("outside_account", "in", (False, "")),
                ("name", "=", self.name),
                ("state", "=", "draft"),
            ]
        found = self.env["integration.connection"].sudo().search(domain, limit=50)
        return found.sorted(lambda row: (row.company_id != self.company_id, row.state != "draft", row.id))

    def action_begin(self):
        """Button: make the draft and open its guided set-up. Pressed twice, it opens the same draft again.

        :raises UserError: something is not filled in, or another company has connected this account.
        :raises RedirectWarning: the account is connected already; the button leads to the connections.
        """
        self.ensure_one()
        Connection = self.env["integration.connection"]
        Connection._check_may_set_up()
        try:
            self.lock_for_update()
        except LockError:
            raise UserError(self.env._("It is being made at this moment. Look at the connections.")) from None
        if self.made_id:
            return self.made_id.action_guide()
        self._check_filled_in()
        same = self._same_account()
        own = same.filtered(lambda row: row.company_id == self.company_id)
        if own[:1].state == "draft":
            self.made_id = own[:1]
            return own[:1].with_env(self.env).action_guide()
        if own:
            raise RedirectWarning(
                self.env._(
                    "“%s” is connected to this account in this environment already. A second connection would book "
                    "everything twice. Change the one that is there, or choose another account or environment.",
                    own[0].name,
                ),
                self.env.ref("finance_integration.action_connection").id,
                self.env._("See the connections"),
            )
        if same:
            raise UserError(self._elsewhere_sentence())
        self.made_id = Connection.create(self._values())
        return self.made_id.action_guide()

    def _elsewhere_sentence(self):
        return self.env._(
            "Another company has connected this account already: one account is connected once, else everything would "
            "be booked twice. Where the account serves several companies, make a connection by hand that gets its "
            "events from that one; whoever works in both companies can do that."
        )

    def _check_filled_in(self):
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("You do not work in %s.", self.company_id.name))
        if self.account_required and not (self.outside_account or "").strip():
            raise UserError(
                self.env._(
                    "Say which account at the outside system it is: %(what)s (%(where)s). Events of any other account "
                    "are then not booked.",
                    what=self.account_label,
                    where=self.account_where,
                )
            )

    def _values(self):
        return {
            "name": self.name,
            "connector": self.connector,
            "company_id": self.company_id.id,
            "environment": self.environment,
            "outside_account": (self.outside_account or "").strip() or False,
            "guide_step": "secrets" if self.outside_account or not self.account_required else "begin",
        }

    def action_open_found(self):
        """Button: go on with what was begun, or look at what is connected."""
        self.ensure_one()
        found = self.found_id
        return found.action_guide() if found.state == "draft" else found.action_guide_close()
