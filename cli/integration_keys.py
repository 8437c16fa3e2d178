# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""``odoo integration_keys -d DATABASE [--rotate]``: which keys encrypt what; encrypt everything with the newest one."""

import argparse
import sys
from contextlib import closing

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class IntegrationKeys(Command):
    """Show the encryption keys of the Finance Integration Hub, or encrypt everything with the newest one."""

    name = "integration_keys"

    def run(self, args):
        """Entry of the command line; ends with 1 when something cannot be read."""
        parser = argparse.ArgumentParser(prog=self.prog, description=self.__doc__)
        parser.add_argument("-c", "--config", help="Odoo's configuration file")
        parser.add_argument("-d", "--database", required=True, help="name of the database")
        parser.add_argument("--rotate", action="store_true", help="encrypt everything with the newest key")
        options = parser.parse_args(args)
        config.parse_config(
            ["-d", options.database, *(["-c", options.config] if options.config else [])], setup_logging=True
        )
        registry = Registry(options.database)
        if options.rotate:
            rotate(registry, sys.stdout)
        sys.exit(1 if show(registry, sys.stdout) else 0)


def rotate(registry, out):
    """Encrypt everything with the newest key, here and now; an interrupted run goes on where it stopped."""
    with closing(registry.cursor()) as cr:
        rotation = api.Environment(cr, SUPERUSER_ID, {})["integration.key.rotation"]._start()
        cr.commit()  # pylint: disable=invalid-commit
        rotation._run(lambda seen, total: out.write(f"{seen} of {total} encrypted anew\n"))


def show(registry, out):
    """Write what each key is for; returns how many secrets no key opens."""
    with closing(registry.cursor()) as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        keys = env["integration.encryption.key"]
        keys._refresh()
        states = dict(keys._fields["state"]._description_selection(env))
        for key in keys.search([]):
            out.write(f"{key.fingerprint}  {key.sealed_count:>6}  {states[key.state]}\n")
        unreadable = env["integration.credential"]._check_readable()
        if unreadable:
            out.write(f"{unreadable} secrets cannot be read with the keys of this server\n")
        cr.commit()  # pylint: disable=invalid-commit
        return unreadable
