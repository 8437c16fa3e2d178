"""Run commands, and start, find and stop long-running ones by their process id."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from . import paths
from .errors import Stop

TAIL_LINES = 25


def run(command, *, log: Path | None = None, failure: str = "", check: bool = True, **kwargs):
    """Run ``command`` to its end; its output goes to ``log``; a failure becomes a sentence."""
    command = [str(part) for part in command]
    if log is None:
        kwargs.setdefault("capture_output", True)
        result = _spawn(command, **kwargs)
        output = (result.stdout or b"") + (result.stderr or b"")
    else:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            stream.write(f"\n$ {' '.join(command)}\n".encode())
            stream.flush()
            result = _spawn(command, stdout=stream, stderr=subprocess.STDOUT, **kwargs)
        output = log.read_bytes() if result.returncode else b""
    if check and result.returncode:
        raise Stop(_explain(command, result.returncode, output, failure, log))
    return result


def _spawn(command, **kwargs):
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    try:
        return subprocess.run(command, check=False, **kwargs)
    except FileNotFoundError as error:
        raise Stop(f"The program {command[0]!r} is missing; install it and try again.") from error


def _explain(command, code, output: bytes, failure: str, log: Path | None) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    lines = [line for line in lines if "is ignored: it is neither a file" not in line]
    text = "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])
    hint = disk_hint(output)
    head = failure or f"{command[0]} ended with exit code {code}."
    where = f"\n    (all of it: {paths.relative(log)})" if log else ""
    return f"{head}{hint}\n{text}{where}"


def disk_hint(output: bytes) -> str:
    """A sentence for the failure that hides behind many others."""
    return " The disk is full." if b"No space left on device" in output else ""


def require_disk_space(folder: Path, megabytes: int) -> None:
    """Refuse to start what would fill the disk half-way."""
    probe = folder
    while not probe.exists():
        probe = probe.parent
    free = shutil.disk_usage(probe).free // 2**20
    if free < megabytes:
        raise Stop(f"Not enough disk space under {probe}: {megabytes} MB are needed, {free} MB are free.")


def start(name: str, command, *, log: Path, env=None, cwd=None) -> int:
    """Start ``command`` in a session of its own, note its pid under ``name``, return the pid."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    note(name, process.pid)
    return process.pid


def note(name: str, pid: int) -> None:
    """Write the pid file of a process that later commands may stop."""
    paths.RUN.mkdir(parents=True, exist_ok=True)
    record = {"pid": pid, "started": start_time(pid)}
    pid_file(name).write_text(json.dumps(record), encoding="utf-8")


def pid_file(name: str) -> Path:
    """The pid file of ``name``."""
    return paths.RUN / f"{name}.json"


def start_time(pid: int) -> str | None:
    """The kernel's start mark of a process: tells it from a later one with the same pid."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def noted_pid(name: str) -> int | None:
    """The pid noted under ``name``, if exactly that process still runs."""
    try:
        record = json.loads(pid_file(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    mark = start_time(record["pid"])
    return record["pid"] if mark and mark == record["started"] else None


def noted_names() -> list[str]:
    """Names of everything that was noted in this checkout."""
    return sorted(file.stem for file in paths.RUN.glob("*.json"))


def stop_noted(name: str, *, patience: float = 20.0) -> bool:
    """End the process noted under ``name``, by its pid; say whether there was one."""
    pid = noted_pid(name)
    if pid is not None:
        end_process(pid, patience=patience)
    pid_file(name).unlink(missing_ok=True)
    return pid is not None


def end_process(pid: int, *, patience: float = 20.0, first: int = signal.SIGTERM) -> None:
    """Ask a process to end, wait, then end it and the children of its session."""
    mark = start_time(pid)
    if mark is None:
        reap(pid)
        return
    members = session_members(pid)
    os.kill(pid, first)
    if not _wait_gone(pid, mark, patience):
        os.kill(pid, signal.SIGKILL)
        _wait_gone(pid, mark, 5)
    for child, child_mark in members.items():
        if start_time(child) == child_mark and not _wait_gone(child, child_mark, 2):
            _kill_quietly(child)
            _wait_gone(child, child_mark, 5)


def session_members(leader: int) -> dict[int, str]:
    """Processes of the session that ``leader`` leads, with their start marks."""
    return {pid: fields[19] for pid, fields in _all_processes() if int(fields[3]) == leader and pid != leader}


def children(parent: int) -> list[int]:
    """Pids of the living children of a process."""
    return [pid for pid, fields in _all_processes() if int(fields[1]) == parent and fields[0] != "Z"]


def title(pid: int) -> str:
    """The command line of a process, as it shows itself."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def _all_processes():
    """Pid and fields (from the state on) of every process's ``stat``."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8")
            except OSError:
                continue
            yield int(entry.name), stat.rpartition(")")[2].split()


def _wait_gone(pid: int, mark: str, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        reap(pid)
        if start_time(pid) != mark:
            return True
        time.sleep(0.05)
    return False


def reap(pid: int) -> None:
    """Take note of a child that ended, so that it does not stay as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _kill_quietly(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
