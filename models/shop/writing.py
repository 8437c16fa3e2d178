# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Odoo writes to a shop: names and prices of products, tags of orders (S3, ADR 0064).

One row per record and shop says what the shop shall hold. It is written in the same transaction as the change that it
follows (E8); a job works it out once more as Odoo stands by then, compares it with what the shop holds and writes what
differs, outside of any transaction. The shop is always asked before anything is written, so an answer that was lost is
never a reason to write twice.
"""

import dataclasses
import secrets
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...connectors.registry import get_connector
from ...engine import shop_writing
from ...engine.errors import AuthorizationError, BusinessError
from ...engine.shop_writing import CannotWriteError, Wish
from ..messaging.error_words import kept_words
from ..messaging.sent_once import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, MAX_SWEPT

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


@dataclasses.dataclass(frozen=True)
class Compared:
    """What came of comparing a wish with the shop: what it was, and what of it was written or would be."""

    digest: str
    dry: bool
    held: shop_writing.Held | None
    made_id: str | None
    changes: list
    kept_title: bool


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
    outside_parent_id = fields.Char(
        readonly=True, copy=False, index="btree_not_null", string="Product in the shop"
    )
    wanted = fields.Json(readonly=True, help="What the shop shall hold.")
    wanted_digest = fields.Char(readonly=True)
    # Texts, not lines: a list shows them whole.
    wanted_text = fields.Text(compute="_compute_wanted_text", string="As Odoo has it")
    answer = fields.Text(readonly=True, copy=False, string="What the provider said")
    problem = fields.Char(readonly=True, help="Why it cannot be written as it stands.")
    changes = fields.Text(readonly=True, string="Differences (as they are kept)")
    changes_shown = fields.Text(
        compute="_compute_changes_shown",
        string="Changes",
        help="What was different in the shop when it was last compared: before → after.",
    )
    told_at = fields.Datetime(readonly=True, copy=False, string="Last written")
    state = fields.Selection(STATES, required=True, readonly=True, default="to_send", copy=False, index=True)

    _one_per_record = models.UniqueIndex("(connection_id, res_model, res_id)")

    @api.depends("changes")
    @api.depends_context("lang")
    def _compute_changes_shown(self):
        for row in self:
            row.changes_shown = kept_words(self.env, "", row.changes, row.connection_id)

    @api.depends("wanted")
    @api.depends_context("lang")
    def _compute_wanted_text(self):
        for row in self:
            wanted = row.wanted or {}
            price = f"{wanted['price']} {wanted['currency']}" if "price" in wanted else ""
            price = kept_words(self.env, "", price, row.connection_id)
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
            values = self._wish_values(label, wanted, problem)
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
    def _wish_values(self, label, wanted, problem):
        digest = shop_writing.wish_digest({**wanted, "problem": problem})
        return {"label": label, "wanted": wanted, "wanted_digest": digest, "problem": problem}

    @api.model
    def _unwant(self, connection, model, ids):
        """Records that are not written any more, because they are not sold or are gone."""
        domain = [("connection_id", "=", connection.id), ("res_model", "=", model), ("res_id", "in", ids)]
        self.search([*domain, ("state", "!=", "off")])._take_back()

    def _take_back(self):
        """Do not write these any more; what is on its way finds that when it comes back."""
        self.write({"state": "off", "due_at": False})
        for row in self:
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

    @api.model
    def _sweep(self):
        """Send what is due, and what was only shown before writing was switched on."""
        shown = self.search(
            [("state", "=", "shown"), ("connection_id.shop_writes", "=", "on")], limit=MAX_SWEPT
        )
        shown.write({"state": "to_send", "due_at": False, "tries": 0})
        return super()._sweep()

    def _begin(self):
        """Begin with the wish as Odoo stands now: what it was when it was noted may be long ago."""
        if self.state in ("to_send", "unknown"):
            wish = None if self.connection_id.shop_writes == "off" else self._wish_as_of_now()
            if wish is None:
                self._take_back()
                return None
            _record, label, _outside_id, wanted, problem = wish
            values = self._wish_values(label, wanted, problem)
            if values["wanted_digest"] != self.wanted_digest:
                self.write(values)
        return super()._begin()

    def _wish_as_of_now(self):
        """Return what the shop shall hold of the record as it stands, None where it is not written any more."""
        record = self.env[self.res_model].browse(self.res_id).exists()
        connection = self.connection_id
        wishes = connection._product_wishes if self.subject == "product" else connection._order_wishes
        return next(iter(wishes(record)), None)

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
            # With a refusal comes back what was refused: it may have been changed meanwhile.
            "params": self._failure_params() | {"digest": self.wanted_digest},
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
            shop_writing.GONE: theirs.env._(
                "It was in the shop once, and nothing there has the article number %(sku)s any more. It is not made "
                "a second time by itself: give it this number there, or end its sale in Odoo."
            ),
        }

    @api.model
    def _tell(self, facts, step):
        """Return the arguments of ``_made``: the shop holds it now, or would not have it, or was only asked."""
        if facts["problem"]:
            raise self._not_written(facts, facts["problem"])
        connector, wish = get_connector(facts["connector"]), facts["wish"]
        try:
            held = self._find(facts, connector, wish)
            shared = shop_writing.title_is_shared(wish, held)
            owns_title = not shared or step("_owns_title", held.parent_id)
            writes = shop_writing.writes(wish, held, owns_title=owns_title)
        except CannotWriteError as why:
            text = facts["reasons"][why.reason] % why.params
            raise self._not_written(facts, text) from why
        made_id = None
        if not facts["dry"]:
            for write in writes:
                made_id = self._write_one(facts, connector, write) or made_id
        changes = [(write.kind, write.before, write.after) for write in writes]
        return (Compared(facts["digest"], facts["dry"], held, made_id, changes, not owns_title),)

    @api.model
    def _find(self, facts, connector, wish):
        """Return what the shop holds; what was there once is looked for by its number, and never made again.

        :raises CannotWriteError: GONE: it is not there, and would be made if it had never been.
        """
        held = self._held(facts, connector, wish)
        if held or not wish.outside_id or wish.subject != shop_writing.PRODUCT:
            return held
        anew = dataclasses.replace(wish, outside_id=None, may_create=False)
        held = self._held(facts, connector, anew)
        if held is None and wish.may_create:
            raise CannotWriteError(shop_writing.GONE, {"sku": wish.values["sku"]})
        return held

    def _owns_title(self, parent_id):
        """Whether the title above several variants in the shop is that of this product: one with variants in Odoo,
        and no other product stands below the same title."""
        template = self.env["product.product"].browse(self.res_id).product_tmpl_id
        beside = self.search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("outside_parent_id", "=", parent_id),
                ("state", "!=", "off"),
            ],
            limit=MAX_ROWS,
        )
        products = self.env["product.product"].browse(beside.mapped("res_id")).exists()
        return template.product_variant_count > 1 and products.product_tmpl_id <= template

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

    def _made(self, compared):
        words, changes, dry = self._change_words(), compared.changes, compared.dry
        text = "\n".join(f"{words[kind]}: {' → '.join(filter(None, said))}" for kind, *said in changes)
        absent = compared.held is None and not changes
        state = "absent" if absent else "shown" if dry and changes else "sent"
        values = {"state": state, "changes": text, "answer": False, "due_at": False, "tries": 0}
        if compared.kept_title:
            values["answer"] = self.env._(
                "Its title stays as it is: it stands above several variants there, which are not the variants of "
                "one product in Odoo."
            )
        # What was there once keeps its id, so that it is not taken for something that never was.
        if compared.held:
            values |= {"outside_id": compared.held.outside_id, "outside_parent_id": compared.held.parent_id}
        elif compared.made_id:
            values["outside_id"] = compared.made_id
        if self.state == "off":
            values["state"] = "off"  # it was taken back while it was on its way
        if changes and not dry:
            values["told_at"] = fields.Datetime.now()
            self.env["integration.audit.leaf"]._record_change(self, "shop.written", text[:500])
        if self.wanted_digest != compared.digest and values["state"] != "off":
            values["state"] = "to_send"  # it was changed meanwhile
        self.write(values)
        self._let_go(self.env._("It was compared with the shop and is in order."))
        self.env["integration.exception"]._settle_cause(
            self.connection_id, CODE, self._access_cause(), self.env._("The shop lets us in again.")
        )
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
        if self.state == "off":  # it was taken back while it was on its way
            self.answer = error.sentence
        elif error.params.get("digest", self.wanted_digest) != self.wanted_digest:
            # What was refused is not what is wanted any more.
            self.write({"state": "to_send", "due_at": False, "answer": error.sentence})
            self._send_soon()
        elif error.code == "source_rate_limited":
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
