# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Certificates that a signature names by an address: fetched with no transaction open, remembered for a while."""

from ...connectors.base import HttpRequest
from ...engine.errors import TransientError
from . import fetched, http_client

# An address never gets another certificate: PayPal gives a new one a new address.
REMEMBER_SECONDS = 86_400
MAX_CERTIFICATE_BYTES = 65_536
TIMEOUT_SECONDS = 5
TOTAL_SECONDS = 10


def certificates_at(url, allowed_hosts=()):
    """Return what is at ``url``, PEM as it was sent; whether it can be trusted is the scheme's business.

    :param url: an address that ``Scheme.certificate_url`` let pass.
    :param allowed_hosts: hosts that may be called although they are not public.
    :raises NeedsFetchError: it has to be fetched first, with no transaction open.
    :raises TransientError: the last try, a moment ago, brought nothing.
    """
    return fetched.known(("certificate", url), lambda: _fetch(url, allowed_hosts))


def _fetch(url, allowed_hosts):
    request = HttpRequest("GET", url, {"accept": "*/*"}, timeout_seconds=TIMEOUT_SECONDS)
    answer = http_client.send(request, allowed_hosts, MAX_CERTIFICATE_BYTES, TOTAL_SECONDS)
    if answer.status != 200 or answer.cut_off or b"-----BEGIN CERTIFICATE-----" not in answer.body:
        raise TransientError(
            "source_unavailable", f"no certificate, status {answer.status}", params={"status": answer.status}
        )
    return answer.body, REMEMBER_SECONDS
