# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import dataclasses
import importlib
import sys

import pytest

from odoo.addons.finance_integration.connectors import registry
from odoo.addons.finance_integration.connectors.base import Connector, ConnectorSpec, EventRule


def make(code="other", **changes):
    spec = ConnectorSpec(
        code=code,
        name="Other",
        summary="",
        documentation_url="https://docs.example.com",
        signature_schemes=("stripe",),
        events={},
        sensitive_keys=frozenset(),
    )
    return type("Other", (Connector,), {"spec": dataclasses.replace(spec, **changes)})()


@pytest.fixture
def contributed(monkeypatch):
    monkeypatch.setattr(registry, "_contributed", {})


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return an empty package into which a test writes connector folders."""
    (tmp_path / "some_connectors").mkdir()
    (tmp_path / "some_connectors" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield importlib.import_module("some_connectors"), tmp_path / "some_connectors"
    for name in [name for name in sys.modules if name.split(".")[0] == "some_connectors"]:
        del sys.modules[name]


def write(folder, name, text):
    (folder / name).mkdir()
    (folder / name / "__init__.py").touch()
    if text is not None:
        (folder / name / "connector.py").write_text(text)


def test_all_connectors_are_found_once_and_cannot_be_changed():
    first = registry.all_connectors()
    assert {"generic", "stripe"} <= set(first)
    assert "_template" not in first
    assert registry.all_connectors()["stripe"] is first["stripe"] is registry.get_connector("stripe")
    with pytest.raises(TypeError):
        first["other"] = make()


def test_an_unknown_code_names_the_known_ones():
    with pytest.raises(LookupError, match=r"no connector 'nobody'.*generic, paypal, shopify, stripe"):
        registry.get_connector("nobody")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "some_connectors.broken cannot be loaded: ModuleNotFoundError"),
        ("def (", "some_connectors.broken cannot be loaded: SyntaxError"),
        ("import nothing_of_this_name", "cannot be loaded: ModuleNotFoundError: No module named 'nothing_of"),
        ("1 + None", "cannot be loaded: TypeError"),
        ("other = 1", "some_connectors.broken declares no CONNECTOR"),
        ("CONNECTOR = object()", "must be an instance of a Connector subclass"),
    ],
)
def test_a_broken_folder_is_named(package, text, message):
    module, folder = package
    write(folder, "broken", text)
    with pytest.raises(registry.ConnectorDefinitionError, match=message):
        registry.discover(module)


def test_a_folder_must_be_named_like_its_code(package):
    module, folder = package
    text = "from odoo.addons.finance_integration.connectors.generic.connector import CONNECTOR"
    write(folder, "misnamed", text)
    with pytest.raises(
        registry.ConnectorDefinitionError, match="must be named like its code, which is 'generic'"
    ):
        registry.discover(module)


def test_folders_with_an_underscore_and_plain_modules_are_skipped(package):
    module, folder = package
    write(folder, "_draft", "def (")
    (folder / "helper.py").write_text("def (")
    assert registry.discover(module) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signature_schemes": ()}, "no signature scheme"),
        ({"trust": "blind"}, "neither 'signed' nor 'refetch'"),
        ({"code": "Not-A-Code"}, "not lower-case letters"),
        ({"events": {"thing.seen": EventRule(None)}}, "do not say why: thing.seen"),
    ],
)
@pytest.mark.usefixtures("contributed")
def test_an_unusable_declaration_is_refused(changes, message):
    with pytest.raises(registry.ConnectorDefinitionError, match=message):
        registry.register(make(**changes))
    assert "other" not in registry.all_connectors()


@pytest.mark.usefixtures("contributed")
def test_another_addon_registers_its_connector():
    connector = make()
    assert registry.register(connector) is connector
    assert registry.register(connector) is connector
    assert registry.get_connector("other") is connector
    with pytest.raises(registry.ConnectorDefinitionError, match="'other' is taken"):
        registry.register(make())
    with pytest.raises(registry.ConnectorDefinitionError, match="'stripe' is taken"):
        registry.register(make("stripe"))
