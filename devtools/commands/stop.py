"""``./dev stop`` and ``./dev reset``: end what we started, forget what we made."""

import shutil

from .. import embedded_pg, paths, processes
from ..console import say, warn


def add(subparsers) -> None:
    """Register both commands."""
    parser = subparsers.add_parser("stop", help="stop everything that ./dev started in this checkout")
    parser.set_defaults(run=run)
    parser = subparsers.add_parser("reset", help="stop, and remove .dev with its databases (the cache stays)")
    parser.set_defaults(run=reset)


def run(_options) -> int:
    """Stop by pid: servers, simulators, then PostgreSQL."""
    names = [name for name in processes.noted_names() if name != embedded_pg.NOTE]
    stopped = [name for name in names if processes.stop_noted(name)]
    if embedded_pg.stop():
        stopped.append("PostgreSQL")
    say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
    return 0


def reset(options) -> int:
    """Stop everything and remove ``.dev``."""
    run(options)
    if paths.DEV.is_dir():
        target = embedded_pg.FOLDER.resolve() if embedded_pg.FOLDER.is_symlink() else None
        if target and target.is_dir():
            shutil.rmtree(target)
        shutil.rmtree(paths.DEV)
    warn_of_named_server()
    say("removed .dev; downloads stay in the cache: " + str(paths.cache_dir()))
    return 0


def warn_of_named_server() -> None:
    """Databases on a server that the environment names are not ours to drop unasked."""
    if embedded_pg.named_server():
        warn(f"databases named fi_{paths.checkout_id()}_* stay on the PostgreSQL server named by PGHOST")
