# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which customers are written: chosen per connection, shown before, then with each change (S1, ADR 0062)."""

from itertools import islice

from odoo import SUPERUSER_ID, api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..messaging.lane import CHANNEL
from ..messaging.write_skew import update_for_real

MAX_SHOWN = 1000
PORTION = 500


class IntegrationCustomerCopy(models.Model):
    _inherit = "integration.customer.copy"

    @api.model
    @tools.ormcache()
    def _writing(self):
        """Return ((id, company id, which customers) of each connection that writes customers); cached."""
        connections = self.env["integration.connection"].sudo().search([("customers_out", "!=", False)])
        return tuple((one.id, one.company_id.id, one.customers_out) for one in connections)

    @api.model
    def _look_at(self, partners):
        """Put in line what has changed of these contacts; costs a look-up where no connection writes customers."""
        for connection_id, company_id, which in self._writing():
            concerned = partners.filtered(
                lambda one, company_id=company_id: (
                    one.customer_rank and not one.parent_id and one.company_id.id in (False, company_id)
                )
            )
            if concerned:
                connection = self.env["integration.connection"].sudo().browse(connection_id)
                self.sudo()._look_for(connection, concerned, which)

    @api.model
    def _look_at_all_soon(self, company):
        """Queue a look at every customer of a company: what kept some from being written is gone."""
        for connection_id, company_id, _which in self._writing():
            if company_id == company.id:
                connection = self.env["integration.connection"].with_user(SUPERUSER_ID).browse(connection_id)
                connection.with_delay(
                    channel=CHANNEL,
                    priority=12,
                    identity_key=f"finance_integration.look_at_customers.{connection_id}",
                )._look_at_customers(0)

    @api.model
    def _look_for(self, connection, partners, which):
        rows = self.search([("connection_id", "=", connection.id), ("partner_id", "in", partners.ids)])
        known = self._known_there(connection, partners - rows.partner_id)
        wanted = [partner for partner in partners - rows.partner_id if which == "all" or partner.id in known]
        made = self.create(
            [
                {
                    "connection_id": connection.id,
                    "partner_id": partner.id,
                    "outside_id": known.get(partner.id, False),
                    "state": "sent",
                }
                for partner in wanted
            ]
        )
        rows |= made
        # Whoever begins or ends to send one at this moment looks for news, too, and does not see this change.
        update_for_real(rows.filtered(lambda row: row.state in ("to_send", "unknown")))
        news = rows.filtered(lambda row: row._follows(which) and row._wants_writing())
        news._put_in_line()
        (made - news).unlink()  # nothing of them is to be written yet

    def _follows(self, which):
        """Whether a change of this customer is written by itself.

        One that was only shown, or put back while something was in the way, is as one of which there is no row.
        """
        if self.state == "draft":
            return which == "all" or bool(self.outside_id)
        return self.state in ("sent", "refused")

    def _wants_writing(self):
        content = self._content()
        makeable = bool(self.outside_id or content.get("name"))
        return makeable and self._may_be_written() and self._is_news(content)

    @api.model
    def _made_here(self, connection, partners):
        """Return the ids of those contacts that the outside system has from Odoo."""
        if not connection._spec().writes_customers:
            return set()
        rows = self.sudo().search(
            [
                ("connection_id", "=", connection.id),
                ("partner_id", "in", partners.ids),
                ("state", "!=", "draft"),
            ]
        )
        return set(rows.partner_id.ids)

    @api.model
    def _known_there(self, connection, partners):
        """Return {contact id: its leading id there} of those that the outside system knows."""
        bindings = (
            self.env["integration.binding"]
            .sudo()
            .search([*self._leading(connection), ("res_id", "in", partners.ids)], order="id desc")
        )
        return {binding.res_id: binding.outside_id for binding in bindings}

    def _leading(self, connection):
        """Return the domain of the bindings by which the outside system knows customers."""
        return [
            ("connection_id", "=", connection.id),
            ("kind", "=", "customer"),
            ("res_model", "=", "res.partner"),
            ("is_second", "=", False),
        ]

    @api.model
    def _show(self, connection):
        """Make the rows of what would be written anew; returns them. Nothing is sent."""
        drafts = self.search([("connection_id", "=", connection.id), ("state", "=", "draft")])
        drafts.filtered(lambda row: not row.first_try_at).unlink()  # the others were perhaps made there
        shown, after = self.browse(), 0
        while len(shown) < MAX_SHOWN and (partners := self._not_shown(connection, after)):
            after = partners[-1].id
            shown |= self._shown(connection, partners, MAX_SHOWN - len(shown))
        return shown

    def _not_shown(self, connection, after):
        """Return the next customers, by their number, that may be written and have no row."""
        rows = self._search([("connection_id", "=", connection.id)])
        domain = [
            ("id", ">", after),
            ("customer_rank", ">", 0),
            ("parent_id", "=", False),
            ("company_id", "in", (False, connection.company_id.id)),
            ("id", "not in", rows.subselect(SQL.identifier(rows.table, "partner_id"))),
        ]
        if connection.customers_out == "known":
            there = self.env["integration.binding"]._search(self._leading(connection))
            domain.append(("id", "in", there.subselect(SQL.identifier(there.table, "res_id"))))
        return self.env["res.partner"].search(domain, order="id", limit=MAX_SHOWN)

    def _shown(self, connection, partners, limit):
        """Make the rows of those of whom something would be written, ``limit`` at most."""
        there = self._known_there(connection, partners)
        values = (
            {
                "connection_id": connection.id,
                "partner_id": partner.id,
                "outside_id": there.get(partner.id, False),
            }
            for partner in partners
        )
        wanted = (each for each in values if self.new(each)._wants_writing())
        return self.create(list(islice(wanted, limit)))

    @api.model
    def _stop_for(self, partner_ids, company):
        """Write nothing any more of people whose data is erased; returns the rows."""
        rows = self.sudo().search(
            [
                ("partner_id", "in", list(partner_ids)),
                ("company_id", "=", company.id),
                ("state", "!=", "stopped"),
            ]
        )
        rows._stop()
        return rows


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    writes_customers = fields.Boolean(compute="_compute_writes_customers")
    customers_out = fields.Selection(
        [
            ("known", "Those that are there already"),
            ("all", "All customers of the company"),
        ],
        string="Customers written there",
        copy=False,
        tracking=True,
        help="What Odoo owns of a customer (see Configuration, Ownership) is written to the outside system with each "
        "change: name, e-mail, phone, language, address and tax number. Those that are there already: no customer "
        "is made there. All: new ones are made, too, once nothing is in the way of invoicing them. No customer is ever "
        "deleted there.",
    )
    customer_copy_count = fields.Integer(compute="_compute_customer_copy_count", string="Customers written")

    def _compute_writes_customers(self):
        for connection in self:
            connection.writes_customers = bool(connection.connector) and connection._spec().writes_customers

    def _compute_customer_copy_count(self):
        counts = dict(
            self.env["integration.customer.copy"]
            .sudo()
            ._read_group([("connection_id", "in", self.ids)], ["connection_id"], ["__count"])
        )
        for connection in self:
            connection.customer_copy_count = counts.get(connection, 0)

    @api.constrains("customers_out", "connector")
    def _check_customers_out(self):
        for connection in self:
            if connection.customers_out and not connection._spec().writes_customers:
                raise UserError(self.env._("%s takes no customers from here.", connection.name))

    def _look_at_customers(self, after_id):
        """Job: put in line what there is to write of a portion of the customers, and go on with the next; returns how
        many were looked at.
        """
        self.ensure_one()
        copies = self.env["integration.customer.copy"].sudo()
        if not self.customers_out:
            return 0
        domain = [
            ("id", ">", after_id),
            ("customer_rank", ">", 0),
            ("parent_id", "=", False),
            ("company_id", "in", (False, self.company_id.id)),
        ]
        found = self.env["res.partner"].sudo().search(domain, order="id", limit=PORTION)
        copies._look_for(self.sudo(), found, self.customers_out)
        if len(found) == PORTION:
            whole = self.with_user(SUPERUSER_ID)
            whole.with_delay(channel=CHANNEL, priority=12)._look_at_customers(found[-1].id)
        return len(found)

    def action_show_customers(self):
        """Button: show which customers would be written and what of them; nothing is sent by looking."""
        self.ensure_one()
        self.check_access("read")
        if not self._spec().writes_customers:
            raise UserError(self.env._("%s takes no customers from here.", self.name))
        self.env["integration.customer.copy"].sudo()._show(self)
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_customer_copy")
        return dict(action, domain=[("connection_id", "=", self.id)], context={})
