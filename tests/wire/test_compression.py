"""A compressed request is read as if it were not, and is no way to fill the memory."""

import gzip
import zlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.http.messages import PayloadTooLarge, Response
from pileus.kernel.wire.compression import RATIO_FREE_BYTES, RATIO_MAX, NotCompressed, gunzip
from tests.wire.harness import Desk, request_of

MAX = 16 * 1024 * 1024


@given(data=st.binary(max_size=2000), split=st.integers(0, 2000))
def test_what_went_in_comes_out(data: bytes, split: int) -> None:
    """Also of several members, as tools that append make them."""
    assert gunzip(gzip.compress(data), size_bytes_max=MAX) == data
    members = gzip.compress(data[:split]) + gzip.compress(data[split:])
    assert gunzip(members, size_bytes_max=MAX) == data


@given(at=st.integers(0, 500))
def test_cut_off(at: int) -> None:
    """A stream that ends early is none."""
    whole = gzip.compress(bytes(range(256)))
    with pytest.raises(NotCompressed):
        gunzip(whole[: at % len(whole)], size_bytes_max=MAX)


@pytest.mark.parametrize("data", [b"", b"plain", gzip.compress(b"x", mtime=0) + b"plain", zlib.compress(b"x")])
def test_not_gzip(data: bytes) -> None:
    """Nor is anything else."""
    with pytest.raises(NotCompressed):
        gunzip(data, size_bytes_max=MAX)


def test_the_bounds() -> None:
    """The size is bounded, and the ratio beyond what is small anyway."""
    assert len(gunzip(gzip.compress(bytes(RATIO_FREE_BYTES)), size_bytes_max=MAX)) == RATIO_FREE_BYTES
    bomb = gzip.compress(bytes(10 * RATIO_FREE_BYTES))
    assert len(bomb) * RATIO_MAX < 10 * RATIO_FREE_BYTES
    with pytest.raises(PayloadTooLarge):
        gunzip(bomb, size_bytes_max=MAX)
    with pytest.raises(PayloadTooLarge):
        gunzip(gzip.compress(b"12345678901"), size_bytes_max=10)
    with pytest.raises(PayloadTooLarge):
        gunzip(gzip.compress(b"123456") + gzip.compress(b"78901"), size_bytes_max=10)


METRICS = {"Namespace": "n", "MetricData": [{"MetricName": f"metric-{n}", "Value": float(n)} for n in range(200)]}


@pytest.mark.parametrize("protocol", ["query", "json", "smithy-rpc-v2-cbor"])
def test_metrics_compressed(protocol: str) -> None:
    """PutMetricData is what SDKs compress, in each of its protocols."""
    plain, desk = Desk(["cloudwatch"]), Desk(["cloudwatch"])
    assert plain.ask(request_of("cloudwatch", "PutMetricData", METRICS, protocol=protocol)).status == 200
    request = request_of("cloudwatch", "PutMetricData", METRICS, protocol=protocol)
    assert isinstance(request.body, bytes)
    request.body = gzip.compress(request.body)
    request.headers = {**request.headers, "content-encoding": "gzip"}
    assert desk.ask(request).status == 200
    assert desk.api.given == plain.api.given
    assert len(desk.api.given.metric_data) == 200


@pytest.mark.parametrize("protocol", ["query", "json", "smithy-rpc-v2-cbor"])
def test_metrics_of_a_megabyte(protocol: str) -> None:
    """A request has a megabyte on the wire; compressed it may tell more (API_PutMetricData)."""
    values = [sha256(str(n).encode()).hexdigest() for n in range(1_000)]
    members = {
        "Namespace": "n",
        "MetricData": [
            {"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "d", "Value": value * 15}] * 2}
            for value in values
        ],
    }
    request = request_of("cloudwatch", "PutMetricData", members, protocol=protocol)
    assert isinstance(request.body, bytes)
    padding = {"query": b"&Ignored=", "json": b" "}.get(protocol, b"")
    small = request_of("cloudwatch", "PutMetricData", METRICS, protocol=protocol)
    assert isinstance(small.body, bytes)
    if padding:
        small.body += padding + padding[-1:] * (1024 * 1024 - len(small.body) - len(padding))
        assert len(small.body) == 1024 * 1024
    assert Desk(["cloudwatch"]).ask(small).status == 200
    assert len(request.body) > 1024 * 1024
    refused = Desk(["cloudwatch"]).ask(request)
    assert refused.status == 413
    assert isinstance(refused.body, bytes)
    assert b"RequestEntityTooLarge" in refused.body
    request.body = gzip.compress(request.body)
    request.headers = {**request.headers, "content-encoding": "gzip"}
    desk = Desk(["cloudwatch"])
    assert desk.ask(request).status == 200
    assert len(desk.api.given.metric_data) == 1_000


def answer(encoding: str, body: bytes) -> Response:
    request = request_of("cloudwatch", "PutMetricData", METRICS, protocol="json")
    request.body = body
    request.headers = {**request.headers, "content-encoding": encoding}
    return Desk(["cloudwatch"]).ask(request)


def test_refusals() -> None:
    """Another encoding, no gzip, too much of it."""
    assert answer("br", b"x").status == 415
    malformed = answer("gzip", b"x")
    assert malformed.status == 400
    assert isinstance(malformed.body, bytes)
    assert b"SerializationException" in malformed.body
    assert answer("gzip", gzip.compress(bytes(10 * RATIO_FREE_BYTES))).status == 413
