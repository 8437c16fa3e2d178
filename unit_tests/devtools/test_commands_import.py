# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Each command loads with all its parts; a name that one part lost would end every other part, too."""

import importlib

import pytest


@pytest.mark.parametrize("command", ["benchmarks.__main__", "faults.__main__", "devtools.__main__"])
def test_the_command_loads(command):
    assert importlib.import_module(command)
