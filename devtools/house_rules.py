"""The project's own rules about its code, as functions from a repository to offences.

Each rule takes a :class:`Tree` and returns lines ``path:line: what is wrong``.  The tests in
``unit_tests/test_house_rules.py`` ask for empty lists.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 70
PURE = ("engine", "connectors")
# A layer imports from itself and from those before it.
LAYERS = ("engine", "connectors", "models", "controllers")
# Above the models like the controllers, and apart from them.
BESIDE_CONTROLLERS = ("wizards", "report")

# Where a broad except is right, each with its reason.
BROAD_EXCEPT_ALLOWED = {
    "models/messaging/isolation.py": "What nobody foresaw in one event sets that event aside with its trace "
    "and does not stop the others; errors of the database are raised on.",
}

# Libraries whose package has another name than what is imported.
DISTRIBUTIONS = {
    "dateutil": "python-dateutil",
    "mt940": "mt-940",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "psycopg2": "psycopg2-binary",
    "stdnum": "python-stdnum",
}

TEXT_SUFFIXES = frozenset(
    {".py", ".xml", ".csv", ".js", ".css", ".scss", ".md", ".rst", ".txt", ".toml", ".yaml", ".yml"}
    | {".json", ".cfg", ".ini", ".sh", ".cjs", ".mjs", ".html", ".po", ".pot", ""}
)
_FOLDERS_OF_ONE_MACHINE = ("work", "root", "farm", r"home/\w+")
MACHINE_PATH = re.compile(r"(?<![\w.~$}<)/-])/(?:" + "|".join(_FOLDERS_OF_ONE_MACHINE) + r")(?=/)")
_REGISTRIES = (
    ("deb", "debian", "org"),
    ("ftp", "debian", "org"),
    ("pythonhosted", "org"),
    ("pypi", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("nodesource", "com"),
    ("pkg", "dev"),
)
REGISTRY_HOST = re.compile("|".join(r"\b" + r"\.".join(parts) + r"\b" for parts in _REGISTRIES))


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text, self.path)

    @property
    def top(self) -> str:
        """The folder of the repository it is in."""
        return self.path.partition("/")[0] if "/" in self.path else ""

    def at(self, node: ast.AST, what: str) -> str:
        """A line that names a place in this file."""
        return f"{self.path}:{node.lineno}: {what}"


@dataclass(frozen=True)
class Tree:
    """The files of a repository that are committed or could be."""

    root: Path

    @cached_property
    def files(self) -> list[str]:
        """Paths relative to the root, with slashes."""
        command = [
            "git",
            "-C",
            str(self.root),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]
        try:
            listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        except (OSError, subprocess.CalledProcessError):
            names = self._walk()
        else:
            names = listing.split("\0")
        return sorted({name for name in names if name and (self.root / name).is_file()})

    def _walk(self) -> Iterator[str]:
        for folder, subfolders, files in os.walk(self.root):
            subfolders[:] = [name for name in subfolders if not name.startswith(".") or name == ".ci"]
            for name in files:
                yield (Path(folder) / name).relative_to(self.root).as_posix()

    def modules(self, *tops: str) -> Iterator[Module]:
        """Python files, all of them or those below some folders of the root."""
        for name in self.files:
            if name.endswith(".py") and (not tops or name.partition("/")[0] in tops):
                yield Module(name, self.text(name))

    def text(self, name: str) -> str:
        """The text of a file."""
        return (self.root / name).read_text(encoding="utf-8", errors="replace")


def imported_names(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Every import as ``odoo.models`` (absolute) or ``/engine/money`` (of this addon)."""
    package = module.path.split("/")[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] + (node.module or "").split(".")
            prefix = "/" + "/".join(part for part in base if part)
            yield from ((node, f"{prefix.rstrip('/')}/{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            yield from ((node, str(arg.value)) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def pure_code_imports_odoo(tree: Tree) -> list[str]:
    """The engine and the connectors do not know Odoo."""
    return [
        module.at(node, f"imports {name}")
        for module in tree.modules(*PURE)
        for node, name in imported_names(module)
        if name == "odoo" or name.startswith("odoo.")
    ]


def imports_against_the_direction(tree: Tree) -> list[str]:
    """Imports run controllers → models → connectors → engine, never back."""
    offences = []
    for module in tree.modules(*LAYERS):
        above = {*LAYERS[LAYERS.index(module.top) + 1 :], *BESIDE_CONTROLLERS}
        if module.top == "controllers":
            above = set()
        for node, name in imported_names(module):
            own = name.replace("odoo.addons.finance_integration.", "/").replace(".", "/")
            target = own.split("/")[1] if own.startswith("/") else ""
            if target in above:
                offences.append(module.at(node, f"{module.top} imports from {target}"))
    return offences


def long_files(tree: Tree) -> list[str]:
    """A file is a room, not a warehouse."""
    counted = ((module.path, module.text.count("\n")) for module in tree.modules())
    return [f"{path}: {lines} lines" for path, lines in counted if lines > MAX_FILE_LINES]


def long_functions(tree: Tree) -> list[str]:
    """A function fits a screen."""
    return [
        module.at(node, f"{node.name} has {node.end_lineno - node.lineno + 1} lines")
        for module in tree.modules()
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    ]


def _calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, _called(node)


def floats_in_pure_code(tree: Tree) -> list[str]:
    """Money is never a float."""
    return [
        module.at(node, "calls float()")
        for module in tree.modules(*PURE)
        for node, name in _calls(module)
        if name == "float" and isinstance(node.func, ast.Name)
    ]


def naive_times(tree: Tree) -> list[str]:
    """Every instant knows its zone."""
    offences = []
    for module in tree.modules():
        for node, name in _calls(module):
            owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            of_datetime = owner.rpartition(".")[2] == "datetime"
            if of_datetime and name in {"utcnow", "utcfromtimestamp"}:
                offences.append(module.at(node, f"{name}() is naive"))
            elif of_datetime and name in {"now", "today"} and not node.args and not node.keywords:
                offences.append(module.at(node, f"datetime.{name}() without a zone"))
    return offences


def sudo_in_posting(tree: Tree) -> list[str]:
    """Posting acts as the user the flow names, with that user's rights."""
    return [
        module.at(node, "takes all rights")
        for module in tree.modules("models")
        if module.path.startswith("models/posting")
        for node, name in _calls(module)
        if name == "sudo"
        or any(keyword.arg == "su" for keyword in node.keywords)
        or (name == "with_user" and "SUPERUSER" in ast.unparse(node))
    ]


def evaluated_text(tree: Tree) -> list[str]:
    """No text is run as code."""
    return [
        module.at(node, f"calls {name}()")
        for module in tree.modules()
        for node, name in _calls(module)
        if name in {"eval", "exec"} and isinstance(node.func, ast.Name)
    ]


def tables_with_formulas(tree: Tree) -> list[str]:
    """Whoever writes CSV or a sheet passes each text through ``safe_cell``: a spreadsheet runs formulas."""
    return [
        module.at(node, f"{ast.unparse(node.func)} without safe_cell")
        for module in tree.modules(*LAYERS, *BESIDE_CONTROLLERS)
        for node, name in _calls(module)
        if name in {"DictWriter", "Workbook"} or (name == "writer" and "csv" in ast.unparse(node.func))
        if "safe_cell" not in module.text
    ]


def traps_in_xml(tree: Tree) -> list[str]:
    """XML of strangers is read by ``engine.formats.xml_guard`` alone."""
    return [
        module.at(node, f"imports {name}")
        for module in tree.modules(*LAYERS)
        if module.path != "engine/formats/xml_guard.py"
        for node, name in imported_names(module)
        if name.startswith(("xml.", "lxml"))
    ]


def broad_excepts(tree: Tree, allowed: dict[str, str] | None = None) -> list[str]:
    """An except names what it expects; one that only cleans up and raises again may be broad."""
    allowed = BROAD_EXCEPT_ALLOWED if allowed is None else allowed
    return [
        module.at(node, "a broad except")
        for module in tree.modules()
        if module.path not in allowed
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node)
    ]


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"} for kind in kinds)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def places_of_one_machine(tree: Tree) -> list[str]:
    """Nothing names a folder of somebody's machine, or a package registry's host."""
    offences = []
    for name in tree.files:
        if Path(name).suffix not in TEXT_SUFFIXES or (tree.root / name).stat().st_size > 2_000_000:
            continue
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            for pattern, what in (
                (MACHINE_PATH, "a path of one machine"),
                (REGISTRY_HOST, "a registry's host"),
            ):
                if found := pattern.search(line):
                    offences.append(f"{name}:{number}: {what}: {found[0]}")
    return offences


def tests_not_imported(tree: Tree) -> list[str]:
    """Odoo runs what ``tests/__init__.py`` imports, and nothing else."""
    wanted = {
        name.removesuffix(".py").removeprefix("tests/").replace("/", ".")
        for name in tree.files
        if name.startswith("tests/") and re.fullmatch(r"test_\w+\.py", Path(name).name)
    }
    if not wanted:
        return []
    if "tests/__init__.py" not in tree.files:
        return ["tests/__init__.py is missing"]
    imported = set()
    for node in ast.walk(ast.parse(tree.text("tests/__init__.py"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            prefix = f"{node.module}." if node.module else ""
            imported |= {f"{prefix}{alias.name}" for alias in node.names}
    return [f"tests/__init__.py does not import {name}" for name in sorted(wanted - imported)]


def manifest(tree: Tree) -> dict:
    """The manifest, or an empty one."""
    return ast.literal_eval(tree.text("__manifest__.py")) if "__manifest__.py" in tree.files else {}


def libraries_out_of_step(tree: Tree) -> list[str]:
    """The manifest and requirements.txt name the same libraries."""
    content = manifest(tree)
    if not content or "requirements.txt" not in tree.files:
        return []
    lines = [line.partition("#")[0].strip() for line in tree.text("requirements.txt").splitlines()]
    required = {_library(line) for line in lines if line}
    declared = {_library(name) for name in content.get("external_dependencies", {}).get("python", ())}
    return [
        *(f"requirements.txt lacks {name}" for name in sorted(declared - required)),
        *(f"__manifest__.py lacks {name}" for name in sorted(required - declared)),
    ]


def _library(requirement: str) -> str:
    return re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def undeclared_libraries(tree: Tree) -> list[str]:
    """The addon imports what Odoo brings, what requirements.txt names, and nothing else."""
    known = set()
    for name in ("requirements.txt", "devtools/requirements/odoo.txt"):
        lines = tree.text(name).splitlines() if name in tree.files else []
        known |= {_library(line) for line in lines if line and not line.startswith("#")}
    offences = []
    for module in tree.modules(*LAYERS, *BESIDE_CONTROLLERS):
        for node, name in imported_names(module):
            top = name.partition(".")[0]
            if top.startswith("/") or top == "odoo" or top in sys.stdlib_module_names:
                continue
            if _library(DISTRIBUTIONS.get(top, top)) not in known:
                offences.append(module.at(node, f"imports {top}, which requirements.txt does not name"))
    return offences


def data_files_not_loaded(tree: Tree) -> list[str]:
    """A view, rule or datum that the manifest does not name is dead."""
    content = manifest(tree)
    if not content:
        return []
    named = {*content.get("data", ()), *content.get("demo", ())}
    folders = ("views", "security", "data", "demo", "report", "wizards")
    return [
        f"__manifest__.py does not name {name}"
        for name in tree.files
        if name.partition("/")[0] in folders and name.endswith((".xml", ".csv")) and name not in named
    ]
