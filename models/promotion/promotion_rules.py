# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Rules that follow business events, carried with everything that they name (M5, M8)."""

from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError

from ...engine.money import plain
from ...engine.promotion import PARTS, SECTIONS, STEPS

NESTED = ("prerequisite_ids", "action_ids")


class IntegrationPromotionRows(models.AbstractModel):
    _inherit = "integration.promotion.rows"

    # -- reading -----------------------------------------------------------------------------------------------

    @api.model
    def _parts_of(self, rule):
        return [
            {
                "kind": part.kind or "",
                "journals": sorted(part.journal_ids.mapped("code")),
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
                "connection": step.connection_id.name or "",
                "flow": [step.flow_id.connection_id.name, step.flow_id.direction, step.flow_id.kind]
                if step.flow_id
                else [],
            }
            for step in rule.action_ids.sorted(lambda row: (row.sequence, row.id))
        ]

    # -- what is missing ---------------------------------------------------------------------------------------

    @api.model
    def _rule_gaps(self, company, kind, rows, after):
        """Return what these events or follow-ups of a rule name and the company does not have."""
        gaps = []
        for row in rows:
            names = (
                [("journal", called) for called in row["journals"]]
                + [("country", called) for called in row["countries"]]
                + [("currency", row["currency"])]
                if kind == PARTS
                else [("user", row["person"]), ("connection", row["connection"])]
            )
            for what, called in names:
                if called:
                    gaps += self._name_gaps(company, what, called, after)
            if kind == STEPS and row["flow"] and tuple(row["flow"]) not in after["flows"]:
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

    # -- carrying out ------------------------------------------------------------------------------------------

    @api.model
    def _carry_rules(self, company, operation, record, environment, request):
        if operation["op"] == "remove":
            # Kept, out of use: what it has followed up stays readable.
            record.write({"active": False})
            return
        names = [name for name in SECTIONS["rules"].fields if name not in NESTED]
        values = self._written(company, operation, names)
        before, after = operation["before"] or {}, operation["after"]
        if before.get("prerequisite_ids") != after["prerequisite_ids"]:
            values["prerequisite_ids"] = [(5, 0, 0)] + [
                (0, 0, self._part_values(company, row, number))
                for number, row in enumerate(after["prerequisite_ids"], 1)
            ]
        if before.get("action_ids") != after["action_ids"]:
            values["action_ids"] = [(5, 0, 0)] + [
                (0, 0, self._step_values(company, row, number))
                for number, row in enumerate(after["action_ids"], 1)
            ]
        if record:
            record.write(values)
        else:
            own = {"name": operation["key"][0], "company_id": company.id}
            self.env["integration.rule"].create({**own, **values})

    @api.model
    def _part_values(self, company, row, number):
        def ids(kind, names):
            return [(6, 0, [self._one(company, kind, name).id for name in names])]

        return {
            "sequence": number,
            "kind": row["kind"],
            "journal_ids": ids("journal", row["journals"]),
            "country_ids": ids("country", row["countries"]),
            "amount_from": Decimal(row["amount_from"]),
            "currency_id": self._one(company, "currency", row["currency"]).id if row["currency"] else False,
            "domain": row["domain"],
        }

    @api.model
    def _step_values(self, company, row, number):
        return {
            "sequence": number,
            "action": row["action"],
            "role": row["role"] or False,
            "user_id": self._one(company, "user", row["person"]).id if row["person"] else False,
            "summary": row["summary"] or False,
            "within_days": row["within_days"],
            "publish_kind": row["publish"] or False,
            "connection_id": self._connection_id(company, row["connection"]),
            "flow_id": self._flow_of(company, row["flow"]).id if row["flow"] else False,
        }

    @api.model
    def _flow_of(self, company, key):
        name, direction, kind = key
        connection = self._one_connection(company, name)
        found = connection.flow_ids.filtered(lambda flow: (flow.direction, flow.kind) == (direction, kind))
        if not found:
            raise UserError(self.env._("There is no flow %s.", " · ".join(key)))
        return found[:1]

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
