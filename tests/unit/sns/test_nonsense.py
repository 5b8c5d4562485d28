"""What is nonsense is refused in SNS's words: never a failure of the server, and never taken for something else."""

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.sns.delivery_policies import topic_policy
from pileus.services.sns.endpoints import endpoint_of
from pileus.services.sns.inbox import SentMessage
from pileus.services.sns.inbox.mail import letter_of
from pileus.services.sns.messages import drafted
from pileus.services.sns.shapes import MessageAttributeValue

DEEP = "[" * 50_000 + "]" * 50_000


def test_depth_is_no_failure_of_the_server() -> None:
    """A hundred kilobytes of brackets, wherever JSON is read."""
    with pytest.raises(ServiceError, match="JSON message body failed to parse"):
        drafted(message=f'{{"default": "x", "y": {DEEP}}}', structure="json")
    array = MessageAttributeValue(data_type="String.Array", string_value=DEEP)
    with pytest.raises(ServiceError, match="Could not parse the value of message attribute 'a' as an array"):
        drafted(message="m", attributes={"a": array})
    with pytest.raises(ServiceError, match="DeliveryPolicy: failed to parse JSON"):
        topic_policy(f'{{"http": {DEEP}}}')


@pytest.mark.parametrize("content_type", ['["text/plain"]', '{"text/plain": 1}', "1", "null"])
def test_a_content_type_is_a_text(content_type: str) -> None:
    """What cannot be looked for in a set is none."""
    with pytest.raises(ServiceError, match="is not a supported content type"):
        topic_policy(f'{{"http": {{"defaultRequestPolicy": {{"headerContentType": {content_type}}}}}}}')


@pytest.mark.parametrize(
    "value", ["nan", "NaN", "inf", "-Infinity", "1_000", " 5", "5\n", "０１", "1e", ".", "+", "0x1"]
)
def test_numbers_of_python_s_are_none_of_aws_s(value: str) -> None:
    """AWS reads them with Java's BigDecimal."""
    number = MessageAttributeValue(data_type="Number", string_value=value)
    with pytest.raises(ServiceError, match="Could not cast message attribute 'n' value to number"):
        drafted(message="m", attributes={"n": number})


@pytest.mark.parametrize("value", ["0", "-0.0", "+1", "1.", ".5", "1e400", "1E-7", "9" * 5_000])
def test_numbers_of_any_size_are_numbers(value: str) -> None:
    """The other side: they are kept as they are."""
    number = MessageAttributeValue(data_type="Number.any", string_value=value)
    assert drafted(message="m", attributes={"n": number}).attributes["n"].string_value == value


@pytest.mark.parametrize(
    "address",
    [
        "x@y,z",
        "root,x@example.com",
        "a@b;c",
        "<root>@b",
        "a@b>",
        '"root,"@b',
        "(@)",
        "a@[",
        "a@b\x00",
        "g:a@b",
        "a@b\n",
        "=?utf-8?q?=0a?=@b.c",
        "=?utf-8?q?x=2Croot?=@b.c",
    ],
)
def test_a_mail_address_is_one(address: str) -> None:
    """A list would have the mail server send to somebody whom nobody asked."""
    with pytest.raises(ServiceError, match="Email address"):
        endpoint_of("email", address, fifo_topic=False)


@pytest.mark.parametrize("address", ["a.b+c@x-y.example.com", "o'neil/x=y?z@b.c", "a..b@b.c"])
def test_nothing_in_a_letter_adds_a_header_or_a_recipient(address: str) -> None:
    """Whatever addresses are taken."""
    assert endpoint_of("email", address, fifo_topic=False).address == address
    sent = SentMessage(kind="email", account_id="1", region="r", recipient=address, body="b", subject="s\r\nBcc: x@y.z")
    letter = letter_of(sent, sender="a@b.c")
    head = bytes(letter).split(b"\n\n")[0].decode()
    assert sorted(line.partition(":")[0] for line in head.splitlines()) == [
        "Content-Transfer-Encoding",
        "Content-Type",
        "From",
        "MIME-Version",
        "Subject",
        "To",
        "X-Pileus-Message-Id",
    ]
    assert len(letter["To"].addresses) == 1
