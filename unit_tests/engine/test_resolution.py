# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Every error says how it goes on; what a person must decide is never tried again by itself (E5)."""

import pytest

from odoo.addons.finance_integration.engine.error_catalogue import (
    ACTORS,
    BACK_OFFS,
    CODES,
    REPLAYS,
    RESOLUTIONS,
    ErrorClass,
    Resolution,
    retries_by_itself,
)


def test_every_code_has_its_resolution():
    assert set(RESOLUTIONS) == set(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_resolution_is_told_in_known_words(code):
    resolution = RESOLUTIONS[code]
    assert resolution.code == code
    assert resolution.error_class is CODES[code].error_class
    assert resolution.back_off in BACK_OFFS
    assert resolution.replay in REPLAYS
    assert {resolution.actor, resolution.actor_later} <= set(ACTORS)


def test_only_what_passes_by_itself_is_tried_again_unasked():
    unasked = {code for code in CODES if retries_by_itself(code)}
    transient = {code for code, info in CODES.items() if info.error_class is ErrorClass.TRANSIENT}
    # The only two others wait for something that comes by itself: a parent, the provider's own amount.
    assert unasked == transient | {"settlement_amount_unknown"}


@pytest.mark.parametrize("code", sorted(CODES))
def test_nobody_acts_exactly_where_the_hub_does(code):
    resolution = RESOLUTIONS[code]
    assert (resolution.actor == "hub") == resolution.by_itself == (resolution.back_off != "none")
    assert resolution.actor_later != "hub"


def test_what_was_refused_at_the_door_was_not_stored():
    for code in ("invalid_json", "signature_invalid", "body_too_large"):
        assert RESOLUTIONS[code].replay == "not_stored"
        assert not RESOLUTIONS[code].affects_books
    assert RESOLUTIONS["schema_violation"].replay == "same_result"
    assert RESOLUTIONS["payment_excess"].replay == "booked"
    assert RESOLUTIONS["settlement_amount_unknown"].replay == "resume"


def test_an_approver_has_the_last_word_where_the_policy_says_so():
    for code, info in CODES.items():
        if info.error_class is ErrorClass.BUSINESS and info.fix_class == "c":
            assert RESOLUTIONS[code].actor_later == "approver", code


@pytest.mark.parametrize(
    "facts",
    [
        {"by_itself": True},
        {"back_off": "growing"},
        {"back_off": "sometimes", "by_itself": True},
        {"actor": "somebody"},
        {"actor_later": "hub"},
        {"replay": "perhaps"},
    ],
)
def test_a_contradiction_cannot_be_written_down(facts):
    plain = {
        "code": "x",
        "error_class": ErrorClass.BUSINESS,
        "by_itself": False,
        "back_off": "none",
        "actor": "operator",
        "actor_later": "operator",
        "replay": "resume",
        "affects_books": True,
    }
    Resolution(**plain)
    with pytest.raises(ValueError, match=r"^x: "):
        Resolution(**{**plain, **facts})
