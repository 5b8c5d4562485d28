"""What are functions, versions and aliases?

A function is kept as one record, its resource policy included, so that whoever invokes it reads one key; so are a
version, which holds the function as it was when it was published, and an alias. All become active, and an update is
complete, in the transaction that writes them.
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

from pileus.services.lambda_.names import LATEST, FunctionName

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class StatementRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement of a resource policy, as AddPermission was asked for it.

    document: its JSON instead, as PutResourcePolicy was given it; '' for none.
    """

    sid: str
    action: str
    principal: str
    source_arn: str | None = None
    source_account: str | None = None
    event_source_token: str | None = None
    principal_org_id: str | None = None
    function_url_auth_type: str | None = None
    invoked_via_function_url: bool | None = None
    document: str = ""


class LayerUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A layer version that a function has, and keeps when that is deleted."""

    arn: str
    code_sha256: str
    code_size_bytes: int
    unzipped_bytes: int


class ImageUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The container image of a function, and what the function has changed of how it is run; None for nothing.

    uri: as it was given. resolved_uri: by the digest that it led to then.
    """

    uri: str
    resolved_uri: str
    entry_point: list[str] | None = None
    command: list[str] | None = None
    working_directory: str | None = None


class FunctionRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.function.v1"):
    """A function and its resource policy.

    code_sha256: of the package, in hex, which is also its blob's digest; or of the manifest of its image.
    environment: None when never given. runtime, handler: '' where there is an image, which needs none.
    revision_id: changes with every change; fleet_revision: only with what running environments would have to know.
    last_version: the number of the version published last, be it still there or not. policy_revision_id: '' until
    somebody changes the policy. dead_letter_arn: '' for none. folder: of this machine, which is the package instead
    of an archive (hot reload).
    """

    name: str
    runtime: str
    handler: str
    role: str
    description: str
    timeout_s: int
    memory_mb: int
    ephemeral_storage_mb: int
    architectures: list[str]
    log_group: str
    code_sha256: str
    code_size_bytes: int
    revision_id: str
    fleet_revision: str
    modified_at: datetime
    environment: dict[str, str] | None = None
    tags: dict[str, str] = {}
    policy: list[StatementRecord] = []
    policy_revision_id: str = ""
    last_version: int = 0
    unzipped_bytes: int = 0
    layers: list[LayerUse] = []
    folder: str = ""
    snap_start: bool = False
    log_format: str = "Text"
    application_log_level: str = ""
    system_log_level: str = ""
    dead_letter_arn: str = ""
    image: ImageUse | None = None

    @property
    def package_type(self) -> Literal["Image", "Zip"]:
        return "Zip" if self.image is None else "Image"

    @property
    def code_sha256_text(self) -> str:
        """`CodeSha256` as the API prints it: in hex for images (recording lambda_api, TestLambdaImages)."""
        return code_sha256_base64(self.code_sha256) if self.image is None else self.code_sha256

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=self.timeout_s)


class VersionRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.version.v1"):
    """A published version.

    function: as it was, under the version's own description, revision and policy. latest_description: what `$LATEST`
    was described as when this was published. state: `Active`, or what AWS calls the one before or instead.
    """

    number: int
    function: FunctionRecord
    latest_description: str
    state: str = "Active"
    state_reason: str = ""
    state_reason_code: str = ""


class AliasRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.alias.v1"):
    """A name for a version, or for two. weights: what share of the invocations goes to other versions."""

    name: str
    version: str
    description: str
    revision_id: str
    weights: dict[str, float] = {}
    policy: list[StatementRecord] = []
    policy_revision_id: str = ""

    def points_at(self, version: str) -> bool:
        return version == self.version or version in self.weights


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a name and qualifier lead to. record: of what would run, a published version's where one is meant."""

    function: FunctionName
    record: FunctionRecord
    published: VersionRecord | None = None
    alias: AliasRecord | None = None

    @property
    def version(self) -> str:
        """`$LATEST`, or the number."""
        return LATEST if self.published is None else str(self.published.number)

    @property
    def invoked_arn(self) -> str:
        """As a function that was invoked by this name sees it."""
        return self.function.qualified_arn


def latest_of(function: FunctionName, record: FunctionRecord) -> Target:
    """What a name without a version leads to."""
    return Target(function=function, record=record)


def version_of(function: FunctionName, version: VersionRecord) -> Target:
    """A version under the ARN with its number."""
    named = msgspec.structs.replace(function, qualifier=str(version.number))
    return Target(function=named, record=version.function, published=version)


def same_when_published(latest: FunctionRecord, version: VersionRecord) -> bool:
    """Whether nothing that a version keeps has changed in `$LATEST` since that version was published."""
    return _kept(latest) == _kept(msgspec.structs.replace(version.function, description=version.latest_description))


def published(latest: FunctionRecord, *, number: int, description: str | None, revision_id: str) -> VersionRecord:
    """The version that `$LATEST` becomes when it is published. description: None for that of `$LATEST`."""
    return VersionRecord(
        number=number,
        latest_description=latest.description,
        function=msgspec.structs.replace(
            latest,
            description=latest.description if description is None else description,
            revision_id=revision_id,
            tags={},
            policy=[],
            policy_revision_id="",
            last_version=0,
        ),
    )


def _kept(record: FunctionRecord) -> FunctionRecord:
    """Without what is said about a function, rather than what it is."""
    return msgspec.structs.replace(
        record,
        revision_id="",
        fleet_revision="",
        modified_at=_NEVER,
        tags={},
        policy=[],
        policy_revision_id="",
        last_version=0,
    )


def default_log_group(name: str) -> str:
    """Where a function logs unless told otherwise."""
    return f"/aws/lambda/{name}"


def code_sha256_base64(digest: str) -> str:
    """`CodeSha256` as the API prints it."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def last_modified(moment: datetime) -> str:
    """`LastModified` as the API prints it: `2014-02-28T12:00:00.123+0000`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"
