# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models

from ...engine.duplicates import hidden_key
from ...engine.errors import MissingReferenceError
from ...engine.mapping import Verdict
from ...engine.money import plain
from ...engine.product_match import ARCHIVED, ONE, UNCERTAIN, Known, match, spellings
from .customer import literal
from .work import Finding

TYPES = {"goods": "consu", "service": "service"}
MAX_CANDIDATES = 20
MAX_NAMED = 5
# Words of exceptions: whoever reads them gets them in the own language (models/messaging/error_words.py).
REASONS = {
    "several": "several products have this number",
    "barcode_differs": "it has the same number and another barcode",
    "taken": "the source knows that one under another id",
    "spelled_otherwise": "its number is only written otherwise",
    "same_name": "it has the same name, and the source gives no number",
}


class IntegrationPostingProduct(models.AbstractModel):
    """Products: found by binding, mapping, barcode or internal reference, else created (O3).

    Nothing that could be a product of Odoo is made a second time: a person says what it is. What is said of a product
    that is known lands only where ownership allows it (M1). One outside product is one variant of Odoo.
    """

    _name = "integration.posting.product"
    _inherit = "integration.posting.master"
    _description = "Posting rules: products"

    _kind = "product"
    _record_model = "product.product"
    _only_new = frozenset({"company_id"})

    # -- which product it is -------------------------------------------------------------------------------

    def _match(self, connection, document):
        """Leave it to ``_look_up``, which also knows of the other documents of the batch."""

    def _known_record(self, work, document):
        return self._found(work, document, is_new=False)

    def _look_up(self, works):
        """Find the products of the parts whose outside id is new; what is uncertain stops its event."""
        parts = [(work, part) for work in works for part in work.plan if not part["record"]]
        if not parts:
            return
        connection, claimed = parts[0][0].connection, {}
        said_new = self.env["integration.exception"]._said_new_products(
            connection, [part["document"].source.object_id for _work, part in parts]
        )
        for work, part in parts:
            if work.error:
                continue
            document = part["document"]
            is_new = document.source.object_id in said_new
            try:
                part["record"] = self._found(work, document, is_new)
                if not part["record"]:
                    self._claim(work, document, is_new, claimed)
            except MissingReferenceError as error:
                work.error = error

    def _found(self, work, document, is_new):
        """Return the one product that a document is about, an empty one to create it.

        :param is_new: a person has said that it is a product of its own.
        :raises MissingReferenceError: ``product_uncertain``, ``product_archived``; what the mapping says.
        """
        candidates = self._by_mapping(work, document)
        mapped = bool(candidates)
        if is_new and not mapped:
            return candidates
        candidates = candidates or self._candidates(work.connection, document)
        taken = self.env["integration.binding"]._known_of(work.connection, self._kind, candidates)
        if mapped:
            if candidates.id in taken:
                raise self._doubt(work, document, candidates, "taken")
            return candidates
        known = [
            Known(
                row.id, row.name or "", row.default_code or "", row.barcode or "", row.active, row.id in taken
            )
            for row in candidates
        ]
        verdict = match(document.name, document.code, document.barcode, known)
        products = self.env["product.product"].browse(verdict.ids)
        if verdict.kind == ARCHIVED:
            raise self._archived(work, document, products)
        if verdict.kind == UNCERTAIN:
            raise self._doubt(work, document, products, verdict.reason)
        return products if verdict.kind == ONE else products.browse()

    def _claim(self, work, document, is_new, claimed):
        """Let the first of several new ones of a batch be made; what a second one with its number is, a person says.

        :raises MissingReferenceError: ``product_uncertain``, as it would be if the first one were there already.
        """
        keys = spellings(document.code, document.barcode)
        double = keys & claimed.keys()
        if double and not is_new:
            raise self._doubt(work, document, self.env["product.product"], "taken", claimed[min(double)])
        claimed.update(dict.fromkeys(keys, document.name))

    def _by_mapping(self, work, document):
        """Return the product that an approved mapping of the code means; a default says of no product which it is."""
        nothing = self.env["product.product"]
        if not document.code:
            return nothing
        day = self._event_date(work.connection, document.occurred_at)
        table = self.env["integration.mapping"]._resolver(work.connection).table
        if table.look_up("product", document.code, day).verdict is Verdict.DEFAULT:
            return nothing
        try:
            return self._resolve(work, day)("product", document.code)
        except MissingReferenceError as error:
            if error.code != "mapping_missing":
                raise
            return nothing

    def _resolve(self, work, day):
        return self.env["integration.mapping"]._resolver(work.connection).for_work(work, day)

    def _candidates(self, connection, document):
        """Return the products of the connection's company that could be meant, archived ones among them."""
        Product = self.env["product.product"].with_context(active_test=False)
        scope = [("company_id", "in", (False, connection.company_id.id))]
        tests = [
            [("barcode", "=", document.barcode)] if document.barcode else None,
            [("default_code", "=", document.code)] if document.code else None,
            [("id", "in", self._spelled(document))],
            None
            if document.code or document.barcode
            else [("name", "=ilike", literal(document.name, "=ilike"))],
        ]
        found = Product
        for test in tests:
            if test:
                found |= Product.search([*scope, *test], limit=MAX_CANDIDATES)
        return found

    def _spelled(self, document):
        """Return ids of products whose numbers are the same but for spaces, dashes and capitals."""
        keys = [hidden_key(key) for key in spellings(document.code, document.barcode)]
        return self.env["integration.duplicate.key"]._having(self._record_model, keys)

    def _archived(self, work, document, products):
        params = self._question(work, document, products)
        return MissingReferenceError("product_archived", f"product.product {products.ids}", params=params)

    def _doubt(self, work, document, products, reason, other=None):
        params = self._question(work, document, products) | {"reason": REASONS[reason]}
        if other:
            params["products"] = f"“{other}”"
        return MissingReferenceError(
            "product_uncertain", f"product.product {products.ids}: {reason}", params=params
        )

    def _question(self, work, document, products):
        """Return what a person reads who says which product it is, and what the answer is about."""
        return {
            "source": work.connection.name,
            "name": document.name,
            "value": self._number(document),
            "products": ", ".join(products[:MAX_NAMED].mapped("display_name")),
            "product_id": products[:1].id or "",
            "object_id": document.source.object_id,
        }

    def _number(self, document):
        return document.code or document.barcode or document.source.object_id

    # -- what is said of it --------------------------------------------------------------------------------

    def _values(self, work, document):
        connection = work.connection
        resolve = self._resolve(work, self._event_date(connection, document.occurred_at))
        taxes = self.env["account.tax"].union(*(resolve("tax", code) for code in document.tax_codes))
        account = document.income_account and resolve("account", document.income_account)
        values = {
            "name": document.name,
            "type": TYPES.get(document.type),
            "default_code": document.code,
            "barcode": document.barcode,
            "lst_price": self._price(work, document),
            "uom_id": self._unit(document, resolve),
            "taxes_id": sorted(taxes.ids) or None,
            "property_account_income_id": account.id if account else None,
            "active": document.status == "active",
            "company_id": connection.company_id.id,
        }
        return {name: value for name, value in values.items() if value is not None}

    def _price(self, work, document):
        """Return the list price as text; None where it is not said, or said in a currency of which Odoo keeps none."""
        if document.price is None:
            return None
        own = work.connection.company_id.currency_id.name
        if document.currency != own:
            work.findings.append(
                Finding(
                    "price_currency_differs",
                    {"source": work.connection.name, "currency": document.currency, "own": own},
                    cause=document.currency,
                )
            )
            return None
        return plain(document.price.normalize() + 0)

    def _unit(self, document, resolve):
        return self.env["integration.mapping"]._unit_of(document, None, resolve).id or None

    def _written_new(self, values):
        values = dict(values)
        # Archived only once it is there, together with its template.
        values.pop("active")
        if "lst_price" in values:
            values["list_price"] = float(values.pop("lst_price"))
        if "taxes_id" in values:
            values["taxes_id"] = [(6, 0, values["taxes_id"])]
        return values

    def _apply_more(self, work, part):
        """Archive a new one that is archived at the source, and let go what waits for its number."""
        document = part["document"]
        if part.get("is_new") and document.status == "archived":
            part["record"].action_archive()
        if document.code and not part["binding"]:
            self.env["integration.exception"]._let_product_go(work.connection, document.code)
