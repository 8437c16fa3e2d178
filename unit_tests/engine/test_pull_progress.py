# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A list that goes round in circles or backwards is stopped; every other one is read to its end."""

import dataclasses
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.pull_progress import Progress


@dataclasses.dataclass
class Page:
    cursor: Mapping
    more: bool = True
    order: int | None = None


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60))
def test_a_run_ends_at_the_first_position_that_was_there_before(steps):
    progress, position, seen = Progress("list"), {"after": -1}, {-1}
    for step in steps:
        page = Page({"after": step})
        if step in seen:
            with pytest.raises(ContractError) as caught:
                progress.check(position, None, page)
            assert caught.value.code == "cursor_repeats"
            return
        progress.check(position, None, page)
        seen.add(step)
        position = page.cursor


def test_the_last_page_may_stay_where_it_is():
    Progress("list").check({"after": 1}, None, Page({"after": 1}, more=False))
    with pytest.raises(ContractError):
        Progress("list").check({"after": 1}, None, Page({"after": 1}))


def test_an_order_never_becomes_smaller():
    progress = Progress("list")
    progress.check({}, None, Page({"a": 1}, order=5))
    progress.check({"a": 1}, 5, Page({"a": 2}, order=5))
    progress.check({"a": 2}, 5, Page({"a": 3}))
    with pytest.raises(ContractError) as caught:
        progress.check({"a": 3}, 5, Page({"a": 4}, more=False, order=4))
    assert (caught.value.code, caught.value.params["source"]) == ("cursor_goes_back", "list")
