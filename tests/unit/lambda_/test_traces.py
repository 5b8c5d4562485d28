"""A caller's trace goes on, whatever it wrote, and knows which functions it came by."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import pytest

from pileus.kernel.ids import SeededIds
from pileus.services.lambda_.traces import RECURSION_MAX, continued, new_trace, recurs
from tests.support.time import JumpingClock

_ARN: Final = "arn:aws:lambda:us-east-1:111111111111:function:f"
_OTHER: Final = f"{_ARN}-other"
_CLOCK: Final = JumpingClock(datetime(2026, 1, 1, tzinfo=UTC))
_ROOT: Final = "Root=1-5759e988-bd862e3fe1be46a994272793"


def test_it_counts_each_function() -> None:
    """Sixteen times is a loop that may end; the next one is stopped, and other functions are not."""
    ids = SeededIds()
    trace = new_trace(_CLOCK, ids)
    root = trace.partition(";")[0]
    for turn in range(1, RECURSION_MAX + 2):
        # botocore encodes what it sends along.
        trace = continued(quote(trace, safe="-=;:+&[]{}\"',"), _ARN, _CLOCK, ids)
        trace = continued(trace, _OTHER, _CLOCK, ids) if turn < 5 else trace
        assert trace.startswith(f"{root};Parent=")
        assert recurs(trace, _ARN) is (turn > RECURSION_MAX)
        assert not recurs(trace, _OTHER)


@pytest.mark.parametrize(
    ("header", "begins"),
    [
        (f"{_ROOT};Parent=53995c3f42cd8ad8;Sampled=1", f"{_ROOT};Parent="),
        (f"{_ROOT}", f"{_ROOT};Parent="),
        (f"Sampled=?; {_ROOT} ;Self=1-2-3", f"{_ROOT};Parent="),
        (f"{_ROOT};Lineage=|::|x|a:b|c:99999|:1", f"{_ROOT};Parent="),
        ("", "Root=1-"),
        ("nonsense", "Root=1-"),
        ("Root=a%0d%0ab", "Root=1-"),
        ("Root=%E4%BD%A0", "Root=1-"),
        ("Root=%ff", "Root=1-"),
        ("Root=" + "x" * 100_000, "Root=x"),
    ],
)
def test_whatever_a_caller_wrote(header: str, begins: str) -> None:
    """A header is anybody's: it makes a trace of bounded length in one line, or none."""
    trace = continued(header, _ARN, _CLOCK, SeededIds())
    assert trace.startswith(begins)
    assert trace.isprintable()
    assert trace.isascii(), "it is told in a header again"
    assert len(trace) < 2_048
    assert ("Sampled=1" in trace) is ("Sampled=1" in header)
    assert not recurs(trace, _ARN)


def test_a_long_chain_forgets_its_beginning() -> None:
    """A trace stays short, however many functions it comes by."""
    ids, trace = SeededIds(), _ROOT
    for n in range(100):
        trace = continued(trace, f"{_ARN}-{n}", _CLOCK, ids)
    assert len(trace) < 1_024
    assert trace.count("|") < 40
