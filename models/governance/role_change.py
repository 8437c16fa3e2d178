# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Accounts per role change under a second person wherever real events are booked (X4, M2, policy F5 class c)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.preview_words import told

# Only the holder of this object may change what an account of real events is.
_KEY = object()
DECIDES = frozenset({"company_id", "connection_id", "role", "account_id"})


class IntegrationRoleAccount(models.Model):
    _inherit = "integration.role.account"

    needs_approval = fields.Boolean(
        compute="_compute_needs_approval",
        help="Real events are booked with it: another person has to agree to a change.",
    )
    request_ids = fields.Many2many(
        "integration.change.request", compute="_compute_request_ids", string="Changes asked for"
    )

    @api.depends("company_id", "connection_id")
    def _compute_needs_approval(self):
        for row in self:
            row.needs_approval = bool(row.id) and row._books_real_events(row.company_id, row.connection_id)

    def _compute_request_ids(self):
        requests = self.env["integration.change.request"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        )
        for row in self:
            row.request_ids = requests.filtered(lambda request, this=row: request.res_id == this.id)

    @api.model
    def _books_real_events(self, company, connection):
        """Whether events of production are, or were, booked with the accounts of this company or connection."""
        connections = connection.sudo()
        if not connections:
            connections = connections.with_context(active_test=False).search(
                [("company_id", "=", company.id)]
            )
        return any(one._secrets_need_approval() for one in connections)

    # -- guard -----------------------------------------------------------------------------------------------

    def _may_change(self):
        return self.env.context.get("integration_role_account") is _KEY

    def _keyed(self):
        return self.sudo().with_context(integration_role_account=_KEY)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._may_change():
            for vals in vals_list:
                self._refuse_second(vals)
        return super().create(vals_list)

    def _refuse_second(self, vals):
        """Let the first account of a role be chosen; one that takes the place of another is a change of it.

        :raises UserError: something is booked with the company's account of this role already.
        """
        company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
        connection = self.env["integration.connection"].browse(vals.get("connection_id") or [])
        chosen = self.sudo().search_count(
            [
                ("company_id", "=", company.id),
                ("role", "=", vals.get("role")),
                ("connection_id", "in", (False, connection.id)),
            ],
            limit=1,
        )
        if chosen and self._books_real_events(company, connection):
            raise UserError(self._sentence())

    def write(self, vals):
        if not self._may_change() and DECIDES & vals.keys():
            for row in self:
                if row._differs(vals) and (
                    row._books_real_events(row.company_id, row.connection_id)
                    or row._is_moved_to_real_events(vals)
                ):
                    raise UserError(self._sentence())
        return super().write(vals)

    def _is_moved_to_real_events(self, vals):
        company = self.env["res.company"].browse(vals.get("company_id", self.company_id.id))
        connection = self.env["integration.connection"].browse(
            vals.get("connection_id", self.connection_id.id) or []
        )
        return self._books_real_events(company, connection)

    def _differs(self, vals):
        self.ensure_one()
        now = {name: self.role if name == "role" else self[name].id for name in DECIDES}
        return any(now[name] != (vals[name] or False) for name in DECIDES & vals.keys())

    @api.ondelete(at_uninstall=False)
    def _unlink_with_approval_only(self):
        if not self._may_change():
            for row in self:
                if row._books_real_events(row.company_id, row.connection_id):
                    raise UserError(self._sentence())

    def _sentence(self):
        return self.env._(
            "Real events are booked with the accounts of this company: another person has to agree to a change. Press "
            "“Propose a change” on the account of the role."
        )

    # -- asking ----------------------------------------------------------------------------------------------

    def action_propose(self):
        """Button: open the dialog in which another account is proposed for this role."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Propose a change"),
            "res_model": "integration.role.change",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_row_id": self.id},
        }

    def _ask_change(self, values, reason):
        """Ask another person for a change; returns the request.

        :param values: dict with change ('account', 'own' or 'remove'), account_id, connection_id.
        :raises UserError: nothing would change, or the account or connection does not fit.
        """
        self.ensure_one()
        self.check_access("write")
        self._check_change(values)
        return self.env["integration.change.request"]._ask(
            self, self._title(values), values, reason, kind="mapping", company=self.company_id
        )

    def _check_change(self, values):
        """Refuse what cannot be carried out.

        :raises UserError: with what is wrong.
        """
        change = values.get("change")
        account = self.env["account.account"].browse(values.get("account_id") or []).exists()
        connection = self.env["integration.connection"].browse(values.get("connection_id") or []).exists()
        if change not in ("account", "own", "remove"):
            raise UserError(self.env._("Say what shall change."))
        if change == "remove":
            if not self.connection_id:
                raise UserError(
                    self.env._("The company needs an account for this role: propose another one.")
                )
            return
        if not account or self.company_id not in account.company_ids or not account.active:
            raise UserError(self.env._("Choose an account of this company."))
        if change == "account" and account == self.account_id:
            raise UserError(self.env._("This account is in use already."))
        if change == "own":
            if self.connection_id or not connection or connection.company_id != self.company_id:
                raise UserError(self.env._("Choose the connection that gets an account of its own."))
            if self._own_row(connection):
                raise UserError(
                    self.env._("This connection has an account of its own: propose a change of that.")
                )

    def _own_row(self, connection):
        return self.sudo().search(
            [
                ("company_id", "=", self.company_id.id),
                ("connection_id", "=", connection.id),
                ("role", "=", self.role),
            ],
            limit=1,
        )

    def _role_words(self):
        return dict(self._fields["role"]._description_selection(self.env))[self.role]

    def _title(self, values):
        account = self.env["account.account"].with_company(self.company_id)
        account = account.browse(values.get("account_id") or [])
        connection = self.env["integration.connection"].browse(values.get("connection_id") or [])
        where = (connection or self.connection_id).name or self.env._("all connections")
        if values["change"] == "remove":
            return self.env._(
                "%(role)s (%(where)s): the company's account", role=self._role_words(), where=where
            )
        return self.env._(
            "%(role)s (%(where)s): %(account)s",
            role=self._role_words(),
            where=where,
            account=_called(account),
        )

    def _approval_preview(self, values):
        """Return the account now and afterwards, and what is booked on the present one, which stays as it is."""
        self.ensure_one()
        values = values or {}
        try:
            self._check_change(values)
        except UserError:
            return {"rows": [{"field": "account_id", "before": "", "after": ""}]}
        accounts = self.env["account.account"].with_company(self.company_id)
        now = self.account_id.with_company(self.company_id)
        if values["change"] == "remove":
            after = accounts.browse(self._own_row(self.connection_id.browse()).account_id.id)
        else:
            after = accounts.browse(values["account_id"])
        connection = self.env["integration.connection"].browse(values.get("connection_id") or [])
        rows = [
            {"field": "role", "before": self.role, "after": self.role},
            _holds_for(self.connection_id, connection or self.connection_id),
            _becomes(now, after),
        ]
        return {"rows": rows, "notes": [self._booked_note(now)]}

    def _booked_note(self, account):
        """Return what is booked on an account, as a note of a preview: a proposal changes none of it."""
        count, total = self.env["account.move.line"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("account_id", "=", account.id),
                ("parent_state", "=", "posted"),
            ],
            [],
            ["__count", "balance:sum"],
        )[0]
        currency = self.company_id.currency_id
        amount = f"{total or 0:.{currency.decimal_places}f} {currency.name}"
        return told({}, text=("role_booked", {"account": _called(account), "count": count, "amount": amount}))

    def _carry_out(self, request):
        """Change the account as it was asked for and approved.

        :raises UserError: it was not approved by a second person, or does not fit any more.
        """
        self.ensure_one()
        if not request._approves(self):
            raise UserError(self.env._("This has not been approved by a second person."))
        values = request.values or {}
        self._check_change(values)
        if values["change"] == "account":
            self._keyed().write({"account_id": values["account_id"]})
        elif values["change"] == "own":
            self._keyed().create(
                {
                    "company_id": self.company_id.id,
                    "connection_id": values["connection_id"],
                    "role": self.role,
                    "account_id": values["account_id"],
                }
            )
        else:
            self._keyed().unlink()


def _holds_for(before, after):
    """Return the row of a preview that says for which connection an account is, or for all of them."""
    row = {"field": "connection_id", "before": before.name, "after": after.name}
    everywhere = {name: "all_connections" for name in ("before", "after") if not row[name]}
    return told(row, label="holds_for", **everywhere)


def _becomes(now, after):
    row = {"field": "account_id", "before": _called(now), "after": _called(after)}
    return row if row["after"] else told(row, after="no_account")


def _called(account):
    """Return code and name of an account, as its company has them."""
    return f"{account.code or ''} {account.name or ''}".strip()
