"""A pytest plugin: each worker of a parallel run has attachments of its own.

pytest-odoo gives each worker a database of its own, but lets all of them use one folder of attachments. At the end of
each class Odoo deletes from it whatever *its own* database does not know (``BaseCase._gc_filestore``): also a file that
a test of the other worker has just written and is about to read. That test then finds an empty attachment.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .templates import link_or_copy


def pytest_configure() -> None:
    """Put a folder for each worker in the place of the shared one."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        return
    import pytest_odoo  # only there where Odoo's tests run

    if not hasattr(pytest_odoo, "_shared_filestore"):
        raise RuntimeError("pytest-odoo shares attachments between its workers in another way now")
    pytest_odoo._shared_filestore = _filestore_of_worker


@contextmanager
def _filestore_of_worker(original: str, database: str) -> Iterator[None]:
    from odoo.tools import config

    with own_filestore(Path(config["data_dir"]) / "filestore", original, database):
        yield


@contextmanager
def own_filestore(folder: Path, original: str, database: str) -> Iterator[None]:
    """Give ``database`` a copy of the attachments of ``original`` below ``folder`` as long as it lives."""
    own = folder / database
    if original == database:
        yield
        return
    shutil.rmtree(own, ignore_errors=True)
    if (folder / original).is_dir():
        # Attachments are named by their content and never written twice: links are enough.
        shutil.copytree(folder / original, own, copy_function=link_or_copy)
    try:
        yield
    finally:
        shutil.rmtree(own, ignore_errors=True)
