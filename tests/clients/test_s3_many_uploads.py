"""A hundred clients upload a hundred megabytes each, at once: the server holds none of it.

Needs Linux and 10 GB of disk.
"""

import base64
import socket
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.clients.test_boto3_s3 import MIB
from tests.conftest import Server
from tests.support.memory import Watched

_CLIENTS: Final = 100
_BODY_BYTES: Final = 100 * MIB
_GROWTH_BYTES_MAX: Final = 20 * MIB
_BLOCK: Final = bytes(range(256)) * 256
"""64 KiB."""

pytestmark = pytest.mark.slow


def _plain() -> Iterator[bytes]:
    for _ in range(_BODY_BYTES // len(_BLOCK)):
        yield _BLOCK


def _chunked(checksum: str) -> Iterator[bytes]:
    """As SDKs send what they read once: in chunks, with the checksum behind it."""
    chunk = b"%x\r\n%s\r\n" % (len(_BLOCK), _BLOCK)
    for _ in range(_BODY_BYTES // len(_BLOCK)):
        yield chunk
    yield b"0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % checksum.encode()


def _crc32() -> str:
    crc = 0
    for block in _plain():
        crc = zlib.crc32(block, crc)
    return base64.b64encode(crc.to_bytes(4)).decode()


def _head(url: str, *, chunked: bool) -> bytes:
    """A signed request, up to its body."""
    headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    length = _BODY_BYTES
    if chunked:
        headers = {
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "content-encoding": "aws-chunked",
            "x-amz-decoded-content-length": str(_BODY_BYTES),
            "x-amz-trailer": "x-amz-checksum-crc32",
        }
        length = sum(map(len, _chunked("AAAAAA==")))
    request = AWSRequest("PUT", url, headers=headers)
    SigV4Auth(Credentials("111111111111", "test"), "s3", "us-east-1").add_auth(request)
    parts = urlsplit(url)
    lines = [f"PUT {parts.path}?{parts.query} HTTP/1.1", f"host: {parts.netloc}", f"content-length: {length}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode()


def _send(server: Server, head: bytes, body: Iterator[bytes], answers: list[bytes]) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=300) as connection:
        connection.sendall(head)
        for piece in body:
            connection.sendall(piece)
        answers.append(connection.recv(65536).split(b"\r\n")[0])


@pytest.mark.parametrize("chunked", [False, True], ids=["plain", "chunked"])
def test_a_hundred_uploads_at_once(own_server: Server, chunked: bool) -> None:
    """Half of them put an object, half a part of an upload; the server grows by 20 MB at most."""
    server = own_server.start()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="many")
    s3.put_object(Bucket="many", Key="warm", Body=bytes(3 * MIB))
    upload_id = s3.create_multipart_upload(Bucket="many", Key="parts")["UploadId"]
    s3.upload_part(Bucket="many", Key="parts", UploadId=upload_id, PartNumber=_CLIENTS + 1, Body=bytes(3 * MIB))
    urls = [f"{server.url}/many/object-{number}?x-id=PutObject" for number in range(_CLIENTS // 2)]
    urls += [
        f"{server.url}/many/parts?partNumber={number}&uploadId={upload_id}"
        for number in range(_CLIENTS // 2 + 1, _CLIENTS + 1)
    ]
    checksum = _crc32() if chunked else ""
    answers: list[bytes] = []
    threads = [
        threading.Thread(
            target=_send,
            args=(server, _head(url, chunked=chunked), _chunked(checksum) if chunked else _plain(), answers),
        )
        for url in urls
    ]
    with Watched(server.pid) as watched:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counter(answers) == {b"HTTP/1.1 200 OK": _CLIENTS}
    assert s3.head_object(Bucket="many", Key="object-7")["ContentLength"] == _BODY_BYTES
    listed = s3.list_parts(Bucket="many", Key="parts", UploadId=upload_id)["Parts"]
    assert {part["Size"] for part in listed} == {_BODY_BYTES, 3 * MIB}
    print(f"grown by {watched.growth_bytes / MIB:.1f} MB")
    assert watched.growth_bytes <= _GROWTH_BYTES_MAX
