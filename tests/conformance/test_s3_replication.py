"""What is put into one bucket and is in others soon after. S3 User Guide, "Replicating objects overview"."""

import json
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.conftest import Server

_WITHIN_S: Final = 20.0


def _eventually(look: Callable[[], Any], wanted: Any) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while (seen := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen == wanted


def _role(aws: Server, name: str, *, actions: list[str]) -> str:
    iam = aws.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(allowed))
    return arn


_ALL: Final = ["s3:GetObjectVersionForReplication", "s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]


class Pair:
    """A bucket and one that gets its copies."""

    def __init__(self, aws: Server, name: str, *, actions: list[str] | None = None, **rule: Any) -> None:
        self.s3 = aws.client("s3")
        self.source, self.target = f"{name}-source", f"{name}-target"
        for bucket in (self.source, self.target):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        role = _role(aws, name, actions=_ALL if actions is None else actions)
        whole = {
            "ID": "all",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.target}"},
            **rule,
        }
        self.s3.put_bucket_replication(Bucket=self.source, ReplicationConfiguration={"Role": role, "Rules": [whole]})

    def status(self, bucket: str, key: str, version: str) -> str | None:
        try:
            told = self.s3.head_object(Bucket=bucket, Key=key, VersionId=version)
        except self.s3.exceptions.ClientError:
            return None
        return str(told.get("ReplicationStatus"))

    def arrived(self, key: str, version: str) -> None:
        _eventually(lambda: self.status(self.source, key, version), "COMPLETED")
        assert self.status(self.target, key, version) == "REPLICA"

    def versions(self, bucket: str) -> list[tuple[str, str, bool]]:
        told = self.s3.list_object_versions(Bucket=bucket)
        return [
            *((each["Key"], each["VersionId"], each["IsLatest"]) for each in told.get("Versions", ())),
            *((each["Key"], each["VersionId"], each["IsLatest"]) for each in told.get("DeleteMarkers", ())),
        ]


@pytest.mark.parametrize("size_bytes", [0, 5, 3_000_000])
def test_a_copy_is_the_same_version(aws: Server, size_bytes: int) -> None:
    """Its id, date, ETag, metadata and tags, whether its bytes lie in the store or in a file."""
    pair = Pair(aws, f"replica-{size_bytes}")
    body = b"x" * size_bytes
    put = pair.s3.put_object(
        Bucket=pair.source, Key="k", Body=body, Metadata={"a": "b"}, Tagging="t=v", ContentType="text/plain"
    )
    pair.arrived("k", put["VersionId"])
    told = [pair.s3.get_object(Bucket=bucket, Key="k") for bucket in (pair.source, pair.target)]
    assert [each["Body"].read() for each in told] == [body, body]
    for member in ("VersionId", "ETag", "LastModified", "Metadata", "ContentType", "TagCount"):
        assert told[0][member] == told[1][member]


def test_uploads_in_parts_keep_their_parts(aws: Server) -> None:
    """Reading a part of the copy answers the same."""
    pair = Pair(aws, "replica-parts")
    s3 = pair.s3
    upload = s3.create_multipart_upload(Bucket=pair.source, Key="k")["UploadId"]
    bodies = [b"a" * 5 * 1024 * 1024, b"b" * 1000]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=pair.source, Key="k", UploadId=upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in enumerate(bodies, 1)
    ]
    done = s3.complete_multipart_upload(Bucket=pair.source, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    pair.arrived("k", done["VersionId"])
    copy = s3.get_object(Bucket=pair.target, Key="k")
    assert copy["ETag"] == done["ETag"]
    assert copy["Body"].read() == b"".join(bodies)
    second = s3.get_object(Bucket=pair.target, Key="k", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (bodies[1], 2)
    s3.delete_object(Bucket=pair.source, Key="k", VersionId=done["VersionId"])
    assert s3.get_object(Bucket=pair.target, Key="k")["Body"].read() == b"".join(bodies)


def test_delete_markers_follow_and_removals_do_not(aws: Server) -> None:
    """So that nobody loses both copies at once."""
    pair = Pair(aws, "replica-markers")
    version = pair.s3.put_object(Bucket=pair.source, Key="k", Body=b"x")["VersionId"]
    marker = pair.s3.delete_object(Bucket=pair.source, Key="k")["VersionId"]
    _eventually(lambda: pair.versions(pair.target), [("k", version, False), ("k", marker, True)])
    pair.s3.delete_object(Bucket=pair.source, Key="k", VersionId=version)
    last = pair.s3.put_object(Bucket=pair.source, Key="other", Body=b"x")["VersionId"]
    pair.arrived("other", last)
    assert ("k", version, False) in pair.versions(pair.target)


def test_tags_that_come_later_follow(aws: Server) -> None:
    """Of an object that was copied, on both sides."""
    pair = Pair(aws, "replica-tags")
    version = pair.s3.put_object(Bucket=pair.source, Key="k", Body=b"x")["VersionId"]
    pair.arrived("k", version)
    tags = [{"Key": "late", "Value": "yes"}]
    pair.s3.put_object_tagging(Bucket=pair.source, Key="k", Tagging={"TagSet": tags})
    _eventually(lambda: pair.s3.get_object_tagging(Bucket=pair.target, Key="k")["TagSet"], tags)
    pair.arrived("k", version)
    assert pair.s3.get_object(Bucket=pair.target, Key="k")["Body"].read() == b"x"


def test_filters_say_what_is_copied(aws: Server) -> None:
    """By prefix and tag; what is not covered tells no status."""
    both = {"And": {"Prefix": "in/", "Tags": [{"Key": "copy", "Value": "yes"}]}}
    pair = Pair(aws, "replica-filters", Filter=both, DeleteMarkerReplication={"Status": "Disabled"})
    put = pair.s3.put_object
    unmeant = put(Bucket=pair.source, Key="in/no", Body=b"x")["VersionId"]
    put(Bucket=pair.source, Key="out/yes", Body=b"x", Tagging="copy=yes")
    meant = put(Bucket=pair.source, Key="in/yes", Body=b"x", Tagging="copy=yes")["VersionId"]
    pair.arrived("in/yes", meant)
    assert pair.versions(pair.target) == [("in/yes", meant, True)]
    assert pair.status(pair.source, "in/no", unmeant) == "None"


@pytest.mark.parametrize("actions", [["s3:ReplicateObject"], ["s3:GetObjectVersionForReplication"]])
def test_a_role_that_may_not_is_a_failure(aws: Server, actions: list[str]) -> None:
    """It must be let on both sides; the source tells that it was not."""
    pair = Pair(aws, f"replica-role-{actions[0].split(':')[1][:9].lower()}", actions=actions)
    version = pair.s3.put_object(Bucket=pair.source, Key="k", Body=b"x")["VersionId"]
    _eventually(lambda: pair.status(pair.source, "k", version), "FAILED")
    assert pair.versions(pair.target) == []


def test_replicas_are_not_copied_again(aws: Server) -> None:
    """Two buckets that copy to each other hold everything once."""
    pair = Pair(aws, "replica-ring")
    back = Pair.__new__(Pair)
    back.s3, back.source, back.target = pair.s3, pair.target, pair.source
    role = _role(aws, "replica-ring-back", actions=_ALL)
    rule = {
        "ID": "back",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{pair.source}"},
    }
    pair.s3.put_bucket_replication(Bucket=pair.target, ReplicationConfiguration={"Role": role, "Rules": [rule]})
    there = pair.s3.put_object(Bucket=pair.source, Key="there", Body=b"x")["VersionId"]
    here = pair.s3.put_object(Bucket=pair.target, Key="here", Body=b"x")["VersionId"]
    pair.arrived("there", there)
    back.arrived("here", here)
    wanted = [("here", here, True), ("there", there, True)]
    assert pair.versions(pair.source) == wanted
    assert pair.versions(pair.target) == wanted


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_copies_are_given_to_the_owner_of_their_bucket_alone(aws: Server, status: str) -> None:
    """S3 User Guide, "Changing the replica owner": who owns an object decides about it, in somebody else's bucket."""
    name = f"given-{status.lower()}"
    account = aws.client("sts").get_caller_identity()["Account"] if status == "COMPLETED" else "444444449999"
    given = {
        "Bucket": f"arn:aws:s3:::{name}-target",
        "Account": account,
        "AccessControlTranslation": {"Owner": "Destination"},
    }
    pair = Pair(aws, name, Destination=given)
    version = pair.s3.put_object(Bucket=pair.source, Key="k", Body=b"x")["VersionId"]
    _eventually(lambda: pair.status(pair.source, "k", version), status)


@pytest.mark.parametrize("allowed", [[], ["kms:Decrypt"], ["kms:Encrypt"], ["kms:Decrypt", "kms:Encrypt"]])
def test_keys_of_kms_are_used_by_roles_that_may(aws: Server, allowed: list[str]) -> None:
    """Whoever may pass a role to S3 would else read, by way of a copy, what they have no key for."""
    kms, name = aws.client("kms"), f"sealed-{'-'.join(each[4:].lower() for each in allowed) or 'nothing'}"
    key, other = (str(kms.create_key()["KeyMetadata"]["Arn"]) for _ in range(2))
    pair = Pair(
        aws,
        name,
        actions=_ALL + allowed,
        SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        Destination={
            "Bucket": f"arn:aws:s3:::{name}-target",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": other},
        },
    )
    sealed = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    version = pair.s3.put_object(Bucket=pair.source, Key="k", Body=b"secret", **sealed)["VersionId"]
    if len(allowed) < 2:
        _eventually(lambda: pair.status(pair.source, "k", version), "FAILED")
        assert pair.versions(pair.target) == []
        return
    pair.arrived("k", version)
    copy = pair.s3.get_object(Bucket=pair.target, Key="k")
    assert (copy["Body"].read(), copy["SSEKMSKeyId"]) == (b"secret", other)
