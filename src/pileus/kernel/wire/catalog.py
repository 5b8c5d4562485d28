"""Which services does AWS have, and how is each of them addressed?

`catalog.json` holds the few facts by which a request betrays its service, for every service, so that one that Pileus
lacks is refused by name, and none of the models is read before it is needed. tools/generate_shapes.py writes it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

CATALOG: Final = Path(__file__).with_name("catalog.json")


class Entry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How one service is addressed. name: botocore's. also: further protocols that it speaks."""

    name: str
    protocol: str
    signing_name: str
    endpoint_prefix: str
    api_version: str
    target_prefix: str = ""
    also: list[str] = []


class Catalog:
    """All services, by what a request shows of them. Several may share a key; they are in alphabetical order."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.by_name: Mapping[str, Entry] = {entry.name: entry for entry in entries}
        by_target: defaultdict[str, list[Entry]] = defaultdict(list)
        by_signing: defaultdict[str, list[Entry]] = defaultdict(list)
        by_endpoint: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_signing[entry.signing_name].append(entry)
            by_endpoint[entry.endpoint_prefix].append(entry)
            if entry.target_prefix:
                by_target[entry.target_prefix].append(entry)
        self.by_target_prefix: Mapping[str, Sequence[Entry]] = dict(by_target)
        self.by_signing_name: Mapping[str, Sequence[Entry]] = dict(by_signing)
        self.by_endpoint_prefix: Mapping[str, Sequence[Entry]] = dict(by_endpoint)


@cache
def catalog() -> Catalog:
    """Read once, on the first request whose service is not yet known."""
    return Catalog(msgspec.json.decode(CATALOG.read_bytes(), type=list[Entry]))
