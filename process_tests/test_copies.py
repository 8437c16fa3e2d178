# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A database that was really copied and neutralized by Odoo's own command reaches nobody and believes nobody (C2)."""

import os
import subprocess

import pytest

from devtools import environment, paths, templates

SET_UP = """
connection = env["integration.connection"].create({
    "name": "Original", "connector": "generic", "environment": "production", "time_zone": "UTC"})
connection.action_propose_accounting()
env["integration.credential"].create([
    {"connection_id": connection.id, "purpose": "inbound_signature", "value": "whsec_" + "c2VjcmV0" * 4},
    {"connection_id": connection.id, "purpose": "outbound_signature", "reference": "env:FINANCE_SECRET_OUT"},
])
connection.delivery_url = "https://partner.example/hook"
connection.action_activate()
connection._ring()
env["integration.connection"].browse(connection.id)._watch_outbox_later(3600)
env.cr.commit()
"""
LOOK = """
connection = env["integration.connection"].search([("name", "=", "Original")])
endpoint = env["integration.endpoint"].with_context(active_test=False).search([])
jobs = env["queue.job"].search([("model_name", "like", "integration.")])
print("FOUND", dict(
    state=connection.state,
    environment=connection.environment,
    delivery=bool(connection.delivery_url),
    sealed=[bool(row._sealed()) for row in connection.credential_ids],
    known=env["integration.endpoint"]._address_facts(endpoint.key) is not None,
    crons=env["ir.cron"].search_count([("cron_name", "like", "Finance integration")]),
    jobs=sorted(set(jobs.mapped("state"))),
), flush=True)
"""
ORIGINAL = (
    "FOUND {'state': 'active', 'environment': 'production', 'delivery': True, 'sealed': [True, True], 'known': True,"
    " 'crons': 12, 'jobs': ['pending']}"
)
COPY = (
    "FOUND {'state': 'paused', 'environment': 'test', 'delivery': False, 'sealed': [False, False], 'known': False,"
    " 'crons': 0, 'jobs': ['cancelled']}"
)


@pytest.fixture(scope="module")
def env():
    """The interpreter, the source and the database server of this checkout."""
    found = environment.ready()
    assert found, "Odoo is not set up yet: ./dev setup"
    return found


def odoo(env, *arguments, code=""):
    """Run one command of Odoo to its end and return what it wrote."""
    command = env.odoo(arguments[0], "-c", env.test_config, *arguments[1:])
    text = f"exec({code!r})\n".encode() if code else None
    variables = {**env.env(), "FINANCE_SECRET_OUT": "whsec_" + "b3V0Ym94" * 4}
    done = subprocess.run(
        [str(part) for part in command],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=variables,
        cwd=paths.DEV,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


def shell(env, database, code):
    return odoo(env, "shell", "-d", database, "--no-http", "--shell-interface=python", code=code)


def test_a_copy_is_neutralized_by_odoos_own_command(env):
    original, copied = (env.database(f"{name}_{os.getpid()}") for name in ("original", "copied"))
    template, _log = templates.with_addon(env)
    templates.copy(env, template, original)
    try:
        shell(env, original, SET_UP)
        assert ORIGINAL in shell(env, original, LOOK)
        templates.copy(env, original, copied)
        assert ORIGINAL in shell(env, copied, LOOK)
        odoo(env, "neutralize", "-d", copied)
        assert COPY in shell(env, copied, LOOK)
        # The original goes on as before.
        assert ORIGINAL in shell(env, original, LOOK)
    finally:
        templates.drop(env, copied)
        templates.drop(env, original)
