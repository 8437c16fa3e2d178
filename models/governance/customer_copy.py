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
# What the outside system may be told, in the words of the canonical customer.
PARTS = ("name", "email", "phone", "language", "address")
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
        return bool(content) and trace(content) != (self.said or [None])[-1]

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
                row.write({"outside_id": False, "said": False, "key": False})
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
        """Write these no more, and forget what was said of them."""
        for row in self:
            for code in ("customer_not_written", "customer_gone"):
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
        """Return what is sent; a content of which nobody knows whether it arrived is sent as it was."""
        if not self.sending:
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
            # A word of its own for each request: the same one under another address is refused.
            "once": f"{self.key}-{self.version}-{'change' if self.outside_id else 'new'}",
            "since": self.first_try_at.replace(tzinfo=timezone.utc) - LOOKED_BEFORE,
        }

    @api.model
    def _tell(self, facts, step):
        """Make or change the customer; returns its id in a tuple, None in it where it was deleted there."""
        connector = get_connector(facts["connector"])
        outside_id = facts["outside_id"]
        if outside_id is None and facts["asks_first"] and (made := self._find(connector, facts)):
            return (made,)
        return (
            self._tell_provider(
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
            ),
        )

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

    def _made(self, outside_id):
        if outside_id is None:
            self._is_gone()
            return
        self.write({"outside_id": outside_id, "written_at": fields.Datetime.now()})
        self.flush_recordset()  # the row first: whoever binds it at the same moment waits for it
        self._bind(outside_id)
        self._settle()
        self.env["integration.audit.leaf"]._record_change(self, "customer.written", outside_id)
        self._let_go(self.env._("The customer is written."))
        if self._is_news():  # changed while it was on its way
            self._put_in_line()

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
        result = super()._failed(error)
        if self.state in ("to_send", "refused"):  # certainly not there: the next try says what holds then
            self.write({"sending": False, "said": (self.said or [])[:-1]})
        return result

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

    # -- what comes back -----------------------------------------------------------------------------------

    @api.model
    def _of_documents(self, connection, documents):
        """Return {outside id: row} of customers that were written from here, by our key or by their id."""
        if not connection._spec().writes_customers:
            return {}
        keys = {
            document.written_as: document.source.object_id for document in documents if document.written_as
        }
        rows = self.sudo().search(
            [
                ("connection_id", "=", connection.id),
                "|",
                ("key", "in", list(keys)),
                ("outside_id", "in", [document.source.object_id for document in documents]),
            ]
        )
        return {row.outside_id or keys.get(row.key): row for row in rows if row.state != "stopped"}

    def _hear(self, document):
        """Take in what the outside system says of a customer that was written from here; True = it says nothing new.

        Its id is remembered before the answer to what was sent is known, and a deletion is told to a person.
        """
        self.ensure_one()
        outside_id = document.source.object_id
        if document.status == "archived":
            if self.state in ("sent", "to_send", "unknown", "refused") and self.outside_id == outside_id:
                self._is_gone()
            return False
        if not self.outside_id:
            self.outside_id = outside_id
            self.flush_recordset()
        self._bind(outside_id)
        told = {
            "name": document.name,
            "email": document.email or "",
            "phone": document.phone or "",
            "language": document.language or "",
            "address": {name: value for name, value in _address(document).items() if value},
        }
        echoes = [
            known
            for known in self.said or ()
            if trace({part: told[part] for part in known["parts"]}) == known
        ]
        if echoes and self.state == "unknown" and echoes[-1] == self.said[-1]:
            self._made(outside_id)  # what nobody knew the answer to has arrived
        return bool(echoes)


def _address(document):
    names = ("street", "street2", "city", "zip", "state", "country")
    return {name: getattr(document.address, name) for name in names} if document.address else {}


def trace(content):
    """Return what stays of a content that was sent: the names of its parts, and its digest."""
    return {"parts": sorted(content), "digest": digest(canonical_bytes(content))}
