# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the pages claim: paths exist, links lead somewhere, every requirement and error code has its place."""

import ast
import functools
import html
import re
from collections import Counter
from pathlib import Path

import pytest

from odoo.addons.finance_integration.connectors.registry import all_connectors
from odoo.addons.finance_integration.engine.error_catalogue import CODES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
ACCOUNTING, OPERATIONS = DOCS / "accounting.md", DOCS / "operations.md"
TRACEABILITY = DOCS / "traceability.md"
README = ROOT / "README.rst"
LAYERS = ("engine", "connectors", "models", "controllers")
# How many requirements there are of each letter; their numbers run from 1.
REQUIREMENTS = {"S": 17, "O": 22, "E": 15, "X": 5, "A": 7, "C": 9, "M": 8, "R": 18, "V": 5, "D": 6}
STATES = ("done", "part", "not yet")
# In the catalogue for completeness; the code handles what they name without showing them.
NEVER_SHOWN = frozenset({"database_retry"})
# Buttons of Odoo itself that pages name.
ODOOS_BUTTONS = frozenset({"Post"})

FENCED = re.compile(r"^ *(`{3,})[^\n]*\n.*?^ *\1\s*$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`[^`\n]*`")
MARKDOWN_LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
RST_LINK = re.compile(r"`[^`<]*<([^`>]+)>`__?|^\.\. (?:image|figure):: (\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def pages(suffix):
    """Return the pages of the repository with ``suffix``, without what tools leave behind."""
    found = [
        path
        for path in ROOT.rglob(f"*{suffix}")
        if not any(part.startswith(".") or part == "node_modules" for part in path.relative_to(ROOT).parts)
    ]
    return sorted(found)


def tables(text):
    """Yield (header cells, row cells) of every row of every Markdown table in ``text``."""
    header, previous = None, None
    for line in text.splitlines():
        if not line.startswith("|"):
            header = previous = None
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if set(line) <= set("|-: "):
            header = previous
        elif header:
            yield header, cells
        previous = cells


def anchors(text):
    """Return the anchors that a reader's browser knows for the headings of a Markdown page."""
    seen = Counter()
    known = set()
    for title in HEADING.findall(FENCED.sub("", text)):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        known.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return known


def broken_links(page, targets):
    """Return the targets of a page's links that lead nowhere inside the repository."""
    broken = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        there = file.is_relative_to(ROOT) and file.exists()
        if there and anchor and file.suffix == ".md":
            there = anchor in anchors(file.read_text(encoding="utf-8"))
        if not there:
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", pages(".md"), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page):
    text = CODE_SPAN.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))
    assert broken_links(page, MARKDOWN_LINK.findall(text)) == []


def test_links_of_the_readme_lead_somewhere():
    found = [link or image for link, image in RST_LINK.findall(README.read_text(encoding="utf-8"))]
    assert len(found) > 5
    assert broken_links(README, found) == []


@pytest.mark.parametrize("page", pages(".md"), ids=lambda page: str(page.relative_to(ROOT)))
def test_code_blocks_are_closed(page):
    """An open fence swallows the rest of a page."""
    assert "```" not in FENCED.sub("", page.read_text(encoding="utf-8"))


# -- requirements --------------------------------------------------------------------------------------------


def requirement_rows():
    """Return {column name: cell} for every requirement of the traceability page."""
    text = TRACEABILITY.read_text(encoding="utf-8")
    return [dict(zip(header, cells, strict=True)) for header, cells in tables(text) if header[0] == "Id"]


def test_every_requirement_stands_there_once():
    wanted = Counter(
        f"{letter}{number}" for letter, last in REQUIREMENTS.items() for number in range(1, last + 1)
    )
    assert Counter(row["Id"] for row in requirement_rows()) == wanted


@pytest.mark.parametrize("row", requirement_rows(), ids=lambda row: row["Id"])
def test_a_state_is_backed(row):
    """Done names code and tests and lacks nothing; part names code and what is missing."""
    assert set(row) == {"Id", "Requirement", "State", "Code", "Tests", "Missing"}
    assert row["Requirement"]
    assert row["State"] in STATES
    if row["State"] == "done":
        assert (bool(row["Code"]), bool(row["Tests"]), row["Missing"]) == (True, True, "")
    else:
        assert row["Missing"]
        assert row["Code"] or row["State"] == "not yet"


@pytest.mark.parametrize("row", requirement_rows(), ids=lambda row: row["Id"])
def test_paths_of_a_requirement_exist(row):
    paths = re.findall(r"`([^`]+)`", f"{row['Code']} {row['Tests']} {row['Missing']}")
    assert [path for path in paths if not (ROOT / path).exists()] == []
    tests = re.findall(r"`([^`]+)`", row["Tests"])
    assert [
        path for path in tests if not re.match(r"(unit_|process_)?tests/|faults/|benchmarks/", path)
    ] == []


# -- error codes ---------------------------------------------------------------------------------------------


def explained():
    """Return {code: [(page, header, cells)]} of the tables that explain error codes."""
    found = {}
    for page in (ACCOUNTING, OPERATIONS):
        for header, cells in tables(page.read_text(encoding="utf-8")):
            if header[0] == "Code":
                found.setdefault(cells[0].strip("`"), []).append((page.name, header, cells))
    return found


def raised_codes():
    """Return the codes that the code passes on; mentioning one in a table or a list is not raising it."""
    found = set()
    for layer in LAYERS:
        for path in (ROOT / layer).rglob("*.py"):
            if "error_catalogue" not in path.parts:
                tree = ast.parse(path.read_text(encoding="utf-8"))
                found |= {text for node in ast.walk(tree) for text in _texts_passed_on(node)}
    return found & set(CODES)


def _texts_passed_on(node):
    """Yield the texts that a call takes, between which a conditional expression chooses, or that are returned first."""
    values = ()
    if isinstance(node, ast.Call):
        values = node.args
    elif isinstance(node, ast.IfExp):
        values = (node.body, node.orelse)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        values = node.value.elts
    elif isinstance(node, ast.Return):
        values = node.value.elts[:1] if isinstance(node.value, ast.Tuple) else (node.value,)
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


@functools.cache
def shown_words():
    """Return (words on buttons, all words that views show: titles, pages, filters, menus, texts)."""
    on_buttons, shown = set(), set()
    for folder in ("views", "wizards", "static/src"):
        for path in sorted((ROOT / folder).rglob("*.xml")):
            text = re.sub(r"\s+", " ", html.unescape(path.read_text(encoding="utf-8")))
            for facts, inner in re.findall(r"<button\b((?:\"[^\"]*\"|[^>\"])*)>\s*([^<]*)", text):
                on_buttons |= set(re.findall(r'\bstring="([^"]+)"', facts))
                on_buttons |= set() if facts.endswith("/") else {inner.strip()} - {""}
            on_buttons |= set(re.findall(r'class="o_stat_text">([^<]+)<', text))
            shown |= set(re.findall(r'\b(?:string|name|title)="([^"]+)"', text))
            shown |= {part.strip() for part in re.findall(r">([^<>]+)<", text)} - {""}
    return on_buttons, shown | on_buttons


def pressed(text):
    """Return the names that a text tells somebody to press; of a path through menus the last one."""
    plain = re.sub(r"\s+", " ", CODE_SPAN.sub("", FENCED.sub("", text)))
    found = re.findall(r"\b(?:[Pp]ress(?:es|ed|ing)?|[Bb]utton) (?:\*{1,2}([^*]+?)\*{1,2}|“([^”]+)”)", plain)
    return {(plain_name or quoted).rpartition("→")[2].strip() for plain_name, quoted in found}


def fixes():
    """Return ({code: fix}, {fix: words on its button}) as the models and the views say."""
    tree = ast.parse((ROOT / "models/control/exception_fix.py").read_text(encoding="utf-8"))
    values = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    form = (ROOT / "views/exception_form.xml").read_text(encoding="utf-8")
    words = {}
    for button in re.findall(r"<button\b[^>]*>", form):
        fix = re.search(r"invisible=\"fix != '(\w+)'", button)
        if fix:
            words[fix[1]] = re.search(r'string="([^"]+)"', button)[1]
    return ast.literal_eval(values["FIXES"]), words


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_error_code_is_explained_once_under_its_title(code):
    rows = explained().get(code, [])
    assert len(rows) == 1, f"{code} stands {len(rows)} times in docs/accounting.md and docs/operations.md"
    assert rows[0][2][1] == CODES[code].title


def test_nothing_is_explained_that_does_not_exist():
    assert set(explained()) - set(CODES) == set()


def test_codes_that_are_said_not_to_occur_do_not_occur():
    """docs/accounting.md lists what is in the catalogue and not raised yet: exactly that."""
    waiting = {code for code, rows in explained().items() if rows[0][1][-1] == "Waits for"}
    assert waiting & raised_codes() == set(), "raised now: explain them with the others"
    assert set(CODES) - raised_codes() - NEVER_SHOWN == waiting


def test_the_button_of_an_exception_is_the_one_on_the_screen():
    by_code, words = fixes()
    assert set(by_code.values()) <= set(words)
    checked = 0
    for code, rows in explained().items():
        for _page, header, cells in rows:
            if header[-1] == "Button":
                assert cells[-1] == (words[by_code[code]] if code in by_code else "–"), code
                checked += 1
    assert checked > 30


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_a_button_that_a_page_says_to_press_is_on_a_screen(page):
    on_buttons, _shown = shown_words()
    assert pressed(page.read_text(encoding="utf-8")) - on_buttons - ODOOS_BUTTONS == set()


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_button_that_an_error_says_to_press_is_on_a_screen(code):
    on_buttons, _shown = shown_words()
    assert pressed(CODES[code].next_step) - on_buttons == set()


def test_what_the_tables_of_exceptions_name_is_on_a_screen():
    """In the columns that say what to do, names in italics are buttons, lists, fields or reports: they exist."""
    _on_buttons, shown = shown_words()
    sources = [*ROOT.glob("models/**/*.py"), *ROOT.glob("engine/**/*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    missing = []
    for name, rows in explained().items():
        for _page, _header, cells in rows:
            for words in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", " ".join(cells[2:])):
                last = words.rpartition("→")[2].strip()
                if last not in shown and f'"{last}"' not in code:
                    missing.append((name, words))
    assert missing == []


def test_the_workbench_page_lists_buttons_that_exist():
    text = (DOCS / "workbench.md").read_text(encoding="utf-8")
    section = text.partition("## The buttons")[2].partition("\n## ")[0]
    named = re.findall(r"^- \*\*([^*]+)\*\*", section, re.MULTILINE)
    assert len(named) > 8
    assert set(named) - shown_words()[0] == set()


# -- the rest ------------------------------------------------------------------------------------------------


def test_every_connector_has_a_page():
    assert [
        code for code in all_connectors() if not (ROOT / "connectors" / code / "README.md").is_file()
    ] == []


def decisions():
    return sorted(path for path in (DOCS / "adr").glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("page", decisions(), ids=lambda page: page.stem)
def test_a_decision_has_its_parts(page):
    text = page.read_text(encoding="utf-8")
    assert re.match(rf"# {page.name[:4]} \S", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Decision", "Why", "Rejected", "Consequences"]
    assert f"({page.name})" in (DOCS / "adr" / "README.md").read_text(encoding="utf-8")


def test_a_number_is_given_to_one_decision():
    numbers = [path.name[:4] for path in decisions()]
    assert len(set(numbers)) == len(numbers)


def test_the_version_is_in_the_changelog():
    manifest = ast.literal_eval((ROOT / "__manifest__.py").read_text(encoding="utf-8"))
    assert f"## [{manifest['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_licences_are_there():
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "COPYING").read_text(encoding="utf-8")
