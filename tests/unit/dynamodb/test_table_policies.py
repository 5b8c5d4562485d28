"""Resource policies of tables: which may be, in which form they are kept, and their revisions."""

import json
from datetime import timedelta
from typing import Any

import pytest

from pileus.kernel.context import Principal, RequestContext
from pileus.services.dynamodb.known_tables import DynamoDbResources
from tests.unit.dynamodb.conftest import Dynamo

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/notes"
OTHER = "111122223333"
INVALID = "ValidationException: One or more parameter values were invalid: "
NONE = "PolicyNotFoundException: Resource-based policy not found for the provided ResourceArn: "


def statement(**changes: Any) -> dict[str, Any]:
    """One that may be; None leaves a member out."""
    whole = {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": "dynamodb:GetItem",
        "Resource": ARN,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


async def put(dynamo: Dynamo, text: str, **more: Any) -> str:
    revision: str = (await dynamo.call("PutResourcePolicy", ResourceArn=ARN, Policy=text, **more))["RevisionId"]
    return revision


async def test_a_policy_is_kept_in_one_form(dynamo: Dynamo) -> None:
    """Without blanks, members in AWS's order, lists of one as what they hold, accounts by their root's ARN."""
    await dynamo.table("notes")
    written = {
        "Statement": {
            "Resource": [ARN],
            "Action": ["dynamodb:GetItem"],
            "Principal": {"AWS": [OTHER, f"arn:aws:iam::{OTHER}:root"]},
            "Effect": "Allow",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        },
        "Version": "2012-10-17",
    }
    revision = await put(dynamo, json.dumps(written, indent=4))
    answer = await dynamo.call("GetResourcePolicy", ResourceArn=ARN)
    assert answer == {
        "Policy": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::'
        f'{OTHER}:root"}},"Action":"dynamodb:GetItem","Resource":"{ARN}","Condition":'
        '{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}',
        "RevisionId": revision,
    }
    assert await put(dynamo, answer["Policy"]) == revision


async def test_revisions(dynamo: Dynamo) -> None:
    """Moments, which tell who changes what they have seen from who does not."""
    await dynamo.table("notes")
    dynamo.clock.freeze()
    assert await dynamo.error("GetResourcePolicy", ResourceArn=ARN) == f"{NONE}{ARN}"
    assert await dynamo.call("DeleteResourcePolicy", ResourceArn=ARN) == {}
    first = await put(dynamo, policy(statement()), ExpectedRevisionId="NO_POLICY")
    second = await put(dynamo, policy(statement(Sid="s2")), ExpectedRevisionId=first)
    assert second != first
    error = await dynamo.error(
        "PutResourcePolicy", ResourceArn=ARN, Policy=policy(statement()), ExpectedRevisionId="NO_POLICY"
    )
    assert error == (
        f"{NONE}Requested policy update expecting none to be present for table notes, but a policy exists with "
        f"revision id {second}."
    )
    error = await dynamo.error("DeleteResourcePolicy", ResourceArn=ARN, ExpectedRevisionId=first)
    assert error == (
        f"{NONE}Requested update for policy with revision id {first}, but the policy associated to target table notes "
        f"has revision id {second}."
    )
    assert await dynamo.call("DeleteResourcePolicy", ResourceArn=ARN, ExpectedRevisionId=second) == {
        "RevisionId": second
    }
    assert await dynamo.error("GetResourcePolicy", ResourceArn=ARN) == f"{NONE}{ARN}"
    assert int(await put(dynamo, policy(statement()))) > int(second), "no revision comes back"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", f"{INVALID}Invalid policy document: This policy contains invalid Json"),
        ("[]", f"{INVALID}Invalid policy document: This policy contains invalid Json"),
        ("null", f"{INVALID}Invalid policy document: This text appears not to be a policy"),
        ("{}", f"{INVALID}Invalid policy document: Syntax error at position (1,3)"),
        (policy(), f"{INVALID}Invalid policy document: Could not parse the policy: Statement is empty!"),
        (policy({}), f"{INVALID}Invalid policy document: Missing required field Effect"),
        (policy(statement(Resource=None)), f"{INVALID}Invalid policy document: Missing required field Resource"),
        (policy(statement(Principal=None)), f"{INVALID}Invalid policy document: Missing required field Principal"),
        (
            policy(statement(), statement()),
            f"{INVALID}Invalid policy document: The Statement Ids in the policy are not unique",
        ),
        (policy(statement(Principal={"AWS": "no body"})), f"{INVALID}Invalid principal in policy document."),
        (
            policy(statement(Principal="*")),
            "ValidationException: Resource-based policy grants unbounded access in one or more elements. Please "
            "revise the policy to ensure least-privilege form of access",
        ),
        (
            policy(statement(Sid="x" * 20480)),
            f"{INVALID}Maximum policy size of 20480 bytes exceeded",
        ),
        (
            policy(statement(Effect="Deny", Principal="*", Action="dynamodb:*ResourcePolicy")),
            "AccessDeniedException: The new resource policy will not allow you to update the resource policy in the "
            "future.",
        ),
    ],
)
async def test_policies_that_cannot_be(dynamo: Dynamo, text: str, error: str) -> None:
    """AWS's words, from the lab notes of ack-api-quirks (2026-10, DDB-TABLE-210, -211, -356, -457)."""
    await dynamo.table("notes")
    assert await dynamo.error("PutResourcePolicy", ResourceArn=ARN, Policy=text) == error


@pytest.mark.parametrize("sid", [["s1"], {"s": 1}, 1])
async def test_a_sid_that_is_no_text(dynamo: Dynamo, sid: object) -> None:
    """It is refused, once or twice, and breaks nothing."""
    await dynamo.table("notes")
    for text in (policy(statement(Sid=sid)), policy(statement(Sid=sid), statement(Sid=sid))):
        assert (await dynamo.error("PutResourcePolicy", ResourceArn=ARN, Policy=text)).startswith(INVALID)
    assert await dynamo.error("GetResourcePolicy", ResourceArn=ARN) == f"{NONE}{ARN}"


async def test_who_locks_themselves_out_must_say_so(dynamo: Dynamo) -> None:
    """Then it is done."""
    await dynamo.table("notes")
    text = policy(statement(Effect="Deny", Principal="*", Action="dynamodb:PutResourcePolicy"))
    await put(dynamo, text, ConfirmRemoveSelfResourceAccess=True)


async def test_a_table_is_created_with_its_policy(dynamo: Dynamo) -> None:
    """And the policy goes with it."""
    for _ in range(2):
        await dynamo.call(
            "CreateTable",
            TableName="notes",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            ResourcePolicy=policy(statement()),
        )
        assert json.loads((await dynamo.call("GetResourcePolicy", ResourceArn=ARN))["Policy"])["Statement"]
        await dynamo.call("DeleteTable", TableName="notes")
        assert await dynamo.store.snapshot().range(b"\x02dynamodb", b"\x02dynamodc") == []
    await dynamo.table("notes")
    assert await dynamo.error("GetResourcePolicy", ResourceArn=ARN) == f"{NONE}{ARN}"


CONTEXT = RequestContext(
    service="dynamodb",
    operation="GetItem",
    request_id="r",
    account_id=OTHER,
    region="us-east-1",
    principal=Principal(account_id=OTHER, arn=f"arn:aws:iam::{OTHER}:root", user_id=OTHER),
    source_ip="127.0.0.1",
    host="localhost",
)


async def test_policies_are_looked_for_only_where_there_are_any(dynamo: Dynamo) -> None:
    """The authorizer is told to look while any table has one, from the commit of the first to that of the last."""
    resources = DynamoDbResources(dynamo.store)
    await dynamo.table("notes")
    asked = [resources.eager]  # nothing is known yet
    known = await resources.find(CONTEXT, ARN)
    assert known is not None
    assert known.policy is None
    asked.append(resources.eager)
    await put(dynamo, policy(statement()))
    await dynamo.store.durable()
    asked.append(resources.eager)
    known = await resources.find(CONTEXT, f"{ARN}/index/i")
    assert known is not None
    assert known.policy is not None
    assert known.policy.name_or_arn == ARN
    dynamo.clock.advance(timedelta(seconds=1))
    await dynamo.call("DeleteTable", TableName="notes")
    await dynamo.store.durable()
    await resources.find(CONTEXT, ARN)
    assert [*asked, resources.eager] == [True, False, True, False]
