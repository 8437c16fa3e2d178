"""What must be the same before and after an upgrade, and how a database is built: read with SQL, compared without."""

from dataclasses import dataclass, field

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
# These grow while an upgrade writes down what it does.
GROWING = frozenset({"integration_audit_leaf"})
# Tables of ours whose rows may become fewer, each with its reason.
MAY_SHRINK: dict[str, str] = {}


@dataclass
class Facts:
    """What one database holds. ``digests``: table → (highest id, digest of its sacred columns up to there)."""

    rows: dict[str, int]
    digests: dict[str, tuple[int, str]]
    columns: dict[str, tuple[str, ...]]
    flows: set[int] = field(default_factory=set)
    connections: set[int] = field(default_factory=set)
    cluster: Cluster | None = field(default=None, repr=False)
    database: str = ""

    def line(self) -> str:
        """Say in one line how much there is."""
        names = ("account_move", "integration_message", "integration_movement", "integration_audit_leaf")
        return ", ".join(f"{self.rows.get(name, 0)} rows in {name}" for name in names)


def read(cluster: Cluster, database: str) -> Facts:
    """Count and digest what a database holds."""
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
    facts = Facts(rows, {}, columns, cluster=cluster, database=database)
    facts.digests = {name: digest(cluster, database, name, wanted) for name, wanted in columns.items()}
    facts.flows = {int(number) for number in cluster.sql("SELECT id FROM integration_flow", database)}
    facts.connections = {
        int(number) for number in cluster.sql("SELECT id FROM integration_connection", database)
    }
    return facts


def digest(cluster: Cluster, database: str, table: str, columns: tuple[str, ...], last: int | None = None):
    """Return (highest id, MD5 over the columns of all rows up to the id ``last``)."""
    until = f"WHERE id <= {last}" if last is not None else ""
    parts = ", ".join(f'"{column}"::text' for column in columns)
    [line] = cluster.sql(
        "SELECT COALESCE(max(id), 0), COALESCE(md5(string_agg(md5(concat_ws('|', "
        f"{parts})), '' ORDER BY id)), '') FROM \"{table}\" {until}",
        database,
    )
    highest, _bar, text = line.partition("|")
    return int(highest), text


def losses(before: Facts, after: Facts) -> list[str]:
    """Return what is gone or has changed, in words."""
    problems = []
    for table, count in before.rows.items():
        now = after.rows.get(table)
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
        elif digest(after.cluster, after.database, table, kept, last)[1] != was:
            problems.append(f"the contents of {table} have changed")
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
