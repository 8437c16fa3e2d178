"""Make the pure code importable under its real name, without Odoo.

The engine and the connectors are imported as ``odoo.addons.finance_integration.engine…``,
as they are on a running server.  Here ``odoo``, ``odoo.addons`` and the addon itself are
empty modules: a pure module that imports anything of Odoo fails at once, and the addon's own
``__init__`` (which loads the models) is never run.
"""

import importlib.util
import sys
import types
from pathlib import Path

from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
ADDON = "odoo.addons.finance_integration"
# Packages of the repository that are run with ``python -m`` and have pure parts worth testing.
COMPANIONS = ("devtools", "simulators", "benchmarks", "faults")


def _register_empty_package(name: str, search_path: list[str]) -> None:
    """Put an empty package under ``name`` whose submodules are looked for in ``search_path``."""
    module = types.ModuleType(name)
    module.__path__ = search_path
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


def _register_companion(name: str) -> None:
    """Import a package of the repository's root without putting the root on ``sys.path``."""
    init = ROOT / name / "__init__.py"
    if name in sys.modules or not init.is_file():
        return
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(init.parent)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


_register_empty_package("odoo", [])
_register_empty_package("odoo.addons", [])
_register_empty_package(ADDON, [str(ROOT)])
for _companion in COMPANIONS:
    _register_companion(_companion)

# What holds does not depend on how busy the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
