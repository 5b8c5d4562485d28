"""What is set beside a function's configuration, and by whom is it kept?

Each setting is a record of its own, so that the function's own record, which every invocation reads, stays small and
does not change with them. All of them go when their function goes.
"""

from datetime import datetime
from typing import Final

import msgspec

from pileus.services.lambda_.names import LATEST


class ConcurrencyRecord(msgspec.Struct, frozen=True, kw_only=True, tag="lambda.concurrency.v1"):
    """Reserved concurrency: as many environments are the function's, and no more."""

    reserved: int


class ProvisionedRecord(msgspec.Struct, frozen=True, kw_only=True, tag="lambda.provisioned.v1"):
    """Provisioned concurrency of a version, or of the one that an alias points at."""

    requested: int
    modified_at: datetime


class InvokeConfigRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.invoke-config.v1"):
    """What becomes of asynchronous invocations. None, '': as usual."""

    modified_at: datetime
    retries: int | None = None
    event_age_s: int | None = None
    on_success: str = ""
    on_failure: str = ""


class CorsRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which pages may call a function URL. None: not given."""

    credentials: bool | None = None
    headers: list[str] | None = None
    methods: list[str] | None = None
    origins: list[str] | None = None
    exposed_headers: list[str] | None = None
    max_age_s: int | None = None


class UrlRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.url.v1"):
    """A function URL. invoke_mode: None for `BUFFERED`, as long as nobody gave one."""

    url_id: str
    auth_type: str
    created_at: datetime
    modified_at: datetime
    invoke_mode: str | None = None
    cors: CorsRecord | None = None


class RuntimeManagementRecord(msgspec.Struct, frozen=True, kw_only=True, tag="lambda.runtime-management.v1"):
    """When a function moves to another version of its runtime; here, there is one version of each."""

    update_on: str
    runtime_version_arn: str | None = None


class RecursionRecord(msgspec.Struct, frozen=True, kw_only=True, tag="lambda.recursion.v1"):
    """Whether a function may be part of a loop."""

    recursive_loop: str


class SigningRecord(msgspec.Struct, frozen=True, kw_only=True, tag="lambda.function-signing.v1"):
    """The code signing configuration that a function has."""

    config_arn: str


Setting = (
    ConcurrencyRecord
    | ProvisionedRecord
    | InvokeConfigRecord
    | UrlRecord
    | RuntimeManagementRecord
    | RecursionRecord
    | SigningRecord
)

KINDS: Final[dict[type[msgspec.Struct], str]] = {
    ConcurrencyRecord: "concurrency",
    ProvisionedRecord: "provisioned",
    InvokeConfigRecord: "invoke-config",
    UrlRecord: "url",
    RuntimeManagementRecord: "runtime-management",
    RecursionRecord: "recursion",
    SigningRecord: "signing",
}
"""What each is called in keys."""

UNQUALIFIED: Final = LATEST
"""The qualifier of what is set for a function as a whole."""
