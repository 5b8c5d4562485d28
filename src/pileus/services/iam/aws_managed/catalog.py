"""Which policies does AWS manage, and what do they say?

`policies.jsonl` holds one policy a line, in order of their creation, which is the order in which AWS lists them
(recorded: test_list_policies_scope_aws). It is read when the first policy is asked for; of the documents only those
that somebody wants are looked at.
"""

import hashlib
from base64 import b32encode
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import msgspec

from pileus.services.iam.records import PolicyRecord, PolicyVersionRecord

_FILE: Final = Path(__file__).with_name("policies.jsonl")
_ACCOUNT: Final = "aws"


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file. DefaultVersionId: `v3`; Document stays as its bytes."""

    name: str = msgspec.field(name="PolicyName")
    path: str = msgspec.field(name="Path")
    default_version_id: str = msgspec.field(name="DefaultVersionId")
    created_at: datetime = msgspec.field(name="CreateDate")
    updated_at: datetime = msgspec.field(name="UpdateDate")
    document: msgspec.Raw = msgspec.field(name="Document")


def is_aws_managed(arn: str) -> bool:
    """Whether this would be an ARN of AWS's own policies."""
    return arn.startswith("arn:") and ":iam::aws:policy/" in arn


def find(arn: str, *, partition: str) -> PolicyRecord | None:
    """The policy of exactly this ARN, when it is this partition's: there is no way into another.

    Were one found, a policy that denies by `arn:aws:iam::aws:policy/...` could be had under another name.
    """
    named, _, path_and_name = arn.removeprefix("arn:").partition(":iam::aws:policy")
    if named != partition:
        return None
    line = _lines().get(path_and_name.rpartition("/")[2])
    return None if line is None or line.path + line.name != path_and_name else _record(line, partition)


@lru_cache(maxsize=4)
def policies(partition: str) -> tuple[PolicyRecord, ...]:
    """All of them, in AWS's order."""
    return tuple(_record(line, partition) for line in _lines().values())


def default_version(policy: PolicyRecord) -> PolicyVersionRecord:
    """The only version that is known here."""
    assert policy.aws_managed
    return PolicyVersionRecord(
        number=policy.default_version, document=_document(policy.name), created_at=policy.updated_at
    )


@cache
def _lines() -> dict[str, _Line]:
    decoder = msgspec.json.Decoder(_Line)
    lines = decoder.decode_lines(_FILE.read_bytes())
    return {line.name: line for line in lines}


@lru_cache(maxsize=256)
def _document(name: str) -> str:
    """The same text each time, so that it is compiled once."""
    return bytes(_lines()[name].document).decode()


def _record(line: _Line, partition: str) -> PolicyRecord:
    number = int(line.default_version_id.removeprefix("v"))
    return PolicyRecord(
        account_id=_ACCOUNT,
        name=line.name,
        path=line.path,
        arn=f"arn:{partition}:iam::{_ACCOUNT}:policy{line.path}{line.name}",
        created_at=line.created_at,
        updated_at=line.updated_at,
        policy_id=_policy_id(line.name),
        default_version=number,
        last_version=number,
    )


def _policy_id(name: str) -> str:
    """Ours, the same on every machine: AWS's own ids are not published with the documents."""
    return "ANPA" + b32encode(hashlib.sha256(name.encode()).digest()).decode()[:17]
