# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Signature schemes, by the code under which connectors name them."""

from __future__ import annotations

from .base import Scheme, Secret, SignedRequest, Verified
from .basic import BasicScheme
from .client_certificate import ClientCertificateScheme
from .hubspot import HubSpotV3Scheme
from .paypal import PayPalScheme
from .shopify import ShopifyScheme
from .standard_webhooks import StandardWebhooksV1, StandardWebhooksV1a
from .stripe import StripeScheme

__all__ = ["SCHEMES", "Scheme", "Secret", "SignedRequest", "Verified", "get_scheme"]

SCHEMES: dict[str, Scheme] = {
    scheme.code: scheme
    for scheme in (
        StripeScheme(),
        StandardWebhooksV1(),
        StandardWebhooksV1a(),
        ShopifyScheme(),
        HubSpotV3Scheme(),
        PayPalScheme(),
        BasicScheme(),
        ClientCertificateScheme(),
    )
}


def get_scheme(code: str) -> Scheme:
    """Return the scheme with ``code``.

    :raises KeyError: there is none; there is no default scheme.
    """
    try:
        return SCHEMES[code]
    except KeyError:
        raise KeyError(f"unknown signature scheme {code!r}") from None
