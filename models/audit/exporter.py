# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The audit trail as a file, portion by portion, as far as the person may see it."""

from contextlib import closing
from datetime import timezone

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...engine import audit_bundle
from ...engine.audit_leaf import MerkleTree
from ...engine.audit_seal import MAX_ENTRIES, SealError, leaf_text, read_list
from ...engine.csv_safe import csv_line
from ...engine.instants import format_instant
from ..control.audit_leaf import LEAF_FIELDS, hashed

ENTRIES_AT_ONCE = 2000
SEALS_AT_ONCE = 500
# A spreadsheet takes a file for UTF-8 when it begins so.
BYTE_ORDER_MARK = "\ufeff".encode()


def lines(registry, uid, context, plan):
    """Yield the file of ``plan`` (see ``integration.audit.export._plan``) in pieces.

    Each piece is read in a transaction of its own: entries and seals never change, and a long export holds nothing up.
    """

    def portion(method, *values):
        with closing(registry.cursor()) as cr:
            exporter = api.Environment(cr, uid, context)["integration.audit.exporter"]
            return getattr(exporter, method)(plan, *values)

    seals = entries = 0
    yield portion("_head")
    if plan["form"] == "ndjson":
        number = plan["first_chain_seal"]
        while number and (piece := portion("_chain", number))[1]:
            yield piece[0]
            seals += piece[1]
            number += piece[1]
    if plan["whole"]:
        for number in range(plan["first_seal"], plan["last_seal"] + 1) if plan["first_seal"] else ():
            data, count = portion("_seal", number)
            yield data
            entries += count
    after = plan["after_id"]
    while piece := portion("_entries", after):
        data, count, after = piece
        yield data
        entries += count
    if plan["form"] == "ndjson":
        yield audit_bundle.end_line(entries, seals)


class IntegrationAuditExporter(models.AbstractModel):
    _name = "integration.audit.exporter"
    _description = "Audit trail as a file"

    # -- pieces ----------------------------------------------------------------------------------------------

    @api.model
    def _head(self, plan):
        if plan["form"] == "csv":
            return BYTE_ORDER_MARK + csv_line(self._columns())
        keys = self.env["integration.audit.key"].sudo().search([], order="id", limit=10_000)
        return audit_bundle.head_line(plan["head"]) + b"".join(
            audit_bundle.key_line(
                key.key_id, key.public_key, format_instant(key.introduced_at.replace(tzinfo=timezone.utc))
            )
            for key in keys
        )

    @api.model
    def _chain(self, plan, number):
        """Return (lines, how many) of the next seals from ``number`` on."""
        rows = self.env["integration.audit.seal"]._rows(number, plan["newest_seal"], SEALS_AT_ONCE)
        return b"".join(audit_bundle.seal_line(row["text"], row["signature"]) for row in rows), len(rows)

    @api.model
    def _seal(self, plan, number):
        """Return (lines, how many entries) of a whole seal: what the person may see of it."""
        seals = self.env["integration.audit.seal"]
        packed, listed = seals._entry_list(number), self._listed(number)
        [seal] = seals.search([("number", "=", number)])
        domain = Domain("id", ">=", seal.first_id) & Domain("id", "<=", seal.last_id)
        limit = MAX_ENTRIES * 2  # more than were sealed only where somebody inserted some
        rows = self._rows(self.env["integration.audit.leaf"].search(domain, order="id", limit=limit).ids)
        if plan["form"] == "csv":
            places = {entry_id: place for place, (entry_id, _digest) in enumerate(listed)}
            return self._csv([(row, (number, places.get(row["id"]), None)) for row in rows]), len(rows)
        data = [audit_bundle.list_line(number, packed)]
        data += [audit_bundle.entry_line(row["id"], row["digest"], row["fields"]) for row in rows]
        return b"".join(data), len(rows)

    @api.model
    def _entries(self, plan, after):
        """Return (lines, how many, last number) of the next chosen entries one by one; None when there are no more.

        Of an export of whole seals these are the entries that no seal covers yet.
        """
        domain = Domain(plan["domain"]) & Domain("id", ">", after) & Domain("id", "<=", plan["last_id"])
        ids = self.env["integration.audit.leaf"].search(domain, order="id", limit=ENTRIES_AT_ONCE).ids
        if not ids:
            return None
        proven = [(row, self._proof(row)) for row in self._rows(ids)]
        if plan["form"] == "csv":
            return self._csv(proven), len(ids), ids[-1]
        data = [
            audit_bundle.entry_line(
                row["id"], row["digest"], row["fields"], proof and audit_bundle.Proof(*proof)
            )
            for row, proof in proven
        ]
        return b"".join(data), len(ids), ids[-1]

    # -- what is in them -------------------------------------------------------------------------------------

    def _rows(self, ids):
        """Return dicts (id, digest, fields that were hashed) of these entries, ascending."""
        self.env.cr.execute(
            SQL(
                "SELECT id, digest, recorded_at, %s FROM integration_audit_leaf WHERE id = ANY(%s) ORDER BY id",
                SQL(", ").join(SQL.identifier(name) for name in LEAF_FIELDS),
                list(ids),
            )
        )
        rows = []
        for entry_id, digest, recorded_at, *values in self.env.cr.fetchall():
            stamp = format_instant(recorded_at.replace(tzinfo=timezone.utc))
            fields = hashed({**dict(zip(LEAF_FIELDS, values, strict=True)), "recorded_at": stamp})
            rows.append({"id": entry_id, "digest": digest, "fields": fields})
        return rows

    def _listed(self, number):
        """Return the list of a seal, empty when somebody made it unreadable: the export shows that, too."""
        try:
            return read_list(self.env["integration.audit.seal"]._entry_list(number))
        except SealError:
            return []

    def _proof(self, row):
        """Return (seal, position, siblings) of an entry; None while no seal covers it.

        Entries are asked for in ascending order: the tree of one seal at a time is kept.
        """
        known = self.env.cr.cache.setdefault("integration_audit_tree", {})
        if not known or not known["first"] <= row["id"] <= known["last"]:
            number, _last = self.env["integration.audit.seal"]._numbers_covering(row["id"], row["id"])
            if not number:
                return None
            if not (listed := self._listed(number)):
                return None
            known.update(
                number=number,
                first=listed[0][0],
                last=listed[-1][0],
                places={entry_id: place for place, (entry_id, _digest) in enumerate(listed)},
                tree=MerkleTree([leaf_text(*pair) for pair in listed]),
            )
        place = known["places"].get(row["id"])
        return None if place is None else (known["number"], place, known["tree"].proof(place))

    def _columns(self):
        _ = self.env._
        return [
            _("Entry"), _("Recorded (UTC)"), _("By"), _("What was done"), _("Code"), _("Company"), _("Connection"),
            _("Event"), _("Record"), _("Concerns"), _("Correlation id"), _("Digest of the content"), _("Digest"),
            _("Seal"), _("Position in the seal"), _("Proof"),
        ]  # fmt: skip

    def _csv(self, proven):
        """Return lines of CSV for (row, proof) pairs."""
        # Names of people and connections are no secret for whoever may see the entry.
        leaves = self.env["integration.audit.leaf"].sudo().browse(row["id"] for row, _proof in proven)
        by_id = {leaf.id: leaf for leaf in leaves}
        data = []
        for row, proof in proven:
            leaf, fields = by_id[row["id"]], row["fields"]
            seal, position, siblings = proof or (None, None, None)
            record = f"{fields['res_model']},{fields['res_id']}" if fields["res_model"] else None
            data.append(
                csv_line(
                    [
                        row["id"], fields["recorded_at"], leaf.user_id.name or None, str(leaf.action_label),
                        fields["action"], leaf.company_id.name or None, leaf.connection_id.name or None,
                        leaf.message_id.event_id or None, record, fields["detail"], fields["correlation_id"],
                        fields["subject_digest"], row["digest"], seal, position, " ".join(siblings or ()),
                    ]
                )
            )  # fmt: skip
        return b"".join(data)
