"""Whether all bytes of objects are what they were is told to whoever administers the server."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.conftest import Server


def _scrub(server: Server) -> Any:
    request = urllib.request.Request(f"{server.url}/_pileus/s3/scrub", method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_damage_is_found(own_server: Server) -> None:
    """A bit that the disk has changed; the object itself is not on the disk under any name that tells it."""
    own_server.start()
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="scrubbed")
    for number in range(3):
        s3.put_object(Bucket="scrubbed", Key=f"k{number}", Body=bytes([number]) * 100_000)
    assert _scrub(own_server) == {"blobs": 3, "damaged": []}
    file = next(path for path in (own_server.data_dir / "objects").rglob("*") if path.is_file())
    data = bytearray(file.read_bytes())
    data[50_000] ^= 1
    file.write_bytes(data)
    assert _scrub(own_server) == {"blobs": 3, "damaged": [file.parent.name + file.name]}


def test_strangers_do_not_make_a_strict_server_read_everything(own_server: Server) -> None:
    """It takes the token, as a reset does."""
    own_server.options = ("--auth", "strict")
    own_server.start()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _scrub(own_server)
