"""The chains of signatures, against the examples that AWS publishes."""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from pileus.kernel.auth.chunks import ChunkChain, EventChain, Seed, sign_event
from pileus.kernel.auth.refusals import NotAuthentic, Problem

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SCOPE = "20130524/us-east-1/s3/aws4_request"


def seed(signature: str) -> Seed:
    return Seed(amz_date="20130524T000000Z", scope_text=SCOPE, signature=signature, secret_access_key=SECRET)


# S3 API Reference, "Transferring Payload in Multiple Chunks", the example.
PLAIN_SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
PLAIN = [
    (b"a" * 65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (b"a" * 1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
]
# S3 API Reference, "Including Trailing Headers", the example.
TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
WITH_TRAILER = [
    (b"a" * 65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
    (b"a" * 1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
    (b"", "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
]
TRAILER = b"x-amz-checksum-crc32c:sOO8/Q==\n"
TRAILER_SIGNATURE = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def test_the_published_chunks_are_believed() -> None:
    """The numbers are AWS's own, so a mistake of ours in the text to sign cannot hide."""
    chain = ChunkChain(seed(PLAIN_SEED))
    for data, signature in PLAIN:
        chain.chunk(payload_sha256=digest(data), signature=signature)


def test_the_published_trailer_is_believed() -> None:
    """Trailing headers are signed after the last chunk."""
    chain = ChunkChain(seed(TRAILER_SEED))
    for data, signature in WITH_TRAILER:
        chain.chunk(payload_sha256=digest(data), signature=signature)
    chain.trailer(trailer_sha256=digest(TRAILER), signature=TRAILER_SIGNATURE)


@pytest.mark.parametrize(
    "order", [(1,), (2,), (0, 0), (0, 2)], ids=["second first", "last first", "repeated", "one left out"]
)
def test_chunks_in_another_order_are_refused(order: tuple[int, ...]) -> None:
    """Each chunk is genuine; only its place is not."""
    chain = ChunkChain(seed(PLAIN_SEED))
    *before, last = order
    for index in before:
        chain.chunk(payload_sha256=digest(PLAIN[index][0]), signature=PLAIN[index][1])
    with pytest.raises(NotAuthentic) as refused:
        chain.chunk(payload_sha256=digest(PLAIN[last][0]), signature=PLAIN[last][1])
    assert refused.value.problem is Problem.MISMATCH


def test_a_signature_of_other_characters_is_a_mismatch() -> None:
    """Whatever bytes stand in its place, the answer is the same."""
    for text in ("", "é" * 64, "\u20ac", PLAIN[0][1].upper(), PLAIN[0][1] + "0"):
        with pytest.raises(NotAuthentic):
            ChunkChain(seed(PLAIN_SEED)).chunk(payload_sha256=digest(PLAIN[0][0]), signature=text)


def test_a_seed_does_not_show_its_secret() -> None:
    """Seeds pass through objects that may be logged."""
    assert SECRET not in repr(seed(PLAIN_SEED))


NOW = datetime(2013, 5, 24, 23, 59, 58, tzinfo=UTC)


def test_events_are_chained_and_may_pass_midnight() -> None:
    """An event is signed with the key of its own day, which a stream may outlive."""
    chain = EventChain(seed(PLAIN_SEED))
    previous = PLAIN_SEED
    for number, payload in enumerate((b"one", b"two", b"three", b"")):
        date = NOW + timedelta(seconds=number)
        header = b"date%d" % number
        signature = sign_event(
            secret_access_key=SECRET,
            scope="us-east-1/s3/aws4_request",
            previous=previous,
            date=date,
            date_header=header,
            payload=payload,
        )
        chain.event(date=date, date_header=header, payload=payload, signature=signature, now_s=NOW.timestamp())
        previous = signature.hex()


def test_an_event_is_signed_as_documented() -> None:
    """The text to sign is written out here a second time, step by step, as the Transcribe guide gives it."""
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256-PAYLOAD",
            "20130524T235958Z",
            "20130524/us-east-1/s3/aws4_request",
            PLAIN_SEED,
            digest(b"the date header"),
            digest(b"the payload"),
        ]
    )
    key = b"AWS4" + SECRET.encode()
    for part in ("20130524", "us-east-1", "s3", "aws4_request", text):
        key = hmac.new(key, part.encode(), sha256).digest()
    EventChain(seed(PLAIN_SEED)).event(
        date=NOW, date_header=b"the date header", payload=b"the payload", signature=key, now_s=NOW.timestamp()
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"date_header": b"x"}, Problem.MISMATCH),
        ({"payload": b"x"}, Problem.MISMATCH),
        ({"signature": b""}, Problem.MISMATCH),
        ({"date": NOW + timedelta(seconds=1)}, Problem.MISMATCH),
        ({"now_s": NOW.timestamp() + 901}, Problem.SKEWED),
        ({"now_s": NOW.timestamp() - 901}, Problem.SKEWED),
    ],
)
def test_an_event_that_is_not_as_signed(change: dict[str, object], problem: Problem) -> None:
    """Every part of an event is covered by its signature."""
    signature = sign_event(
        secret_access_key=SECRET,
        scope="us-east-1/s3/aws4_request",
        previous=PLAIN_SEED,
        date=NOW,
        date_header=b"d",
        payload=b"p",
    )
    event = {"date": NOW, "date_header": b"d", "payload": b"p", "signature": signature, "now_s": NOW.timestamp()}
    with pytest.raises(NotAuthentic) as refused:
        EventChain(seed(PLAIN_SEED)).event(**{**event, **change})  # type: ignore[arg-type]  # a table of mixed types
    assert refused.value.problem is problem
