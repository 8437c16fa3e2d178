"""Upgrade a database that an older commit made, and see that nothing was lost, changed or left behind."""

import json
import shutil
import subprocess
import sys
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import log_check, odoo_config, paths, processes, templates, upgrade_facts
from .console import Steps, say
from .environment import Environment
from .errors import Stop
from .server import OdooServer

FOLDER = paths.DEV / "upgrade"
IDLE_SECONDS = 300
LEFT = (
    "SELECT count(*) FROM integration_message WHERE direction = 'in' AND (status = 'ready'"
    " OR (status = 'waiting' AND due_at <= now() AT TIME ZONE 'UTC'))"
)
# Work that nobody waits for may stay; what is running while the server is stopped would come back as lost.
RUNNING = "SELECT count(*) FROM queue_job WHERE state IN ('enqueued', 'started')"
# Asked of the new code in Odoo's shell, of the connections that were there before; the line it writes is read.
LOOK = """
import json
env["integration.audit.sealer"]._run()
env.cr.commit()
proof = env["integration.audit.verification"]._start(seconds=600)
connections = env["integration.connection"].with_context(active_test=False).search([])
print("FOUND " + json.dumps({
    "seals": proof.state,
    "why": proof.reason or proof.finding_code or "",
    "entries": proof.entry_count,
    "missing": [f"{row['kind']} of {one.name}" for one in connections for row in one._missing_flows()],
    "flows": {
        flow.id: [flow.connection_id.name, flow.kind, flow.state]
        for flow in connections.flow_ids if flow.connection_id.id in %s
    },
    "told": env["integration.exception"].search(
        [("code", "=", "flow_added"), ("state", "=", "open")]).flow_id.ids,
    "activities": env["integration.exception"].search(
        [("code", "=", "flow_added"), ("state", "=", "open")]).filtered("activity_ids").flow_id.ids,
}), flush=True)
"""


@dataclass(frozen=True)
class OldEnvironment(Environment):
    """The same Odoo and server, with the addon as it was at a commit."""

    folder: Path = FOLDER

    @cached_property
    def server_config(self) -> Path:
        return self._config("odoo-old")

    @cached_property
    def test_config(self) -> Path:
        return self._config("odoo-old-test", test=True)

    def _config(self, name: str, **options) -> Path:
        addons = ",".join(str(path) for path in (*self.source.addons, self.folder))
        return odoo_config.write(self.source, self.cluster, name, addons_path=addons, **options)

    @property
    def addon(self) -> Path:
        """The older addon's folder."""
        return self.folder / paths.ADDON


def check(env: Environment, ref: str, steps: Steps, *, keep: bool = False) -> list[str]:
    """Install ``ref`` with demo data, let it work, upgrade it; return what is wrong afterwards, in words.

    :raises Stop: there is no such commit, or the older one cannot be installed.
    """
    commit = resolve(ref)
    database = env.database("upgrade")
    with steps.step(f"The addon as it was at {commit[:12]}"):
        old = OldEnvironment(env.source, env.venv, env.cluster, FOLDER / commit[:12])
        extract(commit, old.addon)
    try:
        with steps.step("A database of that time, with demo data"):
            _install(env, old, database)
        with steps.step("A month of business, in the code of that time"):
            _live(old, database)
        before = upgrade_facts.read(env.cluster, database, _declared(env, database))
        say("      " + before.line())
        say(f"      matches that the upgrade declares: {len(before.matches)}")
        with steps.step("Upgrade (-u finance_integration)"):
            problems = _upgrade(env, database, "upgrade")
        with steps.step("What the database holds now"):
            problems += _compare(env, database, before)
        with steps.step("The same upgrade once more changes nothing"):
            problems += _again(env, database)
        with steps.step("The server starts on it"):
            problems += _serve(env, database)
    finally:
        if not keep:
            templates.drop(env, database)
            shutil.rmtree(old.folder, ignore_errors=True)
    return problems


def resolve(ref: str) -> str:
    """Return the full name of a commit.

    :raises Stop: the history of this checkout does not have it.
    """
    command = ["git", "-C", str(paths.ROOT), "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"]
    found = processes.run(command, check=False)
    if found.returncode:
        raise Stop(f"There is no commit {ref!r} in this checkout; a copy without history has no older ones.")
    return found.stdout.decode().strip()


def extract(commit: str, folder: Path) -> None:
    """Put the files of a commit into ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = ["git", "-C", str(paths.ROOT), "archive", "--format=tar", commit]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        archive.extractall(folder, **templates.safe_extraction())  # noqa: S202 - our own commits
    if process.returncode:
        raise Stop(f"The files of {commit} could not be read.")


def _install(env: Environment, old: OldEnvironment, database: str) -> None:
    templates.copy(env, templates.base(env, demo=True), database)
    log = _log("install-old")
    templates.install(old, database, (paths.ADDON,), log=log, demo=True)


def _live(old: OldEnvironment, database: str) -> None:
    """Play the demo of that time to its server, and wait until everything is worked off."""
    with _server(old, database, "old") as server:
        command = [old.venv.python, "-u", "-m", "simulators", "demo", "--once", "--pause-ms", "0"]
        command += ["--odoo-url", server.url, "--database", database]
        variables = {**old.env(), "PYTHONPATH": str(old.addon)}
        processes.run(command, log=_log("upgrade-feed"), env=variables, cwd=old.addon)
        deadline = time.monotonic() + IDLE_SECONDS
        while any(int(old.cluster.sql(ask, database)[0]) for ask in (LEFT, RUNNING)):
            if time.monotonic() > deadline:
                raise Stop(
                    f"The older code did not work everything off within {IDLE_SECONDS} s.\n{server.tail()}"
                )
            time.sleep(1)


@contextmanager
def _server(env: Environment, database: str, name: str):
    server = OdooServer(env, name=f"upgrade-{name}", database=database, log=_log(f"upgrade-{name}"))
    with server:
        yield server


def _upgrade(env: Environment, database: str, name: str) -> list[str]:
    log = _log(name)
    templates.install(env, database, (paths.ADDON,), log=log, update=True)
    return [f"log of the upgrade: {line}" for line in log_check.describe(log_check.check_file(log))]


def _declared(env: Environment, database: str) -> tuple[upgrade_facts.Match, ...]:
    [version] = env.cluster.sql(
        f"SELECT latest_version FROM ir_module_module WHERE name = '{paths.ADDON}'", database
    )
    return upgrade_facts.declared(env.cluster, database, paths.ROOT / "migrations", version)


def _compare(env: Environment, database: str, before: upgrade_facts.Facts) -> list[str]:
    after = upgrade_facts.read(env.cluster, database)
    problems = upgrade_facts.losses(before, after)
    fresh, _log_file = templates.with_addon(env)
    problems += upgrade_facts.schema_differences(
        upgrade_facts.schema(env.cluster, fresh), upgrade_facts.schema(env.cluster, database)
    )
    found = _look(env, database, before.connections)
    known = before.flows
    gained = {number: row for number, row in found["flows"].items() if int(number) not in known}
    for connection, kind, state in gained.values():
        say(f"      new flow: {kind} of {connection}, {state}")
    say(f"      seals: {found['seals']} over {found['entries']} entries")
    if found["seals"] != "holds":
        problems.append(f"the seals do not hold: {found['seals']} {found['why']}")
    problems += [f"no flow for {missing}" for missing in found["missing"]]
    problems += [f"{row[1]} of {row[0]} is {row[2]} at once" for row in gained.values() if row[2] != "draft"]
    told, asked = set(found["told"]), set(found["activities"])
    for number, row in gained.items():
        if int(number) not in told & asked:
            problems.append(f"no administrator is told of {row[1]} of {row[0]}")
    return problems


def _again(env: Environment, database: str) -> list[str]:
    """Update once more as from the older version, so that what runs at each change of version runs again."""
    before = upgrade_facts.read(env.cluster, database)
    env.cluster.sql(
        f"UPDATE ir_module_module SET latest_version = '19.0.1.0.0' WHERE name = '{paths.ADDON}'", database
    )
    problems = _upgrade(env, database, "upgrade-again")
    after = upgrade_facts.read(env.cluster, database)
    problems += upgrade_facts.losses(before, after)
    return problems + upgrade_facts.gains(before, after)


def _serve(env: Environment, database: str) -> list[str]:
    with _server(env, database, "new") as server:
        deadline = time.monotonic() + IDLE_SECONDS
        while any(int(env.cluster.sql(ask, database)[0]) for ask in (LEFT, RUNNING)):
            if time.monotonic() > deadline:
                return ["after the upgrade not everything is worked off"]
            time.sleep(1)
        log = server.log
    return [f"log of the server: {line}" for line in log_check.describe(log_check.check_file(log))]


def _look(env: Environment, database: str, connections: set[int]) -> dict:
    asked = LOOK % sorted(connections)
    command = env.odoo(
        "shell", "-c", env.test_config, "-d", database, "--no-http", "--shell-interface=python"
    )
    done = subprocess.run(
        command,
        input=f"exec({asked!r})\n".encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env.env(),
        cwd=paths.DEV,
        check=False,
    )
    text = done.stdout.decode(errors="replace")
    if "FOUND " not in text:
        raise Stop(f"The upgraded database could not be looked at.\n{text[-4000:]}")
    return json.loads(text.split("FOUND ")[-1].splitlines()[0])


def _log(name: str) -> Path:
    file = paths.LOGS / f"{name}.log"
    file.unlink(missing_ok=True)
    return file


def report(problems: list[str]) -> int:
    """Say what is wrong; return the exit code."""
    for problem in problems:
        print(f"    {problem}", file=sys.stderr)
    say("the upgrade holds" if not problems else f"the upgrade does not hold: {len(problems)} problems")
    return 1 if problems else 0
