"""A role lets a service in by what its trust policy knows of the call: for whom it is made, in which organization."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from pileus.composition.role_permissions import LateRolePermissions
from pileus.kernel.auth.audit import Denial, Happened
from pileus.kernel.auth.organizations import Member, Organization
from pileus.kernel.ids import SeededIds
from tests.support.time import JumpingClock

_OURS: Final = "111111111111"
_THEIRS: Final = "222222222222"
_ROLE: Final = f"arn:aws:iam::{_OURS}:role/tells"
_ORGANIZATION: Final = Organization(id="o-a1b2c3", members={_OURS: Member(path="o-a1b2c3/r-ab12/")})


@dataclass(frozen=True)
class Role:
    trust_policy: str
    arn: str = _ROLE
    role_id: str = "AROAXXXXXXXXXXXXXXXXX"
    name: str = "tells"
    account_id: str = _OURS
    tags: Sequence[tuple[str, str]] = ()
    session_duration_max: timedelta = timedelta(hours=1)


class Directory:
    def __init__(self, role: Role) -> None:
        self._role = role

    async def find(self, role_arn: str) -> Role | None:
        return self._role if role_arn == self._role.arn else None


class Listening:
    """As far as `LateAuthorizer` hears of roles that do not trust."""

    def __init__(self) -> None:
        self.denied: list[Denial] = []

    async def note(self, denial: Denial, happened: Happened) -> None:
        self.denied.append(denial)


async def trusted(condition: dict[str, Any], *, source_arn: str = "") -> bool:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    role = Role(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    authorizer: Any = Listening()
    permissions = LateRolePermissions(
        authorizer=authorizer,
        roles=lambda: Directory(role),
        clock=JumpingClock(datetime(2026, 1, 1, tzinfo=UTC)),
        ids=SeededIds(),
        service="events",
        session_name="EventBridge",
        organization=_ORGANIZATION,
    )
    context = await permissions.session(
        role_arn=_ROLE, operation="SendMessage", region="us-east-1", source_arn=source_arn
    )
    assert (context is None) is bool(authorizer.denied)
    return context is not None


@pytest.mark.parametrize(("account", "let_in"), [(_OURS, True), (_THEIRS, False), ("", True)])
async def test_whose_the_source_is(account: str, let_in: bool) -> None:
    """IAM User Guide, "The confused deputy problem": the account of what is acted for, not of the role."""
    source_arn = account and f"arn:aws:events:us-east-1:{account}:rule/r"
    assert await trusted({"StringEquals": {"aws:SourceAccount": _OURS}}, source_arn=source_arn) is let_in


@pytest.mark.parametrize(
    ("key", "value", "account", "let_in"),
    [
        ("aws:SourceOrgID", "o-a1b2c3", _OURS, True),
        ("aws:SourceOrgID", "o-a1b2c3", _THEIRS, False),
        ("aws:SourceOrgID", "o-other", _OURS, False),
        ("aws:ResourceOrgID", "o-a1b2c3", _THEIRS, True),
    ],
)
async def test_in_which_organization(key: str, value: str, account: str, let_in: bool) -> None:
    """IAM User Guide, "AWS global condition context keys": of services' calls, trust policies are told it too."""
    source_arn = f"arn:aws:events:us-east-1:{account}:rule/r"
    assert await trusted({"StringEquals": {key: value}}, source_arn=source_arn) is let_in
