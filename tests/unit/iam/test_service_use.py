"""Reports of which services somebody could use, and who did."""

import json
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from pileus.kernel.context import Principal, SessionFacts
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.iam.key_uses import KeyUseRecorder
from pileus.services.iam.operations import service_use
from tests.unit.iam.driver import ACCOUNT, TRUST, Iam, policy_arn

ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
READERS = f"arn:aws:iam::{ACCOUNT}:group/readers"


def allowing(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def user(name: str, user_id: str) -> Principal:
    return Principal(
        account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/{name}", user_id=user_id, access_key_id=name, minted=True
    )


class World(Iam):
    """Ada and Ben in a group with a managed policy, a role with the same one, and what they did."""

    async def fill(self) -> None:
        self.ids: dict[str, str] = {}
        await self("CreatePolicy", PolicyName="p", PolicyDocument=allowing("s3:*", "sqs:SendMessage"))
        await self("CreateGroup", GroupName="readers")
        for name in ("ada", "ben"):
            self.ids[name] = (await self("CreateUser", UserName=name))["User"]["UserId"]
            await self("AddUserToGroup", GroupName="readers", UserName=name)
        await self("AttachGroupPolicy", GroupName="readers", PolicyArn=policy_arn("p"))
        await self("PutUserPolicy", UserName="ada", PolicyName="own", PolicyDocument=allowing("DynamoDB:GetItem"))
        role = (await self("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST))["Role"]
        self.ids["r"] = role["RoleId"]
        await self("AttachRolePolicy", RoleName="r", PolicyArn=policy_arn("p"))
        self.recorder = KeyUseRecorder(store=self.store, clock=self.clock)
        self.session = Principal(
            account_id=ACCOUNT,
            arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me",
            user_id=f"{role['RoleId']}:me",
            access_key_id="ASIA",
            session=SessionFacts(kind="assumed_role", issued_at=self.clock.now(), role_arn=role["Arn"]),
        )

    async def use(self, principal: Principal, service: str, region: str = "us-east-1") -> Any:
        """When it was."""
        self.clock.advance(timedelta(minutes=5))
        self.recorder.note_use(principal, service, region)
        await self.recorder.flush()
        return self.clock.now().replace(microsecond=0)

    async def report(self, arn: str) -> str:
        job_id: str = (await self("GenerateServiceLastAccessedDetails", Arn=arn))["JobId"]
        return job_id

    async def services(self, arn: str) -> dict[str, dict[str, Any]]:
        answer = await self("GetServiceLastAccessedDetails", JobId=await self.report(arn))
        assert (answer["JobStatus"], answer["JobType"]) == ("COMPLETED", "SERVICE_LEVEL")
        return {service["ServiceNamespace"]: service for service in answer["ServicesLastAccessed"]}


@pytest_asyncio.fixture
async def world(tmp_path: Any) -> Any:
    world = World(tmp_path)
    await world.fill()
    yield world
    await world.store.close()


async def test_of_a_user(world: World) -> None:
    """Its groups' policies count; what it never used is told without a date."""
    at = await world.use(user("ada", world.ids["ada"]), "sqs", "eu-west-1")
    found = await world.services(ADA)
    assert list(found) == ["dynamodb", "s3", "sqs"]
    assert found["sqs"] == {
        "ServiceName": "sqs",
        "ServiceNamespace": "sqs",
        "LastAuthenticated": at,
        "LastAuthenticatedEntity": ADA,
        "LastAuthenticatedRegion": "eu-west-1",
        "TotalAuthenticatedEntities": 1,
    }
    assert found["s3"] == {"ServiceName": "s3", "ServiceNamespace": "s3", "TotalAuthenticatedEntities": 0}


async def test_of_a_group_and_of_a_policy(world: World) -> None:
    """Members of a group; of a policy everybody who has it, roles by their sessions too. The latest is told."""
    await world.use(user("ada", world.ids["ada"]), "s3")
    at = await world.use(user("ben", world.ids["ben"]), "s3")
    group = (await world.services(READERS))["s3"]
    assert group["LastAuthenticatedEntity"] == ADA.replace("ada", "ben")
    assert (group["TotalAuthenticatedEntities"], group["LastAuthenticated"]) == (2, at)
    last = await world.use(world.session, "s3")
    job_id = await world.report(policy_arn("p"))
    asked = {"JobId": job_id, "ServiceNamespace": "s3"}
    operation = "GetServiceLastAccessedDetailsWithEntities"
    entities = await world.pages(operation, "EntityDetailsList", size=2, **asked)
    assert [entity["EntityInfo"]["Name"] for entity in entities] == ["r", "ben", "ada"]
    assert entities[0] == {
        "EntityInfo": {
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/r",
            "Name": "r",
            "Type": "ROLE",
            "Id": world.ids["r"],
            "Path": "/",
        },
        "LastAuthenticated": last,
    }
    idle = (await world(operation, JobId=job_id, ServiceNamespace="sqs"))["EntityDetailsList"]
    assert {entity["EntityInfo"]["Name"] for entity in idle} == {"ada", "ben", "r"}
    assert all("LastAuthenticated" not in entity for entity in idle)
    assert (await world(operation, JobId=job_id, ServiceNamespace="ec2"))["EntityDetailsList"] == []


async def test_a_report_is_of_its_moment(world: World) -> None:
    """What happens later is in the next one; and the deeds of a user who was deleted are nobody's."""
    job_id = await world.report(ADA)
    await world.use(user("ada", world.ids["ada"]), "s3")
    answer = await world("GetServiceLastAccessedDetails", JobId=job_id, MaxItems=2)
    assert answer["IsTruncated"]
    assert all("LastAuthenticated" not in service for service in answer["ServicesLastAccessed"])
    assert "LastAuthenticated" in (await world.services(ADA))["s3"]
    await world("RemoveUserFromGroup", GroupName="readers", UserName="ada")
    await world("DeleteUserPolicy", UserName="ada", PolicyName="own")
    await world("DeleteUser", UserName="ada")
    assert (await world.services(READERS))["s3"]["TotalAuthenticatedEntities"] == 0


async def test_whoever_may_do_everything(world: World) -> None:
    """Could use every service there is."""
    await world("AttachRolePolicy", RoleName="r", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    job_id = await world.report(f"arn:aws:iam::{ACCOUNT}:role/r")
    found = await world.pages("GetServiceLastAccessedDetails", "ServicesLastAccessed", size=100, JobId=job_id)
    namespaces = [service["ServiceNamespace"] for service in found]
    assert {"dynamodb", "lambda", "sts", "ec2"} <= set(namespaces)
    assert namespaces == sorted(set(namespaces))


async def test_old_reports_are_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or they would fill the store for ever."""
    monkeypatch.setattr(service_use, "ACCESS_REPORTS_MAX", 2)
    jobs = []
    for _ in range(3):
        jobs.append(await world.report(ADA))
        world.clock.advance(timedelta(seconds=1))
    assert (await world.refused("GetServiceLastAccessedDetails", JobId=jobs[0]))[0] == "NoSuchEntity"
    for job_id in jobs[1:]:
        await world("GetServiceLastAccessedDetails", JobId=job_id)


async def test_what_is_not_there(world: World) -> None:
    """Unknown ARNs and jobs; single actions."""
    assert (await world.refused("GenerateServiceLastAccessedDetails", Arn=ADA + "x"))[0] == "NoSuchEntity"
    assert (await world.refused("GetServiceLastAccessedDetails", JobId="x" * 36))[0] == "NoSuchEntity"
    with pytest.raises(NotImplementedByPileus):
        await world("GenerateServiceLastAccessedDetails", Arn=ADA, Granularity="ACTION_LEVEL")
