"""What does it cost that policies decide, beside the operation itself?

A role with three policies of its own (two inline, one managed), one statement in each, asks for GetItem; everything is
read from a real store, and the decision is written into the audit log. `python -m bench.authorizing`
"""

import asyncio
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time_ns
from typing import Final

from pileus.composition.authorization import LateAuthorizer
from pileus.kernel.auth.audit import AuditLog
from pileus.kernel.auth.key_ids import KeyIds
from pileus.kernel.auth.permissions import needs_of
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext, SessionFacts
from pileus.kernel.ids import SystemIds
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.known_tables import DynamoDbResources
from pileus.services.dynamodb.permissions import PERMISSIONS
from pileus.services.dynamodb.shapes import AttributeValue, GetItemInput
from pileus.services.iam import shapes
from pileus.services.iam.api import IamApi

ACCOUNT: Final = "111122223333"
TABLE: Final = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/bench"
_DECISIONS: Final = 5_000
_ROUNDS: Final = 5


def _policy(action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _context(service: str, principal: Principal) -> RequestContext:
    return RequestContext(
        service=service,
        operation="GetItem",
        request_id="0" * 36,
        account_id=ACCOUNT,
        region="us-east-1",
        principal=principal,
        source_ip="127.0.0.1",
        host="localhost",
    )


async def _role(iam: IamApi) -> Principal:
    """A session of a role with three policies, the last of which allows."""
    context = _context("iam", Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT))
    trust = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}'
    made = await iam.create_role(
        context, shapes.CreateRoleRequest(role_name="bench", assume_role_policy_document=trust)
    )
    for name, action in (("logs", "logs:*"), ("sqs", "sqs:*")):
        request = shapes.PutRolePolicyRequest(role_name="bench", policy_name=name, policy_document=_policy(action, "*"))
        await iam.put_role_policy(context, request)
    managed = await iam.create_policy(
        context, shapes.CreatePolicyRequest(policy_name="table", policy_document=_policy("dynamodb:GetItem", TABLE))
    )
    assert managed.policy is not None
    assert managed.policy.arn is not None
    attach = shapes.AttachRolePolicyRequest(role_name="bench", policy_arn=managed.policy.arn)
    await iam.attach_role_policy(context, attach)
    return Principal(
        account_id=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/bench/session",
        user_id=f"{made.role.role_id}:session",
        minted=True,
        session=SessionFacts(
            kind="assumed_role", issued_at=datetime.now(UTC), role_arn=f"arn:aws:iam::{ACCOUNT}:role/bench"
        ),
    )


async def main() -> None:
    clock, ids = MovableClock(), SystemIds()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder), clock=clock)
        seal = Seal(b"s" * 32, purpose="bench", ids=ids)
        iam = IamApi(store=store, seal=seal, key_ids=KeyIds(b"s" * 32, ids), clock=clock, ids=ids)
        principal = await _role(iam)
        resources = {"dynamodb": DynamoDbResources(store)}
        authorizer = LateAuthorizer(
            store=store, audit=AuditLog(store), clock=clock, resources=lambda: resources, modules=lambda: ()
        )
        context = _context("dynamodb", principal)
        needs = needs_of(PERMISSIONS["GetItem"], protocol="json")
        given = GetItemInput(table_name="bench", key={"id": AttributeValue(s="1")})
        costs = []
        for _ in range(_ROUNDS):
            begun = process_time_ns()
            for _ in range(_DECISIONS):
                await authorizer.authorize(context, {}, needs, given)
            costs.append((process_time_ns() - begun) / _DECISIONS / 1000)
        print(f"GetItem allowed to a role with 3 policies: {min(costs):.1f} us, at worst {max(costs):.1f} us")
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
