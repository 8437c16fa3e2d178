# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for the evidence: the audit trail, its seals and the signatures of events."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_TELL = _("Tell the auditor and your administrator before anything else is done; keep the server as it is.")

AUDIT_CODES = {
    "audit_broken": CodeInfo(
        ErrorClass.BUSINESS,
        _("The audit trail was changed"),
        _("The verification of the audit trail found that something is not as it was sealed: %(problem)s"),
        _TELL,
        severity="critical",
        fix_class="c",
    ),
    "seals_late": CodeInfo(
        ErrorClass.TRANSIENT,
        _("The audit trail is not being sealed"),
        _(
            "Entries of the audit trail since %(since)s have no seal yet. Until then nothing proves that they "
            "are unchanged."
        ),
        _("Ask your administrator whether the scheduled actions run; sealing goes on where it stopped."),
        severity="high",
    ),
    "seal_key_unreadable": CodeInfo(
        ErrorClass.AUTHORIZATION,
        _("The key that signs the seals cannot be read"),
        _(
            "The audit trail cannot be sealed: the server's key for it is missing or damaged. Nothing is lost "
            "meanwhile."
        ),
        _("Ask your administrator to put the key in its place; sealing goes on where it stopped."),
        severity="critical",
    ),
    "seal_key_replaced": CodeInfo(
        ErrorClass.AUTHORIZATION,
        _("An old key would sign the seals"),
        _(
            "The key that comes first on this server was replaced by a newer one before; it must not sign again."
        ),
        _("Ask your administrator to put the newest key in front, or a new one."),
        severity="critical",
    ),
    "seal_folder_unusable": CodeInfo(
        ErrorClass.TRANSIENT,
        _("Seals cannot be written outside the database"),
        _(
            "The folder for the seals cannot be used: %(reason)s. The entries are sealed, the copy outside is missing."
        ),
        _(
            "Ask your administrator to make the folder writable again; what is missing there is added by itself."
        ),
        severity="high",
    ),
    "seal_heads_differ": CodeInfo(
        ErrorClass.BUSINESS,
        _("Seals that were exported are missing here"),
        _(
            "Seal %(exported)s was exported, but the database ends with seal %(here)s or holds another one under "
            "that number. It was restored from an older copy, or somebody deleted seals. Nothing is sealed until this "
            "is clear."
        ),
        _(
            "If the database was restored on purpose, an administrator says so with “Go on after a restore” in the "
            "list of seals. Otherwise tell the auditor."
        ),
        severity="critical",
        fix_class="c",
    ),
    "seal_entry_unreadable": CodeInfo(
        ErrorClass.BUSINESS,
        _("An entry of the audit trail cannot be sealed"),
        _(
            "An entry has lost the digest that it was written with, or the numbering of the entries was changed."
        ),
        _TELL,
        severity="critical",
        fix_class="c",
    ),
}
