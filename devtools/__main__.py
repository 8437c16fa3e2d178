"""Entry point of ``python -m devtools``."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - said here, before a newer syntax fails
    sys.exit("Python 3.10 or newer is needed; python3 here is " + sys.version.split()[0] + ".")

from .cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
