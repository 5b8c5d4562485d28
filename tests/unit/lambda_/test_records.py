"""What was written once can be read for ever."""

import json
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.storage.records import decode, encode
from pileus.services.lambda_.model import FunctionRecord, VersionRecord

RECORDS: Final[dict[str, str]] = json.loads((Path(__file__).parent / "records.json").read_text())
"""Bytes of each kind of record as the first version with it wrote them, by module and name."""


def kind_of(name: str) -> type[msgspec.Struct]:
    module, _, kind = name.partition(":")
    found: type[msgspec.Struct] = getattr(import_module(module), kind)
    return found


@pytest.mark.parametrize("name", RECORDS)
def test_records_of_the_first_version(name: str) -> None:
    """They are read, and what is read writes the same again."""
    kind: Any = kind_of(name)
    record = decode(bytes.fromhex(RECORDS[name]), kind)
    assert decode(encode(record), kind) == record


def test_a_function_from_before_versions() -> None:
    """It has none, no layers, and everything that it had."""
    record = decode(bytes.fromhex(RECORDS["pileus.services.lambda_.model:FunctionRecord"]), FunctionRecord)
    assert (record.name, record.tags, record.environment) == ("f", {"t": "u"}, {"AB": "c"})
    assert record.modified_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [statement.sid for statement in record.policy] == ["s"]
    assert (record.last_version, record.layers, record.folder, record.log_format) == (0, [], "", "Text")


def test_a_version() -> None:
    """With the function that it was, and its layers."""
    version = decode(bytes.fromhex(RECORDS["pileus.services.lambda_.model:VersionRecord"]), VersionRecord)
    assert (version.number, version.latest_description, version.state) == (1, "e", "Active")
    assert [layer.arn for layer in version.function.layers] == ["a"]
