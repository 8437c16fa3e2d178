"""What the person sees: numbered steps with elapsed time, notes and warnings."""

import sys
import threading
import time
from contextlib import contextmanager

HEARTBEAT_SECONDS = 20


def say(message: str = "") -> None:
    """Print one line at once, also when the output goes to a file."""
    print(message, flush=True)


def warn(message: str) -> None:
    """Print a line that the person should not overlook."""
    print(f"warning: {message}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """``seconds`` as a person writes it: ``0.4 s``, ``12 s``, ``3 min 05 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Steps:
    """A numbered list of steps, each with its elapsed time and a sign of life."""

    def __init__(self, total: int):
        self.total = total
        self.current = 0
        self.started = time.monotonic()

    @contextmanager
    def step(self, title: str):
        """Announce one step, beat while it runs, say how long it took."""
        self.current += 1
        say(f"[{self.current}/{self.total}] {title}")
        begin = time.monotonic()
        stop = threading.Event()
        beat = threading.Thread(target=_beat, args=(stop, begin), daemon=True)
        beat.start()
        try:
            yield
        finally:
            stop.set()
            beat.join()
        elapsed = time.monotonic() - begin
        if elapsed >= 1:
            say(f"      done in {duration(elapsed)}")

    def finish(self, what: str) -> None:
        """Close the list with the total time."""
        say(f"{what} after {duration(time.monotonic() - self.started)}")


def _beat(stop: threading.Event, begin: float) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        say(f"      still working, {duration(time.monotonic() - begin)}")
