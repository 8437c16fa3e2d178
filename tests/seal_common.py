# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of the seals share: a key and a folder of their own, and ways of breaking what the database guards."""

import os
import tempfile
from unittest.mock import patch

from odoo.tests import HttpCase
from odoo.tools import SQL

from ..engine.audit_seal import new_seed
from ..models.audit import seal_heads
from .common import IntegrationCommon

PREFIXES = {
    "integration_audit_leaf": "integration_audit",
    "integration_audit_seal": "integration_audit_seal",
    "integration_audit_key": "integration_audit_key",
}


class SealEnvironment:
    """Mix-in: keys and folder for seals of this test alone."""

    def use_own_keys(self):
        self.folder = tempfile.TemporaryDirectory(prefix="seals-")
        self.addCleanup(self.folder.cleanup)
        self.seeds = [new_seed()]
        self.use_seeds(self.seeds)

    def use_seeds(self, seeds):
        patcher = patch.dict(
            os.environ,
            {
                "FINANCE_INTEGRATION_SEAL_KEYS": " ".join(seeds),
                "FINANCE_INTEGRATION_SEAL_FOLDER": self.folder.name,
            },
        )
        patcher.start()
        self.addCleanup(patcher.stop)


class SealCommon(SealEnvironment, IntegrationCommon):
    def setUp(self):
        super().setUp()
        if not isinstance(self, HttpCase):  # that is in this mode already
            self.registry_enter_test_mode()  # the sealer's own cursors become this test's
        self.use_own_keys()
        self.seals = self.root["integration.audit.seal"]
        self.assertFalse(self.seals.search([]))

    def seal(self):
        """Seal what is there; returns the number of seals made."""
        self.env.flush_all()
        return self.root["integration.audit.sealer"]._run(seconds=30)

    def record(self, count, detail="x"):
        """Append entries and return their numbers."""
        self.root["integration.audit.leaf"]._append(
            [
                {"action": "test.entry", "detail": f"{detail} {number}", "company_id": self.company.id}
                for number in range(count)
            ]
        )
        rows = self.root["integration.audit.leaf"].search([], order="id desc", limit=count)
        return sorted(rows.ids)

    def verify(self, first=1, last=None, **options):
        self.env.invalidate_all()
        return self.root["integration.audit.verification"]._start(first, last, **options)

    def tamper(self, table, statement, *values):
        """Change what the database guards, as its owner can."""
        table_name, trigger = SQL.identifier(table), SQL.identifier(f"{PREFIXES[table]}_row")
        self.env.flush_all()
        self.env.cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER %s", table_name, trigger))
        self.env.cr.execute(statement, values)
        self.assertTrue(self.env.cr.rowcount, "the test changed nothing")
        self.env.cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER %s", table_name, trigger))
        self.env.invalidate_all()

    def heads(self):
        """Return the exported seals of the one trail."""
        [trail] = set(self.seals.search([]).mapped("trail"))
        return list(seal_heads.read_heads(trail))
