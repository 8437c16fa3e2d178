# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The one that seals: takes entries that are final, signs, chains, and lets the seals out of the database."""

import logging
import time
import uuid
from contextlib import closing

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import str2bool

from ...engine.audit_seal import MAX_ENTRIES, NO_SEAL, Seal, SealError, pack_list, read_seal, root_of
from ...engine.errors import AuthorizationError, BusinessError, IntegrationError
from ...engine.instants import format_instant, utc_now
from ..messaging.lane import exclusive
from ..messaging.own_transaction import in_own_transaction
from . import seal_heads
from .seal_keys import signing_keys

_logger = logging.getLogger(__name__)

# First half of the advisory lock key under which one process seals at a time.
LOCK_SPACE = 0x46494832
RUN_SECONDS = 120
# How long transactions that are writing entries are waited for.
WAIT_SECONDS = 40
POLL_SECONDS = 0.05
HEADS_AT_ONCE = 1000
TRAIL_PARAMETER = "finance_integration.seal_trail"
# Exceptions that end when sealing works again.
OWN_CODES = (
    "seal_key_unreadable",
    "seal_key_replaced",
    "seal_folder_unusable",
    "seal_heads_differ",
    "seal_entry_unreadable",
)


class IntegrationAuditSealer(models.AbstractModel):
    _name = "integration.audit.sealer"
    _description = "Sealer of the audit trail"

    @api.model
    def _cron_seal(self):
        """Hourly: seal what was recorded; what keeps it from working becomes an exception."""
        made = self._run_and_tell()
        if made:
            _logger.info("%s seals made", made)

    @api.model
    def _run_and_tell(self):
        """Seal; an expected failure becomes an exception of the hub. Returns how many seals, None: failed."""
        exceptions = self.env["integration.exception"]
        nobody = self.env["res.company"]
        try:
            made = self._run()
        except IntegrationError as error:
            _logger.warning("the audit trail is not sealed: %s %s", error.code, error.detail)
            exceptions._raise_company_cause(nobody, error.code, error.params, "seals", error.detail)
            return None
        exceptions.sudo().search(
            [("code", "in", OWN_CODES), ("connection_id", "=", False), ("state", "=", "open")]
        )._resolve(self.env._("The audit trail is sealed again."))
        return made or 0

    @api.model
    def _run(self, seconds=RUN_SECONDS):
        """Seal everything that is final, seal by seal, each in a transaction of its own.

        :returns: the number of seals made; None when another process is sealing.
        :raises IntegrationError: one of OWN_CODES.
        """
        deadline = time.monotonic() + seconds
        registry = self.env.registry
        with exclusive(self.env.cr.dbname, 0, LOCK_SPACE) as free:
            if not free:
                return None
            keys = signing_keys(may_make=True)
            in_own_transaction(registry, lambda env: env[self._name]._compare_last_head())
            horizon = self._horizon(registry, min(WAIT_SECONDS, seconds))
            made = 0
            while horizon and in_own_transaction(
                registry, lambda env: env[self._name]._seal_next(horizon, keys[0])
            ):
                made += 1
                if time.monotonic() >= deadline:
                    break
            in_own_transaction(registry, lambda env: env[self._name]._export())
        return made

    # -- what is final ---------------------------------------------------------------------------------------

    @api.model
    def _horizon(self, registry, seconds):
        """Return the highest number of an entry up to which no entry can appear any more; 0 when it is not known yet.

        Numbers come from a sequence, so an entry with a lower number may be committed after one with a higher one.
        Whoever has taken a number holds a lock on the table until the end of its transaction, and took the lock first.
        So: read the sequence, then see who holds such a lock, and wait until these have ended.
        """
        deadline = time.monotonic() + seconds
        with closing(registry.cursor()) as cr:
            cr.execute(
                SQL(
                    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END, (SELECT seqcache FROM pg_sequence"
                    " WHERE seqrelid = 'integration_audit_leaf_id_seq'::regclass) FROM integration_audit_leaf_id_seq"
                )
            )
            horizon, cache = cr.fetchone()
            if cache != 1:
                # A session would keep numbers for later, and take them while it holds no lock.
                raise BusinessError(
                    "seal_entry_unreadable", f"the sequence of the entries caches {cache} numbers"
                )
            writers = self._writers(cr)
            while writers and time.monotonic() < deadline:
                cr.rollback()
                time.sleep(POLL_SECONDS)
                writers &= self._writers(cr)
        if writers:
            _logger.info("nothing sealed: %s transactions are still writing entries", len(writers))
            return 0
        return horizon

    @api.model
    def _writers(self, cr):
        """Return the transactions of others that may have taken a number of an entry and have not ended."""
        cr.execute(
            SQL(
                """
                SELECT virtualtransaction FROM pg_locks
                 WHERE locktype = 'relation' AND granted AND pid IS DISTINCT FROM pg_backend_pid()
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                   AND relation = 'integration_audit_leaf'::regclass
                   AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                """
            )
        )
        return {virtual for (virtual,) in cr.fetchall()}

    # -- one seal --------------------------------------------------------------------------------------------

    @api.model
    def _seal_next(self, horizon, key):
        """Make the next seal over entries up to the number ``horizon``; returns its number, 0 when there is nothing.

        :raises IntegrationError: ``seal_entry_unreadable``, ``seal_key_replaced``.
        """
        last = self.env["integration.audit.seal"]._last_row()
        after = last["last_id"] if last else 0
        self.env.cr.execute(
            SQL(
                "SELECT id, digest FROM integration_audit_leaf WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",
                after,
                horizon,
                MAX_ENTRIES,
            )
        )
        rows = self.env.cr.fetchall()
        if not rows:
            return 0
        try:
            packed = pack_list(rows)
        except SealError as error:
            raise BusinessError("seal_entry_unreadable", str(error)) from error
        seal = Seal(
            trail=self._trail(last),
            number=last["number"] + 1 if last else 1,
            first_id=after + 1,
            last_id=rows[-1][0] if len(rows) == MAX_ENTRIES else horizon,
            entries=len(rows),
            root=root_of(rows),
            previous=last["digest"] if last else NO_SEAL,
            sealed_at=format_instant(utc_now().replace(microsecond=0)),
            key_id=key.id,
        )
        self._write(seal, key, packed)
        return seal.number

    def _write(self, seal, key, packed):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_audit_seal
                       (number, trail, first_id, last_id, entry_count, root, previous_digest, digest, signing_key_id,
                        sealed_at, text, signature, entries)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::timestamp, %s, %s, %s)
                """,
                seal.number, seal.trail, seal.first_id, seal.last_id, seal.entries, seal.root, seal.previous,
                seal.digest, self._known_key(key), seal.sealed_at.rstrip("Z"), seal.text, key.sign(seal.text), packed,
            )
        )  # fmt: skip

    def _known_key(self, key):
        """Return the id of the row with the public half of ``key``, making it at its first seal.

        :raises AuthorizationError: ``seal_key_replaced``: another one has signed since.
        """
        self.env.cr.execute(SQL("SELECT id, key_id FROM integration_audit_key"))
        known = {fingerprint: row_id for row_id, fingerprint in self.env.cr.fetchall()}
        if key.id in known:
            if known[key.id] != max(known.values()):
                raise AuthorizationError("seal_key_replaced", f"key {key.id[:16]} signs no more")
            return known[key.id]
        self.env.cr.execute(
            SQL(
                "INSERT INTO integration_audit_key (key_id, public_key, introduced_at)"
                " VALUES (%s, %s, now() AT TIME ZONE 'UTC') RETURNING id",
                key.id,
                key.public,
            )
        )
        [row_id] = self.env.cr.fetchone()
        self.env["integration.audit.leaf"]._append(
            [{"action": "seal.key", "res_model": "integration.audit.key", "res_id": row_id, "detail": key.id}]
        )
        return row_id

    # -- outside the database --------------------------------------------------------------------------------

    @api.model
    def _is_copy(self):
        """Whether this is a neutralized copy: what it seals concerns nobody outside."""
        return str2bool(
            self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized") or "", default=False
        )

    @api.model
    def _mark(self):
        """Return what tells this database from others on the server, also from a later one of the same name."""
        self.env.cr.execute(
            SQL("SELECT datname || '/' || oid FROM pg_database WHERE datname = current_database()")
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _named_trail(self):
        """Return the name under which a person let sealing go on after a restore, or False."""
        return self.env["ir.config_parameter"].sudo().get_param(TRAIL_PARAMETER)

    @api.model
    def _trail(self, last):
        return self._named_trail() or (last and last["trail"]) or str(uuid.uuid4())

    @api.model
    def _compare_last_head(self):
        """Refuse to go on when the last exported seal is not in the database.

        It was restored from an older copy, or seals were deleted.

        :raises BusinessError: ``seal_heads_differ``.
        :raises TransientError: ``seal_folder_unusable``.
        """
        if self._is_copy():
            return
        last = self.env["integration.audit.seal"]._last_row()
        trail = self._trail(last)
        if not last and not self._named_trail():
            # Seals of this very database are outside and none is here: all of them were deleted.
            trail = next(iter(seal_heads.trails_of(self._mark())), trail)
        head = seal_heads.last_head(trail)
        if not head:
            return
        number, text, _signature = head
        there = self.env["integration.audit.seal"]._rows(number, number, 1)
        if not there or there[0]["text"] != text:
            newest = last["number"] if last else 0
            raise BusinessError(
                "seal_heads_differ",
                f"exported {number}, here {newest}",
                params={"exported": number, "here": newest},
            )

    @api.model
    def _export(self):
        """Add seals that are not outside yet to the file of their trail."""
        seals = self.env["integration.audit.seal"]
        last = seals._last_row()
        if self._is_copy() or not last:
            return
        head = seal_heads.last_head(last["trail"])
        after = head[0] if head else self._before_trail(last["trail"])
        keys = self.env["integration.audit.key"]._public_keys()
        while rows := seals._rows(after + 1, last["number"], HEADS_AT_ONCE):
            seal_heads.append_heads(
                last["trail"],
                [
                    (row["text"], row["signature"], keys.get(read_seal(row["text"]).key_id, ""))
                    for row in rows
                ],
                self._mark(),
            )
            after = rows[-1]["number"]

    def _before_trail(self, trail):
        self.env.cr.execute(
            SQL("SELECT COALESCE(max(number), 0) FROM integration_audit_seal WHERE trail <> %s", trail)
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _go_on_after_restore(self, reason):
        """Seal on under a new name, because the database was restored from an older copy; a person says so.

        :raises UserError: no reason.
        """
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept in the audit trail."))
        trail = str(uuid.uuid4())
        last = self.env["integration.audit.seal"]._last_row()
        self.env["ir.config_parameter"].sudo().set_param(TRAIL_PARAMETER, trail)
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": "seal.restored",
                    "detail": f"{last['trail'] if last else ''} → {trail}: {reason.strip()}",
                }
            ]
        )


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    @api.model
    def _cron_names(self):
        return (*super()._cron_names(), "cron_seal", "cron_verify")
