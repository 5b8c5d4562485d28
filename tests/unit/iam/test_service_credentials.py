"""Credentials for one service alone: who has them, under which name, and until when."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.iam.driver import ACCOUNT, Iam

GIT = {"UserName": "ada", "ServiceName": "codecommit.amazonaws.com"}
BEDROCK = {"UserName": "ada", "ServiceName": "bedrock.amazonaws.com"}
CREATE = "CreateServiceSpecificCredential"
LIST = "ListServiceSpecificCredentials"


async def created(iam: Iam, **parameters: Any) -> dict[str, Any]:
    credential: dict[str, Any] = (await iam(CREATE, **parameters))["ServiceSpecificCredential"]
    return credential


async def listed(iam: Iam, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await iam(LIST, **parameters))["ServiceSpecificCredentials"]
    return found


async def test_a_password_for_git(fresh: Iam) -> None:
    """Told once; the name there stays when the user gets another (recorded: TestUserRename)."""
    await fresh("CreateUser", UserName="ada")
    first = await created(fresh, **GIT)
    assert first["ServiceUserName"] == f"ada-at-{ACCOUNT}"
    assert len(first["ServicePassword"]) == 60
    assert first["ServiceSpecificCredentialId"].startswith("ACCA")
    second = await created(fresh, **GIT)
    assert second["ServiceUserName"] == f"ada+1-at-{ACCOUNT}"
    assert (await fresh.refused(CREATE, **GIT))[0] == "LimitExceeded"
    await created(fresh, **{**GIT, "ServiceName": "cassandra.amazonaws.com"})
    await fresh("UpdateUser", UserName="ada", NewUserName="countess")
    only = await listed(fresh, UserName="countess", ServiceName="codecommit.amazonaws.com")
    expected = [{**made, "UserName": "countess"} for made in (first, second)]
    for made in expected:
        del made["ServicePassword"]
    assert sorted(only, key=lambda entry: len(entry["ServiceUserName"])) == expected


async def test_an_api_key_ends(fresh: Iam) -> None:
    """It has an alias instead of a user name, and an end when one was asked for."""
    await fresh("CreateUser", UserName="ada")
    key = await created(fresh, **BEDROCK, CredentialAgeDays=30)
    assert (key["ServiceCredentialAlias"], key["Status"]) == (f"ada-at-{ACCOUNT}", "Active")
    assert key["ExpirationDate"] - key["CreateDate"] == timedelta(days=30)
    secret = key["ServiceCredentialSecret"]
    assert base64.b64decode(secret.removeprefix("ABSK")).startswith(f"ada-at-{ACCOUNT}:".encode())
    assert not {"ServiceUserName", "ServicePassword"} & key.keys()
    fresh.clock.advance(timedelta(days=30))
    (entry,) = await listed(fresh, UserName="ada")
    assert entry["Status"] == "Expired"
    assert not {"ServiceCredentialSecret", "ServiceUserName"} & entry.keys()
    assert (await fresh.refused(CREATE, **GIT, CredentialAgeDays=1))[0] == "ValidationError"


async def test_status_reset_and_deletion(fresh: Iam) -> None:
    """Another password under the same name; a user who has one cannot be deleted."""
    await fresh("CreateUser", UserName="ada")
    first = await created(fresh, **GIT)
    named = {"UserName": "ada", "ServiceSpecificCredentialId": first["ServiceSpecificCredentialId"]}
    await fresh("UpdateServiceSpecificCredential", **named, Status="Inactive")
    reset = (await fresh("ResetServiceSpecificCredential", **named))["ServiceSpecificCredential"]
    assert reset.pop("ServicePassword") != first.pop("ServicePassword")
    assert reset == {**first, "Status": "Inactive"}
    assert (await fresh.refused("UpdateServiceSpecificCredential", **named, Status="Expired"))[0] == "ValidationError"
    assert await fresh.refused("DeleteUser", UserName="ada") == (
        "DeleteConflict",
        "Cannot delete entity, must remove referenced objects first.",
    )
    await fresh("DeleteServiceSpecificCredential", **named)
    assert await fresh.refused("ResetServiceSpecificCredential", **named) == (
        "NoSuchEntity",
        f"No such credential {first['ServiceSpecificCredentialId']} exists",
    )
    await fresh("DeleteUser", UserName="ada")


async def test_a_list_of_all_users(fresh: Iam) -> None:
    """Of one service, in pages; not together with a user."""
    for name in ("ada", "ben", "cleo"):
        await fresh("CreateUser", UserName=name)
        await created(fresh, UserName=name, ServiceName="bedrock.amazonaws.com")
    await created(fresh, **GIT)
    asked = {"AllUsers": True, "ServiceName": "bedrock.amazonaws.com"}
    found = await fresh.pages(LIST, "ServiceSpecificCredentials", size=2, **asked)
    assert sorted(entry["UserName"] for entry in found) == ["ada", "ben", "cleo"]
    assert (await fresh.refused(LIST, AllUsers=True, UserName="ada"))[0] == "ValidationError"
    assert await listed(fresh) == []  # the root's own


@pytest.mark.parametrize("operation", [CREATE, LIST])
async def test_a_service_that_has_none(fresh: Iam, operation: str) -> None:
    """NoSuchEntity, whatever the model says."""
    await fresh("CreateUser", UserName="ada")
    assert await fresh.refused(operation, UserName="ada", ServiceName="s3.amazonaws.com") == (
        "NoSuchEntity",
        "No such service s3.amazonaws.com is supported for Service Specific Credentials",
    )
