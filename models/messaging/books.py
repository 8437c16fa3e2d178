# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

MOVE_TYPES = {
    "invoice": ("out_invoice", "out_refund"),
    "entry": ("entry",),
    "movement": ("entry",),
}


class IntegrationBooks(models.AbstractModel):
    """Finds what the books hold already, whoever booked it: at go-live nothing may be booked twice."""

    _name = "integration.books"
    _description = "What the books hold"

    @api.model
    def _by_reference(self, company, kind, reference, journals=None):
        """Return the posted entry that carries this number, or an empty recordset; of several the oldest.

        :param kind: canonical kind: 'invoice', 'entry' or 'movement'.
        :param reference: the issuer's number, the entry's reference, or the provider's id of the movement.
        :param journals: where money of this provider is booked; only there a movement is looked for.
        """
        Move = self.env["account.move"]
        reference = (reference or "").strip()
        if not reference or kind not in MOVE_TYPES:
            return Move
        domain = self._domain(company, kind, journals)
        for field in ("ref", "name", "payment_reference"):
            if found := Move.search([*domain, (field, "=", reference)], order="id", limit=1):
                return found
        if kind == "movement":
            return Move.search(
                [*domain, ("statement_line_id.payment_ref", "=", reference)], order="id", limit=1
            )
        return Move

    @api.model
    def _by_content(self, company, kind, entry, taken, journals=None):
        """Return the one posted entry of the same day and total, or an empty recordset.

        :param entry: dict as ``integration.rehearsal`` gives.
        :param taken: ids of entries that stand for another event already.
        """
        Move = self.env["account.move"]
        found = Move.search(
            [
                *self._domain(company, kind, journals),
                ("move_type", "=", entry["move_type"]),
                ("date", "=", entry["date"]),
                ("amount_total", "=", float(entry["total"])),
                ("currency_id.name", "=", entry["currency"]),
                ("id", "not in", list(taken)),
            ],
            limit=2,
        )
        return found if len(found) == 1 else Move

    @api.model
    def _in_window(self, company, kind, first, last, journals=None):
        """Return a domain of all posted entries of a kind between two days, both included."""
        return [*self._domain(company, kind, journals), ("date", ">=", first), ("date", "<=", last)]

    def _domain(self, company, kind, journals):
        domain = [
            ("company_id", "=", company.id),
            ("state", "=", "posted"),
            ("move_type", "in", MOVE_TYPES[kind]),
        ]
        if kind == "movement":
            domain.append(("statement_line_id", "!=", False))
        if journals is not None:
            domain.append(("journal_id", "in", journals.ids))
        return domain
