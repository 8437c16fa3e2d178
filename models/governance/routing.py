# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One outside account for several companies: each event goes to the company that an approved rule names (ADR 0047).

The connection that receives books what is its own company's, and hands everything else over to the connection of the
company that it belongs to. That one books it as its own service user: nobody ever posts in another company's books.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...connectors.base import Envelope
from ...engine.canonical.registry import kind_of
from ...engine.errors import ContractError, MissingReferenceError
from ...engine.routing import KIND, currency_of, decide, identities

HANDED = "handed"


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    origin = fields.Selection(selection_add=[(HANDED, "Handed over by another company's connection")])


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    routed_from_id = fields.Many2one(
        "integration.connection",
        string="Gets its events from",
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
        tracking=True,
        domain="[('connector', '=', connector), ('environment', '=', environment), ('routed_from_id', '=', False),"
        " ('company_id', '!=', company_id)]",
        help="Where one account at the outside system serves several companies: the connection that receives its "
        "events. Rules there say what belongs to this company. Empty = the outside system sends its events here.",
    )
    routed_to_ids = fields.One2many(
        "integration.connection", "routed_from_id", string="Hands over to", readonly=True
    )
    routed_companies = fields.Char(compute="_compute_routed_companies", string="Serves also")

    _routed_company_unique = models.UniqueIndex(
        "(routed_from_id, company_id) WHERE routed_from_id IS NOT NULL"
    )

    def _compute_routed_companies(self):
        for connection in self:
            connection.routed_companies = ", ".join(connection.sudo().routed_to_ids.company_id.mapped("name"))

    @api.constrains("routed_from_id", "connector", "environment", "company_id")
    def _check_routed_from(self):
        for connection in self.filtered("routed_from_id"):
            if not self.env.su:
                connection.routed_from_id.check_access("read")
            source = connection.routed_from_id.sudo()
            if (source.connector, source.environment) != (connection.connector, connection.environment):
                raise ValidationError(
                    self.env._(
                        "A connection gets its events from one to the same system in the same environment."
                    )
                )
            if source.company_id == connection.company_id:
                raise ValidationError(self.env._("Events are handed over to another company only."))
            if source.routed_from_id or connection.sudo().with_context(active_test=False).routed_to_ids:
                raise ValidationError(
                    self.env._(
                        "What is handed over is not handed on: choose the connection that receives the events."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        connections = super().create(vals_list)
        connections.filtered("routed_from_id")._stop_receiving()
        return connections

    def write(self, vals):
        result = super().write(vals)
        if vals.get("routed_from_id"):
            self._stop_receiving()
        return result

    def _stop_receiving(self):
        """Switch off the addresses: the events come from the connection that receives them."""
        self.endpoint_ids.filtered("active").active = False

    def _receives(self):
        return super()._receives() and not self.routed_from_id

    def _lists_due_at(self):
        """Return no list where another connection fetches them."""
        return {} if self.routed_from_id else super()._lists_due_at()

    def action_pull(self):
        for connection in self:
            if connection.routed_from_id:
                raise UserError(
                    self.env._("%s gets its events from another connection: fetch there.", connection.name)
                )
        return super().action_pull()

    def _settings(self):
        settings = super()._settings()
        if self.routed_from_id:
            settings["outside_account"] = self.sudo().routed_from_id.outside_account
        return settings

    def _serves_several(self):
        """Whether rules decide to which company what comes in here belongs."""
        self.ensure_one()
        return bool(self.sudo().routed_to_ids)

    def _family(self):
        """Return this connection and all that share its outside account by rules."""
        first = self.sudo().routed_from_id or self.sudo()
        return first | first.routed_to_ids

    def _where(self, entity, currency, day):
        """Return (Decision, connection that books it, none where that company has none) for the rules of ``day``.

        :raises MissingReferenceError: no rule matches, or the one that matches does not count on that day.
        """
        self.ensure_one()
        Mapping = self.env["integration.mapping"]
        table = Mapping._resolver(self).table if self._in_drain() else Mapping._meanings(self)
        found = decide(table, entity, currency, day, Mapping._kind_labels()[KIND])
        return found, self._family().filtered(lambda row: row.company_id.id == found.company_id)[:1]

    def _in_drain(self):
        return self.env.user == self.service_user_id


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _is_routed(self, work):
        return work.row["origin"] == HANDED or self._serves(work)

    def _serves(self, work):
        return self._once("serves", work.connection, work.connection._serves_several)

    def _family_of(self, work):
        return self._once("family", work.connection, work.connection._family)

    def _route(self, work):
        """Hand the event over where its documents belong to another company.

        :raises MissingReferenceError, ContractError: no rule, several companies, booked in another company before.
        """
        super()._route(work)
        if not work.documents or work.row["origin"] == HANDED or not self._serves(work):
            return
        wheres = [self._where_of(work, document) for document in work.documents]
        if None in wheres:  # said by the provider's ledger later, see _is_said_later
            return
        companies = {decision.company_id for decision, _connection in wheres}
        if len(companies) > 1:
            names = self.env["res.company"].browse(sorted(companies)).mapped("name")
            raise ContractError("legal_entity_mixed", params={"companies": ", ".join(names)})
        decision, target = wheres[0]
        work.mapped.update(each.version_id for each, _connection in wheres)
        if self._stays_here(work, decision, target):
            return
        if not target or (target != work.connection and target.state == "draft"):
            company = self.env["res.company"].browse(decision.company_id).name
            raise MissingReferenceError(
                "legal_entity_not_connected",
                params={"company": company, "value": decision.code, "code": KIND},
            )
        self._check_not_elsewhere(work, target)
        if target.id != work.connection.id:
            self._hand_over(work, target, decision)

    def _stays_here(self, work, decision, target):
        """Whether it is money of another company that has no balance for it, and its own one collects by agreement."""
        return False

    def _where_of(self, work, document):
        """Return (Decision, connection) of one document, None where the currency that decides is not known yet."""
        connection = work.connection
        if self._is_said_later(work, document):
            return None
        day = self._day_of(work, document.occurred_at)
        found, target = connection._where(document.source.entity, currency_of(document), day)
        return found, target

    def _is_said_later(self, work, document):
        """Whether a payment was charged in a currency that no company holds: the ledger will say what arrived.

        It stops as it does where one company is served (``settlement_amount_unknown``).
        """
        if kind_of(document)[0] != "movement" or document.settled is not None or work.row["origin"] != "push":
            return False
        if not document.changes_balance:
            return False
        family = self._family_of(work)
        held = self._once(
            "held", work.connection, lambda: set(family.balance_account_ids.currency_id.mapped("name"))
        )
        own = work.connection.balance_account_ids
        return bool(own) and document.amount.currency not in held

    def _check_not_elsewhere(self, work, target):
        """Refuse what the books of another company of the family hold already.

        :raises ContractError: ``legal_entity_moved``.
        """
        others = self._family_of(work) - target.sudo()
        for document in work.documents:
            kind = kind_of(document)[0]
            ids = identities(document, kind)
            if not ids:
                continue
            if kind == "movement":
                domain = [
                    ("movement_id", "in", ids),
                    ("type", "=", document.type),
                    ("changes_balance", "=", True),
                ]
                model = "integration.movement"
            else:
                domain = [("outside_id", "in", ids), ("kind", "=", kind)]
                model = "integration.binding"
            known = self.env[model].sudo().search([("connection_id", "in", others.ids), *domain], limit=1)
            if known:
                raise ContractError(
                    "legal_entity_moved",
                    params={"identity": ids[0], "company": target.sudo().company_id.name},
                )

    def _hand_over(self, work, target, decision):
        """Store the event with the connection of its company, in this transaction, under the same id."""
        facts = target.sudo()._pull_facts()
        row = work.row
        raw = self.env["integration.payload"]._opened(row["raw"], row["key_share"])
        envelope = Envelope(
            event_id=work.envelope.event_id,
            event_type=work.envelope.event_type,
            object_key=work.envelope.object_key,
            version=work.envelope.version,
            occurred_at=work.envelope.occurred_at,
        )
        _verdict, message_id = self.env["integration.ingest"]._accept(
            facts, envelope, bytes(raw), row["headers"] or {}, row["correlation_id"], origin=HANDED
        )
        target.sudo()._ring()
        work.documents = []
        work.note = self.env._(
            "Belongs to %(company)s by the rule “%(rule)s”: handed to “%(connection)s” as event %(event)s.",
            company=target.sudo().company_id.name,
            rule=decision.code,
            connection=target.sudo().name,
            event=message_id,
        )
