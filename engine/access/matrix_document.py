# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The page ``docs/access_matrix.md``, written from the tables and from the access rights of the models."""

from __future__ import annotations

import csv
import io
from collections import defaultdict

from .methods import CORE_METHODS, FIELDS, METHODS
from .segregation import (
    ACT_LEVELS,
    ACTS,
    ALWAYS,
    CONFLICTS,
    DUTIES,
    IN_REPORT,
    NOT_THERE,
    PRODUCTION,
    REFUSED,
    SECOND_PERSON,
)
from .verbs import ADMINISTRATOR, APPROVER, AUDITOR, OPERATOR, PAYLOAD_READER, SERVICE, VERBS

FILE_NAME = "access_matrix.md"
_SHORT = {
    AUDITOR: "Auditor",
    OPERATOR: "Operator",
    APPROVER: "Approver",
    ADMINISTRATOR: "Integration administrator",
    PAYLOAD_READER: "Contents in full",
    SERVICE: "Service user",
    "base.group_user": "Anybody inside",
}
# What a group also is, by security/groups.xml.
_IMPLIES = {OPERATOR: (AUDITOR,), APPROVER: (AUDITOR, OPERATOR), PAYLOAD_READER: (AUDITOR,)}
_COLUMNS = (AUDITOR, OPERATOR, APPROVER, ADMINISTRATOR, PAYLOAD_READER, SERVICE)
_WORDS = {ALWAYS: "refused", PRODUCTION: "refused with real books", "reported": "reported"}
_ACT_WORDS = {
    REFUSED: "refused",
    SECOND_PERSON: "asked of another person",
    IN_REPORT: "told by the monthly report: Odoo performs it",
    NOT_THERE: "cannot be done yet",
}
_INTRODUCTION = (
    "Written by `./dev schemas` from `engine/access/` and `security/ir.model.access.csv`; do not edit it. What the "
    "words mean and how rights are given: [access](access.md). An operator is an auditor, too, and an approver an "
    "operator."
)
_ABOUT_METHODS = "Buttons and remote calls. The record itself must be one of the person's companies, too."
_ABOUT_RECORDS = (
    "c = create, r = read, w = write, d = delete, as `security/ir.model.access.csv` gives them; implied groups are "
    "counted in. Fields that a screen shows as read-only cannot be written by a remote call either."
)
_LETTERS = (("perm_create", "c"), ("perm_read", "r"), ("perm_write", "w"), ("perm_unlink", "d"))


def markdown(access_csv: str) -> str:
    """Return the page.

    :param access_csv: the text of ``security/ir.model.access.csv``.
    """
    core = sorted(f"`{model}.{name}`" for model, names in CORE_METHODS.items() for name in names)
    fields = [
        (f"`{model}.{name}`", VERBS[verb].title)
        for model, names in sorted(FIELDS.items())
        for name, verb in sorted(names.items())
    ]
    pairs = [
        (DUTIES[row.first].title, DUTIES[row.second].title, _WORDS[row.level], row.why) for row in CONFLICTS
    ]
    acts = [
        (", ".join(f"`{name}`" for name in against), f"`{act}`", _ACT_WORDS[ACT_LEVELS.get(act, REFUSED)])
        for act, against in ACTS.items()
    ]
    blocks = [
        "# Who may do what",
        _INTRODUCTION,
        "## Rights",
        _verbs(),
        "## What asks for which right",
        _ABOUT_METHODS,
        _methods(),
        f"Odoo's own methods, which the hub only extends, keep Odoo's rights: {', '.join(core)}.",
        "Fields that are empty without a right of their own:",
        _table(("Field", "Right"), fields),
        "## Records",
        _ABOUT_RECORDS,
        _records(access_csv),
        "## Duties that stand against each other",
        "Held by one person through groups:",
        _table(("First", "Second", "", "Because this person"), pairs),
        "Done by one person on the same record, by what the audit trail or the books say:",
        _table(("Who has done this", "and would do this", ""), acts),
    ]
    return "\n\n".join(blocks) + "\n"


def _verbs() -> str:
    rows = [
        (
            verb.title,
            verb.meaning,
            ", ".join(_SHORT[group] for group in verb.groups),
            "asked for" if verb.second_factor else "",
        )
        for verb in VERBS.values()
    ]
    return _table(("Right", "What it allows", "Held by", "Second factor"), rows)


def _methods() -> str:
    rows = []
    for model in sorted(METHODS):
        by_verb = defaultdict(list)
        for name, verb in METHODS[model].items():
            by_verb[verb].append(name)
        rows += [
            (f"`{model}`", VERBS[verb].title, ", ".join(f"`{name}`" for name in sorted(by_verb[verb])))
            for verb in VERBS
            if verb in by_verb
        ]
    return _table(("Record", "Right", "Methods"), rows)


def _records(access_csv: str) -> str:
    held: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in csv.DictReader(io.StringIO(access_csv)):
        model = row["model_id:id"].removeprefix("model_")
        if not model.startswith("integration"):
            continue
        group = f"finance_integration.{row['group_id:id']}"
        held[model][group] |= {letter for name, letter in _LETTERS if row[name] == "1"}
    rows = []
    for model in sorted(held):
        cells = []
        for group in _COLUMNS:
            letters = set().union(*(held[model][each] for each in (group, *_IMPLIES.get(group, ()))))
            cells.append("".join(letter for _name, letter in _LETTERS if letter in letters))
        rows.append((f"`{model.replace('_', '.')}`", *cells))
    return _table(("Record", *(_SHORT[group] for group in _COLUMNS)), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
