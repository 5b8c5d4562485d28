"""What was written of buses once can be read for ever."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.storage.records import decode, encode
from pileus.services.events.model import BusRecord, EventRecord, Firing, RuleRecord, TargetDelivery, TargetRecord
from pileus.services.events.names import BusName

RECORDS: Final[dict[str, str]] = json.loads((Path(__file__).parent / "event_records.json").read_text())
"""Bytes of each kind of record as the first version with it wrote them, by module and name."""
_BUS: Final = BusName("aws", "r", "1", "b")
_TARGET: Final = TargetRecord(
    target_id="t",
    arn="a",
    role_arn="r",
    input="{}",
    input_path="$",
    template="<a>",
    paths={"a": "$.b"},
    paths_given=True,
    group_id="g",
    dead_letter_arn="d",
    retries=1,
    age_s=60,
    retry_given=True,
)
WRITTEN: Final = {
    "pileus.services.events.model:BusRecord": BusRecord(
        bus=_BUS,
        created_at_s=1.5,
        modified_at_s=2.5,
        description="d",
        policy="{}",
        dead_letter_arn="a",
        log_level="OFF",
        log_detail="FULL",
        tags={"a": "b"},
    ),
    "pileus.services.events.model:RuleRecord": RuleRecord(
        bus=_BUS,
        name="r",
        created_by="2",
        pattern="{}",
        schedule="rate(1 day)",
        enabled=False,
        description="d",
        role_arn="a",
        serial=b"s",
        tags={"a": "b"},
    ),
    "pileus.services.events.model:TargetRecord": _TARGET,
    "pileus.services.events.model:TargetDelivery": TargetDelivery(
        bus=_BUS,
        rule="r",
        target=_TARGET,
        event=EventRecord(event_id="i", body=b"{}", ingested_at_s=1.5, trace_header="t", routed=True),
    ),
    "pileus.services.events.model:Firing": Firing(bus=_BUS, rule="r", serial=b"s", at_s=1.5),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_records_of_the_first_version(name: str) -> None:
    """They are read as what they were, and what is read writes the same again."""
    module, _, kind_name = name.partition(":")
    kind: Any = getattr(import_module(module), kind_name)
    record = decode(bytes.fromhex(RECORDS[name]), kind)
    assert record == WRITTEN[name]
    assert decode(encode(record), kind) == record
