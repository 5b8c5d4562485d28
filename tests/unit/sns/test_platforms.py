"""Platform applications and endpoints, as recordings sns TestSNSPlatform...Crud tell them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.sns.inbox import Inbox
from pileus.services.sns.inbox.box import find
from pileus.services.sns.operations.direct import DirectOperations
from pileus.services.sns.operations.platform_applications import PlatformApplicationOperations
from pileus.services.sns.operations.platform_endpoints import PlatformEndpointOperations
from pileus.services.sns.operations.publishing import PublishOperations
from pileus.services.sns.platforms.sending import PushNotifications
from pileus.services.sns.shapes import (
    CreatePlatformApplicationInput,
    CreatePlatformEndpointInput,
    DeleteEndpointInput,
    DeletePlatformApplicationInput,
    GetEndpointAttributesInput,
    GetPlatformApplicationAttributesInput,
    ListEndpointsByPlatformApplicationInput,
    ListPlatformApplicationsInput,
    PublishInput,
    SetEndpointAttributesInput,
    SetPlatformApplicationAttributesInput,
)
from tests.support.time import JumpingClock
from tests.unit.sns.asking import ACCOUNT, asked_by

APP = f"arn:aws:sns:us-east-1:{ACCOUNT}:app/ADM/shop"
KEYS = {"PlatformCredential": "secret", "PlatformPrincipal": "id"}
NOBODY = f"arn:aws:sns:us-east-1:{ACCOUNT}:endpoint/ADM/shop/00000000-0000-4000-8000-000000000000"


class Api(DirectOperations, PlatformApplicationOperations, PlatformEndpointOperations, PublishOperations):
    """Only what is about devices and phones."""


class Rig:
    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        self.store = store
        self.clock = clock
        self.api = Api(store=store, clock=clock, ids=SeededIds(), secret=b"x" * 32)

    async def application(self, name: str = "shop", platform: str = "ADM", **attributes: str) -> str:
        request = CreatePlatformApplicationInput(name=name, platform=platform, attributes=attributes or KEYS)
        answer = await self.api.create_platform_application(asked_by(), request)
        assert answer.platform_application_arn is not None
        return answer.platform_application_arn

    async def endpoint(
        self, token: str = "token_1", *, arn: str = APP, user_data: str | None = None, **given: str
    ) -> str:
        request = CreatePlatformEndpointInput(
            platform_application_arn=arn, token=token, custom_user_data=user_data, attributes=given or None
        )
        answer = await self.api.create_platform_endpoint(asked_by(), request)
        assert answer.endpoint_arn is not None
        return answer.endpoint_arn

    async def attributes(self, arn: str) -> dict[str, str] | None:
        return (
            await self.api.get_endpoint_attributes(asked_by(), GetEndpointAttributesInput(endpoint_arn=arn))
        ).attributes

    async def set(self, arn: str, **attributes: str) -> None:
        request = SetEndpointAttributesInput(endpoint_arn=arn, attributes=attributes)
        await self.api.set_endpoint_attributes(asked_by(), request)

    async def endpoints(self, arn: str = APP) -> list[str | None]:
        request = ListEndpointsByPlatformApplicationInput(platform_application_arn=arn)
        answer = await self.api.list_endpoints_by_platform_application(asked_by(), request)
        return [each.endpoint_arn for each in answer.endpoints or []]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    yield Rig(store, clock)
    await store.close()


def refusal_of(caught: pytest.ExceptionInfo[ServiceError]) -> tuple[str, str]:
    return caught.value.error_code, caught.value.message


async def test_an_application_shows_all_but_its_credentials(rig: Rig) -> None:
    """Recordings `test_create...`, `test_get...`, `test_set...`, `test_list_platform_applications`."""
    assert await rig.application() == APP
    assert await rig.application() == APP
    get = GetPlatformApplicationAttributesInput(platform_application_arn=APP)
    assert (await rig.api.get_platform_application_attributes(asked_by(), get)).attributes == {"Enabled": "true"}
    change = SetPlatformApplicationAttributesInput(
        platform_application_arn=APP, attributes={"SuccessFeedbackSampleRate": "50"}
    )
    await rig.api.set_platform_application_attributes(asked_by(), change)
    shown = {"Enabled": "true", "SuccessFeedbackSampleRate": "50"}
    assert (await rig.api.get_platform_application_attributes(asked_by(), get)).attributes == shown
    listed = await rig.api.list_platform_applications(asked_by(), ListPlatformApplicationsInput())
    (one,) = listed.platform_applications or []
    assert (one.platform_application_arn, one.attributes) == (APP, shown)


CHARACTERS = "'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'"
WITHOUT = "attribute provided without"


@pytest.mark.parametrize(
    ("name", "platform", "attributes", "reason"),
    [
        ("a" * 257, "ADM", KEYS, f"{'a' * 257} Reason: must be at most 256 characters long"),
        ("", "ADM", KEYS, " Reason: cannot be empty"),
        ("@name", "ADM", KEYS, f"@name Reason: must contain only characters {CHARACTERS}"),
        ("n", "AAA", KEYS, "Platform Reason: AAA is not supported"),
        ("n", "ADM", {"PlatformPrincipal": "x"}, f"Attributes Reason: PlatformPrincipal {WITHOUT} PlatformCredential"),
        ("n", "ADM", {"PlatformCredential": "x"}, f"Attributes Reason: PlatformCredential {WITHOUT} PlatformPrincipal"),
        ("n", "ADM", {**KEYS, "Other": "x"}, "Attributes Reason: Invalid attribute name: Other"),
    ],
)
async def test_wrong_applications_are_refused(
    rig: Rig, name: str, platform: str, attributes: dict[str, str], reason: str
) -> None:
    """Recordings `test_create_platform_application_invalid...`."""
    with pytest.raises(ServiceError) as caught:
        await rig.application(name, platform, **attributes)
    assert refusal_of(caught) == ("InvalidParameter", f"Invalid parameter: {reason}")


async def test_firebase_has_one_key(rig: Rig) -> None:
    """API_CreatePlatformApplication: for GCM there is no PlatformPrincipal."""
    assert (await rig.application("n", "GCM", PlatformCredential="key")).endswith(":app/GCM/n")


async def test_events_of_endpoints_are_not_promised(rig: Rig) -> None:
    """Nobody would publish them: better no application than a silent topic."""
    with pytest.raises(NotImplementedByPileus):
        await rig.application(**KEYS, EventEndpointCreated="arn:aws:sns:us-east-1:111111111111:t")


@pytest.mark.parametrize(
    ("arn", "code", "message"),
    [
        (APP, "NotFound", "PlatformApplication does not exist"),
        (
            "invalid",
            "InvalidParameter",
            "Invalid parameter: PlatformApplicationArn Reason: An ARN must have at least 6 elements, not 1",
        ),
    ],
)
async def test_applications_that_are_not_there(rig: Rig, arn: str, code: str, message: str) -> None:
    """Recordings `..._invalid_arn`, `..._non_existing_app`, `..._non_existent_app`; deleting one succeeds."""
    get = GetPlatformApplicationAttributesInput(platform_application_arn=arn)
    change = SetPlatformApplicationAttributesInput(platform_application_arn=arn, attributes={"PlatformPrincipal": "x"})
    for asking in (
        rig.api.get_platform_application_attributes(asked_by(), get),
        rig.api.set_platform_application_attributes(asked_by(), change),
        rig.endpoint(arn=arn),
        rig.endpoints(arn),
    ):
        with pytest.raises(ServiceError) as caught:
            await asking
        assert refusal_of(caught) == (code, message)
    if code == "NotFound":
        delete = DeletePlatformApplicationInput(platform_application_arn=arn)
        await rig.api.delete_platform_application(asked_by(), delete)


async def test_the_same_token_is_the_same_endpoint(rig: Rig) -> None:
    """Recording `test_create_platform_endpoint_idempotency`."""
    await rig.application()
    arn = await rig.endpoint()
    assert await rig.endpoint() == arn
    with pytest.raises(ServiceError) as caught:
        await rig.endpoint(user_data="other")
    reason = f"Endpoint {arn} already exists with the same Token, but different attributes."
    assert refusal_of(caught) == ("InvalidParameter", f"Invalid parameter: Token Reason: {reason}")
    assert await rig.endpoints() == [arn]


async def test_an_endpoint_from_birth_to_death(rig: Rig) -> None:
    """Recordings `test_get...`, `test_set...`, `test_delete_platform_endpoint`, `..._double_custom_data`."""
    await rig.application()
    arn = await rig.endpoint()
    assert await rig.attributes(arn) == {"Enabled": "true", "Token": "token_1"}
    await rig.set(arn, Enabled="false", Token="token_2")
    assert await rig.attributes(arn) == {"Enabled": "false", "Token": "token_2"}
    another = await rig.endpoint("token_1", user_data="bar", CustomUserData="foo")
    assert await rig.attributes(another) == {"CustomUserData": "foo", "Enabled": "true", "Token": "token_1"}
    with pytest.raises(ServiceError, match="same Token"):
        await rig.set(arn, Token="token_1")
    for _ in range(2):
        await rig.api.delete_endpoint(asked_by(), DeleteEndpointInput(endpoint_arn=arn))
    assert await rig.endpoints() == [another]
    with pytest.raises(ServiceError) as caught:
        await rig.attributes(arn)
    assert refusal_of(caught) == ("NotFound", "Endpoint does not exist")
    with pytest.raises(ServiceError) as unset:
        await rig.set(arn, Enabled="true")
    assert refusal_of(unset) == ("NotFound", "Endpoint does not exist")


TOO_LONG = "CustomUserData: must be at most 2048 bytes long in UTF-8 encoding"


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"PlatformPrincipal": "x"}, "Invalid attribute name: PlatformPrincipal"),
        ({"PlatformCredential": "x"}, "Invalid attribute name: PlatformCredential"),
        ({"InvalidKey": "x"}, "Invalid attribute name: InvalidKey"),
        ({"CustomUserData": "x" * 2049}, f"Invalid value for attribute: {TOO_LONG}"),
    ],
)
async def test_wrong_endpoint_attributes_are_refused(rig: Rig, attributes: dict[str, str], reason: str) -> None:
    """Recordings `..._endpoint_attributes_invalid_attributes` and `..._endpoint_with_invalid_attributes`."""
    await rig.application()
    arn = await rig.endpoint("other")
    for asking in (rig.endpoint(**attributes), rig.set(arn, **attributes)):
        with pytest.raises(ServiceError) as caught:
            await asking
        assert refusal_of(caught) == ("InvalidParameter", f"Invalid parameter: Attributes Reason: {reason}")


async def test_an_endpoint_arn_has_three_slashes(rig: Rig) -> None:
    """Recording `test_set_platform_endpoint_attributes_invalid_arn`."""
    with pytest.raises(ServiceError) as caught:
        await rig.set(APP.replace("app/", "endpoint/"), Enabled="true")
    reason = "Wrong number of slashes in relative portion of the ARN."
    assert refusal_of(caught) == ("InvalidParameter", f"Invalid parameter: EndpointArn Reason: {reason}")


async def test_a_deleted_application_takes_its_endpoints_along(rig: Rig) -> None:
    """Recording `test_delete_endpoints_of_deleted_app`; one created again has none of them."""
    await rig.application()
    arn = await rig.endpoint()
    delete = DeletePlatformApplicationInput(platform_application_arn=APP)
    await rig.api.delete_platform_application(asked_by(), delete)
    with pytest.raises(ServiceError) as caught:
        await rig.endpoints()
    assert refusal_of(caught) == ("NotFound", "PlatformApplication does not exist")
    await rig.application()
    assert await rig.endpoints() == []
    assert await rig.endpoint() != arn


async def test_lists_come_in_pages(rig: Rig) -> None:
    """A hundred at a time, each once."""
    await rig.application()
    for number in range(130):
        await rig.endpoint(f"token {number}")
        await rig.application(f"app{number:03}", "GCM", PlatformCredential="key")
    seen: list[Any] = []
    token = None
    while True:
        page = await rig.api.list_endpoints_by_platform_application(
            asked_by(), ListEndpointsByPlatformApplicationInput(platform_application_arn=APP, next_token=token)
        )
        seen += [each.endpoint_arn for each in page.endpoints or []]
        token = page.next_token
        if token is None:
            break
    assert len(seen) == len(set(seen)) == 130
    first = await rig.api.list_platform_applications(asked_by(), ListPlatformApplicationsInput())
    rest = await rig.api.list_platform_applications(
        asked_by(), ListPlatformApplicationsInput(next_token=first.next_token)
    )
    assert [len(first.platform_applications or []), len(rest.platform_applications or [])] == [100, 31]
    assert rest.next_token is None


async def test_nothing_is_seen_of_other_accounts_and_regions(rig: Rig) -> None:
    """Devices are somebody's."""
    await rig.application()
    await rig.endpoint()
    for stranger in (asked_by("222222222222"), asked_by(region="eu-west-1")):
        listed = await rig.api.list_platform_applications(stranger, ListPlatformApplicationsInput())
        assert listed.platform_applications == []
        with pytest.raises(ServiceError):
            await rig.api.list_endpoints_by_platform_application(
                stranger, ListEndpointsByPlatformApplicationInput(platform_application_arn=APP)
            )


async def publish(rig: Rig, arn: str, message: str = "hello", *, structure: str | None = None) -> None:
    request = PublishInput(target_arn=arn, message=message, message_structure=structure)
    await rig.api.publish(asked_by(), request)


async def test_what_is_published_to_a_device_is_in_the_inbox(rig: Rig) -> None:
    """With what its platform would have been given."""
    await rig.application()
    arn = await rig.endpoint(user_data="user 1")
    await publish(rig, arn)
    await publish(rig, arn, '{"default": "d", "ADM": "for adm"}', structure="json")
    await publish(rig, arn, '{"default": "d", "APNS": "for apple"}', structure="json")
    kept = await find(rig.store.snapshot(), recipient=arn)
    assert [each.sent.body for each in kept] == ["d", "for adm", "hello"]
    assert kept[0].sent.attributes == {"Platform": "ADM", "Token": "token_1", "CustomUserData": "user 1"}


async def test_who_is_not_there_or_asleep_gets_nothing(rig: Rig) -> None:
    """Recording `test_publish_non_existent_target`; EndpointDisabled, PlatformApplicationDisabled: API_Publish."""
    await rig.application()
    arn = await rig.endpoint()
    with pytest.raises(ServiceError) as missing:
        await publish(rig, NOBODY)
    reason = "TargetArn Reason: No endpoint found for the target arn specified"
    assert refusal_of(missing) == ("InvalidParameter", f"Invalid parameter: {reason}")
    await rig.set(arn, Enabled="false")
    with pytest.raises(ServiceError) as asleep:
        await publish(rig, arn)
    assert asleep.value.error_code == "EndpointDisabled"
    async with rig.store.transaction() as tx:
        push = PushNotifications(Inbox(clock=rig.clock), clock=rig.clock, ids=SeededIds())
        sent = await push.send(tx, arn=arn, body="x", by_protocol={}, subject="", message_id="m")
        nobody = await push.send(tx, arn=NOBODY, body="x", by_protocol={}, subject="", message_id="m")
    assert (sent, nobody) == ("Endpoint is disabled", "Endpoint does not exist")
    await rig.set(arn, Enabled="true")
    change = SetPlatformApplicationAttributesInput(platform_application_arn=APP, attributes={"Enabled": "false"})
    await rig.api.set_platform_application_attributes(asked_by(), change)
    with pytest.raises(ServiceError) as disabled:
        await publish(rig, arn)
    assert disabled.value.error_code == "PlatformApplicationDisabled"
    assert await find(rig.store.snapshot()) == []


async def test_a_phone_gets_what_is_published_to_it(rig: Rig) -> None:
    """Its number in whatever form people write it; recording `test_publish_wrong_phone_format` of what is none."""
    await rig.api.publish(asked_by(), PublishInput(phone_number="+1555-123-4567", message="hello"))
    (kept,) = await find(rig.store.snapshot())
    assert (kept.sent.kind, kept.sent.recipient, kept.sent.body) == ("sms", "+15551234567", "hello")
    with pytest.raises(ServiceError) as caught:
        await rig.api.publish(asked_by(), PublishInput(phone_number="+1a234", message="hello"))
    reason = "PhoneNumber Reason: +1a234 is not valid to publish to"
    assert refusal_of(caught) == ("InvalidParameter", f"Invalid parameter: {reason}")
