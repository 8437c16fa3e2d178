# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Encrypting everything with the newest key: in portions, each a transaction, resumable, nothing half-done (C2)."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.errors import IntegrationError
from ..messaging import key_ring
from ..messaging.doorbell import comes_back
from ..messaging.error_words import in_words
from ..messaging.lane import CHANNEL
from ..messaging.own_transaction import in_own_transaction
from .encryption_key import MAX_KEYS

PORTION = 200
STATES = [("running", "Running"), ("done", "Done"), ("stopped", "Stopped")]


class IntegrationKeyRotation(models.Model):
    """One run that encrypts secrets, tokens and data keys anew with the newest key."""

    _name = "integration.key.rotation"
    _inherit = ["integration.doorbell"]
    _description = "Change of the encryption key"
    _order = "id desc"
    _rec_name = "target_fingerprint"

    state = fields.Selection(STATES, required=True, readonly=True, default="running")
    target_fingerprint = fields.Char(required=True, readonly=True, string="New key")
    started_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    finished_at = fields.Datetime(readonly=True)
    total_count = fields.Integer(readonly=True, string="To be encrypted anew")
    done_count = fields.Integer(readonly=True, string="Encrypted anew")
    unreadable_count = fields.Integer(readonly=True, string="Cannot be read")
    progress = fields.Float(compute="_compute_progress")
    position = fields.Json(readonly=True, help="The last row of each table that was looked at.")
    result = fields.Text(compute="_compute_result", string="What that means")

    _one_running = models.UniqueIndex("(state) WHERE state = 'running'")

    @api.depends("total_count", "done_count", "unreadable_count", "state")
    def _compute_progress(self):
        for rotation in self:
            seen = rotation.done_count + rotation.unreadable_count
            rotation.progress = 100.0 * seen / rotation.total_count if rotation.total_count else 100.0

    def _compute_result(self):
        _ = self.env._
        keys = self.env["integration.encryption.key"].sudo().search([], limit=MAX_KEYS)
        removable = ", ".join(keys.filtered(lambda key: key.state == "removable").mapped("fingerprint"))
        for rotation in self:
            points = []
            if rotation.state == "stopped":
                points.append(_("Stopped: this server's newest key is another one now. Start again."))
            if rotation.unreadable_count:
                points.append(
                    _(
                        "%s cannot be read with any key of this server: the key is lost, or not configured here. They "
                        "were left as they are. Give the server its old key and start again, or enter these secrets "
                        "once more.",
                        rotation.unreadable_count,
                    )
                )
            if rotation.state == "done" and removable:
                points.append(
                    _(
                        "Nothing depends on these keys any more: %s. Remove them from the server's configuration, and "
                        "keep them with the backups that were made before this run.",
                        removable,
                    )
                )
            rotation.result = "\n".join(f"• {point}" for point in points) or False

    # -- starting --------------------------------------------------------------------------------------------

    @api.model
    def _start(self):
        """Begin a run, or return the one that is at work; its job is asked for once more in any case."""
        keys = self.env["integration.encryption.key"]
        keys._check_administrator()
        try:
            newest = key_ring.newest()
            keys._refresh()
        except IntegrationError as error:
            raise UserError(in_words(self.env, error)) from error
        rotation = self.sudo().search([("state", "=", "running")], limit=1)
        if rotation and rotation.target_fingerprint != newest:
            rotation._finish("stopped")
            rotation = self.browse()
        if not rotation:
            counts = keys.sudo()._counts()
            rotation = self.sudo().create(
                {"target_fingerprint": newest, "total_count": sum(counts.values()) - counts.get(newest, 0)}
            )
            self.env["integration.audit.leaf"]._record_change(rotation, "keys.rotate", newest)
        rotation._go_on_later()
        return self.browse(rotation.id)

    def action_go_on(self):
        """Button: ask once more for the job of a run that was interrupted."""
        self.env["integration.encryption.key"]._check_administrator()
        self.sudo().filtered(lambda row: row.state == "running")._go_on_later()

    def _go_on_later(self):
        for rotation in self:
            rotation.with_delay(
                channel=CHANNEL, identity_key=f"finance_integration.rotate.{rotation.id}", max_retries=1
            )._run()

    def _open_form(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    # -- running ---------------------------------------------------------------------------------------------

    @comes_back
    def _run(self, tell=None):
        """Job: portion after portion, each in its own transaction; returns how many rows were looked at.

        :param tell: called after each portion with (looked at, total), for the command line.
        """
        self.ensure_one()
        registry, rotation_id, total = self.env.registry, self.id, 0
        while True:
            count = in_own_transaction(
                registry, lambda env: env["integration.key.rotation"].browse(rotation_id)._portion()
            )
            if not count:
                return total
            total += count
            if tell:
                tell(total, self.total_count)

    def _portion(self, size=PORTION):
        """Encrypt up to ``size`` rows anew; returns how many were looked at, 0 when the run is over."""
        self.env.cr.execute(SQL("SELECT 1 FROM integration_key_rotation WHERE id = %s FOR UPDATE", self.id))
        self.invalidate_recordset()
        if self.state != "running":
            return 0
        if key_ring.newest() != self.target_fingerprint:
            self._finish("stopped")
            return 0
        position = dict(self.position or {})
        for model, columns in self.env["integration.encryption.key"]._sealed_columns().items():
            rows = self._rows(model, columns, position.get(model, 0), size)
            if rows:
                position[model] = rows[-1][0]
                unreadable = [row[0] for row in rows if not self._encrypt(model, columns, row)]
                self._mark_unreadable(model, unreadable)
                self.write(
                    {
                        "position": position,
                        "done_count": self.done_count + len(rows) - len(unreadable),
                        "unreadable_count": self.unreadable_count + len(unreadable),
                    }
                )
                self.env.registry.clear_cache()  # what is encrypted with an older key is cached with addresses
                return len(rows)
        self._finish("done")
        return 0

    def _rows(self, model, columns, after_id, size):
        self.env.flush_all()
        names = SQL(", ").join(SQL.identifier(name) for name in columns)
        filled = SQL(" OR ").join(SQL("%s IS NOT NULL", SQL.identifier(name)) for name in columns)
        self.env.cr.execute(
            SQL(
                "SELECT id, %s FROM %s WHERE id > %s AND key_fingerprint IS DISTINCT FROM %s AND (%s)"
                " ORDER BY id LIMIT %s FOR UPDATE",
                names,
                SQL.identifier(self.env[model]._table),
                after_id,
                self.target_fingerprint,
                filled,
                size,
            )
        )
        return self.env.cr.fetchall()

    def _encrypt(self, model, columns, row):
        """Encrypt one row anew, all of its columns or none; returns whether it could be read."""
        row_id, *tokens = row
        try:
            clear = [token and key_ring.decrypt(token) for token in tokens]
        except IntegrationError:
            return False
        values = [
            SQL("%s = %s", SQL.identifier(name), text and key_ring.encrypt(text))
            for name, text in zip(columns, clear, strict=True)
        ]
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET key_fingerprint = %s, %s WHERE id = %s",
                SQL.identifier(self.env[model]._table),
                self.target_fingerprint,
                SQL(", ").join(values),
                row_id,
            )
        )
        self.env[model].browse(row_id).invalidate_recordset()
        return True

    def _mark_unreadable(self, model, row_ids):
        """Name the credentials that no key of this server opens, and tell their connections' owners."""
        if model != "integration.credential" or not row_ids:
            return
        for credential in self.env[model].browse(row_ids):
            credential._found_unreadable()

    def _finish(self, state):
        self.write({"state": state, "finished_at": fields.Datetime.now()})
        detail = f"{state}: {self.done_count} encrypted anew, {self.unreadable_count} unreadable"
        self.env["integration.audit.leaf"]._record_change(self, "keys.rotated", detail)


class IntegrationCredential(models.Model):
    _inherit = "integration.credential"

    is_unreadable = fields.Boolean(
        readonly=True,
        copy=False,
        string="Cannot be read",
        help="No key of this server opens this secret. Enter it once more, or give the server its key.",
    )

    def _found_unreadable(self):
        self.ensure_one()
        self.is_unreadable = True
        self.env["integration.exception"]._raise_cause(
            self.connection_id, "credential_unreadable", {}, f"credential {self.id}"
        )

    def _changed(self, detail=None):
        """A secret that was entered once more can be read, and its key is known from now on."""
        self._found_readable()
        result = super()._changed(detail)
        self.env["integration.encryption.key"]._refresh()
        return result

    def _found_readable(self):
        for credential in self.sudo().filtered("is_unreadable"):
            credential.is_unreadable = False
            self.env["integration.exception"]._settle_cause(
                credential.connection_id,
                "credential_unreadable",
                f"credential {credential.id}",
                self.env._("The secret can be read again."),
            )

    @api.model
    def _check_readable(self):
        """Try every stored secret with the keys of this server; returns how many cannot be read."""
        unreadable = self.browse()
        for credential in self.sudo().search([("ciphertext", "!=", False)]):
            if not key_ring.opened_by(credential.ciphertext):
                unreadable |= credential
                if not credential.is_unreadable:
                    credential._found_unreadable()
            else:
                credential._found_readable()
        return len(unreadable)
