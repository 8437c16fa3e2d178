# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Take the pictures in docs/images from a running demo server.

Needs Chromium and the Python library ``websocket-client``; everything else is the standard library.
Start the demo, then, for example::

    python tools/take_screenshots.py --url http://127.0.0.1:8069 --login admin --password admin

Each picture is one line of PICTURES: the page, what must be there before the shutter, and steps before
it. With ``--only NAME`` one picture is taken, with ``--to FOLDER`` they go elsewhere. The exit code is 1
when a page reported an error in the browser's console, so that the run is also a smoke test.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

WIDTH, HEIGHT = 1440, 900
TIMEOUT_SECONDS = 40
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LIST, FORM = ".o_list_view .o_data_row", ".o_form_view .o_form_sheet"
ROW = ".o_data_row .o_data_cell:nth-child(3)"

# name, path, selector to wait for, JavaScript steps: each is (what to click, what to wait for then).
PICTURES = (
    ("exceptions_list", "/odoo/integration-exceptions", LIST, ()),
    ("exceptions_kanban", "/odoo/integration-exceptions?view_type=kanban", ".o_kanban_record", ()),
    ("exceptions_pivot", "/odoo/integration-exceptions?view_type=pivot", ".o_pivot table", ()),
    (
        "exception_form",
        "/odoo/integration-exceptions",
        LIST,
        (
            ("row: The invoice was already paid", FORM),
            ("a.nav-link[name=movements]", "div[name=movement_ids] .o_data_row"),
        ),
    ),
    ("events_list", "/odoo/integration-events", LIST, ()),
    ("events_graph", "/odoo/integration-events?view_type=graph", ".o_graph_renderer canvas", ()),
    (
        "event_form",
        "/odoo/integration-events",
        LIST,
        (("row: charge.succeeded", ".o_integration_timeline_entry"),),
    ),
    (
        "event_stopped",
        "/odoo/integration-events",
        LIST,
        (("row: needs you", ".o_integration_timeline_entry"),),
    ),
    (
        "journal_entry",
        "/odoo/integration-movements",
        LIST,
        (
            ("row: Applied", "button[name=action_open_invoices]"),
            ("button[name=action_open_invoices]", "button[name=action_open_integration_source]"),
        ),
    ),
    (
        "event_engineer",
        "/odoo/integration-events",
        LIST,
        (("row: charge.succeeded", FORM), ("a.nav-link[name=engineer]", ".o_integration_code")),
    ),
    ("outgoing_list", "/odoo/integration-outgoing", ".o_list_view", ()),
    ("movements_list", "/odoo/integration-movements", LIST, ()),
    ("movements_pivot", "/odoo/integration-movements?view_type=pivot", ".o_pivot table", ()),
    ("movements_graph", "/odoo/integration-movements?view_type=graph", ".o_graph_renderer canvas", ()),
    ("movement_form", "/odoo/integration-movements", LIST, (("row: Payment", FORM),)),
    ("statements_list", "/odoo/integration-statements", LIST, ()),
    ("statement_form", "/odoo/integration-statements", LIST, ((ROW, FORM),)),
    ("bindings_list", "/odoo/integration-bindings", LIST, ()),
    ("audit_list", "/odoo/integration-audit", LIST, ()),
    ("connections_list", "/odoo/integration-connections", LIST, ()),
    ("connections_kanban", "/odoo/integration-connections?view_type=kanban", ".o_kanban_record", ()),
    (
        "connection_form",
        "/odoo/integration-connections",
        LIST,
        ((".o_data_row:last-child .o_data_cell:nth-child(3)", FORM),),
    ),
    (
        "connection_secrets",
        "/odoo/integration-connections",
        LIST,
        (
            (".o_data_row:last-child .o_data_cell:nth-child(3)", FORM),
            ("a.nav-link[name=secrets]", "div[name=credential_ids] .o_list_view"),
        ),
    ),
    (
        "connection_addresses",
        "/odoo/integration-connections",
        LIST,
        (
            (".o_data_row:last-child .o_data_cell:nth-child(3)", FORM),
            ("a.nav-link[name=addresses]", "div[name=endpoint_ids] .o_data_row"),
        ),
    ),
    ("mappings_list", "/odoo/integration-mappings", ".o_list_view", ()),
    ("role_accounts_list", "/odoo/integration-role-accounts", LIST, ()),
    ("lanes_list", "/odoo/integration-lanes", LIST, ()),
)


def say(text: str) -> None:
    """Tell the person who runs this."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Page:
    """One browser tab, spoken to over the DevTools protocol."""

    def __init__(self, address: str):
        self._socket = websocket.create_connection(address, timeout=TIMEOUT_SECONDS, suppress_origin=True)
        self._number = 0
        self.console_errors: list[str] = []

    def call(self, method: str, **params):
        """Send one command and return its result; events that come in between are looked at for errors."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv())
            self._look_at(told)
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']['message']}")
                return told["result"]

    def _look_at(self, told):
        params = told.get("params", {})
        if told.get("method") == "Runtime.exceptionThrown":
            self.console_errors.append(params["exceptionDetails"].get("text", "exception"))
        if told.get("method") == "Runtime.consoleAPICalled" and params.get("type") == "error":
            self.console_errors.append(
                " ".join(str(part.get("value", part.get("description"))) for part in params["args"])
            )

    def evaluate(self, script: str):
        """Run a script and return its value."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wait_for(self, selector: str):
        """Wait until something matches.

        :raises TimeoutError: nothing did in time.
        """
        end = time.monotonic() + TIMEOUT_SECONDS
        while not self.evaluate(f"document.querySelector({json.dumps(selector)}) !== null"):
            if time.monotonic() > end:
                raise TimeoutError(f"nothing matches {selector}")
            time.sleep(0.2)
        time.sleep(0.8)  # fonts, avatars and chart animations

    def click(self, target: str):
        """Click the first match of a selector, or the first row that contains ``row: some text``."""
        if target.startswith("row: "):
            words = json.dumps(target[5:])
            self.evaluate(
                "[...document.querySelectorAll('.o_data_row')]"
                f".find((row) => row.innerText.includes({words})).querySelector('.o_data_cell').click()"
            )
        else:
            self.evaluate(f"document.querySelector({json.dumps(target)}).click()")

    def photograph(self, path: Path):
        """Write what is visible as a PNG."""
        picture = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(picture["data"]))


@contextlib.contextmanager
def browser():
    """Start a headless Chromium and yield its page."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        raise SystemExit("There is no Chromium on this machine.")
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [
                program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--no-first-run",
                f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}", "--remote-debugging-port=0",
                "about:blank",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        try:
            port = next(
                found[1] for line in process.stderr if (found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line))
            )
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/json/list", timeout=TIMEOUT_SECONDS
            ) as answer:
                tabs = json.load(answer)
            yield Page(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT_SECONDS)


def sign_in(page: Page, url: str, login: str, password: str) -> None:
    """Fill in Odoo's own sign-in form."""
    page.call("Page.enable")
    page.call("Runtime.enable")
    page.call(
        "Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False
    )
    page.call("Page.navigate", url=f"{url}/web/login")
    page.wait_for("form.oe_login_form input[name=password]")
    page.evaluate(
        f"document.querySelector('input[name=login]').value = {json.dumps(login)};"
        f"document.querySelector('input[name=password]').value = {json.dumps(password)};"
        "document.querySelector('form.oe_login_form').submit()"
    )
    page.wait_for(".o_main_navbar")


def take(page: Page, url: str, picture: tuple, folder: Path) -> None:
    """Take one picture."""
    name, path, wanted, steps = picture
    view = path.partition("?view_type=")[2]
    page.call("Page.navigate", url=url + path.partition("?")[0])
    page.wait_for(".o_action_manager .o_control_panel")
    if view:
        page.wait_for(f".o_cp_switch_buttons .o_switch_view.o_{view}")
        page.click(f".o_cp_switch_buttons .o_switch_view.o_{view}")
    page.wait_for(wanted)
    for target, then in steps:
        page.click(target)
        page.wait_for(then)
    page.photograph(folder / f"{name}.png")


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:8069")
    parser.add_argument("--login", default="admin")
    parser.add_argument("--password", default="admin")
    parser.add_argument("--only", action="append", help="name of a picture; may be given several times")
    parser.add_argument("--to", type=Path, default=Path(__file__).resolve().parent.parent / "docs" / "images")
    options = parser.parse_args(arguments)
    options.to.mkdir(parents=True, exist_ok=True)
    failed = 0
    with browser() as page:
        sign_in(page, options.url.rstrip("/"), options.login, options.password)
        for picture in PICTURES:
            if options.only and picture[0] not in options.only:
                continue
            try:
                take(page, options.url.rstrip("/"), picture, options.to)
                say(f"{picture[0]}.png")
            except (TimeoutError, RuntimeError) as error:
                failed += 1
                say(f"{picture[0]}: {error}")
                page.photograph(options.to / f"failed_{picture[0]}.png")
    for text in page.console_errors:
        say(f"console error: {text}")
    return 1 if failed or page.console_errors else 0


if __name__ == "__main__":
    sys.exit(main())
