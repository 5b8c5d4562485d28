"""What are platform applications and endpoints, and what may be said of them?

Sources: SNS API Reference, CreatePlatformApplication, SetPlatformApplicationAttributes, CreatePlatformEndpoint,
SetEndpointAttributes; recordings sns, TestSNSPlatformApplicationCrud and TestSNSPlatformEndpointCrud.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sns.errors import InvalidParameter

PLATFORMS: Final = frozenset(
    {
        "ADM",
        "APNS",
        "APNS_SANDBOX",
        "APNS_VOIP",
        "APNS_VOIP_SANDBOX",
        "BAIDU",
        "GCM",
        "MACOS",
        "MACOS_SANDBOX",
        "MPNS",
        "WNS",
    }
)
WITHOUT_PRINCIPAL: Final = frozenset({"GCM"})
"""Firebase knows one key, not two; Microsoft's MPNS may know none (`Mobile Push Notifications`, "Authentication")."""

NAME_CHARS_MAX: Final = 256
USER_DATA_BYTES_MAX: Final = 2048
TOKEN_CHARS_MAX: Final = 4096
"""Ours: AWS documents none; tokens of today's platforms are far below."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]*")
_SECRETS: Final = frozenset({"PlatformCredential", "PlatformPrincipal"})
_EVENTS: Final = frozenset(
    {"EventDeliveryFailure", "EventEndpointCreated", "EventEndpointDeleted", "EventEndpointUpdated"}
)
_APPLICATION: Final = frozenset(
    {
        *_SECRETS,
        *_EVENTS,
        "ApplePlatformBundleID",
        "ApplePlatformTeamID",
        "Enabled",
        "FailureFeedbackRoleArn",
        "SuccessFeedbackRoleArn",
        "SuccessFeedbackSampleRate",
    }
)
_ENDPOINT: Final = frozenset({"CustomUserData", "Enabled", "Token"})
_SLASHES: Final = "Wrong number of slashes in relative portion of the ARN."


class ApplicationName(NamedTuple):
    """A platform application, wherever it is."""

    partition: str
    region: str
    account_id: str
    platform: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:sns:{self.region}:{self.account_id}:app/{self.platform}/{self.name}"


class EndpointName(NamedTuple):
    """An endpoint of one."""

    application: ApplicationName
    endpoint_id: str

    @property
    def arn(self) -> str:
        app = self.application
        home = f"arn:{app.partition}:sns:{app.region}:{app.account_id}"
        return f"{home}:endpoint/{app.platform}/{app.name}/{self.endpoint_id}"


class ApplicationRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.app.v1"):
    """A platform application. serial: of this creation, so that one created again has no endpoints of before."""

    platform: str
    name: str
    serial: bytes
    created_at_s: float
    attributes: dict[str, str]

    @property
    def enabled(self) -> bool:
        return self.attributes.get("Enabled", "true") == "true"

    def shown(self) -> dict[str, str]:
        """What is told of it: never its credentials."""
        return {"Enabled": "true"} | {name: value for name, value in self.attributes.items() if name not in _SECRETS}


class EndpointRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sns.endpoint.v1"):
    """A device. attributes: `Token` and `Enabled`, and perhaps `CustomUserData`."""

    endpoint_id: str
    created_at_s: float
    attributes: dict[str, str]

    @property
    def enabled(self) -> bool:
        return self.attributes["Enabled"] == "true"


def check_application(name: str, platform: str, attributes: Mapping[str, str]) -> None:
    """CreatePlatformApplication; InvalidParameter."""
    if not name:
        raise InvalidParameter(f"{name} Reason: cannot be empty")
    if len(name) > NAME_CHARS_MAX:
        raise InvalidParameter(f"{name} Reason: must be at most {NAME_CHARS_MAX} characters long")
    if _NAME.fullmatch(name) is None:
        allowed = "'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'"
        raise InvalidParameter(f"{name} Reason: must contain only characters {allowed}")
    if platform not in PLATFORMS:
        raise InvalidParameter(f"Platform Reason: {platform} is not supported")
    check_application_attributes(attributes)
    has_credential, has_principal = "PlatformCredential" in attributes, "PlatformPrincipal" in attributes
    if has_principal and not has_credential:
        raise InvalidParameter("Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential")
    if has_credential and not has_principal and platform not in WITHOUT_PRINCIPAL:
        raise InvalidParameter("Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal")
    if not has_credential and platform != "MPNS":
        raise InvalidParameter("Attributes Reason: PlatformCredential is required")


def check_application_attributes(attributes: Mapping[str, str]) -> None:
    """InvalidParameter, or NotImplementedByPileus of what would publish events of endpoints."""
    for name, value in attributes.items():
        if name not in _APPLICATION:
            raise InvalidParameter(f"Attributes Reason: Invalid attribute name: {name}")
        if name in _EVENTS and value:
            raise NotImplementedByPileus(f"Pileus does not publish events of platform applications yet ({name})")
        if name == "Enabled":
            _truth(name, value)
        if name == "SuccessFeedbackSampleRate" and not (value.isascii() and value.isdigit() and int(value[:9]) <= 100):
            raise InvalidParameter(
                f"Attributes Reason: Invalid value for attribute: {name}: must be an integer between 0 and 100"
            )


def checked_endpoint_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """As they are kept; InvalidParameter."""
    checked = dict(attributes)
    for name, value in attributes.items():
        if name not in _ENDPOINT:
            raise InvalidParameter(f"Attributes Reason: Invalid attribute name: {name}")
        if name == "Enabled":
            checked[name] = _truth(name, value)
        if name == "CustomUserData" and len(value.encode()) > USER_DATA_BYTES_MAX:
            raise InvalidParameter(
                f"Attributes Reason: Invalid value for attribute: {name}: must be at most {USER_DATA_BYTES_MAX} bytes "
                "long in UTF-8 encoding"
            )
        if name == "Token":
            check_token(value)
    return checked


def check_token(token: str) -> None:
    """Or InvalidParameter; the words are ours."""
    if not token:
        raise InvalidParameter("Token Reason: cannot be empty")
    if len(token) > TOKEN_CHARS_MAX:
        raise InvalidParameter(f"Token Reason: must be at most {TOKEN_CHARS_MAX} characters long")


def application_of_arn(context: RequestContext, arn: str) -> ApplicationName:
    """Of this region, or InvalidParameter."""
    kind, *names = _relative(context, arn, "PlatformApplicationArn")
    if len(names) != 2:
        raise InvalidParameter(f"PlatformApplicationArn Reason: {_SLASHES}")
    if kind != "app":
        raise InvalidParameter("PlatformApplicationArn")
    return ApplicationName(context.partition, context.region, context.account_id, names[0], names[1])


def endpoint_of_arn(context: RequestContext, arn: str, member: str = "EndpointArn") -> EndpointName:
    """Of this region, or InvalidParameter."""
    kind, *names = _relative(context, arn, member)
    if len(names) != 3:
        raise InvalidParameter(f"{member} Reason: {_SLASHES}")
    if kind != "endpoint":
        raise InvalidParameter(member)
    application = ApplicationName(context.partition, context.region, context.account_id, names[0], names[1])
    return EndpointName(application, names[2])


def _relative(context: RequestContext, arn: str, member: str) -> list[str]:
    """What is behind the account, by its slashes."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        raise InvalidParameter(f"{member} Reason: An ARN must have at least 6 elements, not {len(parts)}")
    if (parts[0], parts[2], parts[3], parts[4]) != ("arn", "sns", context.region, context.account_id):
        raise InvalidParameter(member)
    return parts[5].split("/")


def _truth(name: str, value: str) -> str:
    if value.lower() not in ("true", "false"):
        raise InvalidParameter(f"Attributes Reason: Invalid value for attribute: {name}: must be true or false")
    return value.lower()
