"""Does a simulation tell what requests would meet, and by which statements?"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.iam import shapes
from pileus.services.iam.statement_positions import Position, Span, statement_spans
from tests.unit.iam.running import ACCOUNT, RunningIam, context, refused, running_iam

BUCKET = "arn:aws:s3:::box"
ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
ADMINISTRATOR = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"""
"""AdministratorAccess, laid out as AWS does."""


@pytest_asyncio.fixture
async def iam(tmp_path: Path) -> AsyncIterator[RunningIam]:
    async with running_iam(tmp_path) as running:
        yield running


def policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def allow(action: str | list[str] = "s3:*", resource: str | list[str] = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str = "s3:*", resource: str = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


async def simulate(
    iam: RunningIam, documents: Sequence[str], *actions: str, **more: object
) -> list[shapes.EvaluationResult]:
    request = shapes.SimulateCustomPolicyRequest(
        policy_input_list=list(documents),
        action_names=list(actions),
        **more,  # type: ignore[arg-type]  # what the tests say
    )
    return (await iam.api.simulate_custom_policy(context(), request)).evaluation_results or []


async def decided(iam: RunningIam, documents: Sequence[str], action: str, **more: object) -> str:
    (result,) = await simulate(iam, documents, action, **more)
    return result.eval_decision


async def principal(iam: RunningIam, arn: str, *actions: str, **more: object) -> list[shapes.EvaluationResult]:
    request = shapes.SimulatePrincipalPolicyRequest(
        policy_source_arn=arn,
        action_names=list(actions),
        **more,  # type: ignore[arg-type]  # what the tests say
    )
    return (await iam.api.simulate_principal_policy(context(), request)).evaluation_results or []


class TestPositions:
    def test_as_aws_counts(self) -> None:
        """3:17 to 8:6 is what AWS answers for AdministratorAccess."""
        assert statement_spans(ADMINISTRATOR, count=1) == [Span(Position(3, 17), Position(8, 6))]

    def test_one_line(self) -> None:
        """1:38 is where the first statement of every compact policy begins; the next begins with its comma."""
        text = policy(allow(), deny(Sid='a "}]" b'))
        first, second = statement_spans(text, count=2)
        assert first.start == Position(1, 38)
        assert text[first.start.column - 1] == "{"
        assert text[first.end.column - 2 : first.end.column] == "},"
        assert second.start == first.end
        assert text[second.end.column - 1 :] == "]}"

    def test_a_statement_without_a_list(self) -> None:
        """It begins with its own brace."""
        text = '{"Statement": {"Effect":"Allow","Condition":{"Bool":{"a":"true"}}}, "Version":"2012-10-17"}'
        (span,) = statement_spans(text, count=1)
        assert text[span.start.column - 1 : span.end.column - 1] == text[14:66]

    @pytest.mark.parametrize("text", ['{"\\u0053tatement":[{}]}', '{"Statement":[],"Statement":[{}]}', "{}"])
    def test_what_cannot_be_found(self, text: str) -> None:
        """The whole document, rather than an error."""
        assert statement_spans(text, count=1) == [Span(Position(1, 1), Position(1, len(text) + 1))]


class TestSize:
    async def test_others_get_their_turn(self, iam: RunningIam) -> None:
        """One who simulates much must not stop everybody: it is done in steps."""
        statements = [allow([f"s3:Get{n}*", f"s3:Put{n}*"], [f"arn:aws:s3:::b{n}/*"]) for n in range(900)]
        request = shapes.SimulateCustomPolicyRequest(
            policy_input_list=[policy(*statements)],
            action_names=[f"s3:Get{n}" for n in range(400)],
            resource_arns=[f"arn:aws:s3:::b{n}/x" for n in range(400)],
        )
        task = asyncio.create_task(iam.api.simulate_custom_policy(context(), request))
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        answer = task.result()
        assert turns > 3
        assert answer.evaluation_results is not None
        assert len(answer.evaluation_results) == 5  # of 401 results each
        assert answer.is_truncated

    async def test_reading_the_policies(self, iam: RunningIam) -> None:
        """Each is one step; all of them are not."""
        documents = [policy(*[allow(f"s3:Get{one}x{n}") for n in range(50)]) for one in range(20)]
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        others_task = asyncio.create_task(others())
        await simulate(iam, documents, "s3:GetObject")
        others_task.cancel()
        assert turns > 3

    async def test_short_pages_leave_nothing_out(self, iam: RunningIam) -> None:
        """A page that ends early goes on where it ended."""
        actions = [f"s3:Get{n}" for n in range(7)]
        found: list[str] = []
        marker = None
        while True:
            request = shapes.SimulateCustomPolicyRequest(
                policy_input_list=[policy(allow())],
                action_names=actions,
                resource_arns=[f"arn:aws:s3:::b{n}" for n in range(700)],
                marker=marker,
            )
            answer = await iam.api.simulate_custom_policy(context(), request)
            found += [result.eval_action_name for result in answer.evaluation_results or ()]
            marker = answer.marker
            if marker is None:
                break
        assert found == actions

    async def test_too_much(self, iam: RunningIam) -> None:
        """Said at once rather than computed."""
        many: list[tuple[list[str], list[str], list[str]]] = [
            ([policy(allow())], [f"s3:Get{n}" for n in range(5_001)], []),
            ([policy(allow())], ["s3:GetObject"], [f"arn:aws:s3:::b{n}" for n in range(1_001)]),
            ([policy(allow(Sid="x" * 130_000))] * 4, ["s3:GetObject"], []),
            ([policy(*[allow()] * 200)], ["s3:GetObject"], [f"arn:aws:s3:::b{n}" for n in range(200)]),
        ]
        for documents, actions, resources in many:
            with pytest.raises(ServiceError) as caught:
                await simulate(iam, documents, *actions, resource_arns=resources)
            assert refused(caught)[0] == "InvalidInput"


class TestCustomPolicies:
    async def test_the_three_decisions(self, iam: RunningIam) -> None:
        """With all statements that led there: on a denial only those that deny (API_EvaluationResult)."""
        documents = [policy(allow()), policy(allow("s3:Get*"), deny("s3:Delete*"))]
        get, delete, send = await simulate(iam, documents, "s3:GetObject", "s3:DeleteObject", "sqs:SendMessage")
        assert (get.eval_decision, delete.eval_decision, send.eval_decision) == (
            "allowed",
            "explicitDeny",
            "implicitDeny",
        )
        assert get.matched_statements is not None
        assert [one.source_policy_id for one in get.matched_statements] == ["PolicyInputList.1", "PolicyInputList.2"]
        assert delete.matched_statements is not None
        (denying,) = delete.matched_statements
        assert str(denying.source_policy_type) == "IAM Policy"
        assert (denying.source_policy_id, denying.start_position is not None) == ("PolicyInputList.2", True)
        assert (send.matched_statements, send.missing_context_values) == ([], [])
        assert (get.eval_resource_name, get.resource_specific_results) == ("*", None)

    async def test_resources(self, iam: RunningIam) -> None:
        """Each by itself, and all together; one alone is also the whole."""
        documents = [policy(allow("s3:GetObject", f"{BUCKET}/a*"), deny("s3:GetObject", f"{BUCKET}/ab*"))]
        (one,) = await simulate(iam, documents, "s3:GetObject", resource_arns=[f"{BUCKET}/a"])
        assert (one.eval_resource_name, one.eval_decision) == (f"{BUCKET}/a", "allowed")
        assert [entry.eval_resource_decision for entry in one.resource_specific_results or []] == ["allowed"]
        for names, decisions, together in (
            (["a", "b"], ["allowed", "implicitDeny"], "implicitDeny"),
            (["a", "ab", "b"], ["allowed", "explicitDeny", "implicitDeny"], "explicitDeny"),
            (["a", "aa"], ["allowed", "allowed"], "allowed"),
        ):
            arns = [f"{BUCKET}/{name}" for name in names]
            (result,) = await simulate(iam, documents, "s3:GetObject", resource_arns=arns)
            assert result.eval_decision == together
            specific = result.resource_specific_results or []
            assert [entry.eval_resource_name for entry in specific] == arns
            assert [entry.eval_resource_decision for entry in specific] == decisions

    async def test_context(self, iam: RunningIam) -> None:
        """What is missing is told; what is given counts, with its case folded and its list kept."""
        documents = [
            policy(
                allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}),
                allow("sqs:*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}),
            )
        ]
        (result,) = await simulate(iam, documents, "s3:GetObject")
        assert result.eval_decision == "implicitDeny"
        assert result.missing_context_values == ["aws:PrincipalTag/team"]
        team = shapes.ContextEntry(
            context_key_name="AWS:PrincipalTag/Team", context_key_values=["blue"], context_key_type="string"
        )
        assert await decided(iam, documents, "s3:GetObject", context_entries=[team]) == "allowed"
        for values, decision in ((["a", "b"], "allowed"), (["a", "c"], "implicitDeny")):
            tags = shapes.ContextEntry(
                context_key_name="aws:TagKeys", context_key_values=values, context_key_type="stringList"
            )
            assert await decided(iam, documents, "sqs:SendMessage", context_entries=[tags]) == decision

    async def test_boundaries(self, iam: RunningIam) -> None:
        """They hold back and never grant."""
        (result,) = await simulate(
            iam,
            [policy(allow())],
            "s3:GetObject",
            permissions_boundary_policy_input_list=[policy(allow("sqs:*"))],
        )
        assert result.eval_decision == "implicitDeny"
        detail = result.permissions_boundary_decision_detail
        assert detail == shapes.PermissionsBoundaryDecisionDetail(allowed_by_permissions_boundary=False)
        (result,) = await simulate(
            iam, [policy(allow())], "s3:GetObject", permissions_boundary_policy_input_list=[policy(allow("s3:*"))]
        )
        assert result.eval_decision == "allowed"
        detail = result.permissions_boundary_decision_detail
        assert detail == shapes.PermissionsBoundaryDecisionDetail(allowed_by_permissions_boundary=True)

    async def test_organisations(self, iam: RunningIam) -> None:
        """Every level must allow."""

        def level(*documents: str) -> shapes.OrderedOrganizationPolicyType:
            return shapes.OrderedOrganizationPolicyType(service_control_policy_input_list=list(documents))

        for levels, decision, inside in (
            ([level(policy(allow("*")))], "allowed", True),
            ([level(policy(allow("*"))), level(policy(allow("sqs:*")))], "implicitDeny", False),
            ([level(policy(allow("*")), policy(deny("s3:*")))], "explicitDeny", False),
        ):
            (result,) = await simulate(
                iam, [policy(allow())], "s3:GetObject", ordered_organization_policy_input_list=levels
            )
            assert result.eval_decision == decision
            detail = result.organizations_decision_detail
            assert detail == shapes.OrganizationsDecisionDetail(allowed_by_organizations=inside)

    async def test_resource_policies(self, iam: RunningIam) -> None:
        """They need a caller; between two accounts both sides must allow."""
        mine = policy(allow(Principal={"AWS": ADA}))
        other = policy(allow())
        assert await decided(iam, [policy(allow("sqs:*"))], "s3:GetObject", resource_policy=mine, caller_arn=ADA) == (
            "allowed"
        )
        foreign = {"resource_policy": mine, "caller_arn": ADA, "resource_owner": "arn:aws:iam::222222222222:root"}
        assert await decided(iam, [policy(allow("sqs:*"))], "s3:GetObject", **foreign) == "implicitDeny"
        (result,) = await simulate(iam, [other], "s3:GetObject", **foreign)
        assert result.eval_decision == "allowed"
        assert {one.source_policy_id for one in result.matched_statements or []} == {
            "PolicyInputList.1",
            "ResourcePolicy",
        }
        with pytest.raises(ServiceError) as caught:
            await simulate(iam, [other], "s3:GetObject", resource_policy=mine)
        assert caught.value.error_code == "InvalidInput"

    async def test_what_cannot_be_simulated(self, iam: RunningIam) -> None:
        """Everything is told as InvalidInput, but what is not built."""
        good = [policy(allow())]
        entry = shapes.ContextEntry(context_key_name="aws:x", context_key_values=["a", "b"], context_key_type="string")
        for documents, more in (
            (["{}"], {}),
            (["no json"], {}),
            (good, {"permissions_boundary_policy_input_list": good * 2}),
            (good, {"resource_policy": good[0], "caller_arn": f"arn:aws:iam::{ACCOUNT}:role/r"}),
            (good, {"context_entries": [entry]}),
        ):
            with pytest.raises(ServiceError) as caught:
                await simulate(iam, documents, "s3:GetObject", **more)
            assert caught.value.error_code == "InvalidInput"
        with pytest.raises(ServiceError) as caught:
            await simulate(iam, good, "GetObject")
        assert caught.value.error_code == "InvalidInput"
        with pytest.raises(NotImplementedByPileus):
            await simulate(iam, good, "s3:GetObject", resource_handling_option="EC2-VPC-EBS")

    async def test_pages(self, iam: RunningIam) -> None:
        """In the order of the actions asked for."""
        actions = [f"s3:Get{number}" for number in range(7)]
        found: list[str] = []
        marker: str | None = None
        while True:
            request = shapes.SimulateCustomPolicyRequest(
                policy_input_list=[policy(allow())], action_names=actions, max_items=3, marker=marker
            )
            page = await iam.api.simulate_custom_policy(context(), request)
            found += [result.eval_action_name for result in page.evaluation_results or []]
            marker = page.marker
            if not page.is_truncated:
                break
        assert found == actions


class TestPrincipalPolicies:
    async def test_everything_that_applies(self, iam: RunningIam) -> None:
        """Inline and managed, of the user and of its groups, each by its name."""
        await iam.create_user()
        here = context()
        await iam.api.create_group(here, shapes.CreateGroupRequest(group_name="devs"))
        await iam.api.add_user_to_group(here, shapes.AddUserToGroupRequest(group_name="devs", user_name="ada"))
        await iam.api.put_group_policy(
            here,
            shapes.PutGroupPolicyRequest(
                group_name="devs", policy_name="g", policy_document=policy(allow("s3:Put*"), allow("sqs:*"))
            ),
        )
        await iam.api.put_user_policy(
            here,
            shapes.PutUserPolicyRequest(
                user_name="ada",
                policy_name="u",
                policy_document=policy(allow("s3:*", "arn:aws:s3:::${aws:username}/*")),
            ),
        )
        admin = "arn:aws:iam::aws:policy/AdministratorAccess"
        await iam.api.attach_user_policy(here, shapes.AttachUserPolicyRequest(user_name="ada", policy_arn=admin))
        (result,) = await principal(iam, ADA, "s3:PutObject", resource_arns=["arn:aws:s3:::ada/x"])
        assert result.eval_decision == "allowed"
        assert {one.source_policy_id for one in result.matched_statements or []} == {
            "user_ada_u",
            "group_devs_g",
            "AdministratorAccess",
        }
        inline = shapes.InlinePolicyIdentifierType(policy_name="g", attachment_type="group", attachment_name="devs")
        excluded = [
            shapes.PolicyIdentifier(policy_type="aws-managed", policy_arn=admin),
            shapes.PolicyIdentifier(policy_type="inline", inline_policy_identifier=inline),
        ]
        mine, queue = await principal(iam, ADA, "s3:PutObject", "sqs:SendMessage", policy_exclusion_list=excluded)
        assert (mine.eval_decision, queue.eval_decision) == ("implicitDeny", "implicitDeny")
        (result,) = await principal(iam, ADA, "sqs:SendMessage", policy_input_list=[policy(deny("sqs:*"))])
        assert result.eval_decision == "explicitDeny"

    async def test_the_boundary_applies_unless_another_is_given(self, iam: RunningIam) -> None:
        """Or it is excluded."""
        await iam.create_user()
        here = context()
        await iam.api.create_policy(
            here, shapes.CreatePolicyRequest(policy_name="edge", policy_document=policy(allow("sqs:*")))
        )
        await iam.api.put_user_permissions_boundary(
            here,
            shapes.PutUserPermissionsBoundaryRequest(
                user_name="ada", permissions_boundary=f"arn:aws:iam::{ACCOUNT}:policy/edge"
            ),
        )
        given = [policy(allow("s3:*"))]
        for more, decision in (
            ({}, "implicitDeny"),
            ({"permissions_boundary_policy_input_list": given}, "allowed"),
            (
                {"policy_exclusion_list": [shapes.PolicyIdentifier(policy_type="permission-boundary")]},
                "allowed",
            ),
        ):
            (result,) = await principal(iam, ADA, "s3:GetObject", policy_input_list=given, **more)
            assert result.eval_decision == decision

    async def test_who_can_be_simulated(self, iam: RunningIam) -> None:
        """Users, groups and roles that exist; no session, no root."""
        for arn, code in (
            (ADA, "NoSuchEntity"),
            (f"arn:aws:iam::{ACCOUNT}:root", "InvalidInput"),
            (f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", "InvalidInput"),
        ):
            with pytest.raises(ServiceError) as caught:
                await principal(iam, arn, "s3:GetObject")
            assert caught.value.error_code == code
        trust: dict[str, object] = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        role = await iam.api.create_role(
            context(), shapes.CreateRoleRequest(role_name="r", assume_role_policy_document=policy(trust))
        )
        await iam.api.put_role_policy(
            context(), shapes.PutRolePolicyRequest(role_name="r", policy_name="p", policy_document=policy(allow()))
        )
        (result,) = await principal(iam, role.role.arn, "s3:GetObject")
        assert result.eval_decision == "allowed"
        assert [one.source_policy_id for one in result.matched_statements or []] == ["role_r_p"]
        with pytest.raises(ServiceError) as caught:
            await principal(iam, role.role.arn, "s3:GetObject", resource_policy=policy(allow(Principal="*")))
        assert refused(caught)[0] == "InvalidInput"
