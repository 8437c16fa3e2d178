# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The configuration of a company as rows that name everything by what people call it (M5, M8)."""

from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain

from ...engine.money import plain
from ...engine.promotion import (
    DAY,
    DECIMAL,
    FLAG,
    PARTS,
    SECTIONS,
    SHARED,
    SPANS,
    STEPS,
    TAXES,
    TEXT,
    TIERS,
    WHOLE,
)
from ...engine.promotion_plan import merged_spans
from ...engine.promotion_values import ELSEWHERE

# What a reference is called in every environment: kind → (model, fields, the first that fits exactly one counts).
NAMES = {
    "account": ("account.account", ("code",)),
    "journal": ("account.journal", ("code",)),
    "currency": ("res.currency", ("name",)),
    "country": ("res.country", ("code",)),
    "contract": ("integration.contract", ("name",)),
    "reason": ("integration.error.resolution", ("code",)),
    "partner": ("res.partner", ("ref", "name")),
    "user": ("res.users", ("login",)),
    "connection": ("integration.connection", ("name",)),
    # The connection of another company from which one gets its events; called by both names.
    "feeder": ("integration.connection", ("name",)),
}
# Addresses belong to one environment: they are told as what has to be supplied, never carried.
ADDRESSES = ("outside_account", "api_base_url", "delivery_url", "allowed_hosts")


class IntegrationPromotionRows(models.AbstractModel):
    """Reads configurations, and finds what a name means in a company."""

    _name = "integration.promotion.rows"
    _description = "Configuration as rows"

    @api.model
    def _reader(self, company):
        """Return this model as it reads everything of a company, the same for whoever asks."""
        context = {"active_test": False, "lang": "en_US", "tz": "UTC", "allowed_company_ids": company.ids}
        return self.sudo().with_company(company).with_context(**context)

    @api.model
    def _read_rows(self, company, in_use=False):
        """Return (rows, records): the configuration of a company, and the record behind each key.

        :param in_use: leave out connections and rules that are archived.
        """
        reader = self._reader(company)
        rows, records = {}, {}
        for name, section in SECTIONS.items():
            rows[name], records[name] = {}, {}
            for record in reader._records_of(name, company, in_use):
                if in_use and not reader._is_in_use(record):
                    continue
                key = _free(reader._key_of(name, section, record), rows[name])
                rows[name][key] = reader._values_of(section, record)
                records[name][key] = record
        return rows, records

    @api.model
    def _is_in_use(self, record):
        if record._name in ("integration.connection", "integration.rule"):
            return record.active
        if record._name == "integration.assignment.rule":
            return record.active and (not record.connection_id or record.connection_id.active)
        return not ("connection_id" in record._fields and record.connection_id) or record.connection_id.active

    @api.model
    def _records_of(self, name, company, in_use=False):
        if name == "collection_agreements":
            return self._agreements_of(company, in_use)
        model = self.env[SECTIONS[name].model]
        domain = Domain("company_id", "=", False if name in SHARED else company.id)
        if name in ("ownership", "approval_rules", "shared_approval_rules"):
            domain &= Domain("state", "=", "active")
        if name == "mappings":
            domain &= Domain("version_ids.state", "=", "used")
        return model.search(domain, order="id")

    @api.model
    def _key_of(self, name, section, record):
        if name == "limits":
            return ("limits",)
        key = [self._part(record, part) for part in section.key if part != "number"]
        if "number" in section.key:
            same = self.env[section.model].search_count(
                [
                    ("connection_id", "=", record.connection_id.id),
                    ("kind", "=", record.kind),
                    ("id", "<=", record.id),
                ]
            )
            key.append(str(same))
        return tuple(key)

    @api.model
    def _part(self, record, name):
        value = record[name]
        return (value.name or "") if isinstance(value, models.BaseModel) else str(value or "")

    @api.model
    def _values_of(self, section, record):
        return {name: self._value_of(record, name, kind) for name, kind in section.fields.items()}

    @api.model
    def _value_of(self, record, name, kind):
        whole = {
            SPANS: self._spans_of,
            TAXES: self._taxes_of,
            TIERS: self._tiers_of,
            PARTS: self._parts_of,
            STEPS: self._steps_of,
        }.get(kind)
        if whole:
            return whole(record)
        if kind in ELSEWHERE:
            return self._value_elsewhere(record, name, kind)
        if kind.startswith("ref"):
            value = record[name]
            names = [self._called(one, kind.partition(":")[2]) for one in value]
            return sorted(names) if kind.startswith("refs:") else "".join(names)
        return _PLAIN[kind](record[name])

    @api.model
    def _called(self, record, kind):
        """Return what a record is called in every environment."""
        if kind == "feeder":
            return self._called_abroad(record, kind) if record else ""
        for name in NAMES[kind][1]:
            if record[name]:
                return str(record[name])
        return record.display_name or ""

    @api.model
    def _spans_of(self, mapping):
        """Return [from, until, meaning] of the versions in force, neighbours that mean the same put together."""
        versions = mapping.version_ids.filtered(lambda version: version.state == "used")
        return merged_spans(
            [
                version.valid_from.isoformat() if version.valid_from else None,
                version.valid_until.isoformat() if version.valid_until else None,
                str(mapping._name_of(mapping.connection_id, mapping.mapping, version._target_value())),
            ]
            for version in versions
        )

    @api.model
    def _tiers_of(self, policy):
        return [
            {
                "group": tier.group_id.get_external_id().get(tier.group_id.id, "") if tier.group_id else "",
                "people": sorted(tier.user_ids.mapped("login")),
                "count": tier.count,
            }
            for tier in policy.tier_ids
        ]

    @api.model
    def _needs_of(self, company):
        """Return what somebody has to supply wherever this configuration is carried to: secrets and addresses.

        Of a secret only its purpose and where it is kept are told, never the secret or the place.
        """
        needs = []
        purposes = dict(
            self.env["integration.credential"]._fields["purpose"]._description_selection(self.env)
        )
        for connection in self._reader(company)._records_of("connections", company).filtered("active"):
            for credential in connection.credential_ids.filtered("is_valid"):
                kept = credential.reference.partition(":")[0] if credential.reference else "stored"
                needs.append(
                    {
                        "connection": connection.name,
                        "what": "secret",
                        "name": str(purposes.get(credential.purpose, credential.purpose)),
                        "kept": kept,
                    }
                )
            for name in ADDRESSES:
                if connection[name]:
                    label = str(connection._fields[name]._description_string(self.env))
                    needs.append(
                        {"connection": connection.name, "what": "address", "name": label, "kept": ""}
                    )
        return needs

    # -- finding ------------------------------------------------------------------------------------------------

    @api.model
    def _find(self, kind, name, company):
        """Return (record, problem) of what is called ``name`` in a company.

        ``problem`` is 'missing', 'several', 'archived' or 'no_access'; then the record is empty.
        """
        model, names = NAMES[kind]
        if kind == "feeder":
            company, name = self._at_home(company, name)
            kind = "connection"
        records = self._reader(company).env[model]
        scope = Domain.TRUE
        if kind == "connection":
            scope = Domain("company_id", "=", company.id)
        elif kind != "user" and {"company_id", "company_ids"} & records._fields.keys():
            scope = Domain(records._check_company_domain(company))
        for field in names:
            found = records.search(scope & Domain(field, "=", name), limit=2)
            if len(found) > 1:
                return records, "several"
            if not found:
                continue
            if kind == "user" and company not in found.company_ids:
                return records, "no_access"
            if kind != "connection" and "active" in found._fields and not found.active:
                return records, "archived"
            return found, ""
        return records, "missing"


# kind of value → what Odoo gives as JSON
_PLAIN = {
    FLAG: bool,
    WHOLE: lambda value: int(value or 0),
    DECIMAL: lambda value: plain(Decimal(str(value or 0))),
    DAY: lambda value: value.isoformat() if value else None,
    TEXT: lambda value: str(value or ""),
}


def _free(key, taken):
    """Return ``key``, with a number where another record is called the same: none may hide another."""
    number, free = 1, key
    while free in taken:
        number += 1
        free = (*key[:-1], f"{key[-1]} #{number}")
    return free
