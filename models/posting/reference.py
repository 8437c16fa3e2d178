# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.canonical_json import document_digest
from ...engine.cutover import OPENING_ACCOUNT
from ...engine.errors import MissingReferenceError
from .work import Effect


class IntegrationReference(models.AbstractModel):
    """History for reference only (E14): known under its outside id, so that what follows finds it; no entry.

    Runs as the connection's service user.
    """

    _name = "integration.reference"
    _description = "Posting rules: history for reference"

    @api.model
    def _make_known(self, work, move):
        """Make one event known.

        :param move: the entry that the books hold of it, or an empty recordset.
        """
        move = move.with_env(self.env)
        if work.kind == "movement":
            self._know_movements(work)
        elif work.kind in ("customer", "supplier", "product"):
            self._know_masters(work)
        elif work.kind in ("invoice", "entry"):
            self._know_document(work, move)
        else:
            work.note = self.env._("Recorded; there is nothing to refer to.")

    def _know_document(self, work, move):
        document = work.documents[0]
        known = self.env["integration.binding"]._find(work.connection, work.kind, [document.source.object_id])
        if known:
            work.note = self.env._("Known already.")
            return
        if not move:
            work.note = self.env._("The books hold no entry with this number: recorded, not booked.")
            return
        self.env["integration.binding"]._bind(
            work.connection,
            work.kind,
            [(document.source.object_id, move, document.source.version, document_digest(document))],
        )
        work.effects.append(Effect(f"{work.kind}:{document.source.object_id}", move._name, move.id))
        work.note = self.env._("In the books already as %s: linked, not booked again.", move.name)

    def _know_masters(self, work):
        """Make known which customers, suppliers or products of Odoo an event tells of; none is made."""
        poster = self.env[f"integration.posting.{work.kind}"]
        known = self.env["integration.binding"]._find(
            work.connection, work.kind, [document.source.object_id for document in work.documents]
        )
        rows = []
        for document in work.documents:
            record = document.source.object_id not in known and poster._known_record(work, document)
            if record:
                outside_id = document.source.object_id
                rows.append((outside_id, record, poster._version(document), document_digest(document)))
                key = f"{work.kind}:{outside_id}:{work.message_id}"
                work.effects.append(Effect(key, record._name, record.id))
        self.env["integration.binding"]._bind(work.connection, work.kind, rows)
        if not rows:
            nobody = {
                "customer": self.env._("Odoo has no such customer."),
                "supplier": self.env._("Odoo has no such supplier."),
                "product": self.env._("Odoo has no such product."),
            }
            work.note = self.env._("Known already.") if known else nobody[work.kind]

    def _know_movements(self, work):
        """Keep the movements without a statement line: told again, they are recognised and not booked."""
        poster = self.env["integration.posting.movement"]
        Movement = self.env["integration.movement"]
        keys = [(document.type, document.movement_id) for document in work.documents]
        known = Movement._existing(work.connection, keys)
        for document in work.documents:
            if (document.type, document.movement_id) in known:
                continue
            movement = Movement.create(poster._movement_values(work, self._plan(poster, work, document)))
            # The same key as a booking has: the database itself refuses the second of the two.
            work.effects.append(
                Effect(f"movement:{document.type}:{document.movement_id}", movement._name, movement.id)
            )
        work.note = self.env._("Moved before the start: known, not booked.")

    def _plan(self, poster, work, document):
        connection = work.connection
        settled = document.settled or document.amount
        journal = connection.balance_account_ids.filtered(
            lambda account: account.currency_id.name == settled.currency
        ).journal_id
        if document.changes_balance and not journal:
            raise MissingReferenceError(
                "balance_account_missing", settled.currency, params={"currency": settled.currency}
            )
        binding = document.customer and self.env["integration.binding"]._find(
            connection, "customer", [document.customer.outside_id]
        ).get(document.customer.outside_id)
        partner = self.env["res.partner"]
        return {
            "document": document,
            "known": None,
            "event_date": poster._event_date(connection, document.occurred_at),
            "currency": poster._currency(document.amount.currency),
            "journal": journal[:1],
            "partner": partner.browse(binding.res_id).exists() if binding else partner,
        }


class IntegrationPostingInvoice(models.AbstractModel):
    _inherit = "integration.posting.invoice"

    @api.model
    def _prepare(self, works):
        """Let opening documents find the account against which open items are brought forward."""
        for work in works:
            if any(line.account == OPENING_ACCOUNT for line in work.documents[0].lines):
                opening = self.env["integration.role.account"]._resolver(work.connection)
                return super(
                    IntegrationPostingInvoice, self.with_context(integration_opening=_account_id(opening))
                )._prepare(works)
        return super()._prepare(works)

    def _line_parts(self, line, resolve):
        if line.account != OPENING_ACCOUNT:
            return super()._line_parts(line, resolve)

        def resolve_opening(mapping, code):
            if mapping == "account" and code == OPENING_ACCOUNT:
                account_id = self.env.context.get("integration_opening")
                if not account_id:
                    raise MissingReferenceError(
                        "role_account_missing", "OPEN", params={"role": self.env._("Opening balances")}
                    )
                return self.env["account.account"].browse(account_id)
            return resolve(mapping, code)

        return super()._line_parts(line, resolve_opening)


def _account_id(resolve):
    try:
        return resolve("OPEN")
    except MissingReferenceError:
        return None
