# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Every code can be raised, shown and acted upon."""

import copy
import re

import pytest

from odoo.addons.finance_integration.engine import errors
from odoo.addons.finance_integration.engine.error_catalogue import (
    CODES,
    FIX_BUTTONS,
    FIX_CLASSES,
    SEVERITIES,
    fill,
)

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SUBCLASSES = (
    errors.TransientError,
    errors.ContractError,
    errors.MissingReferenceError,
    errors.BusinessError,
    errors.AuthorizationError,
)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_complete_and_speaks_plainly(code):
    info = CODES[code]
    assert re.fullmatch(r"[a-z][a-z_]{2,40}", code)
    assert info.severity in SEVERITIES
    assert info.fix_class in FIX_CLASSES
    assert info.fix == "" or info.fix in FIX_BUTTONS
    for text in (info.title, info.sentence, info.next_step):
        assert text
        assert text == text.strip()
        # Only named placeholders, so that translators may reorder them.
        assert "%" not in PLACEHOLDER.sub("", text)
    assert not PLACEHOLDER.search(info.title)
    assert info.sentence.endswith((".", "%(reason)s", "%(problem)s", "%(operation)s", "%(value)s"))


def takes(subclass, code):
    try:
        subclass(code)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_code_belongs_to_exactly_one_subclass(code):
    accepted = [subclass(code) for subclass in SUBCLASSES if takes(subclass, code)]
    assert len(accepted) == 1
    assert accepted[0].error_class is CODES[code].error_class
    assert type(errors.error(code)) is type(accepted[0])


@pytest.mark.parametrize("code", sorted(CODES))
def test_missing_parameters_never_raise(code):
    raised = errors.error(code)
    assert "%(" not in raised.sentence
    assert "%(" not in raised.next_step
    assert str(raised).startswith(code)


def test_parameters_fill_the_sentence_and_are_shortened():
    raised = errors.MissingReferenceError("mapping_missing", params={"mapping": "Taxes", "value": "x" * 1000})
    assert "“Taxes”" in raised.sentence
    assert len(raised.params["value"]) == errors.MAX_PARAM_CHARACTERS
    assert raised.params["value"].endswith("…")


def test_percent_signs_in_parameters_are_left_alone():
    raised = errors.BusinessError("core_refused", params={"reason": "100 % of %(x)s %s %d"})
    assert raised.sentence.endswith("100 % of %(x)s %s %d")


def test_a_broken_translation_is_shown_as_it_is():
    assert fill("%(stated)d und %", {"stated": "1"}) == "%(stated)d und %"


def test_unknown_code_is_a_programming_error():
    with pytest.raises(ValueError, match="unknown error code"):
        errors.IntegrationError("no_such_code")
    with pytest.raises(ValueError, match="unknown error code"):
        errors.error("no_such_code")


def test_the_base_class_takes_every_class():
    assert errors.IntegrationError("database_retry").error_class is errors.ErrorClass.TRANSIENT


def test_survives_copying_and_pickling():
    raised = errors.TransientError("source_rate_limited", "page 3", retry_after_seconds=7)
    twin = copy.copy(raised)  # by the same protocol as pickle
    assert (twin.code, twin.detail, twin.retry_after_seconds) == ("source_rate_limited", "page 3", 7)
    assert type(twin) is errors.TransientError
