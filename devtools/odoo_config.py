"""Write Odoo's configuration files of this checkout."""

import os
from pathlib import Path

from . import embedded_pg, paths
from .cluster import Cluster
from .odoo_source import OdooSource

# For servers: HTTP workers beside a job runner, which keeps a place for the jobs that look after the others.
# For tests: no runner, jobs run when a test says so.
CHANNELS_SERVER = "root:3,root.finance_integration:2"
CHANNELS_TEST = "root:0"


def write(source: OdooSource, cluster: Cluster, name: str, *, test: bool = False, **options) -> Path:
    """Write ``.dev/<name>.conf`` and return its path."""
    values = {
        "addons_path": ",".join(str(path) for path in (*source.addons, paths.ADDONS_LINK_DIR)),
        "data_dir": paths.DATA,
        "db_host": cluster.host,
        "db_port": cluster.port,
        "db_user": cluster.user,
        "db_password": cluster.password or False,
        "db_maxconn": 32,
        "http_interface": "127.0.0.1",
        "server_wide_modules": "base,rpc,web" if test else "base,rpc,web,queue_job,finance_integration",
        "admin_passwd": embedded_pg.remembered_password("odoo-master"),
        "list_db": False,
        "screenshots": paths.LOGS / "screenshots",
        "limit_time_cpu": 300,
        "limit_time_real": 600,
        "limit_memory_soft": 3 * 2**30,
        "limit_memory_hard": 4 * 2**30,
        **options,
    }
    channels = CHANNELS_TEST if test else CHANNELS_SERVER
    lines = ["[options]", *(f"{key} = {value}" for key, value in values.items() if value is not None)]
    lines += ["", "[queue_job]", f"channels = {channels}", ""]
    lines += ["[finance_integration]", f"drop_roots = demo={paths.DEV / 'files'}", ""]
    file = paths.DEV / f"{name}.conf"
    write_private(file, "\n".join(lines))
    return file


def write_private(file: Path, text: str) -> None:
    """Replace ``file`` atomically; it holds a password, so only its owner may read it."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(file)
