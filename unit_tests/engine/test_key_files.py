# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A key that several processes want at once is made once, and nobody sees half of it."""

import multiprocessing
import os
import stat

import pytest

from odoo.addons.finance_integration.engine import key_files

_PROCESSES = 6
_ROUNDS = 20


def _want(folder, start, seen):
    own = str(os.getpid())
    for number in range(_ROUNDS):
        path = folder / str(number) / "key"
        start.wait()
        if not path.exists():
            key_files.make_once(path, own)
        seen.put((number, key_files.read(path)))


def test_of_many_processes_one_makes_the_key_and_all_read_it(tmp_path):
    context = multiprocessing.get_context("fork")
    start, seen = context.Barrier(_PROCESSES), context.SimpleQueue()
    workers = [context.Process(target=_want, args=(tmp_path, start, seen)) for _ in range(_PROCESSES)]
    for worker in workers:
        worker.start()
    read = [seen.get() for _ in range(_PROCESSES * _ROUNDS)]
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * _PROCESSES
    for number in range(_ROUNDS):
        keys = {tuple(found) for round_number, found in read if round_number == number}
        assert len(keys) == 1 and len(*keys) == 1
        assert [file.name for file in (tmp_path / str(number)).iterdir()] == ["key"]


def test_the_file_is_not_there_before_it_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "key"

    def dies(_descriptor):
        assert not path.exists()
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", dies)
    with pytest.raises(OSError, match="no space left"):
        key_files.make_once(path, "k")
    assert list(path.parent.iterdir()) == []


def test_only_its_owner_reads_it_and_what_is_there_stays(tmp_path):
    path = tmp_path / "key"
    key_files.make_once(path, "first")
    key_files.make_once(path, "second")
    assert path.read_text() == "first\n"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


def test_keys_stand_a_line_each_and_the_first_signs(tmp_path):
    path = tmp_path / "key"
    path.write_text("new\nold\n\n")
    assert key_files.read(path) == ["new", "old"]
    path.write_bytes("ключ".encode())
    with pytest.raises(UnicodeDecodeError):
        key_files.read(path)
