# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import logging
import time
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.audit_leaf import leaf_digest
from ...engine.audit_seal import Chain, Flaw, SealError, check_entries, check_head, read_seal
from ...engine.errors import IntegrationError
from ...engine.instants import format_instant
from ..control.audit_leaf import LEAF_FIELDS, hashed
from . import seal_heads
from .seal_keys import signing_keys

_logger = logging.getLogger(__name__)

PORTION_SECONDS = 20
NIGHTLY_SECONDS = 60
SEALS_AT_ONCE = 100
UNSEALED_AT_ONCE = 5000
LATE_HOURS = 24


class IntegrationAuditVerification(models.Model):
    """One look at the whole audit trail or a part of it: every entry, every seal, and the exported seals."""

    _name = "integration.audit.verification"
    _description = "Verification of the audit trail"
    _order = "id desc"

    state = fields.Selection(
        [("running", "Under way"), ("holds", "Holds"), ("broken", "Broken"), ("failed", "Not possible")],
        required=True,
        readonly=True,
        default="running",
    )
    by_schedule = fields.Boolean(readonly=True, string="By schedule")
    first_number = fields.Integer(readonly=True, string="From seal", aggregator=None)
    last_number = fields.Integer(readonly=True, string="To seal", aggregator=None)
    position = fields.Integer(readonly=True, string="Verified to seal", aggregator=None)
    entry_count = fields.Integer(readonly=True, string="Entries verified")
    head_count = fields.Integer(readonly=True, string="Exported seals compared")
    given_up_count = fields.Integer(
        readonly=True,
        string="Exported seals given up",
        help="They were exported and are not in the database: a person said that it was restored from an older copy.",
    )
    unsealed_count = fields.Integer(readonly=True, string="Not sealed yet")
    unsealed_since = fields.Datetime(readonly=True)
    finding_code = fields.Char(readonly=True)
    finding_seal = fields.Integer(readonly=True, string="At seal", aggregator=None)
    finding_entry = fields.Integer(readonly=True, string="First broken entry", aggregator=None)
    reason = fields.Char(readonly=True, string="Why it was not possible")
    user_id = fields.Many2one("res.users", readonly=True, default=lambda self: self.env.user, string="By")
    started_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    finished_at = fields.Datetime(readonly=True)
    work_seconds = fields.Integer(readonly=True, string="Took (s)", aggregator=None)

    _covered_idx = models.Index("(first_number, position) WHERE state IN ('holds', 'broken')")

    # -- running ---------------------------------------------------------------------------------------------

    @api.model
    def _start(self, first_number=1, last_number=None, by_schedule=False, seconds=PORTION_SECONDS):
        """Begin a verification of these seals and return it; a long one goes on as a queue job.

        :param last_number: None = to the newest seal, and everything that is not sealed yet.
        """
        self.check_access("read")
        newest = self.env["integration.audit.seal"]._last_row()
        newest_number = newest["number"] if newest else 0
        verification = self.sudo().create(
            {
                "first_number": first_number,
                "last_number": min(last_number or newest_number, newest_number),
                "position": first_number - 1,
                "by_schedule": by_schedule,
                "user_id": self.env.uid,
            }
        )
        verification._go_on(seconds)
        return verification.with_env(self.env)

    def _go_on(self, seconds=PORTION_SECONDS):
        """Verify for some time; where more is left, a queue job goes on."""
        self.ensure_one()
        if self.state != "running":
            return
        began = time.monotonic()
        try:
            finding = self._portion(began + seconds)
            if finding is None and self.position >= self.last_number:
                finding = self._outside() or self._unsealed()
                self._finish(finding)
            elif finding:
                self._finish(finding)
        except (IntegrationError, SealError) as error:
            sentence = error.sentence if isinstance(error, IntegrationError) else str(error)
            self.write({"state": "failed", "reason": sentence, "finished_at": fields.Datetime.now()})
        self.work_seconds += int(time.monotonic() - began)
        if self.state == "running":
            self.with_delay(
                channel="root.finance_integration_watch",
                description=self.env._("Verify the audit trail from seal %s on", self.position + 1),
                identity_key=f"finance_integration.verify.{self.id}",
            )._go_on()

    def _portion(self, deadline):
        """Verify seals until ``deadline``; returns the first finding."""
        seals = self.env["integration.audit.seal"]
        before = seals._rows(self.position, self.position, 1) if self.position else []
        if self.position and not before:
            return Flaw("seal_missing", seal=self.position)
        chain = Chain(
            self.env["integration.audit.key"]._public_keys(),
            before[0]["text"] if before else None,
            self._replaced_keys(),
        )
        entries = 0
        while self.position < self.last_number and time.monotonic() < deadline:
            rows = seals._rows(self.position + 1, self.last_number, SEALS_AT_ONCE)
            if not rows:
                return Flaw("seal_missing", seal=self.position + 1)
            for row in rows:
                finding = self._one(chain, row)
                if finding:
                    self.write(
                        {
                            "position": chain.last.number if chain.last else 0,
                            "entry_count": self.entry_count + entries,
                        }
                    )
                    return finding
                entries += chain.last.entries
                if time.monotonic() >= deadline:
                    break
            self.write({"position": chain.last.number, "entry_count": self.entry_count + entries})
            entries = 0
        return None

    def _one(self, chain, row):
        """Look at one seal and its entries."""
        finding = chain.follow(row["text"], row["signature"])
        if finding:
            return finding
        seal = chain.last
        if (row["number"], row["digest"], row["trail"], row["last_id"]) != (
            seal.number,
            seal.digest,
            seal.trail,
            seal.last_id,
        ):
            return Flaw("seal_unreadable", seal=row["number"])
        packed = self.env["integration.audit.seal"]._entry_list(seal.number)
        return check_entries(seal, packed, self._entries(seal.first_id, seal.last_id, seal.entries + 1))

    def _replaced_keys(self):
        """Return fingerprints of the keys that were replaced up to where the verification stands."""
        self.env.cr.execute(
            SQL(
                """
                SELECT k.key_id FROM integration_audit_seal s JOIN integration_audit_key k ON k.id = s.signing_key_id
                 WHERE s.number <= %s GROUP BY k.key_id
                HAVING max(s.number) < %s
                """,
                self.position,
                self.position,
            )
        )
        return [fingerprint for (fingerprint,) in self.env.cr.fetchall()]

    def _entries(self, first_id, last_id, limit):
        """Return (number, stated digest, digest of what it says) of up to ``limit`` entries of a range, ascending."""
        self.env.cr.execute(
            SQL(
                "SELECT id, digest, recorded_at, %s FROM integration_audit_leaf"
                " WHERE id BETWEEN %s AND %s ORDER BY id LIMIT %s",
                SQL(", ").join(SQL.identifier(name) for name in LEAF_FIELDS),
                first_id,
                last_id,
                limit,
            )
        )
        stamps = {}
        entries = []
        for entry_id, stated, recorded_at, *values in self.env.cr.fetchall():
            stamp = stamps.get(recorded_at)
            if stamp is None:
                stamp = stamps[recorded_at] = format_instant(recorded_at.replace(tzinfo=timezone.utc))
            fields_now = dict(zip(LEAF_FIELDS, values, strict=True))
            true = leaf_digest(hashed({**fields_now, "recorded_at": stamp}))
            entries.append((entry_id, stated, true))
        return entries

    # -- what no seal covers ---------------------------------------------------------------------------------

    def _outside(self):
        """Compare with what is held outside the database: this server's keys and the exported seals."""
        if self.env["integration.audit.sealer"]._is_copy():
            return None
        newest = self.env["integration.audit.seal"]._last_row()
        if newest and (self.by_schedule or newest["number"] == self.last_number):
            own = {key.id for key in signing_keys()}
            if read_seal(newest["text"]).key_id not in own:
                return Flaw("seal_not_ours", seal=newest["number"])
        self.env.cr.execute(SQL("SELECT trail, max(number) FROM integration_audit_seal GROUP BY trail"))
        last_of_trail = dict(self.env.cr.fetchall())
        sealer = self.env["integration.audit.sealer"]
        named = sealer._named_trail()
        for trail in sorted({*last_of_trail, *seal_heads.trails_of(sealer._mark())}):
            given_up = bool(named) and trail != named
            if finding := self._heads_of(trail, last_of_trail.get(trail, 0) if given_up else None):
                return finding
        return None

    def _heads_of(self, trail, up_to):
        """Compare the exported seals of a trail.

        :param up_to: of a trail that a person gave up after a restore, only seals up to this number are compared.
        """
        keys = self.env["integration.audit.key"]._public_keys()
        expected, portion = None, []
        for head in seal_heads.read_heads(trail):
            number = head[0]
            if up_to is not None and number > up_to:
                self.given_up_count += 1
                continue
            if expected is not None and number != expected:
                return Flaw("heads_unreadable", seal=expected)
            expected = number + 1
            portion.append(head)
            if len(portion) >= SEALS_AT_ONCE:
                if finding := self._compare_heads(portion, keys):
                    return finding
                portion = []
        return self._compare_heads(portion, keys) if portion else None

    def _compare_heads(self, portion, keys):
        first, last = portion[0][0], portion[-1][0]
        there = {
            row["number"]: row["digest"]
            for row in self.env["integration.audit.seal"]._rows(first, last, len(portion))
        }
        for number, text, signature in portion:
            if finding := check_head(number, text, signature, there.get(number), keys):
                return finding
        self.head_count += len(portion)
        return None

    def _unsealed(self):
        """Look at the entries that no seal covers yet; each has at least to agree with its own digest."""
        newest = self.env["integration.audit.seal"]._last_row()
        if newest and newest["number"] != self.last_number and not self.by_schedule:
            return None
        self.env.cr.execute(
            SQL(
                "SELECT (SELECT min(id) FROM integration_audit_leaf WHERE id <= 0), (SELECT min(id) FROM"
                " integration_audit_leaf WHERE id > (SELECT last_value FROM integration_audit_leaf_id_seq))"
            )
        )
        for strange in self.env.cr.fetchone():
            if strange is not None:
                return Flaw("entry_inserted", entry=strange)
        after = newest["last_id"] if newest else 0
        count = 0
        self.env.cr.execute(
            SQL("SELECT recorded_at FROM integration_audit_leaf WHERE id > %s ORDER BY id LIMIT 1", after)
        )
        since = self.env.cr.fetchone()
        while rows := self._entries(after + 1, 2**62, UNSEALED_AT_ONCE):
            changed = next((entry_id for entry_id, stated, true in rows if stated != true), None)
            if changed is not None:
                return Flaw("entry_changed", entry=changed)
            count += len(rows)
            after = rows[-1][0]
        self.write({"unsealed_count": count, "unsealed_since": since and since[0]})
        return None

    def _finish(self, finding):
        values = {"state": "holds", "finished_at": fields.Datetime.now()}
        if finding:
            values |= {
                "state": "broken",
                "finding_code": finding.code,
                "finding_seal": finding.seal or 0,
                "finding_entry": finding.entry or 0,
                "position": max(self.position, finding.seal or 0),
            }
        self.write(values)
        leaves = self.env["integration.audit.leaf"].with_user(self.user_id).sudo()
        leaves._append(
            [
                {
                    "action": "seal.verified" if not finding else "seal.broken",
                    "res_model": self._name,
                    "res_id": self.id,
                    "detail": finding.words if finding else f"seals {self.first_number} to {self.position}",
                }
            ]
        )
        self._tell(finding)

    def _tell(self, finding):
        """A broken trail is a critical exception; it stays until a person has looked at it."""
        nobody = self.env["res.company"]
        exceptions = self.env["integration.exception"]
        if finding:
            params = {"problem": finding.words}
            exceptions._raise_company_cause(nobody, "audit_broken", params, finding.words)
        late = fields.Datetime.subtract(fields.Datetime.now(), hours=LATE_HOURS)
        if self.unsealed_since and self.unsealed_since < late:
            params = {"since": f"{self.unsealed_since} UTC"}
            exceptions._raise_company_cause(nobody, "seals_late", params, "seals")

    # -- by schedule -----------------------------------------------------------------------------------------

    @api.model
    def _cron_verify(self):
        """Nightly: go on where the last night ended, for a bounded time; after the newest seal begin again."""
        newest = self.env["integration.audit.seal"]._last_row()
        if not newest:
            return
        last = self.search([("by_schedule", "=", True), ("state", "!=", "running")], limit=1)
        first = last.position + 1 if last and 0 < last.position < newest["number"] else 1
        if last.state == "broken" and first > 1:
            first = 1
        verification = self.sudo().create(
            {
                "first_number": first,
                "last_number": newest["number"],
                "position": first - 1,
                "by_schedule": True,
            }
        )
        began = time.monotonic()
        verification._portion_by_night(began + NIGHTLY_SECONDS)
        verification.work_seconds = int(time.monotonic() - began)

    def _portion_by_night(self, deadline):
        """Verify until the night's time is over; what is left is for the next night."""
        try:
            finding = self._portion(deadline)
            self.last_number = max(self.position, self.first_number)
            self._finish(finding or self._outside() or self._unsealed())
        except (IntegrationError, SealError) as error:
            sentence = error.sentence if isinstance(error, IntegrationError) else str(error)
            self.write({"state": "failed", "reason": sentence, "finished_at": fields.Datetime.now()})

    # -- buttons ---------------------------------------------------------------------------------------------

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def action_open_entry(self):
        """Button: the first broken entry, as it is now."""
        self.ensure_one()
        leaf = self.env["integration.audit.leaf"].search([("id", "=", self.finding_entry)])
        if not leaf:
            raise UserError(
                self.env._(
                    "Entry %s is not there any more, or belongs to another company.", self.finding_entry
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": leaf._name,
            "res_id": leaf.id,
            "views": [(False, "form")],
        }

    def action_again(self):
        """Button: verify the same seals once more."""
        self.ensure_one()
        return self._start(self.first_number or 1, self.last_number or None)._open()
