"""Whoever IAM or STS gave a key to may do what policies allow, and nothing else; in AWS's words, by boto3."""

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

ACCOUNT = "111111111111"
OTHER = "222222222222"
REGION = "us-east-1"

Statement = dict[str, Any]


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **condition: Any) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | {"Condition": condition} if condition else statement


def deny(action: str, resource: str = "*", **condition: Any) -> Statement:
    return allow(action, resource, **condition) | {"Effect": "Deny"}


def trust(*principals: str, action: Any = "sts:AssumeRole") -> str:
    return document({"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": action})


def name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def table_arn(table: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"


def zipped(source: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", source)
    return archive.getvalue()


class User:
    """A user of the account with a key, and what it is allowed."""

    def __init__(self, aws: Server, **options: Any) -> None:
        self.aws = aws
        self.iam = aws.client("iam")
        self.name = name("user")
        self.arn = self.iam.create_user(UserName=self.name, **options)["User"]["Arn"]
        key = self.iam.create_access_key(UserName=self.name)["AccessKey"]
        self.keys = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }

    def may(self, *statements: Statement) -> "User":
        self.iam.put_user_policy(UserName=self.name, PolicyName="inline", PolicyDocument=document(*statements))
        return self

    def client(self, service: str) -> Any:
        return self.aws.client(service, **self.keys)


def session_client(aws: Server, service: str, credentials: dict[str, Any]) -> Any:
    return aws.client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def refused(call: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
    """The error of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    response: dict[str, Any] = caught.value.response
    error: dict[str, Any] = response["Error"]
    assert error["Code"] in {"AccessDenied", "AccessDeniedException"}, error
    return error | {"Status": response["ResponseMetadata"]["HTTPStatusCode"]}


@pytest.fixture(scope="module")
def tables(aws: Server) -> Iterator[tuple[str, str]]:
    """Two tables with a key called `id`."""
    dynamodb = aws.client("dynamodb")
    names = (name("one"), name("two"))
    for table in names:
        dynamodb.create_table(
            TableName=table,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": "team", "Value": "red" if table == names[0] else "blue"}],
        )
    yield names
    for table in names:
        dynamodb.delete_table(TableName=table)


def put(client: Any, table: str, key: str = "1") -> Any:
    return client.put_item(TableName=table, Item={"id": {"S": key}, "text": {"S": "x"}})


def test_an_inline_policy_opens_one_table_and_not_another(aws: Server, tables: tuple[str, str]) -> None:
    """The plainest case, and its words. Source: IAM User Guide, "Troubleshoot access denied error messages"."""
    user = User(aws)
    dynamodb = user.client("dynamodb")
    error = refused(put, dynamodb, tables[0])
    assert error["Code"] == "AccessDeniedException"
    assert error["Status"] == 400
    assert error["Message"] == (
        f"User: {user.arn} is not authorized to perform: dynamodb:PutItem on resource: {table_arn(tables[0])} "
        "because no identity-based policy allows the dynamodb:PutItem action"
    )
    user.may(allow("dynamodb:PutItem", table_arn(tables[0])))
    put(dynamodb, tables[0])
    refused(put, dynamodb, tables[1])
    refused(dynamodb.get_item, TableName=tables[0], Key={"id": {"S": "1"}})


def test_each_protocol_says_no_in_its_way(aws: Server) -> None:
    """Code and status differ by protocol, and SDKs read them."""
    user = User(aws)
    error = refused(user.client("iam").list_users)
    assert (error["Code"], error["Status"]) == ("AccessDenied", 403)
    assert error["Message"] == (
        f"User: {user.arn} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::{ACCOUNT}:user/ "
        "because no identity-based policy allows the iam:ListUsers action"
    )
    error = refused(user.client("iam").get_user, UserName="somebody")
    assert "iam:GetUser on resource: user somebody because" in error["Message"]
    error = refused(user.client("lambda").list_functions)
    assert (error["Code"], error["Status"]) == ("AccessDeniedException", 403)
    error = refused(user.client("apigatewayv2").get_apis)
    assert (error["Code"], error["Status"]) == ("AccessDeniedException", 403)
    assert f"apigateway:GET on resource: arn:aws:apigateway:{REGION}::/apis because" in error["Message"]
    error = refused(user.client("logs").describe_log_groups)
    assert (error["Code"], error["Status"]) == ("AccessDeniedException", 400)
    assert user.client("sts").get_caller_identity()["Arn"] == user.arn  # needs nothing


def test_policies_come_by_groups_and_as_managed_ones(aws: Server, tables: tuple[str, str]) -> None:
    """All of a user's policies add up, and end with their detachment at once."""
    user = User(aws)
    dynamodb, iam = user.client("dynamodb"), user.iam
    group = name("group")
    iam.create_group(GroupName=group)
    iam.put_group_policy(
        GroupName=group, PolicyName="p", PolicyDocument=document(allow("dynamodb:PutItem", table_arn(tables[0])))
    )
    refused(put, dynamodb, tables[0])
    iam.add_user_to_group(GroupName=group, UserName=user.name)
    put(dynamodb, tables[0])
    managed = iam.create_policy(PolicyName=name("policy"), PolicyDocument=document(allow("dynamodb:*")))["Policy"][
        "Arn"
    ]
    iam.attach_user_policy(UserName=user.name, PolicyArn=managed)
    put(dynamodb, tables[1])
    iam.detach_user_policy(UserName=user.name, PolicyArn=managed)
    refused(put, dynamodb, tables[1])
    iam.remove_user_from_group(GroupName=group, UserName=user.name)
    refused(put, dynamodb, tables[0])
    iam.attach_user_policy(UserName=user.name, PolicyArn="arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess")
    put(dynamodb, tables[0])


def test_a_boundary_limits_and_a_deny_wins(aws: Server, tables: tuple[str, str]) -> None:
    """Source: IAM User Guide, "Permissions boundaries for IAM entities", "Policy evaluation logic"."""
    iam = aws.client("iam")
    boundary = iam.create_policy(
        PolicyName=name("boundary"), PolicyDocument=document(allow("dynamodb:*", table_arn(tables[0])))
    )["Policy"]["Arn"]
    user = User(aws, PermissionsBoundary=boundary).may(allow("*"))
    dynamodb = user.client("dynamodb")
    put(dynamodb, tables[0])
    error = refused(put, dynamodb, tables[1])
    assert error["Message"].endswith("because no permissions boundary allows the dynamodb:PutItem action")
    user.may(allow("*"), deny("dynamodb:Put*", table_arn(tables[0])))
    error = refused(put, dynamodb, tables[0])
    assert error["Message"].endswith("with an explicit deny in an identity-based policy")


def test_conditions_on_keys_and_tags(aws: Server, tables: tuple[str, str]) -> None:
    """Fine-grained access to items (`dynamodb:LeadingKeys`, `Attributes`), and tags of requests and resources."""
    user = User(aws)
    dynamodb = user.client("dynamodb")
    user.may(
        allow(
            ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"],
            table_arn(tables[0]),
            **{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}},
        )
    )
    put(dynamodb, tables[0], user.name)
    refused(put, dynamodb, tables[0], "somebody-else")
    query = {
        "TableName": tables[0],
        "KeyConditionExpression": "#k = :v",
        "ExpressionAttributeNames": {"#k": "id"},
    }
    assert dynamodb.query(**query, ExpressionAttributeValues={":v": {"S": user.name}})["Count"] == 1
    refused(dynamodb.query, **query, ExpressionAttributeValues={":v": {"S": "somebody-else"}})
    user.may(
        allow(
            "dynamodb:GetItem",
            table_arn(tables[0]),
            **{
                "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "text"]},
                "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
            },
        )
    )
    key = {"TableName": tables[0], "Key": {"id": {"S": user.name}}}
    dynamodb.get_item(**key, ProjectionExpression="id")
    refused(dynamodb.get_item, **key, ProjectionExpression="id, secret")
    refused(dynamodb.get_item, **key)
    user.may(allow("dynamodb:PutItem", "*", StringEquals={"aws:ResourceTag/team": "red"}))
    put(dynamodb, tables[0])
    refused(put, dynamodb, tables[1])
    user.may(allow(["iam:CreateRole", "iam:TagRole"], "*", StringEquals={"aws:RequestTag/team": "red"}))
    iam = user.client("iam")
    wanted = {"AssumeRolePolicyDocument": trust(f"arn:aws:iam::{ACCOUNT}:root")}
    refused(iam.create_role, RoleName=name("role"), **wanted)
    refused(iam.create_role, RoleName=name("role"), Tags=[{"Key": "team", "Value": "blue"}], **wanted)
    iam.create_role(RoleName=name("role"), Tags=[{"Key": "team", "Value": "red"}], **wanted)


def test_a_deny_holds_however_a_resource_is_named(aws: Server, tables: tuple[str, str]) -> None:
    """By name, by ARN, by an ARN of another partition, in another case: what is meant is what is decided about."""
    user = User(aws).may(allow("*"), deny("*", table_arn(tables[0])), deny("iam:*", f"arn:aws:iam::{ACCOUNT}:role/a/*"))
    dynamodb, iam = user.client("dynamodb"), user.client("iam")
    put(dynamodb, tables[1])
    for named in (tables[0], table_arn(tables[0]), table_arn(tables[0]).replace("arn:aws:", "arn:aws-cn:")):
        refused(put, dynamodb, named)
    role = name("role")
    aws.client("iam").create_role(RoleName=role, Path="/a/", AssumeRolePolicyDocument=trust(user.arn))
    refused(iam.get_role, RoleName=role)
    refused(iam.get_role, RoleName=role.upper())


def test_tags_of_log_groups_and_apis(aws: Server) -> None:
    """Access by tag, where the thing that is asked about has tags, or belongs to something that has."""
    user = User(aws).may(allow("*", "*", StringEquals={"aws:ResourceTag/team": "red"}))
    logs, apis = user.client("logs"), user.client("apigatewayv2")
    for team in ("red", "blue"):
        group = name("group")
        aws.client("logs").create_log_group(logGroupName=group, tags={"team": team})
        api = aws.client("apigatewayv2").create_api(Name=name("api"), ProtocolType="HTTP", Tags={"team": team})
        if team == "red":
            logs.create_log_stream(logGroupName=group, logStreamName="s")
            apis.get_routes(ApiId=api["ApiId"])
        else:
            refused(logs.create_log_stream, logGroupName=group, logStreamName="s")
            refused(apis.get_routes, ApiId=api["ApiId"])


def test_tags_of_the_principal_and_paths_of_users(aws: Server) -> None:
    """Tags are read when a policy asks; a user's ARN has a path that no request names."""
    user = User(aws, Tags=[{"Key": "Team", "Value": "red"}])
    other = User(aws, Path="/staff/")
    iam = user.client("iam")
    user.may(allow("iam:ListUserTags", f"arn:aws:iam::{ACCOUNT}:user/staff/*"))
    iam.list_user_tags(UserName=other.name)
    refused(iam.list_user_tags, UserName=user.name)
    user.may(allow("iam:ListUserTags", "*", StringEquals={"aws:PrincipalTag/team": "red"}))
    iam.list_user_tags(UserName=user.name)
    user.iam.untag_user(UserName=user.name, TagKeys=["Team"])
    refused(iam.list_user_tags, UserName=user.name)


class TestRoles:
    """Sessions of roles: whoever is trusted may begin one, and it may what the role may."""

    def role(self, aws: Server, trusted: str, *statements: Statement, **options: Any) -> Any:
        iam = aws.client("iam", **options)
        role = iam.create_role(RoleName=name("role"), AssumeRolePolicyDocument=trusted)["Role"]
        iam.put_role_policy(RoleName=role["RoleName"], PolicyName="p", PolicyDocument=document(*statements))
        return role

    def test_a_session_policy_narrows(self, aws: Server, tables: tuple[str, str]) -> None:
        """The session may what both the role and the session policy allow."""
        role = self.role(aws, trust(f"arn:aws:iam::{ACCOUNT}:root"), allow("dynamodb:*"))
        sts = aws.client("sts")
        whole = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="whole")["Credentials"]
        put(session_client(aws, "dynamodb", whole), tables[1])
        narrowed = sts.assume_role(
            RoleArn=role["Arn"],
            RoleSessionName="narrow",
            Policy=document(allow("dynamodb:PutItem", table_arn(tables[0])), allow("logs:*")),
        )["Credentials"]
        dynamodb = session_client(aws, "dynamodb", narrowed)
        put(dynamodb, tables[0])
        error = refused(put, dynamodb, tables[1])
        assert f"arn:aws:sts::{ACCOUNT}:assumed-role/{role['RoleName']}/narrow" in error["Message"]
        assert error["Message"].endswith("because no session policy allows the dynamodb:PutItem action")
        refused(session_client(aws, "logs", narrowed).describe_log_groups)

    def test_users_sessions_call_little_of_sts(self, aws: Server) -> None:
        """Whatever their policies allow. Sources: API_GetSessionToken, API_GetFederationToken."""
        user = User(aws).may(allow("*"))
        role = self.role(aws, trust(user.arn), allow("*"))
        sts = user.client("sts")
        own = session_client(aws, "sts", sts.get_session_token()["Credentials"])
        let_in = session_client(
            aws, "sts", sts.get_federation_token(Name="bob", Policy=document(allow("*")))["Credentials"]
        )
        wanted = {"RoleArn": role["Arn"], "RoleSessionName": "session"}
        tagged = self.role(aws, trust(user.arn, action=["sts:AssumeRole", "sts:TagSession"]), allow("*"))
        own.assume_role(**wanted)
        own.assume_role(**wanted | {"RoleArn": tagged["Arn"]}, Tags=[{"Key": "k", "Value": "v"}])
        refused(let_in.assume_role, **wanted)
        key = {"AccessKeyId": user.keys["aws_access_key_id"]}
        sts.get_access_key_info(**key)
        for session in (own, let_in):
            session.get_caller_identity()
            assert refused(session.get_access_key_info, **key)["Status"] == 403
            refused(session.decode_authorization_message, EncodedMessage="m")
            assert refused(session.get_federation_token, Name="eve")["Message"] == (
                "Cannot call GetFederationToken with session credentials"
            )

    def test_deleted_principals_sessions_are_over(self, aws: Server) -> None:
        """Neither a deleted user's session nor a deleted role's, whatever trusts their ARN, or whoever has it since."""
        iam = aws.client("iam")
        user = User(aws)
        session = user.client("sts").get_session_token()["Credentials"]
        middle = self.role(aws, trust(f"arn:aws:iam::{ACCOUNT}:root"), allow("*"))
        chained = aws.client("sts").assume_role(RoleArn=middle["Arn"], RoleSessionName="session")["Credentials"]
        last = self.role(aws, trust(user.arn, middle["Arn"]), allow("*"))
        wanted = {"RoleArn": last["Arn"], "RoleSessionName": "session"}
        for credentials in (session, chained):
            session_client(aws, "sts", credentials).assume_role(**wanted)
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.keys["aws_access_key_id"])
        iam.delete_user(UserName=user.name)
        iam.delete_role_policy(RoleName=middle["RoleName"], PolicyName="p")
        iam.delete_role(RoleName=middle["RoleName"])
        for recreated in (False, True):
            if recreated:
                iam.create_user(UserName=user.name)
                iam.create_role(RoleName=middle["RoleName"], AssumeRolePolicyDocument=trust(user.arn))
            for credentials in (session, chained):
                sts = session_client(aws, "sts", credentials)
                for call, parameters in ((sts.assume_role, wanted), (sts.get_caller_identity, {})):
                    with pytest.raises(ClientError) as caught:
                        call(**parameters)
                    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"

    def test_across_accounts_both_sides_must_agree(self, aws: Server, tables: tuple[str, str]) -> None:
        """Source: IAM User Guide, "Cross-account policy evaluation logic"."""
        user = User(aws)
        there = {"aws_access_key_id": OTHER}
        trusting = self.role(aws, trust(f"arn:aws:iam::{ACCOUNT}:root"), allow("iam:ListRoles"), **there)
        closed = self.role(aws, trust(f"arn:aws:iam::{OTHER}:root"), allow("iam:ListRoles"), **there)
        sts = user.client("sts")
        error = refused(sts.assume_role, RoleArn=trusting["Arn"], RoleSessionName="session")
        assert error["Message"] == (
            f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {trusting['Arn']}"
        )
        user.may(allow("sts:AssumeRole"))
        refused(sts.assume_role, RoleArn=closed["Arn"], RoleSessionName="session")
        session = sts.assume_role(RoleArn=trusting["Arn"], RoleSessionName="session")["Credentials"]
        iam = session_client(aws, "iam", session)
        names = {role["RoleName"] for role in iam.list_roles()["Roles"]}
        assert {trusting["RoleName"], closed["RoleName"]} <= names
        refused(iam.list_users)
        refused(put, session_client(aws, "dynamodb", session), tables[0])

    def test_the_same_account_needs_no_policy_when_the_trust_names_the_user(self, aws: Server) -> None:
        """And does need one when it names the account alone."""
        user = User(aws)
        named = self.role(aws, trust(user.arn), allow("*"))
        account = self.role(aws, trust(f"arn:aws:iam::{ACCOUNT}:root"), allow("*"))
        sts = user.client("sts")
        sts.assume_role(RoleArn=named["Arn"], RoleSessionName="session")
        refused(sts.assume_role, RoleArn=account["Arn"], RoleSessionName="session")
        user.may(allow("sts:AssumeRole", account["Arn"]))
        sts.assume_role(RoleArn=account["Arn"], RoleSessionName="session")
        user.may(deny("sts:AssumeRole"))
        refused(sts.assume_role, RoleArn=named["Arn"], RoleSessionName="session")

    def test_older_sessions_are_revoked_by_policy(self, own_server: Server) -> None:
        """What the console's "Revoke active sessions" attaches. Source: IAM User Guide, "Revoking IAM role temporary
        security credentials"."""
        import urllib.request

        own_server.start()
        role = self.role(own_server, trust(f"arn:aws:iam::{ACCOUNT}:root"), allow("iam:ListRoles"))
        sts, iam = own_server.client("sts"), own_server.client("iam")
        old = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="old")["Credentials"]
        session_client(own_server, "iam", old).list_roles()
        move = urllib.request.Request(f"{own_server.url}/_pileus/clock", data=b'{"advance_s": 60}')
        with urllib.request.urlopen(move) as answer:
            now = json.load(answer)["now"]
        older = {"aws:TokenIssueTime": now}
        iam.put_role_policy(
            RoleName=role["RoleName"],
            PolicyName="AWSRevokeOlderSessions",
            PolicyDocument=document(deny("*", DateLessThan=older)),
        )
        error = refused(session_client(own_server, "iam", old).list_roles)
        assert error["Message"].endswith("with an explicit deny in an identity-based policy")
        move = urllib.request.Request(f"{own_server.url}/_pileus/clock", data=b'{"advance_s": 5}')
        urllib.request.urlopen(move).close()
        new = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="new")["Credentials"]
        session_client(own_server, "iam", new).list_roles()

    def test_federated_users_have_what_both_grant(self, aws: Server, tables: tuple[str, str]) -> None:
        """A federated user may nothing without a session policy, never more than the user (API_GetFederationToken)."""
        user = User(aws).may(allow(["sts:GetFederationToken", "dynamodb:PutItem"]))
        sts = user.client("sts")
        bare = sts.get_federation_token(Name="bare")["Credentials"]
        refused(put, session_client(aws, "dynamodb", bare), tables[0])
        both = sts.get_federation_token(Name="both", Policy=document(allow("*")))["Credentials"]
        dynamodb = session_client(aws, "dynamodb", both)
        put(dynamodb, tables[0])
        refused(dynamodb.describe_table, TableName=tables[0])
        own = sts.get_session_token()["Credentials"]
        put(session_client(aws, "dynamodb", own), tables[0])

    def test_a_deleted_users_sessions_end(self, aws: Server, tables: tuple[str, str]) -> None:
        """Policies are of whom the key was given to, not of a namesake."""
        user = User(aws).may(allow("*"))
        session = user.client("sts").get_session_token()["Credentials"]
        dynamodb = session_client(aws, "dynamodb", session)
        put(dynamodb, tables[0])
        iam = user.iam
        iam.delete_user_policy(UserName=user.name, PolicyName="inline")
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.keys["aws_access_key_id"])
        iam.delete_user(UserName=user.name)
        iam.create_user(UserName=user.name)
        iam.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=document(allow("*")))
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            put(dynamodb, tables[0])


def test_a_role_must_be_passed(aws: Server) -> None:
    """CreateFunction also needs iam:PassRole. Source: IAM User Guide, "Granting a user permissions to pass a role"."""
    user = User(aws).may(allow("lambda:*"))
    iam = aws.client("iam")
    trusted = document(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = iam.create_role(RoleName=name("role"), Path="/service/", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    wanted = {
        "FunctionName": name("function"),
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Role": role,
        "Code": {"ZipFile": zipped("def handler(event, context):\n    return 1\n")},
    }
    lambda_ = user.client("lambda")
    error = refused(lambda_.create_function, **wanted)
    assert f"is not authorized to perform: iam:PassRole on resource: {role} because" in error["Message"]
    passing = allow("iam:PassRole", role, StringEquals={"iam:PassedToService": "lambda.amazonaws.com"})
    user.may(allow("lambda:*"), passing)
    arn = lambda_.create_function(**wanted)["FunctionArn"]
    user.may(deny("lambda:Invoke*"))
    refused(lambda_.invoke, FunctionName=arn)
    aws.client("lambda").delete_function(FunctionName=arn)


def test_a_functions_policy_lets_a_user_in(aws: Server) -> None:
    """In one account, being named by the resource's policy is enough."""
    user = User(aws)
    iam, lambda_ = aws.client("iam"), aws.client("lambda")
    trusted = document(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = iam.create_role(RoleName=name("role"), AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    function = name("function")
    lambda_.create_function(
        FunctionName=function,
        Runtime="python3.12",
        Handler="app.handler",
        Role=role,
        Code={"ZipFile": zipped("def handler(event, context):\n    return 1\n")},
    )
    theirs = user.client("lambda")
    refused(theirs.get_function, FunctionName=function)
    lambda_.add_permission(FunctionName=function, StatementId="s", Action="lambda:GetFunction", Principal=user.arn)
    theirs.get_function(FunctionName=function)
    refused(theirs.invoke, FunctionName=function)
    lambda_.delete_function(FunctionName=function)


WRITER = """
import os
import boto3

def handler(event, context):
    boto3.client("dynamodb").put_item(TableName=event["table"], Item={"id": {"S": "from-a-function"}})
    return "written"
"""


def test_a_function_may_what_its_role_may(aws: Server, tables: tuple[str, str]) -> None:
    """Code runs with its role's credentials, and those are enforced like anybody's."""
    iam, lambda_ = aws.client("iam"), aws.client("lambda")
    trusted = document(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = iam.create_role(RoleName=name("role"), AssumeRolePolicyDocument=trusted)["Role"]
    function = name("function")
    lambda_.create_function(
        FunctionName=function,
        Runtime="python3.12",
        Handler="app.handler",
        Role=role["Arn"],
        Timeout=30,
        Code={"ZipFile": zipped(WRITER)},
    )

    def invoke() -> Any:
        answer = lambda_.invoke(FunctionName=function, Payload=json.dumps({"table": tables[0]}))
        return json.load(answer["Payload"])

    failed = invoke()
    assert failed["errorMessage"] == (
        "An error occurred (AccessDeniedException) when calling the PutItem operation: "
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role['RoleName']}/{function} is not authorized to perform: "
        f"dynamodb:PutItem on resource: {table_arn(tables[0])} "
        "because no identity-based policy allows the dynamodb:PutItem action"
    )
    iam.put_role_policy(
        RoleName=role["RoleName"],
        PolicyName="write",
        PolicyDocument=document(allow("dynamodb:PutItem", table_arn(tables[0]))),
    )
    assert invoke() == "written"
    ours = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    for arn, let_in in ((ours + "-other", False), (ours, True)):
        only = {"lambda:SourceFunctionArn": arn}
        iam.put_role_policy(
            RoleName=role["RoleName"],
            PolicyName="write",
            PolicyDocument=document(allow("dynamodb:PutItem", table_arn(tables[0]), ArnEquals=only)),
        )
        assert (invoke() == "written") is let_in
    lambda_.delete_function(FunctionName=function)
