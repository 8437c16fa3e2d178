"""Stamps, content hashes, processes and dangling links."""

import subprocess
import sys

import pytest

from devtools import content, embedded_pg, odoo_source, processes, stamps
from devtools.console import duration
from devtools.errors import Stop


def test_a_folder_appears_only_when_it_is_complete(tmp_path):
    """A build that breaks off leaves no folder, the next one starts afresh."""
    target = tmp_path / "thing"

    def broken(part):
        (part / "half").touch()
        raise Stop("no network")

    with pytest.raises(Stop):
        stamps.build_folder(target, broken)
    assert not target.exists()
    assert stamps.build_folder(target, lambda part: (part / "whole").touch())
    assert (target / "whole").is_file()
    assert not (target / "half").exists()
    assert not stamps.build_folder(target, broken)
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


def test_the_content_hash_sees_code_and_not_tests(tmp_path):
    """Code, views and translations count; tests, tools, documents and hidden files do not."""
    for name in (
        "__init__.py",
        "models/a.py",
        "views/a.xml",
        "tests/test_a.py",
        "devtools/a.py",
        ".dev/a.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("1", encoding="utf-8")
    before = content.addon_hash(tmp_path)
    for name in ("tests/test_a.py", "devtools/a.py", ".dev/a.py", "README.md", "models/notes.md"):
        (tmp_path / name).write_text("2", encoding="utf-8")
    assert content.addon_hash(tmp_path) == before
    (tmp_path / "models/a.py").write_text("2", encoding="utf-8")
    assert content.addon_hash(tmp_path) != before
    (tmp_path / "models/a.py").rename(tmp_path / "models/b.py")
    (tmp_path / "models/b.py").write_text("1", encoding="utf-8")
    assert content.addon_hash(tmp_path) != before


def test_dangling_links_are_mended(tmp_path, capsys):
    """To the file of the same name if there is one, else they go."""
    font = tmp_path / "usr" / "share" / "fonts" / "new" / "A.ttf"
    font.parent.mkdir(parents=True)
    font.write_text("font", encoding="utf-8")
    (tmp_path / "A.ttf").symlink_to("usr/share/fonts/old/A.ttf")
    (tmp_path / "B.ttf").symlink_to("usr/share/fonts/old/B.ttf")
    odoo_source.mend_dangling_links(tmp_path)
    assert (tmp_path / "A.ttf").read_text(encoding="utf-8") == "font"
    assert not (tmp_path / "B.ttf").is_symlink()
    assert "B.ttf" in capsys.readouterr().err


def test_a_process_is_ended_with_its_children():
    """Also one that ignores the polite signal."""
    script = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        child = int(process.stdout.readline())
        processes.end_process(process.pid, patience=0.3)
        assert processes.start_time(process.pid) is None
        assert processes.start_time(child) is None


def test_a_pid_that_was_given_to_another_process_is_not_ours(tmp_path, monkeypatch):
    """The note holds the start mark."""
    monkeypatch.setattr(processes.paths, "RUN", tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        processes.note("thing", process.pid)
        assert processes.noted_pid("thing") == process.pid
        file = processes.pid_file("thing")
        file.write_text(f'{{"pid": {process.pid}, "started": "1"}}', encoding="utf-8")
        assert processes.noted_pid("thing") is None
        process.communicate(b"\n")


def test_a_failed_command_becomes_a_sentence_with_its_last_lines():
    """And a full disk is named."""
    command = [sys.executable, "-c", "import sys; sys.exit('write: No space left on device')"]
    with pytest.raises(Stop, match=r"It broke\. The disk is full\.\n    write"):
        processes.run(command, failure="It broke.")
    with pytest.raises(Stop, match="is missing"):
        processes.run(["no-such-program-anywhere"])


def test_too_little_disk_space_is_said_before_anything_starts(tmp_path):
    """With both numbers."""
    with pytest.raises(Stop, match="Not enough disk space"):
        processes.require_disk_space(tmp_path / "not" / "there", 10**9)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4 s"), (12.4, "12 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s")]
)
def test_durations_read_well(seconds, text):
    """As a person writes them."""
    assert duration(seconds) == text


@pytest.mark.parametrize(("gigabytes", "megabytes"), [(1, 256), (8, 1024), (24, 3072), (512, 3072)])
def test_the_embedded_server_takes_an_eighth_of_the_memory(gigabytes, megabytes):
    """Neither too little to work with nor more than Odoo leaves."""
    assert embedded_pg.shared_buffers(gigabytes * 1024**3) == megabytes
