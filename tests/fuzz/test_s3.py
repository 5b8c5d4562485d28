"""Whatever is asked of S3, it answers by AWS's own errors, keeps nothing of what it refused, and stays as it was."""

import random
import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from tests.conftest import Server
from tests.fuzz.s3_cases import BUCKET, CASES, FORMS, LONG, OPEN, PRESIGNED, Make, ask, nonsense, xml
from tests.fuzz.s3_requests import Answer, Signer, send
from tests.support.memory import Watched

_KEPT: Final = b"kept " * 10_000


class World:
    """A server, what is asked in its name, and what it must still hold afterwards."""

    def __init__(self, server: Server, *, strict: bool) -> None:
        self.server = server
        self.strict = strict
        self.signer = Signer(server, strict=strict)
        self.s3 = server.client(
            "s3",
            aws_access_key_id=self.signer.access_key_id,
            aws_secret_access_key=server.ready["root_secret_access_key"] if strict else "test",
        )
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key="kept", Body=_KEPT)
        self.upload_id: str = self.s3.create_multipart_upload(Bucket=BUCKET, Key="upload")["UploadId"]

    def ask(self, make: Make) -> Answer:
        return send(self.server, make(self.signer))

    def check(self) -> None:
        """Healthy, nothing lost, nothing left of what was refused."""
        assert self.s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read() == _KEPT
        temporary = self.server.data_dir / "objects" / "tmp"
        end_s = time.monotonic() + 10
        while list(temporary.iterdir()):
            assert time.monotonic() < end_s, "a writer's rest is left"
            time.sleep(0.02)


@pytest.fixture(scope="module", params=["open", "strict"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    server = Server(tmp_path_factory.mktemp("hostile") / "data", "--auth", request.param).start()
    found = World(server, strict=request.param == "strict")
    yield found
    found.check()
    server.stop()


@pytest.mark.parametrize("case", list(CASES))
def test_a_hostile_request(world: World, case: str) -> None:
    """Each is told what is wrong with it, in AWS's words."""
    make, status, code = CASES[case]
    if not world.strict and case in OPEN:
        status, code = 200, ""
    answer = world.ask(make)
    assert (answer.status, answer.code) == (status, code), answer.raw[:2_000]


@pytest.mark.parametrize("case", list(PRESIGNED))
def test_an_altered_url(world: World, case: str) -> None:
    """Presigned URLs are handed to strangers: no part of one can be changed. An open server minds only its form."""
    make, status, code = PRESIGNED[case]
    answer = world.ask(make)
    if not world.strict and status == 403:
        assert answer.status in {200, 204, 403, 404}, answer.raw[:2_000]
        if case == "another method":
            world.s3.put_object(Bucket=BUCKET, Key="kept", Body=_KEPT)
        return
    if not world.strict and answer.status == 200:
        return
    assert (answer.status, answer.code) == (status, code), answer.raw[:2_000]


@pytest.mark.parametrize("case", list(FORMS))
def test_a_broken_form(world: World, case: str) -> None:
    """Each is told so; an open server believes any signature."""
    make, status, code = FORMS[case]
    answer = world.ask(make)
    if not world.strict and code == "SignatureDoesNotMatch":
        assert answer.status in {204, 400}, answer.raw[:2_000]
        return
    assert answer.status == status, answer.raw[:2_000]
    assert not code or answer.code == code, answer.raw[:2_000]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (f"/{BUCKET}-absent/k", {}),
        (f"/{BUCKET}/{LONG}", {}),
        (f"/{BUCKET}/k?partNumber=1&uploadId=absent", {}),
        (f"/{BUCKET}/k", {"x-amz-storage-class": "SLOW"}),
        (f"/{BUCKET}/k", {"if-none-match": '"x"'}),
        (f"/{BUCKET}/k?uploadId=absent&partNumber=99999", {}),
    ],
)
def test_refused_before_a_byte_is_sent(world: World, target: str, headers: dict[str, str]) -> None:
    """A client that asks by `Expect: 100-continue` hears the refusal, and no invitation to send 4 GB."""
    signed, _ = world.signer.headers("PUT", target, headers, content_sha256="UNSIGNED-PAYLOAD")
    lines = [f"PUT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in signed.items())]
    lines += ["Content-Length: 4000000000", "Expect: 100-continue", "Connection: close"]
    answer = send(world.server, "\r\n".join(lines).encode() + b"\r\n\r\n", half_close=False)
    assert not answer.continued
    assert 400 <= answer.status < 502
    assert answer.code


def test_an_upload_that_stops(world: World) -> None:
    """Who leaves in the midst of a body leaves nothing behind, neither a file nor an object."""
    host, _, port = world.server.url.removeprefix("http://").rpartition(":")
    target = f"/{BUCKET}/left"
    signed, _ = world.signer.headers("PUT", target, {}, content_sha256="UNSIGNED-PAYLOAD")
    lines = [f"PUT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in signed.items())]
    lines += ["Content-Length: 9000000"]
    for _ in range(20):
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + b"x" * 3_000_000)
    world.check()
    assert world.ask(ask("GET", "/BUCKET/left")).code == "NoSuchKey"


@pytest.mark.parametrize(
    "head",
    [
        b"X-A: " + b"a" * 100_000,
        b"\r\n".join(b"X-%d: a" % n for n in range(100_000)),
        b"x-amz-meta-a: " + b"a" * 50_000,
        b"A" * 100_000 + b": b",
    ],
    ids=["one of 100 kB", "100,000", "metadata", "a name of 100 kB"],
)
def test_a_flood_of_headers(world: World, head: bytes) -> None:
    """Refused, not gathered."""
    raw = b"PUT /%s/k HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n%s\r\n\r\n" % (BUCKET.encode(), head)
    assert send(world.server, raw).status in {400, 403, 431}


def test_a_gigabyte_of_headers(world: World) -> None:
    """It is told after 64 kB, and heard out for some seconds; memory stays flat and the connection ends."""
    host, _, port = world.server.url.removeprefix("http://").rpartition(":")
    sent = 0
    with Watched(world.server.pid) as watched, socket.create_connection((host, int(port)), timeout=20) as connection:
        try:
            connection.sendall(b"PUT /b/k HTTP/1.1\r\nHost: x\r\n")
            while sent < 1_000_000_000:
                connection.sendall(b"X-Header: " + b"a" * 65_000 + b"\r\n")
                sent += 65_000
        except OSError:
            pass
        else:
            assert connection.recv(12) == b"HTTP/1.1 431"
            while connection.recv(65_536):
                pass
    assert watched.growth_bytes < 20_000_000


def test_a_large_document(world: World) -> None:
    """A document of 30 MB where some kilobytes belong is refused soon, whatever is long in it, and not kept."""
    for body in (
        b"<Tagging><TagSet><Tag><Key>" + b"k" * 30_000_000 + b"</Key></Tag></TagSet></Tagging>",
        b"<Tagging><TagSet>" + b"<Tag/>" * 5_000_000 + b"</TagSet></Tagging>",
        b"<Tagging " + b" ".join(b'a%d="b"' % n for n in range(1_500_000)) + b"/>",
    ):
        begun_s = time.monotonic()
        with Watched(world.server.pid) as watched:
            answer = world.ask(xml("/BUCKET?tagging", body))
        assert 400 <= answer.status < 500, answer.raw[:500]
        assert time.monotonic() - begun_s < 10
        assert watched.growth_bytes < 150_000_000


def _bombard(world: World, *, count: int, seed: int) -> Counter[int]:
    chance, seen = random.Random(seed), Counter[int]()
    for _ in range(count):
        raw = nonsense(chance, world.signer)
        answer = send(world.server, raw)
        assert b"Traceback" not in answer.raw
        assert answer.status < 500 or answer.status == 501, (raw[:2_000], answer.raw[:2_000])
        assert answer.status, raw[:2_000]
        seen[answer.status] += 1
    return seen


@pytest.mark.parametrize("count", [1_500, pytest.param(12_000, marks=pytest.mark.slow)])
def test_nonsense(world: World, count: int) -> None:
    """Never an internal error, a hang, or anything left; and something of it means something after all."""
    world.s3.create_bucket(Bucket=f"{BUCKET}-2")
    _bombard(world, count=300, seed=1)
    with Watched(world.server.pid) as watched:
        seen = _bombard(world, count=count, seed=count)
    assert seen[200]
    assert seen[400]
    assert seen[404]
    world.check()
    assert watched.growth_bytes < 30_000_000
