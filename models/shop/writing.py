# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Odoo writes to a shop: names and prices of products, tags of orders (S3, ADR 0064).

One row per record and shop says what the shop shall hold. It is written in the same transaction as the change that it
follows (E8); a job compares it with what the shop holds and writes what differs, outside of any transaction. The shop
is always asked before anything is written, so an answer that was lost is never a reason to write twice.
"""

import secrets
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...connectors.registry import get_connector
from ...engine import shop_writing
from ...engine.errors import AuthorizationError, BusinessError
from ...engine.shop_writing import CannotWriteError, Wish
from ..messaging.sent_once import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS

STATES = [
    ("shown", "Would be written"),
    ("to_send", "To be written"),
    ("unknown", "On its way"),
    ("refused", "Refused"),
    ("sent", "The shop has it"),
    ("absent", "Not in the shop"),
    ("off", "Not written any more"),
]
# A wish that is as it was needs no work in these.
SETTLED = ("shown", "to_send", "unknown", "sent", "absent")
SECONDS = 30
CODE = "shop_not_written"
MAX_ROWS = 2_000


class IntegrationShopWriting(models.Model):
    _name = "integration.shop.writing"
    _description = "What is written to a shop"
    _inherit = ["integration.sent.once"]
    _order = "write_date desc, id desc"
    _rec_name = "label"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade", string="Shop"
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    subject = fields.Selection(
        [("product", "Product"), ("order", "Order")], required=True, readonly=True, string="Of"
    )
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True, readonly=True, string="Record")
    label = fields.Char(readonly=True, string="What")
    outside_id = fields.Char(readonly=True, copy=False, string="Id in the shop")
    wanted = fields.Json(readonly=True, help="What the shop shall hold.")
    wanted_digest = fields.Char(readonly=True)
    wanted_text = fields.Char(compute="_compute_wanted_text", string="As Odoo has it")
    problem = fields.Char(readonly=True, help="Why it cannot be written as it stands.")
    changes = fields.Text(
        readonly=True, help="What was different in the shop when it was last compared: before → after."
    )
    told_at = fields.Datetime(readonly=True, copy=False, string="Last written")
    state = fields.Selection(STATES, required=True, readonly=True, default="to_send", copy=False, index=True)

    _one_per_record = models.UniqueIndex("(connection_id, res_model, res_id)")

    @api.depends("wanted")
    def _compute_wanted_text(self):
        for row in self:
            wanted = row.wanted or {}
            price = f"{wanted['price']} {wanted['currency']}" if "price" in wanted else ""
            row.wanted_text = " · ".join(
                filter(None, (wanted.get("name"), price, ", ".join(wanted.get("tags", ()))))
            )

    # -- wishes --------------------------------------------------------------------------------------------

    @api.model
    def _want(self, connection, subject, wishes, again=False):
        """Keep what a shop shall hold of records, and have it written.

        :param wishes: list of (record, label, id in the shop or False, values, problem or False).
        :param again: compare with the shop also what is as it was.
        """
        if not wishes:
            return
        ids, model = [record.id for record, *_rest in wishes], wishes[0][0]._name
        present = {
            row.res_id: row
            for row in self.search(
                [("connection_id", "=", connection.id), ("res_model", "=", model), ("res_id", "in", ids)]
            )
        }
        new, due = [], self.browse()
        for record, label, outside_id, wanted, problem in wishes:
            values = {
                "label": label,
                "wanted": wanted,
                "wanted_digest": shop_writing.wish_digest({**wanted, "problem": problem}),
                "problem": problem,
            }
            row = present.get(record.id)
            if row is None:
                values |= {"connection_id": connection.id, "subject": subject, "res_model": model}
                values |= {"res_id": record.id, "outside_id": outside_id, "key": secrets.token_hex(8)}
                new.append(values)
            elif again or row.wanted_digest != values["wanted_digest"] or row.state not in SETTLED:
                # What is on its way is finished as it was asked for, and compared with this afterwards.
                due_now = {} if row.state == "unknown" else {"state": "to_send", "due_at": False, "tries": 0}
                row.write(values | due_now)
                due |= row
        (due | self.create(new))._send_soon()

    @api.model
    def _unwant(self, connection, model, ids):
        """Records that are not written any more, because they are not sold or are gone."""
        rows = self.search(
            [("connection_id", "=", connection.id), ("res_model", "=", model), ("res_id", "in", ids)]
        )
        rows.filtered(lambda row: row.state not in ("unknown", "off")).write(
            {"state": "off", "due_at": False}
        )
        for row in rows:
            row._let_go(self.env._("It is not written to the shop any more."))

    def action_write_again(self):
        """Button: compare it with the shop again now, and write what differs.

        :raises UserError: nothing is written to this shop.
        """
        self.check_access("write")
        rows = self[:MAX_ROWS].sudo()
        if any(row.connection_id.shop_writes == "off" for row in rows):
            raise UserError(self.env._("Choose on the connection first what is written to the shop."))
        rows.filtered(lambda row: row.state != "unknown").write({"state": "to_send"})
        rows.write({"due_at": False, "tries": 0})
        rows._send_soon()
        return True

    def action_open_record(self):
        """Button: open the product or order."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    # -- sending -------------------------------------------------------------------------------------------

    def _begin(self):
        if self.connection_id.shop_writes == "off" and self.state in ("to_send", "unknown"):
            self.write({"state": "off", "due_at": False})
            return None
        return super()._begin()

    def _facts_to_send(self):
        connection = self.connection_id
        wish = Wish(
            self.subject,
            self.wanted,
            self.outside_id or None,
            may_create=self.subject == "product" and connection.shop_creates_products,
            key=self.key,
        )
        return {
            "wish": wish,
            "digest": self.wanted_digest,
            "problem": self.problem,
            "dry": connection.shop_writes != "on",
            "reasons": self._reasons(),
        }

    def _reasons(self):
        """Return the sentences of what keeps a wish from being written, in the language of the company."""
        theirs = self.with_context(lang=self.company_id.partner_id.lang)
        return {
            shop_writing.OTHER_CURRENCY: theirs.env._(
                "The price is in %(currency)s, the shop sells in %(shop_currency)s. Choose a price list in the shop's "
                "currency on the connection."
            ),
            shop_writing.OTHER_TAXES: theirs.env._(
                "The shop states its prices %(shop)s taxes, Odoo otherwise. Choose a price list on the connection "
                "whose prices are stated as in the shop."
            ),
            shop_writing.SEVERAL: theirs.env._(
                "Several variants in the shop have the article number %(sku)s."
            ),
            shop_writing.NAMELESS: theirs.env._(
                "It is to be made in the shop, and its name is not among what is written."
            ),
        }

    @api.model
    def _tell(self, facts, step):
        """Return the arguments of ``_made``: the shop holds it now, or would not have it, or was only asked."""
        if facts["problem"]:
            raise self._not_written(facts, facts["problem"])
        connector, wish = get_connector(facts["connector"]), facts["wish"]
        try:
            held = self._held(facts, connector, wish)
            if held is None and wish.outside_id and wish.subject == shop_writing.PRODUCT:
                # It was deleted there, or made anew under another id.
                wish = Wish(wish.subject, wish.values, None, wish.may_create, wish.key)
                held = self._held(facts, connector, wish)
            writes = shop_writing.writes(wish, held)
        except CannotWriteError as why:
            text = facts["reasons"][why.reason] % why.params
            raise self._not_written(facts, text) from why
        outside_id = held.outside_id if held else None
        if not facts["dry"]:
            for write in writes:
                outside_id = self._write_one(facts, connector, write) or outside_id
        changes = [(write.kind, write.before, write.after) for write in writes]
        return facts["digest"], outside_id, changes, facts["dry"], held is None and not writes

    @api.model
    def _held(self, facts, connector, wish):
        access = (facts["settings"], facts["secret"])
        return self._ask_provider(
            facts,
            partial(connector.record_find, wish, *access),
            partial(connector.record_held, wish=wish),
            SECONDS,
        )

    @api.model
    def _write_one(self, facts, connector, write):
        """Write one thing; returns the id of what was made by it, if anything was.

        :raises BusinessError: ``shop_not_written``, in the shop's own words.
        """
        refusal, made = self._tell_provider(
            facts,
            partial(connector.record_write, write, facts["settings"], facts["secret"]),
            partial(connector.record_written, write=write),
            SECONDS,
        )
        if refusal:
            raise self._not_written(facts, refusal)
        return made

    @api.model
    def _not_written(self, facts, reason):
        return BusinessError("shop_not_written", params=facts["params"] | {"reason": reason})

    def _made(self, digest, outside_id, changes, dry, absent):
        words = self._change_words()
        text = "\n".join(f"{words[kind]}: {' → '.join(filter(None, said))}" for kind, *said in changes)
        state = "absent" if absent else "shown" if dry and changes else "sent"
        values = {"state": state, "outside_id": outside_id, "changes": text, "answer": False}
        values |= {"due_at": False, "tries": 0}
        if self.state == "off":
            values["state"] = "off"  # it was taken back while it was on its way
        if changes and not dry:
            values["told_at"] = fields.Datetime.now()
            self.env["integration.audit.leaf"]._record_change(self, "shop.written", text[:500])
        if self.wanted_digest != digest and values["state"] != "off":
            values["state"] = "to_send"  # it was changed meanwhile
        self.write(values)
        self._let_go(self.env._("It was compared with the shop and is in order."))
        self._close(self._access_cause(), self.env._("The shop lets us in again."))
        if self.state == "to_send":
            self._send_soon()

    def _change_words(self):
        return {
            "create": self.env._("New product"),
            "name": self.env._("Name"),
            "price": self.env._("Price"),
            "tags_add": self.env._("Tags, new"),
            "tags_remove": self.env._("Tags, taken away"),
        }

    def _failed(self, error):
        """The shop's budget: waits and costs no try. Not let in: nothing was written, one exception for all rows."""
        now = fields.Datetime.now()
        if error.code == "source_rate_limited":
            wait = max(1, error.retry_after_seconds or FIRST_PAUSE_SECONDS)
            due = now + timedelta(seconds=wait)
            tries = max(0, self.tries - 1)
            self.write({"state": "to_send", "tries": tries, "due_at": due, "answer": error.sentence})
            self._send_soon(wait)
        elif isinstance(error, AuthorizationError):
            due = now + timedelta(seconds=LONGEST_PAUSE_SECONDS)
            self.write(
                {"state": "to_send", "due_at": due, "answer": f"{error.sentence} {error.detail}"[:500]}
            )
            reason = self.env._(
                "The shop does not let us in: the access token is not valid, or lacks a right."
            )
            params = self._failure_params() | {"reason": reason}
            self.env["integration.exception"]._raise_cause(
                self.connection_id, CODE, params, self._access_cause(), detail=error.detail
            )
        else:
            return super()._failed(error)
        return None

    @api.model
    def _failure_code(self):
        return CODE

    def _failure_params(self):
        return {"what": self.label or self.res_model, "shop": self.connection_id.name}

    def _cause(self):
        return f"shop writing {self.id}"

    def _access_cause(self):
        return "shop access"

    def _close(self, cause, text):
        found = self.env["integration.exception"].search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("code", "=", CODE),
                ("cause", "=", cause),
                ("state", "=", "open"),
            ],
            limit=1,
        )
        if found:
            found._resolve(text)


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def _shop_writings(self):
        """Return the rows that these exceptions are about; not let in: all that wait."""
        rows = self.env["integration.shop.writing"]
        for exception in self.filtered(lambda row: row.code == CODE):
            number = (exception.cause or "").removeprefix("shop writing ")
            domain = [("connection_id", "=", exception.connection_id.id)]
            if number.isdecimal():
                domain.append(("id", "=", int(number)))
            else:
                domain.append(("state", "in", ("to_send", "unknown")))
            rows |= rows.search(domain, limit=MAX_ROWS)
        return rows

    def action_open_shop_writing(self):
        """Button: show what was to be written to the shop."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_shop_writing")
        rows = self._shop_writings()
        if len(rows) == 1:
            return dict(action, res_id=rows.id, views=[(False, "form")])
        return dict(action, domain=[("id", "in", rows.ids)], context={})

    def action_write_again(self):
        """Button: write it to the shop again, now that what was wrong is put right."""
        self.check_access("write")
        rows = self._shop_writings()
        if not rows:
            raise UserError(self.env._("Nothing of it is to be written any more."))
        return rows.action_write_again()
