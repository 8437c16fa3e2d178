# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""tools/verify_audit.py on exports that the engine writes: what holds, and each way of breaking one (A2, A4)."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from odoo.addons.finance_integration.engine import audit_bundle
from odoo.addons.finance_integration.engine.audit_leaf import MerkleTree, leaf_digest
from odoo.addons.finance_integration.engine.audit_seal import (
    NO_SEAL,
    Seal,
    SigningKey,
    leaf_text,
    new_seed,
    pack_list,
    root_of,
)

ROOT = Path(__file__).resolve().parent.parent
KEY, FORGER = SigningKey(new_seed()), SigningKey(new_seed())
TRAIL = "11111111-2222-3333-4444-555555555555"


def _tool():
    spec = importlib.util.spec_from_file_location("verify_audit", ROOT / "tools" / "verify_audit.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_audit"] = module
    spec.loader.exec_module(module)
    return module


TOOL = _tool()


def fields(number):
    """What an entry says."""
    return {
        "action": "test.entry",
        "detail": f'number {number} "quoted" ü,"id":7',
        "company_id": None,
        "user_id": 1,
    }


def entries(*numbers):
    """Return (number, digest) pairs."""
    return [(number, leaf_digest(fields(number))) for number in numbers]


SEALED = [entries(1, 2, 4), entries(5, 6), entries(8, 9, 10)]
UNSEALED = entries(11, 13)


def seals(key=KEY):
    """Return the chain over SEALED as (seal, signature)."""
    rows, previous, first = [], NO_SEAL, 1
    for number, pairs in enumerate(SEALED, start=1):
        seal = Seal(
            trail=TRAIL,
            number=number,
            first_id=first,
            last_id=pairs[-1][0],
            entries=len(pairs),
            root=root_of(pairs),
            previous=previous,
            sealed_at=f"2026-03-0{number}T00:00:00Z",
            key_id=key.id,
        )
        rows.append((seal, key.sign(seal.text)))
        previous, first = seal.digest, seal.last_id + 1
    return rows


def whole(complete=True):
    """Return the lines of an export of everything."""
    lines = [
        audit_bundle.head_line({"complete": complete}),
        audit_bundle.key_line(KEY.id, KEY.public, "2026"),
    ]
    lines += [audit_bundle.seal_line(seal.text, signature) for seal, signature in seals()]
    for number, pairs in enumerate(SEALED, start=1):
        lines.append(audit_bundle.list_line(number, pack_list(pairs)))
        lines += [audit_bundle.entry_line(entry, digest, fields(entry)) for entry, digest in pairs]
    lines += [audit_bundle.entry_line(entry, digest, fields(entry)) for entry, digest in UNSEALED]
    return [*lines, audit_bundle.end_line(10, 3)]


def chosen():
    """Return the lines of an export of one entry per seal, with proofs."""
    lines = [audit_bundle.head_line({"complete": False}), audit_bundle.key_line(KEY.id, KEY.public, "2026")]
    lines += [audit_bundle.seal_line(seal.text, signature) for seal, signature in seals()]
    for number, pairs in enumerate(SEALED, start=1):
        tree = MerkleTree([leaf_text(*pair) for pair in pairs])
        entry, digest = pairs[1]
        proof = audit_bundle.Proof(number, 1, tree.proof(1))
        lines.append(audit_bundle.entry_line(entry, digest, fields(entry), proof))
    return [*lines, audit_bundle.end_line(3, 3)]


def heads(rows=None):
    """Return the file of exported seals."""
    return b"".join(
        json.dumps({"seal": seal.text, "signature": signature}).encode() + b"\n"
        for seal, signature in rows or seals()
    )


@pytest.fixture
def run(tmp_path, capsys):
    """Run the tool on some lines; returns (exit code, what it printed)."""

    def call(lines, heads_file=None, key=None):
        path = tmp_path / "export.ndjson"
        path.write_bytes(b"".join(lines))
        arguments = [str(path)]
        if heads_file is not None:
            (tmp_path / "seals.ndjson").write_bytes(heads_file)
            arguments += ["--seals", str(tmp_path / "seals.ndjson")]
        code = TOOL.main([*arguments, *(["--key", key] if key else [])])
        return code, capsys.readouterr().out

    return call


def test_an_export_that_holds(run):
    code, text = run(whole(), heads(), KEY.id)
    assert code == 0
    assert text.splitlines() == [
        "HOLDS: 8 sealed entries, seals 1 to 3.",
        "2 entries are not sealed yet: nothing proves that they are unchanged.",
        "3 of these seals are the same as those that were exported.",
    ]
    code, text = run(chosen())
    assert code == 0
    assert "HOLDS: 3 sealed entries, seals 1 to 3." in text
    assert KEY.id in text
    assert "whether the last ones were deleted is not known" in text


def test_it_needs_nothing_of_the_addon():
    text = (ROOT / "tools" / "verify_audit.py").read_text(encoding="utf-8")
    imported = {name.split(".")[0] for name in re.findall(r"^(?:from|import) (\S+)", text, re.MULTILINE)}
    assert imported - set(sys.stdlib_module_names) - {"__future__"} == {"cryptography"}


def entry_place(lines, number):
    """Return where the entry stands."""
    return next(
        place
        for place, line in enumerate(lines)
        if line.startswith(b'{"leaf"') and f'"id":{number},"d'.encode() in line
    )


@pytest.mark.parametrize("make", [whole, chosen], ids=["whole", "chosen"])
def test_a_changed_entry(run, make):
    lines = make()
    place = entry_place(lines, 6)
    lines[place] = lines[place].replace(b"number 6", b"number 7")
    assert run(lines) == (1, "BROKEN: entry 6 was changed.\n")
    forged = fields(6) | {"detail": "nothing"}
    lines[place] = audit_bundle.entry_line(6, leaf_digest(forged), forged)
    if make is chosen:
        lines[place] = lines[place].replace(b"}\n", re.search(rb',"seal":.*', make()[place], re.DOTALL)[0])
    code, text = run(lines)
    assert code == 1
    assert "entry 6" in text


def test_deleted_inserted_and_exchanged_entries(run):
    lines = whole()
    shorter = [line for place, line in enumerate(lines) if place != entry_place(lines, 5)]
    shorter[-1] = audit_bundle.end_line(9, 3)
    assert run(shorter) == (1, "BROKEN: entry 5 of seal 2 was deleted.\n")
    extra = audit_bundle.entry_line(3, leaf_digest(fields(3)), fields(3))
    place = entry_place(lines, 4)
    assert run([*lines[:place], extra, *lines[place:]]) == (1, "BROKEN: entry 3 was inserted later.\n")
    swapped = [*lines]
    first, second = entry_place(lines, 5), entry_place(lines, 6)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert run(swapped) == (1, "BROKEN: entry 5 stands in another order or twice.\n")
    renumbered = [*lines]
    renumbered[place] = renumbered[place].replace(b'"id":4,"d', b'"id":3,"d')
    assert run(renumbered)[1] == "BROKEN: entry 3 was inserted later.\n"


def test_entries_of_other_companies_are_counted(run):
    lines = whole(complete=False)
    lines.pop(entry_place(lines, 5))
    lines[-1] = audit_bundle.end_line(9, 3)
    code, text = run(lines)
    assert code == 0
    assert "1 entries of other companies" in text


def test_a_changed_list(run):
    lines = whole()
    place = next(place for place, line in enumerate(lines) if line.startswith(b'{"of_seal":2'))
    lines[place] = audit_bundle.list_line(2, pack_list(SEALED[1][:1]))
    assert run(lines) == (1, "BROKEN: the list of seal 2 was changed.\n")


def test_seals_that_are_missing_forged_or_exchanged(run):
    lines = whole()
    assert run([*lines[:3], *lines[4:]]) == (1, "BROKEN: seal 2 is missing.\n")
    assert run([*lines[:3], lines[4], lines[3], *lines[5:]]) == (1, "BROKEN: seal 2 is missing.\n")
    seal, _signature = seals()[1]
    forged = [*lines]
    forged[3] = audit_bundle.seal_line(seal.text, FORGER.sign(seal.text))
    assert run(forged) == (1, "BROKEN: the signature of seal 2 is forged.\n")
    forged[3] = audit_bundle.seal_line(seal.text.replace("03-02", "03-03"), _signature)
    assert run(forged) == (1, "BROKEN: the signature of seal 2 is forged.\n")
    forged[3] = audit_bundle.seal_line("{}", "")
    assert run(forged) == (1, "BROKEN: seal 2 is not a seal any more.\n")
    exchanged = [*lines]
    exchanged[1] = audit_bundle.key_line(KEY.id, FORGER.public, "2026")
    assert run(exchanged)[1].startswith("BROKEN: key ")
    exchanged[1] = audit_bundle.key_line(FORGER.id, FORGER.public, "2026")
    assert run(exchanged) == (1, "BROKEN: seal 1 is signed with a key that is not known.\n")


def test_a_deleted_last_seal(run):
    lines = whole()
    without = [
        line for place, line in enumerate(lines) if place != 4 and not line.startswith(b'{"of_seal":3')
    ]
    without[-1] = audit_bundle.end_line(10, 2)
    code, text = run(without)
    assert code == 0
    assert "5 entries are not sealed yet" in text
    assert run(without, heads()) == (1, "BROKEN: seal 3 was exported and is not there any more.\n")


def test_everything_made_anew_by_somebody_else(run, monkeypatch):
    monkeypatch.setitem(globals(), "KEY", FORGER)
    lines = [
        audit_bundle.head_line({"complete": True}),
        audit_bundle.key_line(FORGER.id, FORGER.public, "2026"),
    ]
    lines += [audit_bundle.seal_line(seal.text, signature) for seal, signature in seals(FORGER)]
    lines.append(audit_bundle.end_line(0, 3))
    assert run(lines)[0] == 0
    genuine = SigningKey(new_seed())
    assert run(lines, heads(seals(genuine)))[1] == "BROKEN: seal 1 is not the one that was exported.\n"
    assert run(lines, key=genuine.id)[1].startswith("BROKEN: seal 3 is not signed with the key")
    assert run(lines, key=FORGER.id[:4])[0] == 1


def test_a_hole_in_the_exported_seals(run):
    rows = seals()
    assert run(whole(), heads([rows[0], rows[2]])) == (
        1,
        "BROKEN: the exported seals have a hole before seal 2.\n",
    )
    torn = heads(rows[:1]) + heads(rows[1:2])[:80] + b"\n" + heads(rows[1:])
    assert run(whole(), torn)[0] == 0


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"\n"],
        [b"[]\n"],
        [b'{"format":"x"}\n'],
        whole()[:-1],
        [*whole(), b"{}\n"],
        [*whole()[:5], b'{"other":1}\n'],
        [*whole()[:5], b'{"leaf":{},"id":1}\n'],
        [whole()[0][:-1]],
        [whole()[0], b"[" * 100_000 + b"\n"],
    ],
)
def test_what_is_no_export(run, lines):
    code, text = run(lines)
    assert code == 2
    assert text.startswith("NOT READABLE: ")


def test_an_entry_reads_the_same_for_whoever_parses_the_line():
    lines = [line for line in whole() if line.startswith(b'{"leaf"')]
    for line, (entry, _digest) in zip(lines, [*SEALED[0], *SEALED[1], *SEALED[2], *UNSEALED], strict=True):
        assert json.loads(line)["leaf"] == {"fields": fields(entry), "version": "v1"}
        assert json.loads(line)["id"] == entry


def test_a_second_reading_of_a_line_is_refused(run):
    lines = whole()
    place = entry_place(lines, 6)
    genuine = lines[place]
    lines[place] = genuine.replace(b'{"leaf":', b'{"leaf":{"fields":{"detail":"other"}},"leaf":')
    assert run(lines)[0] == 1
    lines[place] = genuine.replace(b"}\n", b',"leaf":{}}\n')
    assert run(lines)[0] == 2


def test_a_wrong_count(run):
    lines = whole()
    lines[-1] = audit_bundle.end_line(9, 3)
    assert run(lines)[1] == "BROKEN: the file holds another number of entries than it was written with.\n"
    lines[-1] = audit_bundle.end_line(10, 4)
    assert run(lines)[1] == "BROKEN: the file holds another number of seals than it was written with.\n"
