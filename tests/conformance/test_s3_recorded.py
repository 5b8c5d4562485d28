"""Scenarios that were recorded against AWS, call by call; what is compared and how is told in `replay`."""

import pytest

from tests.conformance_tables.s3.replay import Replay, scenarios
from tests.conftest import Server

SCENARIOS = scenarios()


@pytest.mark.parametrize("name", SCENARIOS)
def test_answers_are_those_that_were_recorded(aws: Server, name: str) -> None:
    """Every member, every message, every status: what an SDK's user could come to rely on."""
    Replay(aws).run(SCENARIOS[name])
