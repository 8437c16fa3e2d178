# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A name is never a way out of its folder; a mistake in the configuration opens nothing."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.errors import AuthorizationError
from odoo.addons.finance_integration.engine.file_names import (
    check_folder,
    check_name,
    check_remote_folder,
    is_wanted,
    read_roots,
)


@given(st.text(max_size=30) | st.text(alphabet="./\\ab~\x00", max_size=12))
def test_no_text_leads_out_of_the_root(text):
    try:
        inner = check_folder(text)
    except AuthorizationError:
        return
    path = PurePosixPath("/root", inner)
    assert path.is_relative_to("/root")
    assert not {"..", "."} & set(path.parts)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\x00b", "a\nb", "x" * 201, "a\u202eb", "\ud800"]
)
def test_names_that_are_refused(name):
    with pytest.raises(AuthorizationError) as caught:
        check_name(name)
    assert caught.value.code == "file_forbidden"


def test_folders():
    assert check_folder("") == ""
    assert check_folder("in/payroll/") == "in/payroll"
    assert check_remote_folder("/in//payroll") == "/in/payroll"
    assert check_remote_folder("") == "."
    for folder in ("/etc", "../x", "a/../../b", "~root", "a\\b", "/".join("abcdefghi")):
        with pytest.raises(AuthorizationError):
            check_folder(folder)
    with pytest.raises(AuthorizationError):
        check_remote_folder("/in/../../etc")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.csv", True),
        ("a.csv.gz", True),
        ("a.txt", False),
        ("a.csv.part", False),
        (".a.csv", False),
        ("a.csv.done", False),
        ("a.csv~", False),
    ],
)
def test_which_files_are_read(name, wanted):
    assert is_wanted(name, "*.csv *.csv.gz *.done", ".done") is wanted


def test_roots_of_the_configuration():
    text = "bank=/srv/bank/\n payroll=/srv/payroll x y= =/z Up=/srv/up slash=/ relative=srv"
    assert read_roots(text) == {"bank": "/srv/bank", "payroll": "/srv/payroll"}
    assert read_roots("") == {}
