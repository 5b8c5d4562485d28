"""What was written of topics once can be read for ever."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.storage.records import decode, encode

RECORDS: Final[dict[str, str]] = json.loads((Path(__file__).parent / "topic_records.json").read_text())
"""Bytes of each kind of record, with every member, as the first version with it wrote them; by module and name."""


@pytest.mark.parametrize("name", RECORDS)
def test_records_of_the_first_version(name: str) -> None:
    """They are read, what is read writes the same again, and no member was lost."""
    module, _, kind_name = name.partition(":")
    kind: Any = getattr(import_module(module), kind_name)
    data = bytes.fromhex(RECORDS[name])
    record = decode(data, kind)
    assert decode(encode(record), kind) == record
    written = set(msgspec.msgpack.decode(data)) - {"type"}
    assert written <= set(kind.__struct_fields__)
    for member in written:
        assert getattr(record, member) not in (None, "", {}, False), member
