"""Start Odoo's command line in this interpreter.

``python -m odoo`` would take a folder named ``odoo`` below the working folder for Odoo itself,
and with workers it respawns a child that fails at start for ever.
"""

import sys


def main() -> None:
    """Run ``odoo-bin`` with the arguments given."""
    from odoo.cli.command import main as odoo_command

    odoo_command()


if __name__ == "__main__":
    # The folder of this script is not a place to import from.
    sys.path.pop(0)
    # With workers Odoo starts this script again for its evented server.
    sys.argv[0] = __file__
    main()
