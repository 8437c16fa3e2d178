# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a configuration needs that a company does not have, each with what to do about it (M5, M8)."""

from odoo import api, models

from ...engine.promotion import PARTS, SECTIONS, SHARED, SPANS, STEPS, TEXT, TIERS
from ...engine.promotion_plan import as_changed
from ...engine.promotion_values import ELSEWHERE


class IntegrationPromotionRows(models.AbstractModel):
    _inherit = "integration.promotion.rows"

    @api.model
    def _gaps(self, company, target, planned, environment):
        """Return {(section, key): [(what is missing, what to do)]} of operations that add or change.

        :param target: the rows that the company has.
        :param planned: operations as JSON.
        :param environment: of connections that are new here.
        """
        reader = self._reader(company)
        after = as_changed(target, planned)
        found = {}
        for operation in planned:
            place = (operation["section"], tuple(operation["key"]))
            gaps = reader._gaps_of(company, operation, target, after, environment)
            if gaps:
                found[place] = list(dict.fromkeys(gaps))
        return found

    @api.model
    def _gaps_of(self, company, operation, target, after, environment):
        section = SECTIONS[operation["section"]]
        key = dict(zip(section.key, operation["key"], strict=True))
        gaps = []
        if connection := key.get("connection_id"):
            gaps += self._connection_gap(connection, after)
        names = [name for name, kind in section.fields.items() if kind == TEXT]
        values = {**{name: operation["after"][name] for name in names}, **key}
        gaps += self._choice_gaps(self.env[section.model], values)
        if operation["section"] == "connections":
            gaps += self._kind_gap(operation, target)
            gaps += self._feeder_gaps(company, operation, environment)
            gaps += self._payout_gaps(company, operation, target, after)
        if operation["section"] == "balance_accounts":
            gaps += self._balance_gaps(company, operation)
        if operation["section"] == "collection_agreements":
            gaps += self._agreement_gaps(company, operation)
        for name, kind in section.fields.items():
            value = operation["after"][name]
            if kind in (PARTS, STEPS):
                gaps += self._rule_gaps(company, kind, value, after, operation["section"] in SHARED)
            elif kind == SPANS:
                gaps += self._span_gaps(company, operation["key"][1], value, operation["after"]["taxes"])
            elif kind == TIERS:
                gaps += self._tier_gaps(company, value)
            elif kind.startswith("ref"):
                listed = value if kind.startswith("refs:") else [value]
                for called in filter(None, listed):
                    gaps += self._name_gaps(company, kind.partition(":")[2], called, after)
        return gaps

    @api.model
    def _kind_gap(self, operation, target):
        before = target["connections"].get(tuple(operation["key"]))
        if before is None or before["connector"] == operation["after"]["connector"]:
            return []
        return [
            (
                self.env._("%s is another kind of outside system here", operation["key"][0]),
                self.env._("Rename the connection here, or leave this record out."),
            )
        ]

    @api.model
    def _name_gaps(self, company, kind, called, after):
        if kind == "feeder" or f"ref:{kind}" in ELSEWHERE:
            return []  # asked in _feeder_gaps and _agreement_gaps
        if kind == "connection":
            return self._connection_gap(called, after)
        _record, problem = self._find(kind, called, company)
        return [self._gap_words(company, kind, called, problem)] if problem else []

    @api.model
    def _connection_gap(self, name, after):
        if (name,) in after["connections"]:
            return []
        return [
            (
                self.env._("there is no connection %s", name),
                self.env._("Take the connection in as well, or leave this record out."),
            )
        ]

    @api.model
    def _choice_gaps(self, model, values):
        """Return a gap for each value that this version of the hub does not know."""
        gaps = []
        for name, value in values.items():
            field = model._fields.get(name)
            if field is None or field.type != "selection" or not value:
                continue
            if value not in field.get_values(self.env):
                gaps.append(
                    (
                        self.env._("this server does not know “%s”", value[:80]),
                        self.env._("Bring both servers to the same version, or leave this record out."),
                    )
                )
        return gaps

    @api.model
    def _span_gaps(self, company, kind, spans, taxes=()):
        known = self.env["integration.mapping"]._fields["mapping"].get_values(self.env)
        if kind not in known:
            return []
        gaps = []
        probe = self.env["integration.connection"].new({"company_id": company.id})
        for meaning in dict.fromkeys(span[2] for span in spans):
            target, problem = self._meant(probe, kind, meaning, taxes)
            problem = problem or self.env["integration.mapping.version"]._target_problem(
                kind, target, company, ""
            )
            if problem:
                gaps.append(self._meaning_words(kind, meaning, problem))
        return gaps

    @api.model
    def _meant(self, connection, kind, meaning, taxes):
        """Return (target as JSON, problem in words or None) of what a mapping calls its meaning."""
        if kind == "tax":
            return self._tax_called(connection.company_id, meaning, taxes)
        return self.env["integration.mapping"]._named(connection, kind, meaning)

    @api.model
    def _meaning_words(self, kind, meaning, problem):
        _ = self.env._
        steps = {
            "account": _("Add the account to the chart of accounts, with this code."),
            "tax": _("Add the tax, with this name, and with rate, use, country and price as there."),
            "journal": _("Add the journal, with this code."),
            "product": _("Add the product, with this internal reference."),
            "payment_term": _("Add the payment terms, with this name."),
            "analytic": _("Add the analytic accounts, with these codes."),
            "currency": _("Activate the currency."),
            "unit": _("Add the unit of measure, with this name."),
        }
        step = steps.get(kind) or _("Map this value here by a proposal.")
        return f"{meaning}: {problem}", step + " " + _("Or leave this record out.")

    @api.model
    def _tier_gaps(self, company, tiers):
        gaps = []
        for tier in tiers:
            if tier["group"] and not self.env.ref(tier["group"], raise_if_not_found=False):
                gaps.append(
                    (
                        self.env._("there is no group %s", tier["group"]),
                        self.env._("Install the addon that brings it, or leave this record out."),
                    )
                )
            for login in tier["people"]:
                _record, problem = self._find("user", login, company)
                if problem:
                    gaps.append(self._gap_words(company, "user", login, problem))
        return gaps

    @api.model
    def _gap_words(self, company, kind, called, problem):
        """Return (what is missing, what to do) in words."""
        _ = self.env._
        nouns = {
            "account": _("account %s", called),
            "journal": _("journal %s", called),
            "currency": _("currency %s", called),
            "country": _("country %s", called),
            "contract": _("contract %s", called),
            "reason": _("kind of exception %s", called),
            "partner": _("contact %s", called),
            "user": _("user %s", called),
            "connection": _("connection %s", called),
            "feeder": _("connection %s", called),
        }
        noun = nouns[kind]
        words = {
            "missing": _("%(company)s has no %(what)s", company=company.name, what=noun),
            "several": _("%(company)s has several called %(what)s", company=company.name, what=noun),
            "archived": _("the %s is archived here", noun),
            "no_access": _("the %(what)s has no access to %(company)s", what=noun, company=company.name),
        }
        steps = {
            "missing": _("Add it here under this code or name, or leave this record out."),
            "several": _("Rename all but one of them, or leave this record out."),
            "archived": _("Bring it back from the archive, or leave this record out."),
            "no_access": _("Give the user access to the company, or leave this record out."),
        }
        return words[problem], steps[problem]
