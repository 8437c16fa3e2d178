# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The vendor's words as tables, each with a link to the page that it was read from."""

from __future__ import annotations

from ..base import Need

# STEP 1. The page from which you took the facts below.
DOCUMENTATION_URL = "https://docs.example.com/webhooks"

# STEP 2. The vendor's states → canonical states. A state that is not here must become an error, not a guess.
# https://docs.example.com/payments#state
PAYMENT_STATES = {"captured": "succeeded", "refused": "failed"}

# STEP 3. Keys whose values no view, log or exception may show.
SENSITIVE_KEYS = frozenset({"card", "email", "iban"})

# STEP 11. What a person needs at hand to connect the vendor, and the way to it through the vendor's screens. One for
# our address and one for each secret: inbound_signature, and api where something is pulled.
NEEDS = (
    Need("address", "Webhook address", "Example: Settings, Webhooks, New."),
    Need(
        "inbound_signature",
        "Signing secret, whsec_…",
        "Example: Settings, Webhooks, the webhook, Show secret.",
    ),
    Need("api", "Key for programs", "Example: Settings, Keys, New; read rights on payments."),
)
