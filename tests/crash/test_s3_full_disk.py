"""A full disk is told to who writes, costs nobody what was there, and is forgotten once there is room again."""

import os
import subprocess
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.object_bytes import check_stopped

_DISK_BYTES: Final = 40 * 1024 * 1024
_LARGE: Final = 3_000_000
_BUCKET: Final = "full"
_REFUSALS: Final = {"InternalError", "ServiceUnavailable"}
"""Both are what SDKs try again; S3's own disks are never full."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory of 40 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(params=["process", "full"])
def server(small_disk: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    found = Server(small_disk / "data", "--durability", request.param).start()
    yield found
    if found.process is not None and found.process.poll() is None:
        found.stop()


class Filled:
    """Objects that were acknowledged, by key."""

    def __init__(self, server: Server) -> None:
        self.s3 = server.client("s3")
        self.digests: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> str:
        """The code of its refusal; "" for none."""
        try:
            self.s3.put_object(Bucket=_BUCKET, Key=key, Body=body)
        except ClientError as error:
            refused: Any = error.response
            assert refused["ResponseMetadata"]["HTTPStatusCode"] in {500, 503}
            return str(refused["Error"]["Code"])
        self.digests[key] = md5(body).digest()
        return ""

    def check(self) -> None:
        found = {each["Key"] for each in self.s3.list_objects_v2(Bucket=_BUCKET).get("Contents", [])}
        assert found == self.digests.keys()
        for key, digest in self.digests.items():
            body = self.s3.get_object(Bucket=_BUCKET, Key=key)["Body"].read()
            assert md5(body).digest() == digest, key


def test_no_room_for_a_blob(server: Server) -> None:
    """New objects, overwrites, parts and copies are refused; what is deleted makes room again."""
    filled = Filled(server)
    s3 = filled.s3
    s3.create_bucket(Bucket=_BUCKET)
    upload = s3.create_multipart_upload(Bucket=_BUCKET, Key="upload")["UploadId"]
    code, number = "", 0
    while not code:
        number += 1
        code = filled.put(f"{number}", os.urandom(_LARGE))
        assert number < 100
    assert code in _REFUSALS
    for key in ("1", "another"):
        assert filled.put(key, os.urandom(2 * _LARGE)) in _REFUSALS
    with pytest.raises(ClientError) as caught:
        s3.upload_part(Bucket=_BUCKET, Key="upload", UploadId=upload, PartNumber=1, Body=os.urandom(2 * _LARGE))
    refused: Any = caught.value.response
    assert refused["Error"]["Code"] in _REFUSALS
    filled.check()
    assert not list((server.data_dir / "objects" / "tmp").iterdir())
    for key in ("1", "2", "3"):
        s3.delete_object(Bucket=_BUCKET, Key=key)
        del filled.digests[key]
    end_s = time.monotonic() + 20
    while filled.put("after", os.urandom(_LARGE)):
        assert time.monotonic() < end_s, "what was deleted makes no room"
        time.sleep(0.05)
    filled.check()
    server.stop()
    check_stopped(server.data_dir)


def test_no_room_for_a_commit(server: Server, small_disk: Path) -> None:
    """The store itself has no room: nothing is half there, reads go on, and afterwards writes do."""
    filled = Filled(server)
    filled.s3.create_bucket(Bucket=_BUCKET)
    for number in range(5):
        assert filled.put(f"{number}", os.urandom(20_000 * (number + 1))) == ""
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        try:
            while file.write(b"x" * 65_536):
                file.flush()
        except OSError:
            pass
    codes = [filled.put(f"{number}", os.urandom(size)) for number in range(40) for size in (30_000, 31_000, 60_000)]
    assert any(codes)
    assert set(codes) <= {"", *_REFUSALS}
    filled.check()
    filler.unlink()
    end_s = time.monotonic() + 20
    while filled.put("after", os.urandom(100_000)):
        assert time.monotonic() < end_s, "the store does not recover"
        time.sleep(0.05)
    filled.check()
    assert server.kill()
    server.start()
    again = Filled(server)
    again.digests = filled.digests
    again.check()
    server.stop()
    check_stopped(server.data_dir)
