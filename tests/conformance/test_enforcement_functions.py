"""Whom a function's own policy lets in: other accounts, where both sides allow, and services, where it names them."""

import http.client
import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import (
    ACCOUNT,
    OTHER,
    REGION,
    User,
    allow,
    document,
    name,
    refused,
    zipped,
)
from tests.conftest import Server

ECHO = "def handler(event, context):\n    return {'statusCode': 200, 'body': context.invoked_function_arn}\n"
TRUSTED = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@pytest.fixture(scope="module")
def function(aws: Server) -> Iterator[str]:
    """The ARN of a function of ACCOUNT."""
    role = aws.client("iam").create_role(RoleName=name("role"), AssumeRolePolicyDocument=TRUSTED)["Role"]["Arn"]
    lambda_ = aws.client("lambda")
    arn = lambda_.create_function(
        FunctionName=name("function"),
        Runtime="python3.12",
        Handler="app.handler",
        Role=role,
        Code={"ZipFile": zipped(ECHO)},
    )["FunctionArn"]
    yield str(arn)
    lambda_.delete_function(FunctionName=arn)


@pytest.fixture
def granting(aws: Server, function: str) -> Iterator[Any]:
    """Calls AddPermission on the function; everything is taken back."""
    lambda_ = aws.client("lambda")
    given: list[str] = []

    def grant(principal: str, action: str = "lambda:InvokeFunction", **more: str) -> None:
        given.append(f"s{len(given)}")
        lambda_.add_permission(FunctionName=function, StatementId=given[-1], Action=action, Principal=principal, **more)

    yield grant
    for sid in given:
        lambda_.remove_permission(FunctionName=function, StatementId=sid)


def elsewhere(aws: Server) -> User:
    """A user of another account."""
    there = Server(aws.data_dir)
    there.url = aws.url
    original = there.client

    def client(service: str, **options: Any) -> Any:
        return original(service, **({"aws_access_key_id": OTHER} | options))

    there.client = client  # type: ignore[method-assign]  # the same server, seen from the other account
    return User(there)


def decisions(aws: Server, **wish: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{aws.url}/_pileus/decisions?{urlencode(wish)}") as answer:
        found: list[dict[str, Any]] = json.load(answer)["decisions"]
    return found


def invoked(client: Any, function: str) -> Any:
    return json.load(client.invoke(FunctionName=function)["Payload"])["body"]


def test_another_account_invokes_where_both_sides_allow(aws: Server, function: str, granting: Any) -> None:
    """Source: Lambda Developer Guide, "Granting Lambda function access to other accounts"."""
    user = elsewhere(aws)
    theirs = user.client("lambda")
    error = refused(theirs.invoke, FunctionName=function)
    assert error["Message"].endswith("because no identity-based policy allows the lambda:InvokeFunction action")
    user.may(allow("lambda:InvokeFunction", function))
    error = refused(theirs.invoke, FunctionName=function)
    assert error["Message"].endswith("because no resource-based policy allows the lambda:InvokeFunction action")
    granting(OTHER)
    assert invoked(theirs, function) == function
    assert theirs.invoke(FunctionName=function, InvocationType="Event")["StatusCode"] == 202
    refused(theirs.get_function, FunctionName=function)  # invoking is what was allowed
    user.may(allow("dynamodb:*"))
    refused(theirs.invoke, FunctionName=function)


def test_nothing_of_another_account_is_reached_without_its_policy(aws: Server, function: str, granting: Any) -> None:
    """In open mode an unknown key is a root, and a root too needs the other side; what one was let do is remembered
    for nobody else of its account."""
    root = aws.client("lambda", aws_access_key_id=OTHER)
    user = elsewhere(aws).may(allow("lambda:*"))
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        ("invoke", {}),
        ("get_function", {}),
        ("get_function_configuration", {}),
        ("get_policy", {}),
        ("delete_function", {}),
        ("update_function_code", {"ZipFile": zipped("x = 1")}),
        ("update_function_configuration", {"Description": "taken"}),
        ("add_permission", {"StatementId": "x", "Action": "lambda:*", "Principal": OTHER}),
        ("remove_permission", {"StatementId": "x"}),
    )
    for client in (root, user.client("lambda")):
        for call, more in calls:
            error = refused(getattr(client, call), FunctionName=function, **more)
            assert "because no resource-based policy allows the lambda:" in error["Message"], call
    granting(user.arn)
    assert invoked(user.client("lambda"), function) == function
    refused(root.invoke, FunctionName=function)
    granting(OTHER, "lambda:GetFunctionConfiguration")
    assert root.get_function_configuration(FunctionName=function)["FunctionArn"] == function
    refused(root.invoke, FunctionName=function)
    granting(OTHER)
    assert invoked(root, function) == function
    refused(aws.client("lambda", aws_access_key_id="333333333333").invoke, FunctionName=function)
    absent = function + "-absent"
    assert "no resource-based policy" in refused(root.invoke, FunctionName=absent)["Message"]


def test_what_is_never_done_for_another_account(aws: Server, function: str, granting: Any) -> None:
    """Even a policy that allows everything gives only what Lambda offers across accounts."""
    granting(OTHER, "*")
    root = aws.client("lambda", aws_access_key_id=OTHER)
    more = {"StatementId": "x", "Action": "lambda:*", "Principal": "*"}
    refused(root.add_permission, FunctionName=function, **more)
    refused(root.update_function_configuration, FunctionName=function, Description="taken")
    assert root.get_function(FunctionName=function)["Configuration"]["FunctionArn"] == function


def ask(aws: Server, api_id: str, path: str = "/") -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(aws.url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": f"{api_id}.execute-api.localhost"})
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_an_api_needs_the_functions_permission(aws: Server, function: str, granting: Any) -> None:
    """In open mode too, as on AWS: by service and by the API's ARN; and whoever wonders about the 500 can find out."""
    gateway = aws.client("apigatewayv2")
    api_id = gateway.create_api(Name=name("api"), ProtocolType="HTTP", Target=function)["ApiId"]
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}"
    granting("s3.amazonaws.com")
    granting("apigateway.amazonaws.com", SourceArn=f"{source}x/*")
    granting("apigateway.amazonaws.com", SourceArn=f"{source}/*", SourceAccount=OTHER)
    status, headers, body = ask(aws, api_id)
    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})
    [denied] = decisions(aws, request_id=headers["apigw-requestid"])
    assert (denied["allowed"], denied["principal"], denied["action"]) == (
        False,
        "apigateway.amazonaws.com",
        "lambda:InvokeFunction",
    )
    assert denied["resource"] == function
    assert denied["near_misses"] == [
        f"statement s1 of resource-based policy {function}: ArnLike aws:SourceArn {source}x/* does not hold; "
        f"the request has {source}/$default/$default",
        f"statement s2 of resource-based policy {function}: StringEquals aws:SourceAccount {OTHER} does not hold; "
        f"the request has {ACCOUNT}",
    ]
    granting("apigateway.amazonaws.com", SourceArn=f"{source}/*/$default", SourceAccount=ACCOUNT)
    status, _, body = ask(aws, api_id)
    assert (status, body.decode()) == (200, function)
    gateway.delete_api(ApiId=api_id)


def test_an_api_of_another_account_needs_it_as_well(aws: Server, function: str, granting: Any) -> None:
    """A service belongs to no account: the function's policy alone decides, and can tell whose API it is."""
    gateway = aws.client("apigatewayv2", aws_access_key_id=OTHER)
    api_id = gateway.create_api(Name=name("api"), ProtocolType="HTTP", Target=function)["ApiId"]
    granting("apigateway.amazonaws.com", SourceAccount=ACCOUNT)
    assert ask(aws, api_id)[0] == 500
    granting("apigateway.amazonaws.com", SourceArn=f"arn:aws:execute-api:{REGION}:{OTHER}:{api_id}/$default/*")
    assert ask(aws, api_id)[0] == 200
    gateway.delete_api(ApiId=api_id)


class TestRefusalsThatNoIdentityPolicyMade:
    """Each is in the log of decisions as refused, with a reason that its client may not hear."""

    @staticmethod
    def reason(aws: Server, call: Any, **parameters: Any) -> dict[str, Any]:
        """The denial of the request."""
        with pytest.raises(ClientError) as caught:
            call(**parameters)
        request_id = caught.value.response["ResponseMetadata"]["RequestId"]
        [denial] = (found for found in decisions(aws, request_id=request_id) if not found["allowed"])
        return denial

    def test_a_role_that_is_not_there(self, aws: Server) -> None:
        user = User(aws).may(allow("sts:AssumeRole"))
        wanted = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/absent", "RoleSessionName": "session"}
        denied = self.reason(aws, user.client("sts").assume_role, **wanted)
        assert (denied["principal"], denied["action"], denied["resource"], denied["reason"]) == (
            user.arn,
            "sts:AssumeRole",
            wanted["RoleArn"],
            "there is no such role",
        )

    def test_a_role_that_is_not_there_in_another_account(self, aws: Server) -> None:
        """There its policy would have to agree, so the caller's own is not even half of it."""
        user = User(aws).may(allow("sts:AssumeRole"))
        absent = f"arn:aws:iam::{OTHER}:role/absent"
        denied = self.reason(aws, user.client("sts").assume_role, RoleArn=absent, RoleSessionName="session")
        assert denied["reason"] == f"there is no {absent} that could let it in"

    def test_a_role_that_does_not_trust(self, aws: Server) -> None:
        """Of a root, which nobody else asks about."""
        condition = {"StringEquals": {"sts:ExternalId": "42"}}
        trusting = document(
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole", "Condition": condition}
        )
        role = aws.client("iam").create_role(RoleName=name("role"), AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
        denied = self.reason(aws, aws.client("sts").assume_role, RoleArn=role, RoleSessionName="session")
        assert (denied["kind"], denied["missing_context"]) == ("role's trust policy", ["sts:ExternalId"])
        assert denied["near_misses"] == [
            f"statement 1 of role's trust policy {role}: StringEquals sts:ExternalId 42 does not hold; "
            "the request has none"
        ]

    def test_a_role_that_lambda_may_not_assume(self, aws: Server) -> None:
        trusting = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
        role = aws.client("iam").create_role(RoleName=name("role"), AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
        denied = self.reason(
            aws,
            aws.client("lambda").create_function,
            FunctionName=name("function"),
            Runtime="python3.12",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": zipped(ECHO)},
        )
        assert (denied["principal"], denied["action"], denied["resource"], denied["kind"]) == (
            "lambda.amazonaws.com",
            "sts:AssumeRole",
            role,
            "role's trust policy",
        )


@pytest.fixture
def organized(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose accounts form an organization, with one that is none of it."""
    home = tmp_path_factory.mktemp("organized")
    (home / "guard.json").write_text(document(allow("*"), allow("iam:ListRoles") | {"Effect": "Deny"}))
    (home / "organization.toml").write_text(
        'id = "o-a1b2c3d4e5"\n'
        'management_account = "999999999999"\n'
        f'[[account]]\nid = "{ACCOUNT}"\n'
        f'[[account]]\nid = "{OTHER}"\nscps = ["guard.json"]\n'
    )
    server = Server(home / "data", "--organization", str(home / "organization.toml")).start()
    yield server
    server.stop()


def test_an_organization(organized: Server) -> None:
    """SCPs hold for its members, and its id opens what is shared with all of it, roles included."""
    member = elsewhere(organized).may(allow("*"))
    error = refused(member.client("iam").list_roles)
    assert error["Message"].endswith("with an explicit deny in a service control policy")
    User(organized).may(allow("*")).client("iam").list_roles()
    sharing = document(
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        }
    )
    role = organized.client("iam").create_role(RoleName="shared", AssumeRolePolicyDocument=sharing)["Role"]["Arn"]
    wanted = {"RoleArn": role, "RoleSessionName": "session"}
    member.client("sts").assume_role(**wanted)
    refused(organized.client("sts", aws_access_key_id="333333333333").assume_role, **wanted)


def test_a_long_event_is_signed_as_a_short_one(aws: Server, function: str) -> None:
    """InvokeAsync's body is a stream to its model, and no signature but S3's leaves a body out."""
    functions = User(aws).may(allow("lambda:InvokeAsync")).client("lambda")
    for size_bytes in (2, 64 * 1024, 64 * 1024 + 1, 256 * 1024):
        answer = functions.invoke_async(FunctionName=function, InvokeArgs=b'"' + b"x" * (size_bytes - 2) + b'"')
        assert answer["Status"] == 202
