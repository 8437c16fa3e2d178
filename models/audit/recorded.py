# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Changes of configuration leave an audit entry each: which field, from what, to what."""

from odoo import api, models

from ...engine.redaction import MASK, mask_text

MAX_VALUE_CHARS = 80
# People are named by their number: what they are called may have to be forgotten, the entry may not.
PEOPLE = ("res.users", "res.partner")
# Never written down, not even shortened.
SECRET_FIELDS = ("value", "ciphertext", "hint", "pending_ciphertext", "pending_hint")
# What Odoo's own mechanisms keep beside a record.
FOREIGN_PREFIXES = ("message_", "activity_", "website_message", "rating_")


class IntegrationRecorded(models.AbstractModel):
    """Mix-in: creating, changing and deleting a record is written to the audit trail, in the same transaction.

    What the hub itself keeps on a record (fields that are read-only, written as superuser) is no configuration and is
    not recorded. A secret is recorded as changed, never its value.
    """

    _name = "integration.recorded"
    _description = "Record whose changes are in the audit trail"

    # Fields whose changes are recorded elsewhere.
    _unrecorded = frozenset()
    # Rows that the hub makes and changes while it works: only what a person does to them is recorded.
    _only_people = False

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._is_recorded():
            records._record_configuration(
                {
                    record.id: "; ".join(["created", *record._recorded_words(record._recorded_names(vals))])
                    for record, vals in zip(records, vals_list, strict=True)
                }
            )
        return records

    def write(self, vals):
        names = self._recorded_names(vals) if self._is_recorded() else []
        before = {record.id: record._recorded_values(names) for record in self} if names else {}
        result = super().write(vals)
        if names:
            changes = {}
            for record in self:
                after = record._recorded_values(names)
                changed = [
                    f"{name}: {before[record.id][name]} → {text}"
                    for name, text in after.items()
                    if text != before[record.id][name] or text == MASK
                ]
                if changed:
                    changes[record.id] = "; ".join(changed)
            self._record_configuration(changes)
        return result

    def unlink(self):
        if self._is_recorded():
            names = [name for name in self._fields if self._is_configuration(name)]
            told = {record.id: "; ".join(["deleted", *record._recorded_words(names)]) for record in self}
            self._record_configuration(told)
        return super().unlink()

    def _is_recorded(self):
        if not self._only_people:
            return True
        return not self.env.su and not self.env.user.integration_service

    def _recorded_names(self, vals):
        return [name for name in vals if name in self._fields and self._is_configuration(name)]

    def _is_configuration(self, name):
        field = self._fields[name]
        if name in SECRET_FIELDS:
            return name == "value"
        if name in self._unrecorded or name in models.MAGIC_COLUMNS or name.startswith(FOREIGN_PREFIXES):
            return False
        if not field.store or field.type in ("one2many", "binary"):
            return False
        return not (field.readonly and self.env.su)

    def _recorded_values(self, names):
        self.ensure_one()
        return {name: self._recorded_value(name) for name in names}

    def _recorded_words(self, names):
        """Return ``name: value`` of what is not empty."""
        shown = self._recorded_values(names)
        return [f"{name}: {text}" for name, text in shown.items() if text != "–"]

    def _recorded_value(self, name):
        """Return the value of a field as text: short, without secrets, people by their number."""
        field = self._fields[name]
        if name in SECRET_FIELDS:
            return MASK
        value = self.sudo()[name]
        if field.relational:
            text = ", ".join(self._shown_record(record) for record in value[:10])
        elif field.type == "boolean":
            text = "yes" if value else "no"
        elif not value and field.type not in ("integer", "float", "monetary"):
            text = ""
        else:
            text = mask_text(str(value))
        if "url" in name:  # what follows the question mark may be a key
            text = text.partition("?")[0]
        return text[:MAX_VALUE_CHARS].replace("\n", " ") or "–"

    def _shown_record(self, record):
        if record._name in PEOPLE:
            return f"{record._name},{record.id}"
        return f"{record.display_name or ''} [{record.id}]"

    def _record_configuration(self, changes):
        """Append one entry for each record of ``changes`` ({id: what changed})."""
        if not changes:
            return
        action = f"{self._name.removeprefix('integration.').replace('.', '_')}.change"
        entries = []
        for record in self.sudo().browse(changes):
            connection = record if record._name == "integration.connection" else record._trail_connection()
            entries.append(
                {
                    "action": action,
                    "company_id": record.company_id.id if "company_id" in record._fields else None,
                    "connection_id": connection.id,
                    "message_id": record.id if record._name == "integration.message" else None,
                    "res_model": record._name,
                    "res_id": record.id,
                    "detail": changes[record.id],
                    "user_id": self.env.uid,
                }
            )
        self.env["integration.audit.leaf"].sudo()._append(entries)

    def _trail_connection(self):
        """Return the connection to which this record belongs, for the audit entry."""
        connections = self.env["integration.connection"]
        field = self._fields.get("connection_id")
        return self.connection_id if field and field.comodel_name == connections._name else connections
