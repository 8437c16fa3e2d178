"""Warnings and errors of the Odoo log that are known and harmless, each with its reason."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Allowed:
    """One kind of log record that does not fail a run."""

    logger: str
    pattern: str
    reason: str

    def matches(self, logger: str, message: str) -> bool:
        """Whether a record is of this kind."""
        return re.fullmatch(self.logger, logger) is not None and re.search(self.pattern, message) is not None


ALLOWED = (
    Allowed(
        r"odoo\.addons\.rpc\.controllers\.xmlrpc",
        r"endpoints are deprecated in Odoo 19",
        "Odoo announces the end of this protocol; while it is there, a test proves what it refuses.",
    ),
    Allowed(
        r"odoo\.sql_db",
        r"bad query: b'CREATE EXTENSION IF NOT EXISTS (pg_trgm|unaccent)",
        "The embedded PostgreSQL ships without these extensions; Odoo goes on without them.",
    ),
    Allowed(
        r"odoo\.service\.db",
        r"Unable to create PostgreSQL extensions",
        "The embedded PostgreSQL ships without these extensions; Odoo goes on without them.",
    ),
    Allowed(
        r"odoo\..*\.browser",
        r"Error received after termination: (AssetsLoadingError|.*Failed to fetch|.*ConnectionLostError)",
        "The browser was closed, after the test had passed, while the page was still loading something.",
    ),
    Allowed(
        r"odoo\.addons\.base\.models\.ir_actions_report",
        r"(Unable to find|You need) Wkhtmltopdf",
        "PDF printing needs wkhtmltopdf, which no test asks for.",
    ),
    Allowed(
        r"odoo\.addons\.base\.models\.ir_cron",
        r"^Job 'Base: Auto-vacuum internal data' \(\d+\) processed no record$",
        "Finding what is to be vacuumed took longer than the ten seconds of a cron's turn, on a machine with more"
        " work than cores; Odoo takes the next turn.",
    ),
)
