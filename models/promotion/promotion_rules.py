# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Rules that follow business events, carried with everything that they name (M5, M8)."""

from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError

from ...engine.money import plain
from ...engine.promotion import PARTS, SECTIONS, SHARED, STEPS

NESTED = ("prerequisite_ids", "action_ids")


class IntegrationPromotionRows(models.AbstractModel):
    _inherit = "integration.promotion.rows"

    # -- reading -----------------------------------------------------------------------------------------------

    @api.model
    def _parts_of(self, rule):
        return [
            {
                "kind": part.kind or "",
                "journals": sorted(self._named_by(rule, journal, "journal") for journal in part.journal_ids),
                "countries": sorted(part.country_ids.mapped("code")),
                "amount_from": plain(Decimal(str(part.amount_from or 0))),
                "currency": part.currency_id.name or "",
                "domain": part.domain or "",
            }
            for part in rule.prerequisite_ids.sorted(lambda row: (row.sequence, row.id))
        ]

    @api.model
    def _steps_of(self, rule):
        return [
            {
                "action": step.action or "",
                "role": step.role or "",
                "person": step.user_id.login or "",
                "summary": step.summary or "",
                "within_days": step.within_days,
                "publish": step.publish_kind or "",
                "connection": self._named_by(rule, step.connection_id, "connection"),
                "flow": [
                    self._named_by(rule, step.flow_id.connection_id, "connection"),
                    step.flow_id.direction,
                    step.flow_id.kind,
                ]
                if step.flow_id
                else [],
            }
            for step in rule.action_ids.sorted(lambda row: (row.sequence, row.id))
        ]

    # -- what is missing ---------------------------------------------------------------------------------------

    @api.model
    def _rule_gaps(self, company, kind, rows, after, shared):
        """Return what these events or follow-ups of a rule name and is not there.

        :param shared: the rule counts for all companies, and may name what belongs to any of them.
        """
        gaps = []
        for row in rows:
            if kind == PARTS:
                names = [("country", called) for called in row["countries"]] + [("currency", row["currency"])]
                owned = [("journal", called) for called in row["journals"]]
            else:
                names = [("user", row["person"])]
                owned = [("connection", called) for called in (row["connection"], *row["flow"][:1])]
            for what, called in names:
                if called:
                    gaps += self._name_gaps(company, what, called, after)
            for what, called in owned:
                if called:
                    gaps += self._owned_gaps(company, what, called, after, shared)
            if kind == STEPS and row["flow"] and not self._has_flow(company, row["flow"], after, shared):
                gaps.append(
                    (
                        self.env._("there is no flow %s", " · ".join(row["flow"])),
                        self.env._("Take the flow in as well, or leave this record out."),
                    )
                )
            model = "integration.rule.prerequisite" if kind == PARTS else "integration.rule.action"
            chosen = {"kind": row.get("kind"), "action": row.get("action"), "role": row.get("role")}
            gaps += self._choice_gaps(self.env[model], {**chosen, "publish_kind": row.get("publish")})
        return gaps

    @api.model
    def _owned_gaps(self, company, what, called, after, shared):
        if not shared:
            return self._name_gaps(company, what, called, after)
        home, name = self._at_home(company, called)
        if home == company:
            return self._name_gaps(company, what, name, after)
        if gaps := self._home_gaps(home, called):
            return gaps
        _record, problem = self._find(what, name, home)
        return [self._gap_words(home, what, name, problem)] if problem else []

    @api.model
    def _has_flow(self, company, key, after, shared):
        if shared:
            home, name = self._at_home(company, key[0])
            if home != company:
                return bool(home and self._flows_called(home, [name, *key[1:]]))
            key = [name, *key[1:]]
        return tuple(key) in after["flows"]

    # -- carrying out ------------------------------------------------------------------------------------------

    @api.model
    def _carry_shared_rules(self, company, operation, record, environment, request):
        self._carry_rules(company, operation, record, environment, request)

    @api.model
    def _carry_rules(self, company, operation, record, environment, request):
        shared = operation["section"] in SHARED
        if operation["op"] == "remove":
            # Kept, out of use: what it has followed up stays readable.
            record.write({"active": False})
            return
        names = [name for name in SECTIONS["rules"].fields if name not in NESTED]
        values = self._written(company, operation, names)
        before, after = operation["before"] or {}, operation["after"]
        if before.get("prerequisite_ids") != after["prerequisite_ids"]:
            values["prerequisite_ids"] = [(5, 0, 0)] + [
                (0, 0, self._part_values(company, row, number, shared))
                for number, row in enumerate(after["prerequisite_ids"], 1)
            ]
        if before.get("action_ids") != after["action_ids"]:
            values["action_ids"] = [(5, 0, 0)] + [
                (0, 0, self._step_values(company, row, number, shared))
                for number, row in enumerate(after["action_ids"], 1)
            ]
        if record:
            record.write(values)
        else:
            own = {"name": operation["key"][0], "company_id": False if shared else company.id}
            self.env["integration.rule"].create({**own, **values})

    @api.model
    def _part_values(self, company, row, number, shared):
        journals = [self._one_owned(company, "journal", called, shared).id for called in row["journals"]]
        countries = [self._one(company, "country", called).id for called in row["countries"]]
        return {
            "sequence": number,
            "kind": row["kind"],
            "journal_ids": [(6, 0, journals)],
            "country_ids": [(6, 0, countries)],
            "amount_from": Decimal(row["amount_from"]),
            "currency_id": self._one(company, "currency", row["currency"]).id if row["currency"] else False,
            "domain": row["domain"],
        }

    @api.model
    def _step_values(self, company, row, number, shared):
        connection = row["connection"] and self._one_owned(company, "connection", row["connection"], shared)
        return {
            "sequence": number,
            "action": row["action"],
            "role": row["role"] or False,
            "user_id": self._one(company, "user", row["person"]).id if row["person"] else False,
            "summary": row["summary"] or False,
            "within_days": row["within_days"],
            "publish_kind": row["publish"] or False,
            "connection_id": connection.id if connection else False,
            "flow_id": self._flow_of(company, row["flow"], shared).id if row["flow"] else False,
        }

    @api.model
    def _one_owned(self, company, kind, called, shared):
        """Return what a rule names; one for all companies may name what belongs to another company."""
        home, name = self._at_home(company, called) if shared else (company, called)
        if not home:
            raise UserError(self.env._("There is no company of %s.", called))
        return self._one(home, kind, name)

    @api.model
    def _flow_of(self, company, key, shared):
        home, name = self._at_home(company, key[0]) if shared else (company, key[0])
        found = self._flows_called(home, [name, *key[1:]])
        if not found:
            raise UserError(self.env._("There is no flow %s.", " · ".join(key)))
        return found[:1]

    @api.model
    def _flows_called(self, company, key):
        name, direction, kind = key
        connection, _problem = self._find("connection", name, company)
        return connection.flow_ids.filtered(lambda flow: (flow.direction, flow.kind) == (direction, kind))

    # -- in words ----------------------------------------------------------------------------------------------

    @api.model
    def _rule_words(self, kind, row):
        """Return one event or follow-up of a rule as people read it."""
        if kind == PARTS:
            labels = dict(self.env["integration.rule.prerequisite"]._selection_kind())
            only = [*row["journals"], *row["countries"], row["currency"]]
            if Decimal(row["amount_from"]):
                only.append(f"≥ {row['amount_from']}")
            if row["domain"] not in ("", "[]"):
                only.append(row["domain"])
            listed = ", ".join(filter(None, only))
            return labels.get(row["kind"], row["kind"]) + (f" ({listed})" if listed else "")
        labels = dict(self.env["integration.rule.action"]._fields["action"]._description_selection(self.env))
        whom = row["person"] or row["role"]
        about = [row["summary"], row["publish"], row["connection"], " · ".join(row["flow"]), whom]
        return f"{labels.get(row['action'], row['action'])}: {', '.join(filter(None, about))}"
