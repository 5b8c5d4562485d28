"""Data protection: what is found, which policies are refused, and what happens to messages."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pileus.kernel.context import Principal
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.sqlite import open_store
from pileus.services.sns.log_lines import LOG_TOPIC, LogLine
from pileus.services.sns.protection.identifiers import IDENTIFIERS
from pileus.services.sns.protection.policy import POLICY_CHARS_MAX, parse
from pileus.services.sns.shapes import (
    GetDataProtectionPolicyInput,
    GetTopicAttributesInput,
    PublishBatchInput,
    PublishBatchRequestEntry,
    PublishInput,
    PutDataProtectionPolicyInput,
    SubscribeInput,
)
from tests.support.time import JumpingClock
from tests.unit.sns.asking import ACCOUNT, asked_by
from tests.unit.sns.topics import QUEUE, Topics

CARD = "4111 1111 1111 1111"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("AwsSecretKey", f"aws_secret_access_key = {SECRET}", [SECRET]),
        ("AwsSecretKey", f"the commit is {SECRET}", []),
        ("BankAccountNumber-DE", "DE89 3704 0044 0532 0130 00", ["DE89 3704 0044 0532 0130 00"]),
        ("BankAccountNumber-DE", "DE88 3704 0044 0532 0130 00", []),
        ("BankAccountNumber-DE", "GB29NWBK60161331926819", []),
        ("BankAccountNumber-ES", "ES9121000418450200051332", ["ES9121000418450200051332"]),
        ("BankAccountNumber-FR", "FR1420041010050500013M02606", ["FR1420041010050500013M02606"]),
        ("BankAccountNumber-GB", "GB29NWBK60161331926819.", ["GB29NWBK60161331926819"]),
        ("BankAccountNumber-IT", "IT60X0542811101000000123456", ["IT60X0542811101000000123456"]),
        ("CnpjCode-BR", "11.222.333/0001-81", ["11.222.333/0001-81"]),
        ("CnpjCode-BR", "11.222.333/0001-82", []),
        ("CpfCode-BR", "529.982.247-25 111.111.111-11", ["529.982.247-25"]),
        ("CreditCardNumber", f"card {CARD}, 4111111111111112", [CARD]),
        ("CreditCardNumber", "order 17 4111-1111-1111-1111", ["4111-1111-1111-1111"]),
        ("CreditCardNumber", "378282246310005", ["378282246310005"]),
        ("CreditCardNumber", "id-4111111111111111-x", []),
        ("DrugEnforcementAgencyNumber-US", "AP5836727 AP5836728", ["AP5836727"]),
        ("EmailAddress", "To: <a.b+c@x-y.example.com>.", ["a.b+c@x-y.example.com"]),
        ("EmailAddress", "user@localhost @example.com a@-b.com", []),
        ("EmailAddress", "a@b.com1-c@d.org", ["a@b.com", "1-c@d.org"]),
        ("IndividualTaxIdentificationNumber-US", "912-70-1234 912-40-1234", ["912-70-1234"]),
        ("InseeCode-FR", "2 55 08 14 168 025 38", ["2 55 08 14 168 025 38"]),
        ("IpAddress", "10.0.0.255 ::1 2001:db8::1 999.1.1.1 12:30", ["10.0.0.255", "::1", "2001:db8::1"]),
        ("MedicareBeneficiaryNumber-US", "1EG4-TE5-MK73", ["1EG4-TE5-MK73"]),
        ("NationalInsuranceNumber-GB", "AB 12 34 56 C, QQ123456C", ["AB 12 34 56 C"]),
        ("NationalProviderId-US", "NPI 1234567893", ["1234567893"]),
        ("NationalProviderId-US", "number 1234567893", []),
        ("NhsNumber-GB", "NHS 943 476 5919", ["943 476 5919"]),
        ("NieNumber-ES", "X1234567L X1234567A", ["X1234567L"]),
        ("NifNumber-ES", "12345678Z", ["12345678Z"]),
        ("OpenSshPrivateKey", "-----BEGIN OPENSSH PRIVATE KEY-----", ["-----BEGIN OPENSSH PRIVATE KEY-----"]),
        ("PgpPrivateKey", "-----BEGIN PGP PUBLIC KEY BLOCK-----", []),
        ("PhoneNumber-BR", "+55 11 91234-5678", ["+55 11 91234-5678"]),
        ("PhoneNumber-DE", "+49 151 12345678; Telefon 030 12345678", ["+49 151 12345678", "030 12345678"]),
        ("PhoneNumber-DE", "Nr. 030 12345678", []),
        ("PhoneNumber-ES", "móvil 612 345 678", ["612 345 678"]),
        ("PhoneNumber-FR", "+33 1 23 45 67 89", ["+33 1 23 45 67 89"]),
        ("PhoneNumber-GB", "+44 20 7946 0958", ["+44 20 7946 0958"]),
        ("PhoneNumber-IT", "tel 06 12345678", ["06 12345678"]),
        ("PhoneNumber-US", "(415) 555-2671, +14155552671", ["(415) 555-2671", "+14155552671"]),
        ("PhoneNumber-US", "4155552671", []),
        ("PkcsPrivateKey", f"a {BEGIN}\nxx\n{END} b", [f"{BEGIN}\nxx\n{END}"]),
        (
            "PuttyPrivateKey",
            "PuTTY-User-Key-File-2: x\nPrivate-MAC: ab01 y",
            ["PuTTY-User-Key-File-2: x\nPrivate-MAC: ab01"],
        ),
        ("SocialInsuranceNumber-CA", "130 692 544 130 692 545", ["130 692 544"]),
        ("Ssn-US", "123-45-6789 000-12-3456 123-45-0000 123456789", ["123-45-6789"]),
        ("Ssn-US", "SSN: 123456789", ["123456789"]),
        ("VehicleIdentificationNumber", "VIN 1M8GDM9AXKP042788", ["1M8GDM9AXKP042788"]),
    ],
)
def test_what_is_found(name: str, text: str, found: list[str]) -> None:
    """The whole of it and nothing beside it: what is masked must be gone, what is not meant must stay."""
    assert [text[start:end] for start, end in IDENTIFIERS[name](text)] == found


def test_every_identifier_has_an_example() -> None:
    """One without would be a promise that nobody has looked at."""
    (mark,) = [each for each in test_what_is_found.pytestmark if each.name == "parametrize"]  # type: ignore[attr-defined]  # pytest's
    assert {name for name, _, found in mark.args[1] if found} | {"PgpPrivateKey"} == set(IDENTIFIERS)


@pytest.mark.parametrize("text", ["1 ", "a@", "+44 ", f"{BEGIN}", "PuTTY-User-Key-File-", "DE89", "::", "1.", "A1"])
def test_no_message_holds_everybody_up(text: str) -> None:
    """The largest message of the worst kind, for all identifiers together."""
    message = text * (256 * 1024 // len(text))
    began = time.process_time()
    for find in IDENTIFIERS.values():
        for _ in find(message):
            pass
    assert time.process_time() - began < 5


# --- policies --------------------------------------------------------------------------------------------------------


def statement(operation: object, *, direction: str = "Inbound", names: Any = ("CreditCardNumber",), **more: Any) -> Any:
    return {
        "Sid": "s",
        "DataDirection": direction,
        "Principal": ["*"],
        "DataIdentifier": [f"arn:aws:dataprotection::aws:data-identifier/{name}" for name in names],
        "Operation": operation,
        **more,
    }


def policy(*statements: Any, **more: Any) -> str:
    return json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": list(statements), **more})


DENY = statement({"Deny": {}})
MASK = {"Deidentify": {"MaskConfig": {"MaskWithCharacter": "#"}}}
GROUP = {"CloudWatchLogs": {"LogGroup": "/aws/vendedlogs/g"}}


def audit(rate: object = "99", **more: Any) -> Any:
    return {"Audit": {"SampleRate": rate, "FindingsDestination": GROUP, **more}}


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        policy(),
        policy(DENY, Version="2012-10-17"),
        policy(DENY, Name=""),
        policy(DENY, Extra=1),
        policy("x"),
        policy({**DENY, "Extra": 1}),
        policy({**DENY, "DataDirection": "Sideways"}),
        policy({**DENY, "Principal": []}),
        policy({**DENY, "Principal": ["me"]}),
        policy({**DENY, "DataIdentifier": ["CreditCardNumber"]}),
        policy(statement({"Deny": {}}, names=["ShoeSize"])),
        policy(statement({})),
        policy(statement({"Deny": {"x": 1}})),
        policy(statement({"Deny": {}, **MASK})),
        policy(statement({"Deidentify": {}})),
        policy(statement({"Deidentify": {"MaskConfig": {"MaskWithCharacter": "##"}}})),
        policy(statement({"Deidentify": {"MaskConfig": {}, "RedactConfig": {}}})),
        policy(statement(audit("100"))),
        policy(statement(audit("many"))),
        policy(statement({"Audit": {"SampleRate": "1"}})),
        policy(statement(audit(), direction="Outbound")),
        policy({**statement(audit()), "Principal": [f"arn:aws:iam::{ACCOUNT}:user/ann"]}),
        policy(statement(audit()), statement(audit())),
        policy(statement(audit(FindingsDestination={"CloudWatchLogs": {"LogGroup": "/aws/other"}}))),
        policy(DENY, Description="x" * POLICY_CHARS_MAX),
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    """Nothing of a policy is passed over in silence."""
    with pytest.raises(ServiceError) as refusal:
        parse(text)
    assert refusal.value.error_code == "InvalidParameter"


@pytest.mark.parametrize(
    "text",
    [
        policy(statement({"Deny": {}}, names=["Name"])),
        policy(statement({"Deny": {}}, names=["PassportNumber-US"])),
        policy(statement(audit(FindingsDestination={"S3": {"Bucket": "b"}}))),
        policy(statement(audit(NoFindingsDestination={"Firehose": {"DeliveryStream": "s"}}))),
        policy(DENY, Configuration={"CustomDataIdentifier": [{"Name": "n", "Regex": "x"}]}),
    ],
)
def test_what_cannot_be_done_is_not_promised(text: str) -> None:
    """A topic whose owner believes it protected is worse than one without a policy."""
    with pytest.raises(NotImplementedByPileus):
        parse(text)


# --- messages --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def topics(tmp_path: Path) -> AsyncIterator[Topics]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    yield Topics(store, clock)
    await store.close()


async def put(topics: Topics, arn: str, text: str) -> None:
    request = PutDataProtectionPolicyInput(resource_arn=arn, data_protection_policy=text)
    await topics.api.put_data_protection_policy(asked_by(), request)


async def get(topics: Topics, arn: str) -> str | None:
    request = GetDataProtectionPolicyInput(resource_arn=arn)
    return (await topics.api.get_data_protection_policy(asked_by(), request)).data_protection_policy


async def test_a_policy_from_birth_to_death(topics: Topics) -> None:
    """Recording `test_data_protection_policy_crud`: topic attributes tell nothing of it; an empty one deletes it."""
    arn = await topics.create()
    before = await topics.api.get_topic_attributes(asked_by(), GetTopicAttributesInput(topic_arn=arn))
    assert await get(topics, arn) is None
    text = policy(statement({"Deny": {}}, names=["EmailAddress"]), Description="Test Policy")
    # The recording's identifier names a region where AWS's pages have none.
    text = text.replace("dataprotection::aws:", "dataprotection:us-east-1::")
    await put(topics, arn, text)
    assert await get(topics, arn) == text
    assert await topics.api.get_topic_attributes(asked_by(), GetTopicAttributesInput(topic_arn=arn)) == before
    await put(topics, arn, "")
    assert await get(topics, arn) is None
    with pytest.raises(ServiceError) as missing:
        await put(topics, arn + "x", text)
    assert missing.value.error_code == "NotFound"


async def test_a_topic_is_born_with_a_policy(topics: Topics) -> None:
    """CreateTopic's DataProtectionPolicy; a FIFO topic has none, and is not left behind when it is refused."""
    arn = await topics.create(policy=policy(DENY))
    assert await get(topics, arn) == policy(DENY)
    with pytest.raises(ServiceError) as refusal:
        await topics.create("t.fifo", policy=policy(DENY), FifoTopic="true")
    assert refusal.value.error_code == "InvalidParameter"
    with pytest.raises(ServiceError):
        await get(topics, arn.replace(":t", ":t.fifo"))


async def test_deny_refuses_to_publish(topics: Topics) -> None:
    """AuthorizationError, and nobody gets it; any form of a structured message counts."""
    arn = await topics.create(policy=policy(DENY))
    await topics.subscribe(arn)
    with pytest.raises(ServiceError) as refusal:
        await topics.publish(arn, f"pay with {CARD}")
    assert refusal.value.error_code == "AuthorizationError"
    with pytest.raises(ServiceError):
        await topics.publish(arn, json.dumps({"default": "x", "sms": CARD}), message_structure="json")
    await topics.publish(arn, "pay cash")
    assert topics.got() == ["pay cash"]


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (MASK, "ssn: ###########, mail ####### ok"),
        ({"Deidentify": {"MaskConfig": {}}}, "ssn: ###########, mail ####### ok"),
        ({"Deidentify": {"RedactConfig": {}}}, "ssn: , mail  ok"),
    ],
)
@pytest.mark.parametrize("direction", ["Inbound", "Outbound"])
async def test_what_is_masked_is_gone(topics: Topics, operation: Any, body: str, direction: str) -> None:
    """SNS Developer Guide's own example: `123-45-6789` becomes `###########`, or nothing."""
    names = ["Ssn-US", "EmailAddress"]
    arn = await topics.create(policy=policy(statement(operation, direction=direction, names=names)))
    await topics.subscribe(arn)
    await topics.publish(arn, "ssn: 123-45-6789, mail a@b.com ok")
    assert topics.got() == [body]


async def test_nothing_left_is_nothing_to_publish(topics: Topics) -> None:
    """SNS Developer Guide: an error "when the entire message is sensitive"."""
    arn = await topics.create(policy=policy(statement({"Deidentify": {"RedactConfig": {}}})))
    with pytest.raises(ServiceError) as refusal:
        await topics.publish(arn, CARD)
    assert refusal.value.error_code == "AuthorizationError"


async def test_statements_are_about_principals(topics: Topics) -> None:
    """Inbound: who publishes, by their role; outbound: who subscribed."""
    ann = f"arn:aws:iam::{ACCOUNT}:user/ann"
    arn = await topics.create(policy=policy({**DENY, "Principal": [ann]}))
    await topics.subscribe(arn)
    await topics.publish(arn, CARD)
    assert topics.got() == [CARD]
    by_ann = msgspec.structs.replace(
        asked_by(), principal=Principal(account_id=ACCOUNT, arn=ann, user_id="AIDA", access_key_id="AKIA")
    )
    with pytest.raises(ServiceError) as refusal:
        await topics.api.publish(by_ann, PublishInput(topic_arn=arn, message=CARD))
    assert refusal.value.error_code == "AuthorizationError"
    outbound = {**statement({"Deny": {}}, direction="Outbound"), "Principal": [f"arn:aws:iam::{ACCOUNT}:root"]}
    await put(topics, arn, policy(outbound))
    await topics.publish(arn, CARD)
    assert topics.got() == []
    await put(topics, arn, policy({**outbound, "Principal": [ann]}))
    await topics.publish(arn, CARD)
    assert topics.got() == [CARD]


async def test_sessions_are_their_roles(topics: Topics) -> None:
    """Whoever subscribed with a role is known by its session, and meant by the role."""
    role, session = f"arn:aws:iam::{ACCOUNT}:role/r", f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"
    by_session = msgspec.structs.replace(
        asked_by(), principal=Principal(account_id=ACCOUNT, arn=session, user_id="AROA:s", access_key_id="ASIA")
    )
    arn = await topics.create(policy=policy({**statement({"Deny": {}}, direction="Outbound"), "Principal": [role]}))
    request = SubscribeInput(topic_arn=arn, protocol="sqs", endpoint=QUEUE, attributes={"RawMessageDelivery": "true"})
    await topics.api.subscribe(by_session, request)
    await topics.publish(arn, CARD)
    await topics.publish(arn, "cash")
    assert topics.got() == ["cash"]


async def test_audits_see_what_was_published(topics: Topics) -> None:
    """Before it is masked; a line in the findings' group for each sampled message with findings, else in the other."""
    names = ["CreditCardNumber", "EmailAddress"]
    other = {"CloudWatchLogs": {"LogGroup": "/aws/vendedlogs/nothing"}}
    arn = await topics.create(
        policy=policy(statement(MASK), statement(audit(NoFindingsDestination=other), names=names))
    )
    await topics.subscribe(arn)
    published = [await topics.publish(arn, f"a@b.com {CARD}") for _ in range(20)]
    assert set(topics.got()) == {f"a@b.com {'#' * len(CARD)}"}
    lines = [decode(each, LogLine) for each in await topics.emitted(LOG_TOPIC)]
    assert len(lines) > 15
    assert {line.log_group for line in lines} == {"/aws/vendedlogs/g"}
    finding = json.loads(lines[0].text)
    assert finding == {
        "messageId": finding["messageId"],
        "auditTimestamp": "2024-02-29T23:59:59Z",
        "callerPrincipal": f"arn:aws:iam::{ACCOUNT}:root",
        "resourceArn": arn,
        "dataIdentifiers": [
            {"name": "CreditCardNumber", "count": 1, "detections": [{"start": 8, "end": 27}]},
            {"name": "EmailAddress", "count": 1, "detections": [{"start": 0, "end": 7}]},
        ],
    }
    assert finding["messageId"] in published
    before = len(lines)
    for _ in range(5):
        await topics.publish(arn, "nothing to see")
    groups = [decode(each, LogLine).log_group for each in await topics.emitted(LOG_TOPIC)][before:]
    assert set(groups) == {"/aws/vendedlogs/nothing"}


async def test_what_is_denied_is_audited_all_the_same(topics: Topics) -> None:
    """Audits come first: the owner learns of what somebody tried to publish."""
    arn = await topics.create(policy=policy(DENY, statement(audit())))
    for _ in range(20):
        with pytest.raises(ServiceError):
            await topics.publish(arn, CARD)
    assert len(await topics.emitted(LOG_TOPIC)) > 15


async def test_one_message_of_a_batch_is_denied(topics: Topics) -> None:
    """The others are published."""
    arn = await topics.create(policy=policy(DENY))
    await topics.subscribe(arn)
    entries = [
        PublishBatchRequestEntry(id=str(number), message=message) for number, message in enumerate(["a", CARD, "b"])
    ]
    request = PublishBatchInput(topic_arn=arn, publish_batch_request_entries=entries)
    answer = await topics.api.publish_batch(asked_by(), request)
    assert [each.id for each in answer.successful or []] == ["0", "2"]
    assert [(each.id, each.code) for each in answer.failed or []] == [("1", "AuthorizationError")]
    assert topics.got() == ["a", "b"]


async def test_no_sample_is_no_line(topics: Topics) -> None:
    """A rate of 0 audits nothing, and a message that is refused is audited all the same: it was looked at."""
    arn = await topics.create(policy=policy(statement(audit("0"))))
    for _ in range(20):
        await topics.publish(arn, CARD)
    assert await topics.emitted(LOG_TOPIC) == []
