# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for secrets that are kept elsewhere, end, or are obtained, and for contents that nobody can read any more."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_AUTHORIZATION = ErrorClass.AUTHORIZATION
_TRANSIENT = ErrorClass.TRANSIENT

CREDENTIAL_CODES = {
    "secret_reference_malformed": CodeInfo(
        _AUTHORIZATION,
        _("The place of the secret is not written as agreed"),
        _("The place %(reference)s of the secret cannot be read: %(reason)s."),
        _("Write it as env:FINANCE_SECRET_NAME, file:root/name or vault:mount/path#field."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "secret_reference_unresolved": CodeInfo(
        _AUTHORIZATION,
        _("The secret is not where it should be"),
        _("The secret is kept outside the database, at %(reference)s, and cannot be read there: %(reason)s."),
        _("Ask who runs the server to put it there, then press “Test” beside the secret."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "secret_store_refused": CodeInfo(
        _AUTHORIZATION,
        _("The vault does not let us read the secret"),
        _("The vault refused to give out %(reference)s: this server's access to it is missing or has ended."),
        _("Ask who runs the vault to renew the access of this server, then press “Test” beside the secret."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "secret_store_unavailable": CodeInfo(
        _TRANSIENT,
        _("The vault does not answer"),
        _("The vault in which the secret is kept did not answer as it should (status %(status)s)."),
        _("Nothing to do: the hub tries again by itself. If it lasts, ask who runs the vault."),
        severity="medium",
        fix="retry",
    ),
    "encryption_key_unusable": CodeInfo(
        _AUTHORIZATION,
        _("The server's encryption key cannot be used"),
        _("The encryption key of this server is not a valid key: %(reason)s."),
        _("Ask who runs the server to correct the key; nothing was changed."),
        severity="critical",
        fix_class="c",
    ),
    "secret_ends_soon": CodeInfo(
        _AUTHORIZATION,
        _("A secret ends soon"),
        _("“%(secret)s” ends on %(date)s. From then on the connection does not work with it any more."),
        _("Get the next one from the other system and press “Roll” beside the secret before that day."),
        severity="medium",
        fix_class="c",
        fix="renew_secret",
    ),
    "secret_ends_in_use": CodeInfo(
        _AUTHORIZATION,
        _("The old secret ends while the sender still uses it"),
        _("“%(secret)s” ends on %(date)s, and the sender signed with it last on %(seen)s."),
        _("Make the sender use the new secret before that day, or give the old one a later end."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "secret_ended": CodeInfo(
        _AUTHORIZATION,
        _("The sender signs with a secret that has ended"),
        _("A request arrived that is signed with a secret whose time is over. It was refused."),
        _("Make the sender use the new secret, or give the old one a later end and let it send again."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "grant_refused": CodeInfo(
        _AUTHORIZATION,
        _("The other system no longer accepts our permission"),
        _(
            "The other system refused a new access token (%(reason)s): our permission was withdrawn or has ended."
        ),
        _("Give the permission again at the other system and enter what it shows with the secret."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "token_unavailable": CodeInfo(
        _TRANSIENT,
        _("No access token could be had"),
        _("The other system gave out no access token for the moment (status %(status)s)."),
        _("Nothing to do: the hub tries again by itself."),
        severity="low",
        fix="retry",
    ),
    "content_unreadable": CodeInfo(
        _AUTHORIZATION,
        _("The content of the event cannot be decrypted"),
        _("The content of this event is stored encrypted, and its key is missing or another one."),
        _("On the right server, give it its keys again; on a copy, use events of a test account."),
        severity="high",
        fix_class="c",
    ),
    "content_erased": CodeInfo(
        ErrorClass.BUSINESS,
        _("The content of the event was erased"),
        _("The content of this event was erased on request; what it became in the books stays."),
        _("Nothing can bring it back. If it is needed, ask the source to send it again."),
        severity="low",
        fix="ask_resend",
    ),
}
