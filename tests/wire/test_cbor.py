"""CBOR: the examples of its own standard, what botocore writes, and what must not be read."""

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.wire.cbor import NotCbor, decode, encode
from tests.wire.harness import Desk, authorization, read_by_botocore, request_of


@pytest.mark.parametrize(
    ("data", "value"),
    [
        # RFC 8949, appendix A
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1903e8", 1000),
        ("1b000000e8d4a51000", 1_000_000_000_000),
        ("1bffffffffffffffff", 18446744073709551615),
        ("20", -1),
        ("3903e7", -1000),
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("f90001", 5.960464477539063e-8),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("f7", None),
        ("c11a514b67b0", datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
        ("c1fb41d452d9ec200000", datetime(2013, 3, 21, 20, 4, 0, 500_000, tzinfo=UTC)),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "ü"),
        ("83010203", [1, 2, 3]),
        ("826161a161626163", ["a", {"b": "c"}]),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9fff", []),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)
def test_the_examples_of_the_standard(data: str, value: object) -> None:
    """Clients choose any of these forms for one value."""
    assert decode(bytes.fromhex(data)) == value


_SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.integers(0, 4_000_000_000_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, tz=UTC)),
)


@given(st.recursive(_SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner))))
def test_what_is_written_is_read(value: object) -> None:
    """Encoding and decoding are each other's inverse."""
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x81",
        b"\x61",
        b"\x18",
        b"\xff",
        b"\x9f\x01",
        b"\x01\x02",
        b"\x61\xff",
        b"\xa1\x01\x02",
        b"\xa1\x61a\xff",
        b"\x81\xff",
        b"\x1c",
        b"\x1f",
        b"\xf8\x20",
        b"\x5f\x61a\xff",
        b"\x5f\x01\xff",
        b"\xc0\x61a",
        b"\xc2\x41\x01",
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xc1\xfb" + struct.pack(">d", float("inf")),
        b"\xc1\xfb" + struct.pack(">d", 1e300),
        b"\x9b" + b"\x7f" + b"\xff" * 7,
        b"\xbb" + b"\x7f" + b"\xff" * 7,
        b"\x5b" + b"\x7f" + b"\xff" * 7,
        b"\x81" * 100_000,
        b"\x9f" * 100_000,
        b"\xc1" * 100_000,
        b"\xa1\x61a" * 100_000,
    ],
    ids=lambda data: data[:12].hex(),
)
def test_what_must_not_be_read(data: bytes) -> None:
    """Truncated, too deep, too long, or of a tag that makes objects which contain themselves: refused at once."""
    with pytest.raises(NotCbor):
        decode(data)
    response = Desk(["cloudwatch"]).ask(cloudwatch("ListMetrics", data)) if data else None
    assert response is None or response.status == 400


@given(st.binary(max_size=64))
def test_any_bytes(data: bytes) -> None:
    """Whatever arrives is read or refused."""
    try:
        decode(data)
    except NotCbor:
        return


def cloudwatch(operation: str, body: bytes) -> Request:
    headers = {
        "smithy-protocol": "rpc-v2-cbor",
        "content-type": "application/cbor",
        "authorization": authorization("cloudwatch"),
    }
    return Request(
        method="POST",
        target=f"/service/GraniteServiceVersion20100801/operation/{operation}",
        headers=headers,
        body=body,
    )


def error_of(response: Response) -> dict[str, Any]:
    error: dict[str, Any] = read_by_botocore("cloudwatch", "ListMetrics", response)["Error"]
    return error


def test_an_answer_says_its_protocol() -> None:
    """Clients refuse an answer without the header (Smithy RPC v2 CBOR)."""
    desk = Desk(["cloudwatch"])
    response = desk.ask(cloudwatch("ListMetrics", b""))
    assert response.status == 200
    assert dict(response.headers)["smithy-protocol"] == "rpc-v2-cbor"
    assert dict(response.headers)["Content-Type"] == "application/cbor"
    assert response.body == b"\xa0" or response.body == b""


def test_errors_of_broken_bodies_and_constraints() -> None:
    """As in JSON, with the code that the `query` protocol knew (recordings cloudwatch/cloudwatch)."""
    desk = Desk(["cloudwatch"])
    assert error_of(desk.ask(cloudwatch("ListMetrics", b"\x81")))["Code"] == "SerializationException"
    assert error_of(desk.ask(cloudwatch("ListMetrics", encode({"Namespace": 1}))))["Code"] == "SerializationException"
    error = error_of(desk.ask(request_of("cloudwatch", "DeleteAlarms", {})))
    assert error == {
        "Code": "ValidationError",
        "QueryErrorCode": "ValidationException",
        "Type": "Sender",
        "Message": "1 validation error detected: Value null at 'alarmNames' failed to satisfy constraint: "
        "Member must not be null",
    }


def test_unknown_operations_and_services() -> None:
    """Each is refused in the client's protocol."""
    desk = Desk(["cloudwatch"])
    unknown = desk.ask(cloudwatch("Nothing", b""))
    assert unknown.status == 404
    assert decode(bytes(unknown.body if isinstance(unknown.body, bytes) else b""))["__type"] == (
        "com.amazon.coral.service#UnknownOperationException"
    )
    headers = {"smithy-protocol": "rpc-v2-cbor"}
    assert desk.ask(Request(method="POST", target="/service/Logs_20140328/operation/x", headers=headers)).status == 501
    for target in ("/", "/service", "/service//operation/", "/x/service/A/operation/B/"):
        assert desk.ask(Request(method="POST", target=target, headers=headers)).status == 404
