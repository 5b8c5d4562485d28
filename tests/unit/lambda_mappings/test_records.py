"""What was written of mappings once can be read for ever."""

import json
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.storage.records import decode, encode
from pileus.services.lambda_.mappings.model import LaneProgress, MappingRecord, window_of

RECORDS: Final[dict[str, str]] = json.loads((Path(__file__).parent / "records.json").read_text())
"""Bytes of each kind of record as the first version with it wrote them, by module and name."""


@pytest.mark.parametrize("name", RECORDS)
def test_records_of_the_first_version(name: str) -> None:
    """They are read, and what is read writes the same again."""
    module, _, kind_name = name.partition(":")
    kind: Any = getattr(import_module(module), kind_name)
    record = decode(bytes.fromhex(RECORDS[name]), kind)
    assert decode(encode(record), kind) == record


def test_a_mapping_and_its_progress() -> None:
    """With all that they had."""
    mapping = decode(bytes.fromhex(RECORDS["pileus.services.lambda_.mappings.model:MappingRecord"]), MappingRecord)
    assert (mapping.service, mapping.function.qualified_arn) == ("dynamodb", "arn:aws:lambda:r:1:function:f:q")
    assert (mapping.batch_size, mapping.retries_max, mapping.bisect, mapping.enabled) == (7, 3, True, False)
    assert (mapping.reports_item_failures, mapping.tags) == (True, {"t": "u"})
    progress = decode(bytes.fromhex(RECORDS["pileus.services.lambda_.mappings.model:LaneProgress"]), LaneProgress)
    assert (progress.position, progress.finished) == (5, False)
    assert progress.window is not None
    assert progress.window.state == b'{"n":1}'


@pytest.mark.parametrize(
    ("at_ms", "length_s", "start_ms", "end_ms"),
    [(0, 1, 0, 1_000), (999, 1, 0, 1_000), (1_000, 1, 1_000, 2_000), (1_000_123, 900, 900_000, 1_800_000)],
)
def test_windows_are_counted_from_1970(at_ms: int, length_s: int, start_ms: int, end_ms: int) -> None:
    """So all shards have the same."""
    window = window_of(at_ms, timedelta(seconds=length_s))
    assert (window.start_ms, window.end_ms) == (start_ms, end_ms)
