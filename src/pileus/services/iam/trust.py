"""Whom does a trust policy name, when names change hands?

A user or role that a trust policy names is remembered by its unique id, beside the document. Trust is decided on the
document with the ids in the place of the names, so a namesake that comes later is not trusted, and one who got another
name still is. Whoever reads the document sees the present names, and the id of whoever is gone.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "IAM role principals", "IAM user principals".
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from pileus.kernel.auth.policy.documents import parse_document
from pileus.services.iam.errors import MalformedPolicyDocument
from pileus.services.iam.records import RoleRecord

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_NAMED: Final = re.compile(r"arn:([\w-]+):iam::([^:]*):(user|role)/(.+)", re.ASCII)
_REMEMBERED_MAX: Final = 1_024


class Written(msgspec.Struct, frozen=True):
    """A user or role as a trust policy names it: by ARN, or by unique id, then without all but `text`."""

    text: str
    partition: str = ""
    account_id: str = ""
    kind: str = ""
    name: str = ""

    @property
    def unique_id(self) -> bool:
        return not self.kind


def written_principals(document: str) -> tuple[Written, ...]:
    """The users and roles that a checked trust policy names, each once.

    Not accounts, everybody, and sessions, of which AWS's guide does not say that they become ids.
    """
    texts = {
        entry: None
        for statement in parse_document(document).statements
        if statement.principal is not None
        for kind, entry in statement.principal.entries
        if kind == "AWS"
    }
    found = (_written(text) for text in texts)
    return tuple(written for written in found if written is not None)


def _written(text: str) -> Written | None:
    if text == "*" or _ACCOUNT.fullmatch(text):
        return None
    if not text.startswith("arn:"):
        return Written(text)
    parts = _NAMED.fullmatch(text)
    if parts is None:
        return None
    partition, account_id, kind, path_and_name = parts.groups()
    return Written(text, partition, account_id, kind, path_and_name.rpartition("/")[2])


def invalid_principal(written: Written) -> MalformedPolicyDocument:
    return MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{written.text}"')


def decided_on(role: RoleRecord) -> RoleRecord:
    """The role with the trust policy that decides: of ids."""
    if not role.trusted:
        return role
    ids = tuple((one.written, one.unique_id) for one in role.trusted)
    return msgspec.structs.replace(role, trust_policy=_with_principals(role.trust_policy, ids))


def as_shown(role: RoleRecord, arns: Mapping[str, str]) -> RoleRecord:
    """The role with the trust policy that is told. arns: the present ones by unique id; absent for whoever is gone."""
    names = tuple((one.written, arns.get(one.unique_id, one.unique_id)) for one in role.trusted)
    if all(written == name for written, name in names):
        return role
    return msgspec.structs.replace(role, trust_policy=_with_principals(role.trust_policy, names))


@lru_cache(maxsize=_REMEMBERED_MAX)
def _with_principals(document: str, names: tuple[tuple[str, str], ...]) -> str:
    """The document with other names in the place of these; all else as it was, but for white space."""
    other = dict(names)
    policy: dict[str, Any] = json.loads(document)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    for statement in statements:
        for element in ("Principal", "NotPrincipal"):
            principals = statement.get(element)
            if isinstance(principals, dict) and "AWS" in principals:
                principals["AWS"] = _mapped(principals["AWS"], lambda text: other.get(text, text))
    return json.dumps(policy, separators=(",", ":"))


def _mapped(texts: Any, change: Callable[[str], str]) -> Any:
    return [change(text) for text in texts] if isinstance(texts, list) else change(texts)
