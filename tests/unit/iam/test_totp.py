"""Are the codes those that every authenticator app shows?"""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from pileus.services.iam import totp

SEED = b"12345678901234567890"
"""Of RFC 6238, appendix B."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_rfcs_own_values(at_s: int, code: str) -> None:
    """RFC 6238, appendix B (the last six of its eight digits)."""
    assert totp.code_at(SEED, totp.step_at(datetime.fromtimestamp(at_s, UTC))) == code


def test_a_seed_is_told_in_base32() -> None:
    """64 characters, as AWS's; no padding that apps would stumble over."""
    assert totp.base32_seed(bytes(range(totp.SEED_BYTES))) == base64.b32encode(bytes(range(40)))
    assert len(totp.base32_seed(bytes(totp.SEED_BYTES))) == 64


@pytest.mark.parametrize(("away", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_good_for_a_step_before_and_after(away: int, accepted: bool) -> None:
    """RFC 6238, section 5.2."""
    now_step = totp.step_at(NOW)
    found = totp.step_of(totp.code_at(SEED, now_step + away), SEED, now=NOW, drift=0, after=0)
    assert found == (now_step + away if accepted else None)


def test_a_code_is_good_once() -> None:
    """Whoever reads it over the shoulder comes too late."""
    step = totp.step_at(NOW)
    assert totp.step_of(totp.code_at(SEED, step), SEED, now=NOW, drift=0, after=step - 1) == step
    assert totp.step_of(totp.code_at(SEED, step), SEED, now=NOW, drift=0, after=step) is None


def test_a_devices_clock_may_be_off() -> None:
    """The drift moves the window."""
    later = totp.step_at(NOW + timedelta(minutes=3))
    assert totp.step_of(totp.code_at(SEED, later), SEED, now=NOW, drift=0, after=0) is None
    assert totp.step_of(totp.code_at(SEED, later), SEED, now=NOW, drift=6, after=0) == later


@pytest.mark.parametrize(
    ("first", "second", "found"), [(0, 1, 1), (-1, 0, 0), (-5, -4, -4), (1, 0, None), (0, 2, None)]
)
def test_two_codes_must_follow_one_another(first: int, second: int, found: int | None) -> None:
    """In their order, and without one between."""
    step = totp.step_at(NOW)
    first_code, second_code = totp.code_at(SEED, step + first), totp.code_at(SEED, step + second)
    answer = totp.step_of_pair(first_code, second_code, SEED, now=NOW, within=10, after=0)
    assert answer == (None if found is None else step + found)


def test_two_codes_too_far_away_are_not_found() -> None:
    """The window is what the caller says."""
    step = totp.step_at(NOW) + 11
    first, second = totp.code_at(SEED, step - 1), totp.code_at(SEED, step)
    assert totp.step_of_pair(first, second, SEED, now=NOW, within=10, after=0) is None
    assert totp.step_of_pair(first, second, SEED, now=NOW, within=11, after=0) == step
    assert totp.step_of_pair(first, second, SEED, now=NOW, within=11, after=step) is None
