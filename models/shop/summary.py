# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from ..messaging.lane import CHANNEL


class IntegrationShopSummary(models.Model):
    """The sales to consumers of one day, channel, currency and tax country, in one document (policy F10)."""

    _name = "integration.shop.summary"
    _description = "Daily summary of a shop"
    _order = "day desc, id desc"
    _rec_name = "number"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    number = fields.Char(required=True, readonly=True)
    day = fields.Date(required=True, readonly=True, help="In the time zone of the shop's connection.")
    channel = fields.Char(readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    tax_country = fields.Char(readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True, required=True, string="Customer")
    state = fields.Selection(
        [("open", "Not booked yet"), ("posted", "Booked")], required=True, readonly=True, default="open"
    )
    amount_net = fields.Monetary(
        readonly=True, string="Before taxes", help="What was sold, less what was taken back."
    )
    amount_tax = fields.Monetary(readonly=True, string="Taxes")
    move_id = fields.Many2one("account.move", readonly=True, ondelete="restrict", string="Invoice")
    note_id = fields.Many2one("account.move", readonly=True, ondelete="restrict", string="Credit note")
    exception_id = fields.Many2one("integration.exception", readonly=True, ondelete="set null")
    line_ids = fields.One2many("integration.shop.summary.line", "summary_id", readonly=True)
    step_ids = fields.One2many("integration.shop.step", "summary_id", readonly=True, string="From")

    _key_unique = models.UniqueIndex(
        "(connection_id, day, COALESCE(channel, ''), currency_id, COALESCE(tax_country, ''))"
    )

    def _lines(self):
        """A summary stands where an order stands for the rules that make its documents; it has no lines of an order."""
        return []


class IntegrationShopSummaryLine(models.Model):
    """A line of a daily summary, with everything that is in it."""

    _name = "integration.shop.summary.line"
    _description = "Line of a daily summary"
    _order = "summary_id, id"
    _rec_name = "description"

    summary_id = fields.Many2one("integration.shop.summary", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="summary_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="summary_id.currency_id")
    description = fields.Char(readonly=True)
    way = fields.Selection([("sold", "Sold"), ("back", "Taken back")], readonly=True, required=True)
    taxes = fields.Char(readonly=True, string="Tax codes")
    quantity = fields.Float(readonly=True, digits=0)
    amount_net = fields.Monetary(readonly=True, string="Before taxes")
    amount_tax = fields.Monetary(readonly=True, string="Taxes")
    step_ids = fields.Many2many(
        "integration.shop.step", "integration_shop_summary_line_step_rel", readonly=True, string="From"
    )


class IntegrationShopStep(models.Model):
    _inherit = "integration.shop.step"

    summary_day = fields.Date(readonly=True, help="The day to which it belongs in a daily summary.")
    to_summarise = fields.Boolean(readonly=True, help="It waits for the summary of its day.")
    summary_id = fields.Many2one(
        "integration.shop.summary", readonly=True, ondelete="restrict", index="btree_not_null"
    )

    _to_summarise_idx = models.Index("(connection_id, summary_day) WHERE to_summarise")


class IntegrationShopOrder(models.Model):
    _inherit = "integration.shop.order"

    booking = fields.Selection(
        [("each", "An invoice per fulfilment"), ("daily", "In the daily summary")],
        required=True,
        readonly=True,
        default="each",
    )


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    shop_booking = fields.Selection(
        [("each", "An invoice per fulfilment"), ("daily", "One document per day for sales to consumers")],
        string="Sales of the shop",
        required=True,
        default="each",
        tracking=True,
        help="One document per day: sales to consumers of a day, channel, currency and tax country are booked "
        "together on the customer of nameless sales, once the day is over. Sales to companies, and to other "
        "countries of the EU, keep an invoice each. Counts for orders that come in from now on.",
    )

    @api.model
    def _cron_names(self):
        return (*super()._cron_names(), "cron_summaries")

    @api.model
    def _cron_summarise(self):
        """Ask for the summaries of all shops in which something waits for one."""
        waiting = self.env["integration.shop.step"]._read_group(
            [("to_summarise", "=", True)], ["connection_id"]
        )
        opened = self.env["integration.shop.summary"]._read_group([("state", "=", "open")], ["connection_id"])
        for (connection,) in {*waiting, *opened}:
            if connection.state == "active":
                connection.with_delay(
                    channel=CHANNEL,
                    identity_key=f"finance_integration.summarise.{connection.id}",
                    priority=10,
                )._summarise()

    def _summarise(self):
        """Job: make and book the summaries of all days that are over; returns how many were booked."""
        self.ensure_one()
        if self.state != "active":
            return 0
        service = self._as_service()
        return service.env["integration.posting.order_summary"]._summarise(service)
