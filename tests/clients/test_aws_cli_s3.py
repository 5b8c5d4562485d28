"""The AWS CLI copies, synchronises and lists; what it copies is large, and the server stays small.

Needs `aws` on the PATH, of version 1 or 2, and 4 GB of disk; nothing is installed for it.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest

from tests.clients.test_aws_cli_iam import Cli
from tests.clients.test_boto3_s3 import MIB, Pattern
from tests.conftest import Server
from tests.support.memory import Watched

_LARGE_BYTES: Final = 1024 * MIB
_GROWTH_BYTES_MAX: Final = 20 * MIB

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed"),
]


class S3Cli(Cli):
    """`aws s3`."""

    def s3(self, *arguments: str) -> str:
        done: subprocess.CompletedProcess[str] = self.run("s3", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def cli(own_server: Server, tmp_path: Path) -> S3Cli:
    made = S3Cli(own_server.start(), tmp_path)
    made.s3("mb", "s3://tour")
    return made


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, size_bytes: int, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(Pattern(size_bytes, seed), file, MIB)


def test_a_gigabyte_goes_up_and_down(cli: S3Cli, own_server: Server, tmp_path: Path) -> None:
    """`cp` of 1 GB by ten threads, and back: the bytes are the same, and the server has grown by 20 MB at most."""
    _write(tmp_path / "small", 20 * MIB, 1)
    cli.s3("cp", str(tmp_path / "small"), "s3://tour/small", "--only-show-errors")
    _write(tmp_path / "large", _LARGE_BYTES, 2)
    with Watched(own_server.pid) as watched:
        cli.s3("cp", str(tmp_path / "large"), "s3://tour/large", "--only-show-errors")
        cli.s3("cp", "s3://tour/large", str(tmp_path / "back"), "--only-show-errors")
    assert _digest(tmp_path / "back") == _digest(tmp_path / "large")
    print(f"grown by {watched.growth_bytes / MIB:.1f} MB")
    assert watched.growth_bytes <= _GROWTH_BYTES_MAX


def test_a_folder_is_synchronised(cli: S3Cli, tmp_path: Path) -> None:
    """`sync` uploads what differs and nothing else, deletes what is gone, and brings it all back."""
    here, there = tmp_path / "here", tmp_path / "there"
    for number in range(30):
        _write(here / f"folder {number % 3}" / f"ü{number:02}.txt", 1 + number * 1000, number)
    _write(here / "large.bin", 20 * MIB, 99)
    first = cli.s3("sync", str(here), "s3://tour/sync", "--no-progress")
    assert first.count("upload:") == 31
    assert cli.s3("sync", str(here), "s3://tour/sync", "--no-progress") == ""
    (here / "large.bin").unlink()
    _write(here / "new.txt", 10, 100)
    second = cli.s3("sync", str(here), "s3://tour/sync", "--no-progress", "--delete")
    assert (second.count("upload:"), second.count("delete:")) == (1, 1)
    cli.s3("sync", "s3://tour/sync", str(there), "--only-show-errors")
    files = {path.relative_to(here): _digest(path) for path in here.rglob("*") if path.is_file()}
    assert {path.relative_to(there): _digest(path) for path in there.rglob("*") if path.is_file()} == files
    listed = cli.s3("ls", "s3://tour/sync/", "--recursive", "--summarize")
    assert "Total Objects: 31" in listed
    assert cli.s3("rm", "s3://tour", "--recursive", "--only-show-errors") == ""
    cli.s3("rb", "s3://tour")


def test_an_address_that_is_signed_opens_an_object(cli: S3Cli, tmp_path: Path) -> None:
    """`presign` gives an address that anybody may read until it expires."""
    _write(tmp_path / "file", 300_000, 7)
    cli.s3("cp", str(tmp_path / "file"), "s3://tour/a b/ü.bin", "--only-show-errors")
    url = cli.s3("presign", "s3://tour/a b/ü.bin", "--expires-in", "60").strip()
    with urlopen(url, timeout=30) as answer:
        assert hashlib.sha256(answer.read()).hexdigest() == _digest(tmp_path / "file")
