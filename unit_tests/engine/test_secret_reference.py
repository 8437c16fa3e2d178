# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where a secret may stand outside the database, and what a vault's answers mean (C2)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import secret_reference
from odoo.addons.finance_integration.engine.errors import AuthorizationError, IntegrationError, TransientError
from odoo.addons.finance_integration.engine.secret_reference import SecretReference, is_reference, parse

VAULT = parse("vault:secret/finance/stripe#api_key")


def test_what_each_kind_names():
    assert parse(" env:FINANCE_SECRET_STRIPE ") == SecretReference(
        "env", "env:FINANCE_SECRET_STRIPE", "FINANCE_SECRET_STRIPE"
    )
    assert parse("file:secrets/eu/stripe_key") == SecretReference(
        "file", "file:secrets/eu/stripe_key", "secrets", "eu/stripe_key"
    )
    assert (
        SecretReference("vault", "vault:secret/finance/stripe#api_key", "secret", "finance/stripe", "api_key")
        == VAULT
    )
    assert secret_reference.vault_path(VAULT) == "/v1/secret/data/finance/stripe"


@pytest.mark.parametrize(
    "text",
    [
        "env:PGPASSWORD",
        "env:FINANCE_INTEGRATION_KEYS",
        "env:FINANCE_SECRET_",
        "env:FINANCE_SECRET_a",
        "env:FINANCE_SECRET_A B",
        "file:/etc/passwd",
        "file:secrets",
        "file:secrets/",
        "file:secrets/../odoo.conf",
        "file:secrets/a/../../b",
        "file:secrets//../a",
        "file:secrets/.hidden",
        "file:SECRETS/key",
        "file:secrets/a\x00b",
        "vault:secret#field",
        "vault:secret/path",
        "vault:secret/path#",
        "vault:secret/../sys/seal#x",
        "vault:secret/pa th#x",
        "vault:secret/path?version=1#x",
        "vault:/secret/path#x",
        "vault:secret/path#x#y",
        "vault:secret/%2e%2e/sys#x",
        "http://vault/secret",
        "env:" + "FINANCE_SECRET_" + "A" * 600,
    ],
)
def test_what_could_lead_elsewhere_is_refused_and_not_repeated(text):
    with pytest.raises(AuthorizationError) as caught:
        parse(text)
    assert caught.value.code == "secret_reference_malformed"
    # Somebody may have typed a secret: it must not stand in an error.
    told = text.partition(":")[2]
    assert told == secret_reference.ENV_PREFIX or told not in str(caught.value)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    for prefix in ("env:", "file:", "vault:"):
        try:
            found = parse(prefix + text)
        except AuthorizationError:
            continue
        assert ".." not in found.path.split("/")
        assert found.kind + ":" == prefix


def test_a_secret_is_no_reference():
    assert not is_reference("sk_live_1234")
    assert not is_reference("whsec_file:")
    assert is_reference("file:a")


def answer(status, document):
    return secret_reference.read_vault_answer(VAULT, status, json.dumps(document).encode())


def test_a_vaults_answer_is_the_secret():
    assert answer(200, {"data": {"data": {"api_key": " sk_1 "}, "metadata": {"version": 3}}}) == "sk_1"


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (403, {"errors": ["permission denied"]}, "secret_store_refused"),
        (404, {"errors": []}, "secret_reference_unresolved"),
        (404, {"data": {"data": None, "metadata": {}}}, "secret_reference_unresolved"),
        (200, {"data": {"data": {"other": "x"}}}, "secret_reference_unresolved"),
        (200, {"data": {"data": {"api_key": 17}}}, "secret_reference_unresolved"),
        (200, {"data": {"data": {"api_key": "  "}}}, "secret_reference_unresolved"),
        (503, {"errors": ["Vault is sealed"]}, "secret_store_unavailable"),
        (429, {}, "secret_store_unavailable"),
        (200, {"data": None}, "secret_store_unavailable"),
        (200, [], "secret_store_unavailable"),
        (200, {"data": {"data": ["api_key"]}}, "secret_store_unavailable"),
    ],
)
def test_what_a_vault_can_answer_instead(status, document, code):
    with pytest.raises(IntegrationError) as caught:
        answer(status, document)
    assert caught.value.code == code
    assert isinstance(caught.value, TransientError) == (code == "secret_store_unavailable")


def test_an_answer_that_is_no_json_passes_by_itself():
    with pytest.raises(TransientError):
        secret_reference.read_vault_answer(VAULT, 200, b"<html>maintenance</html>")
