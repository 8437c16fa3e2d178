"""Template databases, so that a run starts from a copy and not from an installation.

Stage 1: Odoo with the modules the addon depends on; a dump of it stays in the user's cache.
Stage 2: stage 1 with the addon installed from the current code.
"""

import shutil
import tarfile
from pathlib import Path

from . import content, log_check, paths, pg_binaries, processes, stamps
from .console import say, warn
from .environment import Environment
from .errors import Stop

MODULES = ("account", "sale", "purchase", "account_edi_ubl_cii", "l10n_us", "queue_job")
DUMP, FILES, LOG = "database.dump", "filestore.tar", "install.log"


def filestore(database: str) -> Path:
    """Where Odoo keeps the attachments of a database."""
    return paths.DATA / "filestore" / database


def base(env: Environment, *, demo: bool = False) -> str:
    """Name of the stage-1 template; made if it is missing."""
    key = base_key(env, demo=demo)
    database = env.database(f"base{'_demo' if demo else ''}_{key}")
    if env.cluster.exists(database):
        return database
    part = f"{database}_part"
    drop(env, part)
    cached = paths.cache_dir() / "templates" / key
    if not (stamps.is_complete(cached) and _restore(env, part, cached)):
        say(f"      installing {', '.join(MODULES)}{' with demo data' if demo else ''}")
        log = _fresh_log("install-base")
        env.cluster.create(part)
        install(env, part, MODULES, log=log, demo=demo)
        _save(env, part, cached, log)
    rename(env, part, database)
    return database


def base_key(env: Environment, *, demo: bool = False) -> str:
    """What stage 1 depends on."""
    server = pg_binaries.version(env.cluster.binaries) if env.cluster.embedded else "named server"
    oca = sorted(path.name for path in env.venv.site_packages.glob("odoo_addon_*.dist-info"))
    return stamps.digest([env.source.version, oca, MODULES, demo, server, 1])


def with_addon(env: Environment) -> tuple[str, Path]:
    """Name of the stage-2 template and the log of its installation; made if it is missing."""
    start = base(env)
    database, log = _addon_names(env)
    if env.cluster.exists(database):
        return database, log
    _drop_old_addon_templates(env)
    part = f"{env.database('addon')}_part"
    drop(env, part)
    say(f"      installing {paths.ADDON}")
    copy(env, start, part)
    log.unlink(missing_ok=True)
    install(env, part, (paths.ADDON,), log=log)
    if _addon_names(env)[0] != database:
        warn("the addon's files changed while it was being installed; this run tests the older ones")
    rename(env, part, database)
    return database, log


def _addon_names(env: Environment) -> tuple[str, Path]:
    key = stamps.digest([base_key(env), env.venv.folder.name, content.addon_hash()])
    return env.database(f"addon_{key}"), paths.LOGS / f"install-addon-{key}.log"


def _drop_old_addon_templates(env: Environment) -> None:
    for name in env.cluster.databases():
        if name.startswith(env.database("addon_")):
            drop(env, name)
    for log in paths.LOGS.glob("install-addon-*.log"):
        log.unlink()


def install(env: Environment, database: str, modules, *, log: Path, demo: bool = False, update=False) -> None:
    """Install (or update) modules in a database."""
    flag = "--update" if update else "--init"
    arguments = ["-c", env.test_config, "-d", database, flag, ",".join(modules)]
    arguments += ["--stop-after-init", "--no-http", f"--logfile={log}"]
    if demo:
        arguments.append("--with-demo")
    console = log.with_suffix(".out")
    console.unlink(missing_ok=True)
    result = processes.run(env.odoo(*arguments), log=console, env=env.env(), cwd=paths.DEV, check=False)
    # Odoo exits with 0 when it could load the registry in part only; the log tells.
    broken = [record for record in log_check.check_file(log) if record.level in {"ERROR", "CRITICAL"}]
    if result.returncode or broken:
        lines = (
            log_check.describe(broken) or console.read_text(encoding="utf-8", errors="replace").splitlines()
        )
        shown = "\n".join(f"    {line}" for line in lines[-40:])
        hint = processes.disk_hint(shown.encode())
        raise Stop(
            f"Installing {', '.join(modules)} failed.{hint}\n{shown}\n    (all of it: {paths.relative(log)})"
        )


def copy(env: Environment, template: str, database: str) -> None:
    """Copy a database and its attachments."""
    drop(env, database)
    env.cluster.create(database, template)
    if filestore(template).is_dir():
        # Attachments are named by their content and never written twice: links are enough.
        shutil.copytree(filestore(template), filestore(database), copy_function=link_or_copy)


def link_or_copy(source: str, target: str) -> None:
    """Give a file a second name, or copy it where the file system has no links."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def rename(env: Environment, database: str, new: str) -> None:
    """Give a database and its attachments their final name."""
    shutil.rmtree(filestore(new), ignore_errors=True)
    if filestore(database).is_dir():
        filestore(database).rename(filestore(new))
    env.cluster.rename(database, new)


def drop(env: Environment, database: str) -> None:
    """Remove a database and its attachments."""
    env.cluster.drop(database)
    shutil.rmtree(filestore(database), ignore_errors=True)


def _fresh_log(name: str) -> Path:
    log = paths.LOGS / f"{name}.log"
    log.unlink(missing_ok=True)
    return log


def _save(env: Environment, database: str, cached: Path, log: Path) -> None:
    """Keep a dump in the user's cache; doing without one only costs time."""

    def build(part: Path) -> None:
        env.cluster.tool("pg_dump", "-Fc", "--no-owner", "-f", str(part / DUMP), database)
        with tarfile.open(part / FILES, "w") as archive:
            if filestore(database).is_dir():
                archive.add(filestore(database), arcname=".")
        shutil.copy2(log, part / LOG)

    try:
        stamps.build_folder(cached, build)
    except Stop as problem:
        warn(f"no dump of the base database was kept: {str(problem).splitlines()[0]}")


def _restore(env: Environment, database: str, cached: Path) -> bool:
    say("      restoring the base database from the cache")
    env.cluster.create(database)
    options = ["-j", "2", "--no-owner", "--exit-on-error", "-d", database]
    result = env.cluster.tool("pg_restore", *options, str(cached / DUMP), check=False)
    if result.returncode:
        warn("the cached dump could not be restored; installing instead")
        drop(env, database)
        shutil.rmtree(cached)
        return False
    filestore(database).mkdir(parents=True, exist_ok=True)
    with tarfile.open(cached / FILES) as archive:
        archive.extractall(filestore(database), **safe_extraction())  # noqa: S202 - our own archive
    return True


def safe_extraction() -> dict:
    """What keeps an archive inside its folder, where this Python knows it."""
    return {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
