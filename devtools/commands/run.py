"""``./dev run``: the whole product on this machine, with demo data and a live feed."""

import signal
import time

from .. import demo as demos
from .. import embedded_pg, environment, locks, paths, processes
from ..console import Steps, say, warn
from ..errors import Stop

HELP = "start Odoo with demo data and simulated outside systems"
DEFAULT_PORT = 8069
MORE_STEPS = 4
WHAT_TO_LOOK_AT = (
    ("Finance Integration > Events", "every message from outside, with its story"),
    ("Finance Integration > Exceptions", "what a person must decide"),
    ("Finance Integration > Processor statements", "the provider's days, line by line"),
    ("Finance Integration > Audit trail", "what was done, when and by whom"),
    ("Invoicing > Dashboard", "the journals that the events post to"),
)


def add(subparsers) -> None:
    """Register the command."""
    parser = subparsers.add_parser("run", help=HELP)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="address 127.0.0.1:PORT (8069)")
    parser.add_argument("--no-demo-feed", action="store_true", help="do not start the simulators")
    parser.add_argument("--fresh", action="store_true", help="make the demo database anew")
    parser.add_argument("--detach", action="store_true", help="leave everything running in the background")
    parser.add_argument("--stop", action="store_true", help="stop what an earlier run left running")
    parser.set_defaults(run=run)


def run(options) -> int:
    """Set up, start, and stay until Ctrl-C."""
    if options.stop:
        return stop_demo()
    if processes.noted_pid(demos.SERVER):
        raise Stop("The demo is running already; stop it with ./dev run --stop.")
    demos.require_free_port(options.port)
    had_server = embedded_pg.running_port() is not None
    # Also Ctrl-C: a shell starts background jobs with that signal ignored.
    previous = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        demo = _start(options)
        if options.detach:
            say("Everything stays running; stop it with ./dev stop.")
            return 0
        return _stay(demo)
    except BaseException as reason:
        _stop_after(reason, keep_server=had_server)
        raise
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(*_arguments) -> None:
    raise KeyboardInterrupt


def _start(options) -> demos.Demo:
    steps = Steps(environment.SETUP_STEPS + MORE_STEPS)
    env = environment.ensure(steps)
    demo = demos.Demo(env, options.port)
    with steps.step("Database with demo data"), locks.exclusive("heavy", "Demo database"):
        demos.ensure_database(demo, fresh=options.fresh)
    with steps.step(f"Odoo server ({demos.WORKERS} workers and the job runner)"):
        demos.start_server(demo)
    with steps.step("Waiting until it answers"):
        demo.server.wait_healthy()
    with steps.step("Simulated outside systems"):
        fed = not options.no_demo_feed and demos.start_feed(demo)
    steps.finish("Ready")
    _welcome(demo, fed=fed)
    return demo


def _welcome(demo: demos.Demo, *, fed: bool) -> None:
    say()
    say(f"    {demo.url}        login admin, password admin")
    say()
    say("    What to look at:")
    for menu, what in WHAT_TO_LOOK_AT:
        say(f"      {menu:<45} {what}")
    if fed:
        say(
            "    The simulators have sent customers, invoices, payments, refunds and payouts, and go on answering."
        )
    logs = [paths.LOGS / f"{name}.log" for name in (demos.SERVER, *([demos.FEED] if fed else []))]
    say(f"    Logs: {', '.join(paths.relative(log) for log in logs)}")
    say()


def _stay(demo: demos.Demo) -> int:
    say("Ctrl-C stops everything.")
    feed = processes.noted_pid(demos.FEED)
    shown = 0
    while True:
        time.sleep(1)
        shown = _show_feed(shown)
        if not demo.server.is_running():
            raise Stop(f"The Odoo server ended.\n{demo.server.tail()}")
        if feed:
            processes.reap(feed)
            if processes.noted_pid(demos.FEED) is None:
                feed = None
                warn(f"the simulators ended; see {paths.relative(paths.LOGS / demos.FEED)}.log")


def _show_feed(shown: int) -> int:
    """Print what the simulators have said since; return how much of it was shown."""
    log = paths.LOGS / f"{demos.FEED}.log"
    if not log.is_file():
        return 0
    with log.open("rb") as stream:
        stream.seek(shown)
        text = stream.read()
    complete = text[: text.rfind(b"\n") + 1]
    for line in complete.decode(errors="replace").splitlines():
        say(f"    {line}")
    return shown + len(complete)


def _stop_after(reason: BaseException, *, keep_server: bool) -> None:
    if isinstance(reason, KeyboardInterrupt):
        say("\nstopping …")
    demos.stop()
    if not keep_server and not embedded_pg.has_clients():
        embedded_pg.stop()


def stop_demo() -> int:
    """Stop the demo."""
    stopped = demos.stop()
    say(f"stopped: {', '.join(stopped)}" if stopped else "the demo was not running")
    return 0
