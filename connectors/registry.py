# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Finds the connectors: every folder of this package that holds a ``connector.py``.

A connector is added by adding its folder; nothing else is edited. An addon that lives elsewhere calls
``register`` when it is imported, or ``discover`` on a package of its own.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from ..engine.outgoing_access import ACCESS_KINDS
from ..engine.signatures import SCHEMES
from .base import Connector, ConnectorSpec

_CODE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NEEDED_FILES = "connector.py, transformers.py, README.md and fixtures/"

_contributed: dict[str, Connector] = {}


class ConnectorDefinitionError(Exception):
    """A connector folder is broken; the text names it and says what to do. Raised when the hub starts."""


def discover(package: ModuleType) -> dict[str, Connector]:
    """Return the connectors in the folders of ``package``, by code, sorted. Folders ``_…`` are skipped.

    :raises ConnectorDefinitionError: a folder has no usable ``CONNECTOR``.
    """
    found = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        if module.ispkg and not module.name.startswith("_"):
            found[module.name] = load(package.__name__, module.name)
    return found


def load(package_name: str, folder: str) -> Connector:
    """Return the ``CONNECTOR`` of one folder.

    :raises ConnectorDefinitionError: it cannot be imported or declares something else.
    """
    where = f"{package_name}.{folder}"
    try:
        module = importlib.import_module(f"{where}.connector")
    except (ImportError, SyntaxError, AttributeError, NameError, TypeError, ValueError, LookupError) as error:
        raise ConnectorDefinitionError(
            f"The connector folder {where} cannot be loaded: {type(error).__name__}: {error}. "
            f"A connector folder holds {_NEEDED_FILES}; a folder that is no connector begins with “_”."
        ) from error
    connector = getattr(module, "CONNECTOR", None)
    if connector is None:
        raise ConnectorDefinitionError(
            f"The connector folder {where} declares no CONNECTOR in its connector.py."
        )
    _check(connector, where)
    if connector.spec.code != folder:
        raise ConnectorDefinitionError(
            f"The connector folder {where} must be named like its code, which is {connector.spec.code!r}."
        )
    return connector


def _check(connector: object, where: str) -> None:
    """Refuse a declaration that would only fail when the first event arrives."""
    spec = getattr(connector, "spec", None)
    if not isinstance(connector, Connector) or not isinstance(spec, ConnectorSpec):
        raise ConnectorDefinitionError(
            f"CONNECTOR of {where} must be an instance of a Connector subclass with a ConnectorSpec."
        )
    problems = []
    if not _CODE.fullmatch(spec.code):
        problems.append("its code is not lower-case letters, digits and underscores")
    if not spec.signature_schemes:
        problems.append("it names no signature scheme, so nothing that it receives could be trusted")
    if spec.trust not in ("signed", "refetch"):
        problems.append("its trust is neither 'signed' nor 'refetch'")
    unknown = [code for code in spec.signature_schemes if code not in SCHEMES]
    if unknown:
        problems.append(f"these signature schemes are unknown: {', '.join(unknown)}")
    if spec.trust == "signed" and any(
        not SCHEMES[code].signs_body for code in spec.signature_schemes if code in SCHEMES
    ):
        problems.append(
            "one of its signature schemes leaves the body unsigned, so its trust must be 'refetch'"
        )
    if not spec.access_kinds or set(spec.access_kinds) - set(ACCESS_KINDS):
        problems.append(f"its access_kinds are not of {', '.join(ACCESS_KINDS)}")
    unexplained = sorted(name for name, rule in spec.events.items() if rule.kind is None and not rule.reason)
    if unexplained:
        problems.append(f"these events book nothing and do not say why: {', '.join(unexplained)}")
    if problems:
        raise ConnectorDefinitionError(f"The connector {where} is not usable: {'; '.join(problems)}.")


def register(connector: Connector) -> Connector:
    """Add a connector of another addon and return it. Registering the same instance twice is harmless.

    :raises ConnectorDefinitionError: it is not usable, or its code is taken.
    """
    _check(connector, f"{type(connector).__module__}.{type(connector).__qualname__}")
    code = connector.spec.code
    present = all_connectors().get(code)
    if present is not None and present is not connector:
        raise ConnectorDefinitionError(f"The connector code {code!r} is taken by {type(present).__module__}.")
    if present is None:
        _contributed[code] = connector
    return connector


def all_connectors() -> Mapping[str, Connector]:
    """Return all connectors by code (read-only): those in this package's folders and the registered ones."""
    return MappingProxyType({**_own_folders(), **_contributed})


@functools.cache
def _own_folders() -> Mapping[str, Connector]:
    return discover(importlib.import_module(__package__))


def get_connector(code: str) -> Connector:
    """Return one connector.

    :raises LookupError: there is none with this code (an addon that brought it may be gone).
    """
    connector = all_connectors().get(code)
    if connector is None:
        raise LookupError(f"There is no connector {code!r}. Known: {', '.join(sorted(all_connectors()))}.")
    return connector
