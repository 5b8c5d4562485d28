"""Who may what with buckets, by boto3 and by whoever has no key at all.

The long table of decisions is in tests/unit/s3/test_access.py; here are the ways by which somebody could get
around it: copies, uploads in parts, versions, batches, presigned URLs, and what answers tell by their status.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import OTHER, Statement, User, allow, deny, document, name, refused, trust
from tests.conformance.test_strict import root
from tests.conftest import Server
from tests.support.s3control import control_client


def status_of(call: Any, **given: Any) -> int:
    try:
        call(**given)
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return 200


@pytest.fixture
def pail(aws: Server) -> str:
    """A bucket of the account's with `k` in it."""
    bucket = name("bucket")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"secret")
    return bucket


def attach(aws: Server, bucket: str, *statements: Statement) -> None:
    aws.client("s3").delete_public_access_block(Bucket=bucket)
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(*statements))


def on(bucket: str, action: str | list[str], principal: Any = "*", **more: Any) -> Statement:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {**allow(action, resources, **more), "Principal": principal if principal == "*" else {"AWS": principal}}


def test_refusals_in_aws_words(aws: Server, pail: str) -> None:
    """S3 User Guide, "Access denied (403 Forbidden) error messages": with the resource in quotes."""
    user = User(aws)
    s3 = user.client("s3")
    error = refused(s3.get_object, Bucket=pail, Key="k")
    assert error["Status"] == 403
    assert error["Message"] == (
        f'User: {user.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::{pail}/k" '
        "because no identity-based policy allows the s3:GetObject action"
    )
    assert refused(s3.list_buckets)["Message"] == (
        f"User: {user.arn} is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )
    attach(aws, pail, on(pail, "s3:GetObject") | {"Effect": "Deny"})
    assert refused(s3.get_object, Bucket=pail, Key="k")["Message"].endswith(
        "with an explicit deny in a resource-based policy"
    )
    stranger = aws.client("s3", aws_access_key_id=OTHER)
    assert refused(stranger.get_object, Bucket=pail, Key="k")["Message"] == "Access Denied"


def test_existence_is_told_to_those_who_may_list(aws: Server, pail: str) -> None:
    """API_HeadObject: 404 with s3:ListBucket, 403 without; that a bucket is not there is told to everybody."""
    user = User(aws).may(allow("s3:GetObject"))
    s3 = user.client("s3")
    assert status_of(s3.head_object, Bucket=pail, Key="k") == 200
    assert status_of(s3.head_object, Bucket=pail, Key="missing") == 403
    assert status_of(s3.get_object, Bucket=pail, Key="missing") == 403
    assert status_of(s3.head_bucket, Bucket=pail) == 403
    assert status_of(s3.head_bucket, Bucket=name("nothing")) == 404
    user.may(allow(["s3:GetObject", "s3:ListBucket"]))
    assert status_of(s3.head_object, Bucket=pail, Key="missing") == 404
    stranger = aws.client("s3", aws_access_key_id=OTHER)
    for key in ("k", "missing"):
        assert status_of(stranger.head_object, Bucket=pail, Key=key) == 403


def test_copies_need_their_source(aws: Server, pail: str) -> None:
    """Whoever writes into a bucket of their own gets nothing of another's into it, however the source is spelled."""
    there = aws.client("s3", aws_access_key_id=OTHER)
    mine = name("bucket")
    there.create_bucket(Bucket=mine)
    upload = there.create_multipart_upload(Bucket=mine, Key="c")["UploadId"]
    for source in (f"{pail}/k", f"/{pail}/k", f"{pail}/k?versionId=null"):
        refused(there.copy_object, Bucket=mine, Key="c", CopySource=source)
        refused(there.upload_part_copy, Bucket=mine, Key="c", UploadId=upload, PartNumber=1, CopySource=source)
    attach(aws, pail, on(pail, "s3:GetObject", OTHER))
    there.copy_object(Bucket=mine, Key="c", CopySource=f"{pail}/k")
    assert there.get_object(Bucket=mine, Key="c")["Body"].read() == b"secret"
    # Tags are taken along by whom they may be read.
    aws.client("s3").put_object_tagging(Bucket=pail, Key="k", Tagging={"TagSet": [{"Key": "class", "Value": "secret"}]})
    refused(there.copy_object, Bucket=mine, Key="d", CopySource=f"{pail}/k")
    there.copy_object(Bucket=mine, Key="d", CopySource=f"{pail}/k", TaggingDirective="REPLACE")


def test_uploads_are_their_buckets_alone(aws: Server, pail: str) -> None:
    """An upload's id opens nothing without the permission, nor in another bucket."""
    s3, there = aws.client("s3"), aws.client("s3", aws_access_key_id=OTHER)
    upload = s3.create_multipart_upload(Bucket=pail, Key="big")["UploadId"]
    mine = name("bucket")
    there.create_bucket(Bucket=mine)
    meant = {"Key": "big", "UploadId": upload}
    for call, given in (
        (there.list_parts, {}),
        (there.abort_multipart_upload, {}),
        (there.upload_part, {"PartNumber": 1, "Body": b"x"}),
        (there.complete_multipart_upload, {"MultipartUpload": {"Parts": [{"ETag": "x", "PartNumber": 1}]}}),
    ):
        refused(call, Bucket=pail, **meant, **given)
        with pytest.raises(ClientError, match="NoSuchUpload"):
            call(Bucket=mine, **meant, **given)
    refused(there.list_multipart_uploads, Bucket=pail)


def test_batches_are_refused_key_by_key(aws: Server, pail: str) -> None:
    """API_DeleteObjects: a key that may not be deleted is an error among the answers."""
    s3 = aws.client("s3")
    s3.put_object(Bucket=pail, Key="mine/1")
    user = User(aws).may(allow("s3:DeleteObject", f"arn:aws:s3:::{pail}/mine/*"))
    asked = {"Objects": [{"Key": "k"}, {"Key": "mine/1"}, {"Key": "mine/2", "VersionId": "null"}]}
    answer = user.client("s3").delete_objects(Bucket=pail, Delete=asked)
    assert [each["Key"] for each in answer["Deleted"]] == ["mine/1"]
    assert [(each["Key"], each["Code"]) for each in answer["Errors"]] == [
        ("k", "AccessDenied"),
        ("mine/2", "AccessDenied"),
    ]
    assert s3.get_object(Bucket=pail, Key="k")["Body"].read() == b"secret"


def test_versions_have_their_own_permissions(aws: Server, pail: str) -> None:
    """Who may read the current version may not read those before it."""
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=pail, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=pail, Key="k", Body=b"public")
    user = User(aws).may(allow(["s3:GetObject", "s3:ListBucket", "s3:DeleteObject"]))
    reader = user.client("s3")
    assert reader.get_object(Bucket=pail, Key="k")["Body"].read() == b"public"
    refused(reader.get_object, Bucket=pail, Key="k", VersionId="null")
    refused(reader.list_object_versions, Bucket=pail)
    refused(reader.delete_object, Bucket=pail, Key="k", VersionId="null")
    reader.delete_object(Bucket=pail, Key="k")
    assert s3.get_object(Bucket=pail, Key="k", VersionId="null")["Body"].read() == b"secret"


def test_other_ways_into_a_bucket(aws: Server, pail: str) -> None:
    """Tags by ARN, access points, replication in another's name: none reaches a bucket that did not consent."""
    there = aws.client("s3", aws_access_key_id=OTHER)
    control = control_client(aws, aws_access_key_id=OTHER)
    arn = f"arn:aws:s3:::{pail}"
    tags = [{"Key": "a", "Value": "b"}]
    assert status_of(control.tag_resource, AccountId=OTHER, ResourceArn=arn, Tags=tags) == 403
    assert status_of(control.list_tags_for_resource, AccountId=OTHER, ResourceArn=arn) == 403
    point = name("door")
    made = status_of(control.create_access_point, AccountId=OTHER, Name=point, Bucket=pail, BucketAccountId="1" * 12)
    if made == 200:  # as on AWS: it leads nowhere without the bucket's consent
        alias = control.get_access_point(AccountId=OTHER, Name=point)["Alias"]
        refused(there.get_object, Bucket=alias, Key="k")
        refused(there.list_objects_v2, Bucket=alias)
        refused(there.put_object, Bucket=alias, Key="k", Body=b"x")
    mine = name("bucket")
    there.create_bucket(Bucket=mine)
    there.put_bucket_versioning(Bucket=mine, VersioningConfiguration={"Status": "Enabled"})
    aws.client("s3").put_bucket_versioning(Bucket=pail, VersioningConfiguration={"Status": "Enabled"})
    rules = [{"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": arn}}]
    theirs = {"Role": "arn:aws:iam::111111111111:role/replicates", "Rules": rules}
    refused(there.put_bucket_replication, Bucket=mine, ReplicationConfiguration=theirs)


def test_code_is_read_in_the_callers_name(aws: Server, pail: str) -> None:
    """Lambda reads for whoever asks what they may read themselves, and tells them no more."""
    lambda_ = aws.client("lambda", aws_access_key_id=OTHER)
    asked = {
        "FunctionName": name("thief"),
        "Role": f"arn:aws:iam::{OTHER}:role/r",
        "Runtime": "python3.12",
        "Handler": "app.handler",
    }
    told = set()
    for key in ("k", "missing"):
        with pytest.raises(ClientError) as caught:
            lambda_.create_function(**asked, Code={"S3Bucket": pail, "S3Key": key})
        told.add(caught.value.response["Error"]["Message"].replace(key, "KEY"))
    assert len(told) == 1
    assert "secret" not in told.pop()


def test_prefixes_and_tags_decide(aws: Server, pail: str) -> None:
    """Condition keys of the request, of the object, and of who asks."""
    s3 = aws.client("s3")
    s3.put_object(Bucket=pail, Key="home/eve/1", Tagging="class=open")
    user = User(aws).may(
        allow("s3:ListBucket", StringLike={"s3:prefix": "home/eve/*"}),
        allow("s3:GetObject", StringEquals={"s3:ExistingObjectTag/class": "open"}),
    )
    reader = user.client("s3")
    assert reader.list_objects_v2(Bucket=pail, Prefix="home/eve/")["KeyCount"] == 1
    refused(reader.list_objects_v2, Bucket=pail)
    refused(reader.list_objects_v2, Bucket=pail, Prefix="home/")
    reader.get_object(Bucket=pail, Key="home/eve/1")
    refused(reader.get_object, Bucket=pail, Key="k")


def test_roles_and_sessions(aws: Server, pail: str) -> None:
    """A role is let in by the bucket, and its session policy holds it back."""
    role = name("role")
    user = User(aws)
    made = user.iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust("111111111111"))["Role"]["Arn"]
    user.may(allow("sts:AssumeRole"))
    attach(aws, pail, on(pail, "s3:GetObject", made))
    for policy, said in ((None, 200), (document(allow("s3:ListBucket")), 403)):
        given = {} if policy is None else {"Policy": policy}
        key = user.client("sts").assume_role(RoleArn=made, RoleSessionName="session", **given)["Credentials"]
        session = aws.client(
            "s3",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key["SessionToken"],
        )
        assert status_of(session.get_object, Bucket=pail, Key="k") == said


def fetch(url: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Without a key, unless the URL has a signature."""
    request = urllib.request.Request(url, method=method, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_presigned_urls_are_their_signers(aws: Server, pail: str) -> None:
    """A URL may what its signer may, at the time it is used."""
    user = User(aws).may(allow("s3:GetObject"))
    signer = aws.client("s3", config=Config(signature_version="s3v4"), **user.keys)
    url = signer.generate_presigned_url("get_object", {"Bucket": pail, "Key": "k"})
    assert fetch(url) == (200, b"secret")
    assert fetch(url.replace("/k?", "/other?"))[0] == 403
    user.may(allow("s3:GetObject"), deny("s3:*", StringEquals={"s3:authType": "REST-QUERY-STRING"}))
    assert fetch(url)[0] == 403
    user.may(allow("s3:GetObject", NumericLessThan={"s3:signatureAge": "600000"}))
    assert fetch(url)[0] == 200
    user.may(allow("s3:PutObject"))
    assert fetch(url)[0] == 403


# A strict server, where nobody is root unasked.


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("strict") / "data", "--auth", "strict").start()
    yield server
    server.stop()


class Owner:
    """The root of a strict server, and buckets of its."""

    def __init__(self, server: Server) -> None:
        keys = root(server)
        self.url = server.url
        self.keys = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key}
        self.s3 = server.client("s3", **self.keys)

    def bucket(self, *statements: Statement, **options: Any) -> str:
        bucket = name("bucket")
        self.s3.create_bucket(Bucket=bucket, **options)
        self.s3.put_object(Bucket=bucket, Key="k", Body=b"words")
        self.s3.delete_public_access_block(Bucket=bucket)
        if statements:
            text = json.dumps(document(*statements)).replace("BUCKET", bucket)
            self.s3.put_bucket_policy(Bucket=bucket, Policy=json.loads(text))
        return bucket


@pytest.fixture(scope="module")
def owner(strict: Server) -> Owner:
    return Owner(strict)


PUBLIC = on("BUCKET", "s3:GetObject")


def test_nobody_in_particular_may_what_is_public(owner: Owner) -> None:
    """An unsigned request is let in by a public policy, for what it names, and by nothing else."""
    url = f"{owner.url}/{owner.bucket(PUBLIC)}"
    assert fetch(f"{url}/k") == (200, b"words")
    assert fetch(f"{url}/k", method="HEAD")[0] == 200
    status, body = fetch(f"{url}/missing")
    assert status == 403
    assert b"<Code>AccessDenied</Code><Message>Access Denied</Message>" in body
    for path, method, sent in (
        ("", "GET", None),
        ("?list-type=2", "GET", None),
        ("?policy", "GET", None),
        ("?acl", "GET", None),
        ("/k?acl", "GET", None),
        ("/k", "PUT", b"x"),
        ("/k", "DELETE", None),
        ("/k?versionId=null", "GET", None),
        ("/new?uploads", "POST", b""),
    ):
        assert fetch(f"{url}{path}", method=method, body=sent)[0] == 403, (path, method)
    assert fetch(f"{owner.url}/")[0] == 403
    assert fetch(f"{owner.url}/{name('new')}", method="PUT")[0] in {403, 404}
    assert fetch(f"{owner.url}/{name('nothing')}/k")[0] == 404
    assert owner.s3.get_object(Bucket=url.rpartition("/")[2], Key="k")["Body"].read() == b"words"


def test_what_is_not_public_is_nobodys(owner: Owner) -> None:
    """Half a signature is none, and an address that looks signed is not."""
    url = f"{owner.url}/{owner.bucket()}/k"
    assert fetch(url)[0] == 403
    assert fetch(f"{url}?X-Amz-Signature=x")[0] in {400, 403}
    assert fetch(url, Authorization="Basic eDp5")[0] in {400, 403}
    assert fetch(url, Authorization="AWS4-HMAC-SHA256 Credential=x")[0] in {400, 403}
    assert fetch(f"{url}?AWSAccessKeyId=AKIAX&Signature=x&Expires=99999999999")[0] == 403


def test_blocks_shut_everybody_out(owner: Owner) -> None:
    """Of the bucket and of its account, whatever policies and lists say; the owner still may."""
    bucket = owner.bucket(PUBLIC, ObjectOwnership="ObjectWriter")
    url = f"{owner.url}/{bucket}/k"
    owner.s3.put_object(Bucket=bucket, Key="listed", ACL="public-read", Body=b"listed")
    listed = f"{owner.url}/{bucket}/listed"
    assert (fetch(url)[0], fetch(listed)[0]) == (200, 200)
    owner.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert (fetch(url)[0], fetch(listed)[0]) == (403, 403)
    owner.s3.delete_bucket_policy(Bucket=bucket)
    assert fetch(listed) == (200, b"listed")
    owner.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    assert fetch(listed)[0] == 403
    owner.s3.delete_public_access_block(Bucket=bucket)
    assert fetch(listed)[0] == 200
    assert owner.s3.get_object(Bucket=bucket, Key="listed")["Body"].read() == b"listed"


def test_lists_let_nobody_in_particular_in(owner: Owner) -> None:
    """An object's list is about that object; a bucket's about what is in it, not about the bytes."""
    bucket = owner.bucket(ObjectOwnership="BucketOwnerPreferred")
    url = f"{owner.url}/{bucket}"
    owner.s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    assert fetch(f"{url}/k") == (200, b"words")
    assert fetch(url)[0] == 403
    owner.s3.put_object_acl(Bucket=bucket, Key="k", ACL="authenticated-read")
    owner.s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    assert fetch(f"{url}/k")[0] == 403
    assert b"<Key>k</Key>" in fetch(url)[1]
    assert fetch(f"{url}/new", method="PUT", body=b"anybody's")[0] == 200
    status, told = fetch(f"{url}/big?uploads", method="POST", body=b"")
    assert status == 403
    assert b"Anonymous users cannot initiate multipart uploads" in told
    assert fetch(f"{url}/k", method="PUT", body=b"not theirs")[0] == 403
    assert fetch(f"{url}/k", method="DELETE")[0] == 403
    assert fetch(f"{url}/new")[0] == 403  # without a list of its own it is its owner's, who is nobody in particular
    # What nobody in particular wrote is no account's: its bucket's owner may not read it, and may remove it.
    refused(owner.s3.get_object, Bucket=bucket, Key="new")
    owner.s3.delete_object(Bucket=bucket, Key="new")


def test_a_policy_may_shut_the_root_out(owner: Owner) -> None:
    """But not from the policy itself."""
    bucket = owner.bucket()
    shut = on("BUCKET", "s3:*") | {"Effect": "Deny"}
    owner.s3.put_bucket_policy(Bucket=bucket, Policy=document(shut).replace("BUCKET", bucket))
    refused(owner.s3.get_object, Bucket=bucket, Key="k")
    refused(owner.s3.delete_bucket, Bucket=bucket)
    owner.s3.get_bucket_policy(Bucket=bucket)
    owner.s3.delete_bucket_policy(Bucket=bucket)
    assert owner.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"words"


def test_governance_is_bypassed_by_whom_it_may_be(strict: Server, owner: Owner) -> None:
    """S3 User Guide, "Bypassing governance mode": the header without the permission is as good as none."""
    bucket = owner.bucket(ObjectLockEnabledForBucket=True)
    iam = strict.client("iam", **owner.keys)
    user = name("user")
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    s3 = strict.client("s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    version = owner.s3.put_object(
        Bucket=bucket,
        Key="locked",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate="2099-01-01T00:00:00Z",
    )["VersionId"]
    deletion = {"Bucket": bucket, "Key": "locked", "VersionId": version, "BypassGovernanceRetention": True}

    def may(*actions: str) -> None:
        iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document(allow(list(actions))))

    may("s3:DeleteObjectVersion")
    refused(s3.delete_object, **deletion)
    may("s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")
    s3.delete_object(**deletion)
