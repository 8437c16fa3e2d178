"""What ``./dev test …`` was asked to run."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from . import paths
from .errors import Stop

UNIT, ODOO, PROCESS = "unit", "odoo", "process"
FOLDERS = {UNIT: "unit_tests", ODOO: "tests", PROCESS: "process_tests"}
# Each process of Odoo tests has a database and about 500 MB of its own.
MAX_PROCESSES = 4
TAKES_VALUE = frozenset(
    {
        "-k",
        "-m",
        "-n",
        "-p",
        "-o",
        "-W",
        "-r",
        "--tb",
        "--maxfail",
        "--durations",
        "--deselect",
        "--ignore",
        "--lfnf",
    },
)


@dataclass
class Selection:
    """Paths per runner (no path: the whole folder) and options for pytest."""

    runners: dict[str, list[str]] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)

    def wants(self, runner: str) -> bool:
        """Whether that runner has anything to do."""
        return runner in self.runners

    def spread(self, runner: str, cores: int) -> list[str]:
        """Options that spread a whole folder of tests over the cores, a class staying on one of them.

        What a class sets up takes longer than most of its tests. Chosen files run in one process, whose output reads in
        order; ``-n`` decides otherwise.
        """
        said = any(option.startswith(("-n", "--numprocesses")) for option in self.options)
        if self.runners[runner] or said or cores < 2:
            return []
        return ["-n", str(min(cores, MAX_PROCESSES)), "--dist", "loadscope"]


def parse(arguments: list[str], root: Path = paths.ROOT) -> Selection:
    """Sort the arguments into runners, paths and pytest's options."""
    selection = Selection()
    rest = iter(arguments)
    for argument in rest:
        if argument in TAKES_VALUE:
            selection.options += [argument, next(rest, "")]
        elif argument.startswith("-") and argument != "--":
            selection.options.append(argument)
        elif argument in FOLDERS:
            selection.runners.setdefault(argument, [])
        elif argument != "--":
            runner, path = _place(argument, root)
            selection.runners.setdefault(runner, []).append(path)
    if not selection.runners:
        selection.runners = {runner: [] for runner in FOLDERS}
    return selection


def _place(argument: str, root: Path) -> tuple[str, str]:
    """The runner of a path, and the path relative to the root (a ``::name`` stays with it)."""
    name, separator, inner = argument.partition("::")
    called_from = Path(os.environ.get("FI_CALLED_FROM", root))
    for start in (called_from, root):
        candidate = (start / name).resolve()
        if candidate.exists() and candidate.is_relative_to(root):
            relative = candidate.relative_to(root)
            for runner, folder in FOLDERS.items():
                if relative.parts[:1] == (folder,):
                    return runner, f"{relative}{separator}{inner}"
    raise Stop(
        f"{argument!r} is neither 'unit' nor 'odoo' nor 'process' nor a file or folder below "
        f"{' or '.join(sorted(FOLDERS.values()))}.",
        code=2,
    )
