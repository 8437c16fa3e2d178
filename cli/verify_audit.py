# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""``odoo-bin verify_audit``: seal and verify the audit trail of a database from the command line.

Odoo finds commands in a folder of this name in each addon (``odoo.cli.command``) and loads them before any database.
"""

import argparse
import sys
from contextlib import closing

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config

HOUR_SECONDS = 3600


class VerifyAudit(Command):
    """Verify the audit trail of a database: every entry, every seal, the exported seals.

    The exit code is 0 when everything holds, 1 when something does not (the first broken entry is named), 2 when it
    could not be verified.
    """

    name = "verify_audit"

    def run(self, args):
        """Verify, tell, exit."""
        parser = argparse.ArgumentParser(prog=self.prog, description=self.__doc__)
        parser.add_argument("-c", "--config", help="Odoo's configuration file")
        parser.add_argument("-d", "--database", required=True)
        parser.add_argument("--from-seal", type=int, default=1)
        parser.add_argument("--to-seal", type=int, help="the newest one unless given")
        parser.add_argument("--seal-first", action="store_true", help="seal what has no seal yet")
        options = parser.parse_args(args)
        arguments = ["--config", options.config] if options.config else []
        config.parse_config([*arguments, "--database", options.database, "--no-http"], setup_logging=True)
        sys.exit(self._verify(options))

    def _verify(self, options):
        registry = Registry(options.database)
        with closing(registry.cursor()) as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
            if "integration.audit.verification" not in env:
                print("Finance Integration Hub is not installed in this database.")
                return 2
            if options.seal_first:
                env["integration.audit.sealer"]._run_and_tell()
                cr.commit()  # pylint: disable=invalid-commit
            verification = env["integration.audit.verification"]._start(
                options.from_seal, options.to_seal, seconds=24 * HOUR_SECONDS
            )
            cr.commit()  # pylint: disable=invalid-commit
            print(verification.result)
            return {"holds": 0, "broken": 1}.get(verification.state, 2)
