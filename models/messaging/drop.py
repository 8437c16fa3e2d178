# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A folder into which an outside system puts files, and the ledger of the files that were seen there."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ...connectors.registry import all_connectors
from ...engine.errors import AuthorizationError
from ...engine.file_names import check_folder, check_remote_folder
from ...engine.formats.base import Limits
from ...engine.formats.text import ENCODINGS
from . import file_store
from .big_integer import BigInteger
from .lane import CHANNEL
from .next_look import FETCH, LONG_AGO
from .sftp_store import SftpStore, read_host_key

PROTOCOLS = [("local", "Folder on this server"), ("sftp", "SFTP server")]
MEGABYTE = 1_000_000
FILE_STATES = [
    ("waiting", "Still being written"),
    ("reading", "Being read"),
    ("again", "Will be read again"),
    ("read", "Read"),
    ("missing", "No longer there"),
]


class IntegrationCredential(models.Model):
    _inherit = "integration.credential"

    purpose = fields.Selection(
        selection_add=[("files", "Password or private key for files")], ondelete={"files": "cascade"}
    )


class IntegrationDrop(models.Model):
    """Where files of a connection are read from, how it is known that one is complete, and what happens to it then."""

    _name = "integration.drop"
    _description = "Folder for files"
    _inherit = ["integration.doorbell"]
    _order = "connection_id, name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True, help="Only an active folder is looked at.")
    connection_id = fields.Many2one("integration.connection", required=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    protocol = fields.Selection(PROTOCOLS, required=True, default="local", string="Where")
    root = fields.Selection(
        "_selection_root",
        help="Folders of this server are opened by its configuration (drop_roots), never by a path that is typed here.",
    )
    folder = fields.Char(help="Sub-folder below the root, such as in/payroll. Empty = the root itself.")
    host = fields.Char(
        help="Name of the SFTP server. It must be public, or allowed by name on the connection."
    )
    port = fields.Integer(default=22)
    username = fields.Char()
    host_key = fields.Char(
        string="Key of the server",
        help="As in known_hosts, such as “ssh-ed25519 AAAA…”. Ask the operator of the server for it: no other server "
        "is believed.",
    )
    name_pattern = fields.Char(
        string="File names",
        default="*",
        required=True,
        help="Such as *.csv *.csv.gz; other files stay untouched.",
    )
    file_format = fields.Selection("_selection_file_format", required=True)
    encoding = fields.Selection(
        [(name, name) for name in ENCODINGS],
        default="utf-8",
        required=True,
        help="Of text files without a byte order mark.",
    )
    ready_by = fields.Selection(
        [("stable", "It has not changed for a while"), ("trigger", "A trigger file stands beside it")],
        string="A file is complete when",
        default="stable",
        required=True,
    )
    stable_seconds = fields.Integer(string="Unchanged for (seconds)", default=30)
    trigger_suffix = fields.Char(
        default=".done", help="orders.csv is complete when orders.csv.done is there. The trigger is not read."
    )
    after_read = fields.Selection(
        [
            ("move", "Move it to the folder “done” or “error”"),
            ("rename", "Rename it to end with .done or .error"),
            ("keep", "Leave it, and remember it"),
        ],
        string="When it was read",
        default="move",
        required=True,
    )
    requires_totals = fields.Boolean(
        string="Files have control totals",
        default=True,
        help="A file without control totals at its end counts as cut off.",
    )
    names_repeat = fields.Boolean(
        string="Names are used again",
        help="Otherwise another content under a name that was read before waits for a person.",
    )
    max_megabytes = fields.Integer(
        string="Largest file (MB)", default=500, help="Unpacked, four times as much."
    )
    writes_receipts = fields.Boolean(
        string="Write receipts",
        help="For each file that was read, a file in the folder “receipts” says what became of it.",
    )
    look_every_minutes = fields.Integer(string="Look every (minutes)", default=5)
    looked_at = fields.Datetime(readonly=True, string="Last look", copy=False)
    not_before = fields.Datetime(readonly=True, string="Next try", copy=False)
    failure_count = fields.Integer(readonly=True, copy=False)
    error_code = fields.Char(readonly=True, copy=False)
    last_error = fields.Char(readonly=True, string="Last problem, as it was kept", copy=False)
    file_ids = fields.One2many("integration.drop.file", "drop_id", string="Files")
    batch_count = fields.Integer(compute="_compute_batch_count", string="Files read")

    _name_unique = models.Constraint("UNIQUE(connection_id, name)", "This folder exists already.")
    _positive = models.Constraint(
        "CHECK(look_every_minutes > 0 AND stable_seconds >= 0 AND max_megabytes BETWEEN 1 AND 10000)",
        "Minutes and megabytes are positive; the largest file is 10,000 MB.",
    )

    @api.model
    def _selection_root(self):
        return [(name, name) for name in sorted(file_store.roots())]

    @api.model
    def _selection_file_format(self):
        formats = {}
        for connector in all_connectors().values():
            formats |= connector.spec.file_formats
        return sorted(formats.items())

    def _compute_batch_count(self):
        counts = dict(
            self.env["integration.batch"]._read_group([("drop_id", "in", self.ids)], ["drop_id"], ["__count"])
        )
        for drop in self:
            drop.batch_count = counts.get(drop, 0)

    @api.constrains("protocol", "root", "folder", "host", "port", "username", "host_key")
    def _check_place(self):
        for drop in self:
            try:
                if drop.protocol == "local":
                    check_folder(drop.folder or "")
                else:
                    check_remote_folder(drop.folder or "")
            except AuthorizationError as error:
                raise ValidationError(error.sentence) from error
            if drop.protocol == "local" and drop.root not in file_store.roots():
                raise ValidationError(
                    self.env._("Choose one of the folders that the configuration of this server opens.")
                )
            if drop.protocol == "sftp" and not (
                drop.host and drop.username and read_host_key(drop.host, drop.port, drop.host_key)
            ):
                raise ValidationError(
                    self.env._(
                        "An SFTP server needs its name, a user name and its key (“ssh-ed25519 AAAA…”)."
                    )
                )

    @api.constrains("connection_id", "file_format", "ready_by", "trigger_suffix")
    def _check_format(self):
        for drop in self:
            if drop.file_format not in drop.connection_id._spec().file_formats:
                raise ValidationError(self.env._("The outside system of this connection has no such files."))
            if drop.ready_by == "trigger" and not (drop.trigger_suffix or "").startswith("."):
                raise ValidationError(self.env._("The ending of a trigger file begins with a dot."))

    @api.model_create_multi
    def create(self, vals_list):
        drops = super().create(vals_list)
        drops._expect_look()
        return drops

    def write(self, vals):
        result = super().write(vals)
        if {"looked_at", "not_before", "look_every_minutes"} & vals.keys():
            self._expect_look()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(drop.batch_count for drop in self):
            raise UserError(self.env._("A folder from which files were read is archived, not deleted."))

    # -- what the reading needs ----------------------------------------------------------------------------

    def _facts(self):
        """Return everything that the reading needs, read in one short transaction."""
        self.ensure_one()
        connection = self.connection_id
        secret = connection.credential_ids.filtered(lambda row: row.purpose == "files" and row.is_valid)[:1]
        needs_secret = self.protocol != "local"
        if needs_secret and not secret:
            raise AuthorizationError("secret_missing")
        return {
            "protocol": self.protocol,
            "root": self.root,
            "folder": self.folder,
            "host": self.host,
            "port": self.port,
            "username": self.username,
            "host_key": self.host_key,
            "secret": secret.sudo()._reveal() if needs_secret else "",
            "allowed_hosts": (connection.allowed_hosts or "").split(),
            "connector": connection.connector,
            "settings": connection._settings() | {"encoding": self.encoding},
            "file_format": self.file_format,
            "requires_totals": self.requires_totals,
            "after_read": self.after_read,
            "trigger_suffix": self.trigger_suffix if self.ready_by == "trigger" else "",
            "writes_receipts": self.writes_receipts,
            "limits": Limits(
                max_bytes=self.max_megabytes * MEGABYTE, max_unpacked_bytes=self.max_megabytes * MEGABYTE * 4
            ),
        }

    @api.model
    def _open_store(self, facts):
        """Open the folder; the caller closes it. No transaction is open here."""
        if facts["protocol"] == "sftp":
            return SftpStore(facts)
        return file_store.LocalStore(facts["root"], facts["folder"])

    def _look_soon(self, delay_seconds=None):
        """Ask for a look at these folders."""
        for drop in self:
            drop.with_delay(
                channel=CHANNEL,
                identity_key=f"finance_integration.drop.{drop.id}{'.later' if delay_seconds else ''}",
                eta=delay_seconds,
                max_retries=0,
                priority=12,
            )._look()

    @api.model
    def _cron_look(self):
        """Look at every active folder whose time has come."""
        drops = self.search([("connection_id.state", "=", "active")])
        now = fields.Datetime.now()
        drops.filtered(lambda drop: drop._due_at() <= now)._look_soon()
        drops._expect_look()

    def _due_at(self):
        """Return from when the schedule wants this folder to be looked at (naive UTC)."""
        due = self.not_before or LONG_AGO
        if not self.looked_at or self.failure_count:
            return due
        return max(due, self.looked_at + timedelta(minutes=self.look_every_minutes))

    def _expect_look(self):
        """Let the scheduler come back when the next of these folders is to be looked at."""
        active = self.filtered(lambda drop: drop.connection_id.state == "active")
        if active:
            self.env["integration.next.look"]._expect(min(drop._due_at() for drop in active), FETCH)

    def action_look_now(self):
        """Button: look for files now."""
        user = self.env.user
        self.check_access("read")
        if not any(
            user.has_group(f"finance_integration.group_{name}") for name in ("operator", "administrator")
        ):
            raise AccessError(self.env._("Only an operator or an administrator looks for files."))
        drops = self.sudo()
        drops.not_before = False
        drops._look_soon()
        return self._told(self.env._("The folder is being looked at. Follow it under “Files and lists”."))

    def action_test(self):
        """Button: open the folder and say how many files are there; nothing is read."""
        self.ensure_one()
        self.check_access("write")
        facts = self.sudo()._facts()
        store = self._open_store(facts)
        try:
            count = len(store.entries())
        finally:
            store.close()
        return self._told(self.env._("The folder can be opened: %s files are there.", count))

    def _told(self, text):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": text, "type": "success", "sticky": False},
        }

    def action_open_batches(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_batch")
        return dict(action, domain=[("drop_id", "=", self.id)], context={}, name=self.name)


class IntegrationDropFile(models.Model):
    """A file that was seen in a folder: by name and by what the server says of its size and time of change."""

    _name = "integration.drop.file"
    _description = "File seen in a folder"
    _order = "id desc"
    _rec_name = "name"

    drop_id = fields.Many2one("integration.drop", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="drop_id.company_id", store=True, index=True)
    name = fields.Char(required=True, readonly=True)
    size_bytes = BigInteger(string="Size (bytes)", readonly=True)
    mark = fields.Char(readonly=True)
    state = fields.Selection(FILE_STATES, required=True, default="waiting", readonly=True)
    seen_at = fields.Datetime(string="Unchanged since", required=True, readonly=True)
    place = fields.Char(string="Now in", readonly=True, help="Sub-folder in which the file is now.")
    place_name = fields.Char(readonly=True, help="Its name there.")
    settled = fields.Boolean(readonly=True, help="Moved and acknowledged.")
    batch_id = fields.Many2one("integration.batch", readonly=True, ondelete="restrict", string="Became")
    batch_state = fields.Selection(related="batch_id.state", string="Result")

    _open_idx = models.Index("(drop_id, name) WHERE settled IS NOT TRUE")
    _name_idx = models.Index("(drop_id, name, mark)")


class IntegrationBatch(models.Model):
    _inherit = "integration.batch"

    drop_id = fields.Many2one(
        "integration.drop", readonly=True, ondelete="restrict", string="Folder", index=True
    )


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    drop_ids = fields.One2many("integration.drop", "connection_id", string="Folders")
    has_files = fields.Boolean(compute="_compute_has_files")

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self.drop_ids._expect_look()
        return result

    @api.depends("connector")
    def _compute_has_files(self):
        for connection in self:
            connection.has_files = bool(connection.connector and connection._spec().file_formats)
