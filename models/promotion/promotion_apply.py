# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Carries out what was approved of a configuration: all of it, in one transaction, or nothing (M5, M8)."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.limits import DEFAULTS
from ...engine.promotion import DAY, DECIMAL, SECTIONS, SHARED, TEXT
from ...engine.promotion_plan import span_lines
from ..approval.policy import _KEY as POLICY_KEY
from ..governance.ownership_change import _KEY as OWNERSHIP_KEY
from ..governance.role_change import _KEY as ROLE_KEY
from ..messaging.flow_life import _KEY as FLOW_KEY
from ..workbench.limits import _KEY as LIMITS_KEY
from ..workbench.limits import DEFAULT_MATERIALITY, LIMIT_FIELDS

MAX_COUNTED = 10_000
GONE = ("balance_accounts", "role_accounts", "ownership", "approval_rules", "shared_approval_rules")


class IntegrationPromotionRows(models.AbstractModel):
    _inherit = "integration.promotion.rows"

    @api.model
    def _carry_operations(self, company, environment, planned, request, from_day=None):
        """Carry out approved operations, in their order.

        :param environment: of connections that are made.
        :param from_day: mappings of earlier days stay as they are; None = as the operations say.
        :raises UserError: a record is not there, or did not become what was approved; then nothing is done.
        """
        reader = self._reader(company)
        mapped = []
        for operation in planned:
            if operation["section"] == "mappings":
                mapped.append(operation)
                continue
            if operation["section"] not in ("connections", "balance_accounts", "flows", "role_accounts"):
                reader._carry_mappings(company, mapped, request, from_day)
                mapped = []
            # What others have made by now is found under its key, too: a new connection brings its flows.
            _rows, records = reader._read_rows(company)
            record = records[operation["section"]].get(tuple(operation["key"]))
            getattr(reader, f"_carry_{operation['section']}")(
                company, operation, record, environment, request
            )
            reader.env.flush_all()
        reader._carry_mappings(company, mapped, request, from_day)
        reader.env.flush_all()
        reader.env.invalidate_all()
        reader._check_became(company, planned, from_day)

    @api.model
    def _check_became(self, company, planned, from_day):
        """Refuse a result that is not what was approved.

        :raises UserError: it is not.
        """
        rows, _records = self._read_rows(company)
        for operation in planned:
            became = rows[operation["section"]].get(tuple(operation["key"]))
            if operation["op"] == "remove":
                # What was made out of use stays readable under its key; of the others nothing holds any more.
                same = operation["section"] not in GONE or became is None
            elif operation["section"] == "mappings":
                same = became is not None and not span_lines(
                    became["spans"], operation["after"]["spans"], from_day
                )
            else:
                same = became == operation["after"]
            if not same:
                raise UserError(
                    self.env._(
                        "%s did not become what was approved. Nothing was done: compare again.",
                        " · ".join(filter(None, operation["key"])),
                    )
                )

    @api.model
    def _written(self, company, operation, names=None):
        """Return field values of what differs, names put back into records.

        :raises UserError: something is not called so any more.
        """
        section, before, after = SECTIONS[operation["section"]], operation["before"] or {}, operation["after"]
        values = {}
        for name in names or section.fields:
            kind, value = section.fields[name], after[name]
            if before.get(name, ...) == value:
                continue
            if kind.startswith("ref"):
                listed = value if kind.startswith("refs:") else [value]
                records = [
                    self._one(company, kind.partition(":")[2], called) for called in filter(None, listed)
                ]
                ids = [record.id for record in records]
                values[name] = [(6, 0, ids)] if kind.startswith("refs:") else (ids or [False])[0]
            elif kind == DECIMAL:
                values[name] = Decimal(value)
            elif kind in (TEXT, DAY):
                values[name] = value or False
            else:
                values[name] = value
        return values

    @api.model
    def _one(self, company, kind, called):
        record, problem = self._find(kind, called, company)
        if problem:
            raise UserError(". ".join(self._gap_words(company, kind, called, problem)))
        return record

    @api.model
    def _connection_id(self, company, name):
        """Return the id of a connection, False for ''."""
        return self._one_connection(company, name).id if name else False

    @api.model
    def _one_connection(self, company, name):
        record, problem = self._find("connection", name, company)
        if problem:
            raise UserError(self.env._("There is no connection %s.", name))
        return record

    # -- one kind of record after the other ------------------------------------------------------------------------

    @api.model
    def _carry_connections(self, company, operation, record, environment, request):
        if operation["op"] == "remove":
            # Kept, out of use: what was said of it stays readable.
            record.write({"active": False})
        elif record:
            record.write(self._written(company, operation))
        else:
            key = {"name": operation["key"][0], "company_id": company.id, "environment": environment}
            self.env["integration.connection"].create({**key, **self._written(company, operation)})

    @api.model
    def _carry_flows(self, company, operation, record, environment, request):
        name, direction, kind = operation["key"]
        if operation["op"] == "remove":
            # The flows of a connection that goes out of use stay with it.
            return
        values = self._written(company, operation)
        if record:
            record.with_context(integration_flow_life=FLOW_KEY).write(values)
            return
        connection = self._one_connection(company, name)
        lane = self.env["integration.lane"]._for_connection(connection)
        own = {"connection_id": connection.id, "direction": direction, "kind": kind, "lane_id": lane.id}
        self.env["integration.flow"].with_context(integration_subscribed=True).create({**own, **values})

    @api.model
    def _carry_role_accounts(self, company, operation, record, environment, request):
        name, role = operation["key"]
        if operation["op"] == "remove":
            record.with_context(integration_role_account=ROLE_KEY).unlink()
        elif record:
            record.with_context(integration_role_account=ROLE_KEY).write(self._written(company, operation))
        else:
            own = {
                "company_id": company.id,
                "connection_id": self._connection_id(company, name),
                "role": role,
            }
            rows = self.env["integration.role.account"].with_context(integration_role_account=ROLE_KEY)
            rows.create({**own, **self._written(company, operation)})

    @api.model
    def _carry_mappings(self, company, planned, request, from_day):
        """Put mappings in force by the one way in which they change, all values of a connection at once."""
        by_connection = {}
        for operation in planned:
            by_connection.setdefault(operation["key"][0], []).append(operation)
        mappings = self.env["integration.mapping"]
        for name, own in by_connection.items():
            connection = self._one_connection(company, name)
            keys = mappings._find_keys(connection, [tuple(operation["key"][1:]) for operation in own])
            lines = []
            for operation in own:
                kind, value = operation["key"][1:]
                present = keys.get((kind, value))
                base = present._base() if present else []
                for line in self._span_lines(operation, present, from_day):
                    target = None
                    if line["action"] == "set":
                        taxes = operation["after"].get("taxes") or ()
                        target, problem = self._meant(connection, kind, line.pop("means"), taxes)
                        if problem:
                            raise UserError(
                                self.env._("%(value)s: %(problem)s", value=value, problem=problem)
                            )
                    lines.append({**line, "mapping": kind, "value": value, "target": target, "base": base})
            if lines:
                mappings._put_in_force(connection, lines, request)

    @api.model
    def _span_lines(self, operation, mapping, from_day):
        before = self._spans_of(mapping) if mapping else []
        after = operation["after"]["spans"] if operation["op"] != "remove" else []
        return span_lines(before, after, from_day)

    @api.model
    def _carry_ownership(self, company, operation, record, environment, request):
        now = fields.Datetime.now()
        keyed = self.env["integration.ownership"].with_context(
            integration_ownership=OWNERSHIP_KEY, tracking_disable=True
        )
        if record:
            keyed.browse(record.id).write({"state": "retired", "valid_until": now})
            self.env.flush_all()  # the index allows one that holds
        if operation["op"] == "remove":
            return
        kind, field, name = operation["key"]
        whole = {**operation, "before": None}
        rule = keyed.create(
            {
                "object": kind,
                "field": field,
                "company_id": company.id,
                "connection_id": self._connection_id(company, name),
                "state": "active",
                "valid_from": now,
                "reason": request.reason,
                "approved_by_id": request.approver_id.id,
                **self._written(company, whole),
            }
        )
        self.env["integration.audit.leaf"]._record_change(rule, "ownership.change", rule.display_name)

    @api.model
    def _carry_subscriptions(self, company, operation, record, environment, request):
        name, kind, _number = operation["key"]
        if operation["op"] == "remove":
            record.write({"active": False})
        elif record:
            record.write(self._written(company, operation))
        else:
            own = {"connection_id": self._connection_id(company, name), "kind": kind}
            self.env["integration.subscription"].create({**own, **self._written(company, operation)})

    @api.model
    def _carry_assignment_rules(self, company, operation, record, environment, request):
        if operation["op"] == "remove":
            record.write({"active": False})
        elif record:
            record.write(self._written(company, operation))
        else:
            own = {"name": operation["key"][0], "company_id": company.id}
            self.env["integration.assignment.rule"].create({**own, **self._written(company, operation)})

    @api.model
    def _carry_limits(self, company, operation, record, environment, request):
        keyed = self.env["integration.workbench.setting"].with_context(integration_limits=LIMITS_KEY)
        if operation["op"] == "remove":
            defaults = {name: getattr(DEFAULTS, name) for name in LIMIT_FIELDS}
            keyed.browse(record.id).write({**defaults, "materiality": DEFAULT_MATERIALITY})
        elif record:
            keyed.browse(record.id).write(self._written(company, operation))
        else:
            keyed.create({"company_id": company.id, **self._written(company, operation)})

    @api.model
    def _carry_shared_approval_rules(self, company, operation, record, environment, request):
        self._carry_approval_rules(company, operation, record, environment, request)

    @api.model
    def _carry_approval_rules(self, company, operation, record, environment, request):
        keyed = self.env["integration.approval.policy"].with_context(integration_approval_policy=POLICY_KEY)
        if record:
            keyed.browse(record.id).write({"state": "retired"})
        if operation["op"] == "remove":
            return
        name, kind = operation["key"]
        names = [field for field in SECTIONS["approval_rules"].fields if field != "tiers"]
        keyed.create(
            {
                "name": name,
                "kind": kind or False,
                "company_id": False if operation["section"] in SHARED else company.id,
                "state": "active",
                "in_force_since": fields.Datetime.now(),
                "approved_by_id": request.approver_id.id,
                "replaces_id": record.id if record else False,
                "tier_ids": [
                    (0, 0, self._tier_values(company, tier, number))
                    for number, tier in enumerate(operation["after"]["tiers"], 1)
                ],
                **self._written(company, {**operation, "before": None}, names),
            }
        )

    @api.model
    def _tier_values(self, company, tier, number):
        people = [self._one(company, "user", login).id for login in tier["people"]]
        return {
            "sequence": number,
            "group_id": self.env.ref(tier["group"]).id if tier["group"] else False,
            "user_ids": [(6, 0, people)],
            "count": tier["count"],
        }

    # -- what cannot be taken back -----------------------------------------------------------------------------------

    @api.model
    def _kept_reasons(self, company, planned, since):
        """Return in words why these operations, which take an import back, cannot be carried out; [] = they can.

        :param since: when the import was done.
        """
        reader = self._reader(company)
        _rows, records = reader._read_rows(company)
        reasons = []
        for operation in planned:
            record = records[operation["section"]].get(tuple(operation["key"]))
            name = " · ".join(filter(None, operation["key"]))
            if record is None:
                reasons.append(reader.env._("%s is not there any more.", name))
            elif operation["section"] == "connections" and operation["op"] == "remove":
                if record.message_count:
                    reasons.append(reader.env._("Events have come in over %s. Pause it instead.", name))
            elif operation["section"] == "role_accounts":
                reasons += reader._booked_reasons(company, record, since)
            elif operation["section"] == "balance_accounts":
                reasons += reader._mirrored_reasons(record)
            elif operation["section"] == "collection_agreements":
                reasons += reader._agreement_reasons(record)
        return reasons

    @api.model
    def _booked_reasons(self, company, record, since):
        booked = self.env["account.move.line"].search_count(
            [
                ("company_id", "=", company.id),
                ("account_id", "=", record.account_id.id),
                ("parent_state", "=", "posted"),
                ("create_date", ">=", since),
            ],
            limit=MAX_COUNTED,
        )
        if not booked:
            return []
        return [
            self.env._(
                "%(count)s entries were booked on %(account)s meanwhile. They would stay there while later ones go "
                "elsewhere: reclassify them first, or choose the account by hand.",
                count=booked if booked < MAX_COUNTED else f"≥ {MAX_COUNTED}",
                account=f"{record.account_id.code} {record.account_id.name}",
            )
        ]
