# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Customers of Odoo that are written to an outside system: what Odoo owns of them, each content once (S1, ADR 0062).

One row per contact and connection. What is sent stands in the row until the answer is known, so that it is sent again
as it was, and a customer that was perhaps made is looked for by its key before it is made again (ADR 0015). Of what was
said only digests stay: by them the system's own event about it is recognised as an echo.
"""

import secrets
from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...connectors.registry import get_connector
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import TransientError
from ...engine.owned_columns import CUSTOMER
from ...engine.ownership import ODOO

STATES = [
    ("draft", "Would be written"),
    ("to_send", "To be written"),
    ("unknown", "Sent, answer not known"),
    ("refused", "Refused by the outside system"),
    ("sent", "Written"),
    ("gone", "Deleted there"),
    ("stopped", "Not written any more"),
]
# Whatever the answer to what was on its way: it is written no more.
OVER = ("stopped", "gone")
# What the outside system may be told, in the words of the canonical customer.
PARTS = ("name", "email", "phone", "language", "address", "tax_id")
# Written beside the customer itself: its own event does not tell them.
BESIDE = ("tax_id",)
SEND_SECONDS = 30
# So many contents are remembered: an event may tell an older one after a newer one was written.
REMEMBERED = 20
# Clocks differ; a customer that was perhaps made is looked for from a little before.
LOOKED_BEFORE = timedelta(minutes=10)
MAX_PAGES = 20
SENT_AT_ONCE = 20


class IntegrationCustomerCopy(models.Model):
    _name = "integration.customer.copy"
    _description = "Customer written to an outside system"
    _inherit = ["integration.sent.once"]
    _order = "id desc"
    _rec_name = "partner_id"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, ondelete="cascade", index=True, string="Customer"
    )
    state = fields.Selection(STATES, required=True, readonly=True, default="draft", copy=False, index=True)
    outside_id = fields.Char(readonly=True, copy=False, index="btree_not_null", string="Id there")
    would_write = fields.Text(
        compute="_compute_would_write",
        string="What is written",
        help="What Odoo owns of this customer, as the outside system gets it.",
    )
    is_current = fields.Boolean(compute="_compute_would_write", string="Nothing new to write")
    written_at = fields.Datetime(readonly=True, copy=False, string="Last written")
    version = fields.Integer(readonly=True, copy=False, help="How many contents were sent.")
    # Where there is no id: since then it may have been made there.
    first_try_at = fields.Datetime(readonly=True, copy=False)
    sending = fields.Json(readonly=True, copy=False, help="What is on its way, until the answer is known.")
    said = fields.Json(readonly=True, copy=False, help="Digests of what was sent, the newest last.")

    # A constraint, not an index: by it Odoo sees, where contacts are merged, that one of two rows has to go.
    _one_row = models.Constraint(
        "UNIQUE(connection_id, partner_id)", "This customer is written to this system already."
    )
    _key_unique = models.UniqueIndex("(key) WHERE key IS NOT NULL")

    @api.depends("partner_id", "said")
    def _compute_would_write(self):
        labels = self.env["integration.ownership"]._labels("field")
        for row in self.sudo():
            content = row._content()
            lines = [
                f"{labels[name]}: {', '.join(value.values()) if isinstance(value, dict) else value}"
                for name, value in content.items()
                if value
            ]
            row.would_write = "\n".join(lines) or False
            row.is_current = not row._is_news(content)

    # -- what is said --------------------------------------------------------------------------------------

    def _content(self):
        """Return what of the customer is written: what Odoo owns, as the outside system keeps it; {} = nothing.

        A field is Odoo's where the matrix says so, or where nobody plays its owner and no system brought the contact.
        """
        self.ensure_one()
        company = self.connection_id.company_id
        partner = self.partner_id.with_company(company)
        home = (partner.integration_sources or {}).get(CUSTOMER.home)
        owned = {}
        for part in PARTS:
            _rule, owners = self.env["integration.ownership"]._owner_of(
                company, CUSTOMER.object, part, self.connection_id, home
            )
            if not owners or ODOO in owners:
                owned[part] = partner._integration_written(part)
        return dict(self.connection_id._connector().customer_content(owned))

    def _is_news(self, content=None):
        """Whether the outside system has not been told this content last."""
        content = self._content() if content is None else content
        # That a customer has no number is nothing to tell where none of ours is there.
        told = [part for part in content if part not in BESIDE or content[part] or self.number_there]
        return bool(told) and trace(content) != (self.said or [None])[-1]

    def _may_be_written(self):
        """Whether this contact is a customer of the company to whom nothing is in the way of selling."""
        partner = self.partner_id
        return bool(
            partner.active
            and not partner.parent_id
            and partner.customer_rank
            and partner.company_id.id in (False, self.company_id.id)
            and not partner._integration_refusal("customer", self.company_id)
        )

    # -- buttons -------------------------------------------------------------------------------------------

    def action_write(self):
        """Button: write these customers now.

        :raises UserError: the connection does not write customers, or nothing of a customer is Odoo's.
        """
        self.check_access("write")
        for row in self:
            if not row.connection_id.customers_out:
                raise UserError(self.env._("%s does not write customers.", row.connection_id.name))
            if row.state in ("draft", "stopped"):
                row._check_can_be_made()
                row.sudo()._put_in_line()
        return True

    def action_write_again(self):
        """Button: write a customer once more that was refused, or make the one anew that was deleted there."""
        self.check_access("write")
        for row in self.sudo().filtered(lambda one: one.state in ("refused", "gone")):
            if row.state == "gone":
                row._check_can_be_made(anew=True)
                row.write({"outside_id": False, "said": False, "key": False, "first_try_at": False})
            row._let_go(self.env._("It is written anew."))
            row._put_in_line()
        return True

    def action_leave(self):
        """Button: this customer is not written there any more; what is there stays as it is."""
        self.check_access("write")
        for row in self:
            self.env["integration.audit.leaf"]._record_change(
                row, "customer.not_written", row.outside_id or ""
            )
        self.sudo()._stop()
        return True

    def action_open_partner(self):
        """Button: open the customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }

    def _check_can_be_made(self, anew=False):
        if (anew or not self.outside_id) and not self.sudo()._content().get("name"):
            raise UserError(
                self.env._(
                    "The name of %s belongs to another system, which makes it there.",
                    self.partner_id.display_name,
                )
            )

    def _put_in_line(self):
        """Let these be written: a few at once, the rest by the sweep."""
        for row in self:
            row.write(
                {
                    "state": "to_send",
                    "key": row.key or f"customer-{row.id}-{secrets.token_hex(8)}",
                    "tries": 0,
                    "due_at": False,
                    "answer": False,
                }
            )
        self[:SENT_AT_ONCE]._send_soon()

    def _stop(self):
        """Write these no more, and forget what was said of them; whether one was perhaps made is remembered."""
        for row in self:
            for code in ("customer_not_written", "customer_gone", "customer_tax_number_unknown"):
                row._let_go_of(code, self.env._("It is not written there any more."))
        self.write({"state": "stopped", "sending": False, "said": False, "due_at": False, "answer": False})

    # -- sending -------------------------------------------------------------------------------------------

    def _begin(self):
        if self.state == "to_send" and not self.sending:
            if not self.connection_id.customers_out or not self._may_be_written():
                self.write({"state": "sent" if self.outside_id else "draft", "due_at": False})
                return None
            if not self._is_news():
                self._settle()
                return None
        return super()._begin()

    def _facts_to_send(self):
        """Return what is sent; a content of which nobody knows whether it arrived is sent as it was.

        Where a customer was perhaps made before somebody stopped the writing, that is only asked: what was sent then is
        not known any more.
        """
        only_looks = not self.sending and not self.outside_id and bool(self.first_try_at)
        if not self.sending and not only_looks:
            content = self._content()
            self.write(
                {
                    "sending": content,
                    "version": self.version + 1,
                    "said": [*(self.said or [])[1 - REMEMBERED :], trace(content)],
                    "first_try_at": fields.Datetime.now(),
                }
            )
        return {
            "outside_id": self.outside_id or None,
            "content": self.sending,
            "only_looks": only_looks,
            "version": self.version,
            # A word of its own for each request: the same one under another address is refused.
            "once": f"{self.key}-{self.version}-{'change' if self.outside_id else 'new'}",
            "since": self.first_try_at.replace(tzinfo=timezone.utc) - LOOKED_BEFORE,
        }

    @api.model
    def _tell(self, facts, step):
        """Make or change the customer; returns the arguments of ``_made``."""
        connector = get_connector(facts["connector"])
        outside_id, only_looks = facts["outside_id"], facts["only_looks"]
        if outside_id is None and (facts["asks_first"] or only_looks):
            made = self._find(connector, facts)
            if made or only_looks:
                return made, facts["version"], only_looks
        made = self._tell_provider(
            facts,
            lambda: connector.customer_write(
                outside_id,
                facts["content"],
                facts["key"],
                facts["once"],
                facts["settings"],
                facts["secret"],
            ),
            connector.customer_written,
            SEND_SECONDS,
        )
        return made, facts["version"]

    @api.model
    def _find(self, connector, facts):
        """Return the id of the customer that was made with our key, None where none was.

        :raises TransientError: there are too many new customers to look through.
        """
        after = None
        for _page in range(MAX_PAGES):
            found, after = self._ask_provider(
                facts,
                lambda after=after: connector.customer_find(
                    facts["since"], after, facts["settings"], facts["secret"]
                ),
                lambda answer: connector.customer_found(answer, facts["key"]),
                SEND_SECONDS,
            )
            if found or after is None:
                return found
        raise TransientError(
            "source_unavailable", f"more than {MAX_PAGES} pages of new customers", params={"status": 200}
        )

    def _made(self, outside_id, version, only_looked=False):
        """It is there with this id; None: it was deleted there, or where it was only looked for, it was never made.

        :param version: the content that the answer is about; by now a later one may be on its way.
        """
        if self.state in OVER or version != self.version:
            self._note_id(outside_id)
            return
        if outside_id is None and only_looked:
            self.first_try_at = False
            self._put_in_line()
            return
        if outside_id is None:
            self._is_gone()
            return
        self._note_id(outside_id)
        self._settle()
        self._let_go(self.env._("The customer is written."))
        if self._is_news():  # changed while it was on its way
            self._put_in_line()

    def _note_id(self, outside_id):
        """Write down what is there now, also of a customer of which nothing is written any more."""
        if outside_id is None or (self.state in OVER and self.outside_id):
            return
        self.write({"outside_id": outside_id, "written_at": fields.Datetime.now()})
        self.flush_recordset()  # the row first: whoever binds it at the same moment waits for it
        self._bind(outside_id)
        self.env["integration.audit.leaf"]._record_change(self, "customer.written", outside_id)

    def _settle(self):
        self.write({"state": "sent", "sending": False, "answer": False, "due_at": False, "tries": 0})

    def _binding(self, outside_id):
        found = self.env["integration.binding"]._find(self.connection_id, "customer", [outside_id])
        return found.get(outside_id)

    def _bind(self, outside_id):
        Binding = self.env["integration.binding"]
        if not self._binding(outside_id):
            Binding._bind(self.connection_id, "customer", [(outside_id, self.partner_id, 0, None)])

    def _failed(self, error):
        if self.state in OVER:
            return
        refused = self.sending
        super()._failed(error)
        if self.state in ("to_send", "refused"):  # certainly not there: the next try says what holds then
            self.write({"sending": False, "said": (self.said or [])[:-1], "first_try_at": False})
            self._change_follows(refused)

    def _change_follows(self, refused):
        """Write what was changed while a content was on its way that is refused: that one is not wanted any more."""
        if self.state == "refused" and refused and self._content() != refused and self._wants_writing():
            self._let_go(self.env._("It is written anew."))
            self._put_in_line()

    def _is_gone(self):
        """It was deleted there: a person decides whether it is made anew."""
        if self.state == "gone":
            return
        self.write({"state": "gone", "sending": False, "due_at": False, "answer": False})
        self.env["integration.audit.leaf"]._record_change(self, "customer.gone", self.outside_id or "")
        self.env["integration.exception"]._raise_cause(
            self.connection_id, "customer_gone", self._failure_params(), self._cause()
        )

    @api.model
    def _failure_code(self):
        return "customer_not_written"

    def _failure_params(self):
        return {
            "customer": self.partner_id.display_name,
            "connection": self.connection_id.name,
            "copy": self.id,
        }

    def _cause(self):
        return f"customer copy {self.id}"

    def _let_go(self, text):
        result = super()._let_go(text)
        self._let_go_of("customer_gone", text)
        return result

    def _let_go_of(self, code, text):
        self.env["integration.exception"]._settle_cause(self.connection_id, code, self._cause(), text)


def trace(content):
    """Return what stays of a content that was sent: the names of its parts, its digest, that of what is beside it."""
    told = {name: value for name, value in content.items() if name not in BESIDE}
    kept = {"parts": sorted(told), "digest": digest(canonical_bytes(told))}
    beside = {name: content[name] for name in BESIDE if content.get(name)}
    return {**kept, "beside": digest(canonical_bytes(beside))} if beside else kept
