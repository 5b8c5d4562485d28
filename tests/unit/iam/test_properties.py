"""Whatever is done to users, groups, roles and policies, do both sides of every relation agree?

The model is a handful of dictionaries: who is in which group, what is attached to whom, whose boundary is what.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.errors import ServiceError
from tests.unit.iam.driver import POLICY, TRUST, Iam, policy_arn

NAMES = st.sampled_from(["a", "b"])
KINDS = st.sampled_from(["User", "Group", "Role"])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["create", "delete", "rename"]), KINDS, NAMES),
    st.tuples(st.sampled_from(["attach", "detach"]), KINDS, NAMES),
    st.tuples(st.sampled_from(["join", "leave"]), st.just("User"), NAMES),
    st.tuples(st.sampled_from(["bound", "unbound"]), st.sampled_from(["User", "Role"]), NAMES),
)
ARN = policy_arn("p")


class Model:
    """Every holder by kind and name, with a mark for each thing that hangs on it."""

    def __init__(self) -> None:
        self.holders: dict[tuple[str, str], set[str]] = {}

    def allows(self, step: str, kind: str, name: str) -> bool:
        held = self.holders.get((kind, name))
        if step == "create":
            return held is None
        if held is None:
            return False
        if step == "rename":
            return kind != "Role" and (kind, name * 2) not in self.holders
        if step == "delete":
            return not held & {"attached", "member"} and not (kind == "Group" and name == "a" and self.members())
        if step in ("join", "leave"):
            return ("Group", "a") in self.holders
        return step in ("attach", "bound") or {"detach": "attached", "unbound": "bounded"}[step] in held

    def apply(self, step: str, kind: str, name: str) -> None:
        key = (kind, name)
        marks = {"attach": "attached", "join": "member", "bound": "bounded"}
        unmarks = {"detach": "attached", "leave": "member", "unbound": "bounded"}
        if step == "create":
            self.holders[key] = set()
        elif step == "delete":
            del self.holders[key]
        elif step == "rename":
            # There and back, so that the small world of names does not grow; what hangs on it must come along.
            pass
        elif step in marks:
            self.holders[key].add(marks[step])
        else:
            self.holders[key].discard(unmarks[step])

    def members(self) -> list[str]:
        return self.having("User", "member")

    def having(self, kind: str, mark: str) -> list[str]:
        return sorted(name for (one, name), held in self.holders.items() if one == kind and mark in held)


async def perform(iam: Iam, step: str, kind: str, name: str) -> None:
    named: dict[str, Any] = {f"{kind}Name": name}
    if step == "create":
        more: dict[str, Any] = {"AssumeRolePolicyDocument": TRUST} if kind == "Role" else {}
        await iam(f"Create{kind}", **named, **more)
    elif step == "delete":
        await iam(f"Delete{kind}", **named)
    elif step == "rename":
        there: dict[str, Any] = {f"New{kind}Name": name * 2}
        back: dict[str, Any] = {f"New{kind}Name": name, f"{kind}Name": name * 2}
        await iam(f"Update{kind}", **there, **named)
        await iam(f"Update{kind}", **back)
    elif step in ("attach", "detach"):
        await iam(f"{step.capitalize()}{kind}Policy", PolicyArn=ARN, **named)
    elif step == "join":
        await iam("AddUserToGroup", GroupName="a", **named)
    elif step == "leave":
        await iam("RemoveUserFromGroup", GroupName="a", **named)
    elif step == "bound":
        await iam(f"Put{kind}PermissionsBoundary", PermissionsBoundary=ARN, **named)
    else:
        await iam(f"Delete{kind}PermissionsBoundary", **named)


async def check(iam: Iam, model: Model) -> None:
    """What the policy says of its holders, what each holder says of itself, and the model: one truth."""
    for kind in ("User", "Group", "Role"):
        listed = [one[f"{kind}Name"] for one in (await iam(f"List{kind}s"))[f"{kind}s"]]
        assert listed == sorted(name for one, name in model.holders if one == kind)
        for usage, mark in (("PermissionsPolicy", "attached"), ("PermissionsBoundary", "bounded")):
            entities = await iam("ListEntitiesForPolicy", PolicyArn=ARN, PolicyUsageFilter=usage)
            assert sorted(one[f"{kind}Name"] for one in entities[f"Policy{kind}s"]) == model.having(kind, mark)
        for name in listed:
            attached = await iam(f"ListAttached{kind}Policies", **{f"{kind}Name": name})
            assert len(attached["AttachedPolicies"]) == ("attached" in model.holders[kind, name])
    policy = (await iam("GetPolicy", PolicyArn=ARN))["Policy"]
    counts = [sum(mark in held for held in model.holders.values()) for mark in ("attached", "bounded")]
    assert [policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]] == counts
    if ("Group", "a") in model.holders:
        users = (await iam("GetGroup", GroupName="a"))["Users"]
        assert [one["UserName"] for one in users] == model.members()


async def live(steps: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        iam, model = Iam(Path(folder)), Model()
        await iam("CreatePolicy", PolicyName="p", PolicyDocument=POLICY)
        for step in steps:
            try:
                await perform(iam, *step)
            except ServiceError:
                assert not model.allows(*step), step
            else:
                assert model.allows(*step), step
                model.apply(*step)
        await check(iam, model)
        await iam.store.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_both_sides_agree(steps: list[tuple[str, str, str]]) -> None:
    """And what the model forbids is refused, what it allows is done."""
    asyncio.run(live(steps))
