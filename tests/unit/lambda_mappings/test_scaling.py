"""How many batches of a queue are worked on at once."""

import pytest

from pileus.services.lambda_.mappings.scaling import GROWS_EVERY_S, MOST, STARTING, Scale


def test_five_at_first_and_three_hundred_more_a_minute() -> None:
    """Source: Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings"."""
    scale = Scale(0)
    assert scale.limit == STARTING
    assert scale.grows_in(100.0) == pytest.approx(GROWS_EVERY_S)
    now_s, grown = 100.0, 0
    while now_s < 160.0:
        now_s += GROWS_EVERY_S / 4
        if scale.grows_in(now_s) == 0:
            scale.grow(now_s)
            grown += 1
    assert 235 <= grown <= 300  # asked at a quarter of that time, and rounding may miss one
    scale.calm()
    assert scale.limit == STARTING
    assert scale.grows_in(200.0) == pytest.approx(GROWS_EVERY_S)


def test_never_more_than_asked_for() -> None:
    """Neither at first nor later; without a word, AWS's own bound holds."""
    assert Scale(2).limit == 2
    assert Scale(2).grows_in(1.0) is None
    scale = Scale(0)
    scale.limit = MOST
    assert scale.grows_in(1.0) is None


def test_without_room_there_are_fewer_and_pauses() -> None:
    """Each longer than the one before, up to a bound; all is well after the first batch that ran."""
    scale = Scale(0)
    pauses = []
    for _ in range(9):
        scale.refused(100.0)
        pauses.append(scale.paused_until_s - 100.0)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert scale.limit == 1
    scale.ran()
    assert scale.limit == STARTING
    scale.refused(100.0)
    assert scale.paused_until_s == 100.5
