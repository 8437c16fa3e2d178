"""What must be the same before and after an upgrade, and how a database is built: read with SQL, compared without."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from .cluster import Cluster

# Columns that say what was booked, received and recorded: an upgrade changes nothing in them.
SACRED = {
    "account_move": ("id", "name", "date", "state", "move_type", "amount_total_signed"),
    "account_move_line": (
        "id", "move_id", "account_id", "partner_id", "date", "debit", "credit", "amount_currency", "currency_id",
        "amount_residual", "matching_number",
    ),
    "account_bank_statement_line": ("id", "move_id", "amount", "payment_ref"),
    "account_partial_reconcile": ("id", "debit_move_id", "credit_move_id", "amount"),
    "integration_message": ("id", "event_id", "event_type", "object_key", "stage", "status", "body_digest"),
    "integration_payload": ("id", "message_id", "raw"),
    "integration_attempt": ("id", "message_id", "outcome"),
    "integration_movement": ("id", "movement_id", "type", "amount", "settled_amount", "move_id"),
    "integration_audit_leaf": ("id", "action", "recorded_at", "digest"),
}  # fmt: skip
# What a match changes of the items that it matches.
MATCHED = {"account_move_line": ("amount_residual", "matching_number")}
# The name under which a script of ``migrations/`` declares the matches that it makes, as a query.
DECLARATION = "MATCHES"
# These grow while an upgrade writes down what it does.
GROWING = frozenset({"integration_audit_leaf"})
# Tables of ours whose rows may become fewer, each with its reason.
MAY_SHRINK: dict[str, str] = {}


@dataclass(frozen=True)
class Match:
    """Two journal items that an upgrade is to match; what was open of each, and how much of that is matched."""

    debit: int
    debit_open: Decimal
    credit: int
    credit_open: Decimal
    amount: Decimal

    def items(self) -> list[tuple[int, Decimal]]:
        """Return each item with what is to be open of it afterwards, in the currency of the books."""
        return [(self.debit, self.debit_open - self.amount), (self.credit, self.credit_open + self.amount)]


@dataclass
class Facts:
    """What one database holds. ``digests``: table → (highest id, digest of its sacred columns up to there).

    ``matches``: what the upgrade says that it will match; the digests leave out what that changes.
    """

    rows: dict[str, int]
    digests: dict[str, tuple[int, str]]
    columns: dict[str, tuple[str, ...]]
    flows: set[int] = field(default_factory=set)
    connections: set[int] = field(default_factory=set)
    matches: tuple[Match, ...] = ()
    cluster: Cluster | None = field(default=None, repr=False)
    database: str = ""

    def line(self) -> str:
        """Say in one line how much there is."""
        names = ("account_move", "integration_message", "integration_movement", "integration_audit_leaf")
        return ", ".join(f"{self.rows.get(name, 0)} rows in {name}" for name in names)


def declarations(migrations: Path, version: str) -> Iterator[str]:
    """Yield the queries with which the scripts that an upgrade from ``version`` runs declare their matches."""
    for script in sorted(migrations.glob("*/*.py")):
        if _numbers(script.parent.name) <= _numbers(version):
            continue
        for node in ast.parse(script.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and [ast.unparse(name) for name in node.targets] == [DECLARATION]:
                yield ast.literal_eval(node.value)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def declared(cluster: Cluster, database: str, migrations: Path, version: str) -> tuple[Match, ...]:
    """Return the matches that an upgrade of this database says that it will make."""
    rows = [
        row.split("|") for query in declarations(migrations, version) for row in cluster.sql(query, database)
    ]
    return tuple(
        Match(int(debit), Decimal(debit_open), int(credit), Decimal(credit_open), Decimal(amount))
        for debit, debit_open, credit, credit_open, amount in rows
    )


def read(cluster: Cluster, database: str, matches: tuple[Match, ...] = ()) -> Facts:
    """Count and digest what a database holds.

    :param matches: see ``Facts``.
    """
    listed = cluster.sql(
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND (table_name LIKE 'integration\\_%' OR table_name LIKE 'account\\_%' OR table_name = 'res_partner')",
        database,
    )
    tables: dict[str, set[str]] = {}
    for entry in listed:
        table, _dot, column = entry.partition(".")
        tables.setdefault(table, set()).add(column)
    base = set(
        cluster.sql(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
            database,
        )
    )
    counted = sorted(name for name in base & set(tables) if name.startswith("integration_") or name in SACRED)
    ask = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in counted)
    rows = {
        name: int(count) for name, _bar, count in (line.partition("|") for line in cluster.sql(ask, database))
    }
    columns = {
        name: tuple(column for column in wanted if column in tables[name])
        for name, wanted in SACRED.items()
        if name in counted
    }
    facts = Facts(rows, {}, columns, matches=matches, cluster=cluster, database=database)
    facts.digests = {
        name: digest(cluster, database, name, wanted, but=matches) for name, wanted in columns.items()
    }
    facts.flows = {int(number) for number in cluster.sql("SELECT id FROM integration_flow", database)}
    facts.connections = {
        int(number) for number in cluster.sql("SELECT id FROM integration_connection", database)
    }
    return facts


def digest(
    cluster: Cluster,
    database: str,
    table: str,
    columns: tuple[str, ...],
    last: int | None = None,
    but: tuple[Match, ...] = (),
):
    """Return (highest id, MD5 over the columns of all rows up to the id ``last``).

    :param but: matches; what they change of their items is left out.
    """
    until = f"WHERE id <= {last}" if last is not None else ""
    items = ", ".join(str(number) for match in but for number, _open in match.items())
    left_out = MATCHED.get(table, ()) if items else ()
    parts = ", ".join(
        f"CASE WHEN id NOT IN ({items}) THEN {column}::text END"
        if column in left_out
        else f'"{column}"::text'
        for column in columns
    )
    [line] = cluster.sql(
        "SELECT COALESCE(max(id), 0), COALESCE(md5(string_agg(md5(concat_ws('|', "
        f"{parts})), '' ORDER BY id)), '') FROM \"{table}\" {until}",
        database,
    )
    highest, _bar, text = line.partition("|")
    return int(highest), text


def losses(before: Facts, after: Facts) -> list[str]:
    """Return what is gone or has changed, in words. Declared matches are no loss; that they are missing is one."""
    problems = unmatched(before, after) if before.matches else []
    for table, count in before.rows.items():
        now = after.rows.get(table)
        if table == "account_partial_reconcile" and now is not None:
            now -= len(before.matches)
        if now is None:
            problems += [f"the table {table} is gone with its {count} rows"] if count else []
        elif (now < count and table not in MAY_SHRINK) or (
            now > count and table in SACRED and table not in GROWING
        ):
            problems.append(f"{table} has {now} rows instead of {count}")
    for table, (last, was) in before.digests.items():
        kept = tuple(column for column in before.columns[table] if column in after.columns.get(table, ()))
        if kept != before.columns[table]:
            problems.append(f"{table} has lost {set(before.columns[table]) - set(kept)}")
        elif digest(after.cluster, after.database, table, kept, last, but=before.matches)[1] != was:
            problems.append(f"the contents of {table} have changed")
    return problems


def unmatched(before: Facts, after: Facts) -> list[str]:
    """Return how the matches that were added differ from those that were declared, in words."""
    last, _digest = before.digests["account_partial_reconcile"]
    made = after.cluster.sql(
        f"SELECT debit_move_id, credit_move_id, amount FROM account_partial_reconcile WHERE id > {last}",
        after.database,
    )
    wanted = sorted((match.debit, match.credit, match.amount) for match in before.matches)
    found = sorted(
        (int(debit), int(credit), Decimal(amount))
        for debit, credit, amount in (row.split("|") for row in made)
    )
    if found != wanted:
        return [f"the upgrade declared the matches {wanted} and made {found}"]
    items = {number: rest for match in before.matches for number, rest in match.items()}
    listed = ", ".join(str(number) for number in items)
    left = after.cluster.sql(
        "SELECT id, amount_residual, COALESCE(matching_number, '') FROM account_move_line"
        f" WHERE id IN ({listed}) ORDER BY id",
        after.database,
    )
    problems = []
    for number, rest, name in (row.split("|") for row in left):
        if Decimal(rest) != items[int(number)] or not name:
            problems.append(f"journal item {number}: {rest} is open, matching number {name or 'none'}")
    return problems


def gains(before: Facts, after: Facts) -> list[str]:
    """Return what an upgrade that had been made already has added, in words."""
    return [
        f"a second upgrade added {after.rows[table] - count} rows to {table}"
        for table, count in before.rows.items()
        if after.rows.get(table, 0) > count
    ]


SCHEMA = (
    ("column", ("SELECT table_name || '.' || column_name || ' ' || udt_name || CASE is_nullable WHEN 'NO'"
     " THEN ' not null' ELSE '' END FROM information_schema.columns WHERE table_schema = 'public' AND {}")),
    ("constraint", ("SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
     " WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'f', 'x') AND {constrained}")),
    ("index", ("SELECT regexp_replace(indexdef, '^CREATE ', '') FROM pg_indexes"
     " WHERE schemaname = 'public' AND {indexed}")),
    ("trigger", "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"),
)  # fmt: skip


def schema(cluster: Cluster, database: str) -> dict[str, set[str]]:
    """Return how the tables of the hub are built, part by part as text."""
    ours = "table_name LIKE 'integration\\_%'"
    filled = {
        "": ours,
        "constrained": "conrelid::regclass::text LIKE 'integration\\_%'",
        "indexed": "tablename LIKE 'integration\\_%'",
    }
    return {
        kind: set(cluster.sql(ask.format(filled[""], **{k: v for k, v in filled.items() if k}), database))
        for kind, ask in SCHEMA
    }


def schema_differences(fresh: dict[str, set[str]], upgraded: dict[str, set[str]]) -> list[str]:
    """Return what a freshly installed database has and the upgraded one has not, and what is left over."""
    problems = []
    for kind, wanted in fresh.items():
        problems += [f"missing {kind}: {text}" for text in sorted(wanted - upgraded[kind])]
        if kind != "column":
            problems += [f"left over {kind}: {text}" for text in sorted(upgraded[kind] - wanted)]
    return problems
