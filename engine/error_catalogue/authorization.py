# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for requests whose sender, receiver or user is not allowed."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_AUTHORIZATION = ErrorClass.AUTHORIZATION

AUTHORIZATION_CODES = {
    "signature_missing": CodeInfo(
        _AUTHORIZATION,
        _("The signature is missing"),
        _("A request arrived without the signature that this connection demands. It was refused."),
        _("If it should have been accepted, switch on signing at the source."),
    ),
    "signature_malformed": CodeInfo(
        _AUTHORIZATION,
        _("The signature cannot be read"),
        _("A request arrived whose signature is not written as agreed. It was refused."),
        _("Check that the connection uses the right kind of signature."),
    ),
    "signature_invalid": CodeInfo(
        _AUTHORIZATION,
        _("The signature is wrong"),
        _("A request arrived whose signature does not fit its content. It was refused."),
        _("If it repeats, the secret here differs from the one at the source: renew it on both sides."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "signature_stale": CodeInfo(
        _AUTHORIZATION,
        _("The request is too old"),
        _("A request arrived that was signed %(age_seconds)s seconds ago. It was refused."),
        _("Check the clocks of both systems; an old request may also be an attempt to replay it."),
    ),
    "signature_future": CodeInfo(
        _AUTHORIZATION,
        _("The request comes from the future"),
        _("A request arrived whose signature is dated %(ahead_seconds)s seconds ahead. It was refused."),
        _("Check the clocks of both systems."),
    ),
    "secret_missing": CodeInfo(
        _AUTHORIZATION,
        _("The connection has no valid secret"),
        _("No secret is stored for this connection, or it has expired, so nothing can be verified."),
        _("Enter the secret of the source. Until then every request is refused."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "api_access_missing": CodeInfo(
        _AUTHORIZATION,
        _("There is no access with which to ask the provider"),
        _(
            "The provider has to be asked what its events say of money, and no access for calling it is stored."
        ),
        _("Enter the access of the connection for calling the provider, then let the events go on."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "secret_unusable": CodeInfo(
        _AUTHORIZATION,
        _("The stored secret cannot be used"),
        _("The stored secret is not in the form that this kind of signature demands."),
        _("Copy the secret from the source once more, completely, and enter it again."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "credential_unreadable": CodeInfo(
        _AUTHORIZATION,
        _("The stored secret cannot be decrypted"),
        _("None of the keys of this server opens the stored secret; the database may be a copy."),
        _("On the right server, give it its key again; on a copy, enter the secrets of a test account."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "credential_refused": CodeInfo(
        _AUTHORIZATION,
        _("The other system refused our credentials"),
        _("The other system answered that our access is not valid (status %(status)s)."),
        _("Renew the access at the other system and enter it here."),
        severity="high",
        fix_class="c",
        fix="renew_secret",
    ),
    "rights_missing": CodeInfo(
        _AUTHORIZATION,
        _("A right is missing"),
        _("The service user of this connection may not do what this event needs."),
        _("Ask the integration administrator to give the right, or to take the task from the connection."),
        severity="high",
        fix_class="c",
        fix="check_rights",
    ),
    "address_forbidden": CodeInfo(
        _AUTHORIZATION,
        _("The address is not allowed"),
        _("The hub may not call the address %(host)s: %(reason)s"),
        _("If it is right, an administrator allows the host by name."),
        severity="high",
        fix_class="c",
    ),
}
