"""Whatever is asked of S3, in whatever order, it answers as a plain model of it does; also after a restart.

The model is a dictionary of buckets, each with a list of versions by key, newest first. One server serves all examples,
each with buckets of its own; everything goes over the wire.
"""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.conftest import Server
from tests.support.buckets import set_versioning
from tests.support.object_bytes import check_stopped

KEYS: Final = (
    *("a", "a/", "a/b", "a/b/c", "a/c", "a//b", "b", "b b", "b+b", "b%20b", "b&<>\"'", "z\x01", "z\x7f", "z\uffff"),
    *("\u00e9", "e\u0301", "\U0001f600/x", "\u2028", "?x=y", "#", "..a", "a/./b", "~", "k" * 1024, "\\", "*:|"),
)
SIZES: Final = (0, 1, 500, 32_768, 32_769, 70_000)
_SMALL_KEYS: Final = st.sampled_from(KEYS)
_DELIMITERS: Final = st.sampled_from(["", "/", "b", "\U0001f600", "//", "\u0301"])
_PREFIXES: Final = st.sampled_from(["", "a", "a/", "b", "z", "\U0001f600", "e", "q", "k"])
_SEEDS: Final = st.integers(0, 2**32)


@dataclass
class Version:
    """id: as the answer told it; "null" where there was none."""

    id: str
    body: bytes = b""
    etag: str = ""
    marker: bool = False
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class Bucket:
    versioning: str = ""
    keys: dict[str, list[Version]] = field(default_factory=dict)

    def put(self, key: str, version: Version) -> None:
        kept = self.keys.get(key, [])
        if self.versioning != "Enabled":
            assert version.id == "null"
            kept = [each for each in kept if each.id != "null"]
        self.keys[key] = [version, *kept]

    def remove(self, key: str, version: Version) -> None:
        self.keys[key].remove(version)
        if not self.keys[key]:
            del self.keys[key]

    def current(self, key: str) -> Version | None:
        versions = self.keys.get(key)
        return None if not versions or versions[0].marker else versions[0]

    @property
    def objects(self) -> dict[str, Version]:
        """In the order of their bytes."""
        found = {key: self.current(key) for key in sorted(self.keys, key=str.encode)}
        return {key: version for key, version in found.items() if version is not None}


class Place:
    """The one server, and a client of it."""

    server: Server
    s3: Any

    @classmethod
    def connect(cls) -> None:
        cls.s3 = cls.server.client("s3")


@pytest.fixture(scope="module", autouse=True)
def place() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        Place.server = Server(Path(folder) / "data").start()
        Place.connect()
        yield
        assert Place.server.stop() == 0
        check_stopped(Place.server.data_dir)


@contextmanager
def refused(*codes: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    error: Any = caught.value.response
    assert error["Error"]["Code"] in codes, error


def fold(key: str, prefix: str, delimiter: str) -> str | None:
    at = key.find(delimiter, len(prefix)) if delimiter else -1
    return None if at < 0 else key[: at + len(delimiter)]


class S3Machine(RuleBasedStateMachine):
    """What clients do to two buckets, and what they see."""

    def __init__(self) -> None:
        super().__init__()
        self.buckets: dict[str, Bucket] = {}
        self.uploads: dict[tuple[str, str, str], dict[int, bytes]] = {}

    @property
    def s3(self) -> Any:
        return Place.s3

    @initialize()
    def begin(self) -> None:
        for _ in range(2):
            name = f"m-{uuid4().hex[:16]}"
            self.s3.create_bucket(Bucket=name)
            self.buckets[name] = Bucket()

    def chosen(self, seed: int) -> tuple[random.Random, str, Bucket]:
        chance = random.Random(seed)
        name = chance.choice(sorted(self.buckets))
        return chance, name, self.buckets[name]

    @rule(seed=_SEEDS, key=_SMALL_KEYS, condition=st.sampled_from(["", "", "", "absent", "same", "other"]))
    def put(self, seed: int, key: str, condition: str) -> None:
        chance, name, bucket = self.chosen(seed)
        body = chance.randbytes(chance.choice(SIZES))
        metadata = {"n": str(chance.randrange(9))} if chance.random() < 0.3 else {}
        current = bucket.current(key)
        asked: dict[str, str] = {}
        if condition == "absent":
            asked = {"IfNoneMatch": "*"}
        elif condition:
            asked = {"IfMatch": current.etag if current is not None and condition == "same" else '"other"'}
        request = {"Bucket": name, "Key": key, "Body": body, "Metadata": metadata, **asked}
        if condition == "absent" and current is not None:
            with refused("PreconditionFailed"):
                self.s3.put_object(**request)
            return
        if condition in {"same", "other"} and (current is None or condition == "other"):
            with refused("NoSuchKey" if current is None else "PreconditionFailed"):
                self.s3.put_object(**request)
            return
        told = self.s3.put_object(**request)
        assert told["ETag"] == f'"{md5(body).hexdigest()}"'
        bucket.put(key, Version(told.get("VersionId", "null"), body, told["ETag"], metadata=metadata))

    @rule(seed=_SEEDS, key=_SMALL_KEYS)
    def delete(self, seed: int, key: str) -> None:
        _, name, bucket = self.chosen(seed)
        told = self.s3.delete_object(Bucket=name, Key=key)
        if not bucket.versioning:
            bucket.keys.pop(key, None)
        else:
            assert told["DeleteMarker"] is True
            bucket.put(key, Version(told["VersionId"], marker=True))

    @rule(seed=_SEEDS)
    def delete_version(self, seed: int) -> None:
        chance, name, bucket = self.chosen(seed)
        if not bucket.keys:
            return
        key = chance.choice(sorted(bucket.keys))
        version = chance.choice(bucket.keys[key])
        told = self.s3.delete_object(Bucket=name, Key=key, VersionId=version.id)
        assert told.get("DeleteMarker", False) == version.marker
        bucket.remove(key, version)
        with refused("404", "NoSuchVersion", "NoSuchKey"):
            self.s3.get_object(Bucket=name, Key=key, VersionId=version.id)

    @rule(seed=_SEEDS, keys=st.lists(_SMALL_KEYS, min_size=1, max_size=6, unique=True))
    def delete_many(self, seed: int, keys: list[str]) -> None:
        _, name, bucket = self.chosen(seed)
        keys = [key for key in keys if not {"\x01", "\uffff"} & set(key)]  # XML cannot hold them
        if not keys:
            return
        told = self.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in keys]})
        assert sorted(each["Key"] for each in told["Deleted"]) == sorted(keys)
        assert "Errors" not in told
        for each in told["Deleted"]:
            if bucket.versioning:
                bucket.put(each["Key"], Version(each["DeleteMarkerVersionId"], marker=True))
            else:
                bucket.keys.pop(each["Key"], None)

    @rule(seed=_SEEDS, key=_SMALL_KEYS, replaced=st.booleans())
    def copy(self, seed: int, key: str, replaced: bool) -> None:
        chance, name, bucket = self.chosen(seed)
        source_name = chance.choice(sorted(self.buckets))
        found = [
            (source_key, version)
            for source_key, versions in sorted(self.buckets[source_name].keys.items())
            for version in versions
            if not version.marker
        ]
        if not found:
            return
        source_key, version = chance.choice(found)
        source = {"Bucket": source_name, "Key": source_key, "VersionId": version.id}
        request: dict[str, Any] = {"Bucket": name, "Key": key, "CopySource": source}
        if replaced:
            request |= {"MetadataDirective": "REPLACE", "Metadata": {"new": "1"}}
        elif bucket.current(key) is version:
            with refused("InvalidRequest"):
                self.s3.copy_object(**request)
            return
        told = self.s3.copy_object(**request)
        etag = f'"{md5(version.body).hexdigest()}"'
        assert told["CopyObjectResult"]["ETag"] == etag
        metadata = {"new": "1"} if replaced else version.metadata
        bucket.put(key, Version(told.get("VersionId", "null"), version.body, etag, metadata=metadata))

    @rule(seed=_SEEDS, key=_SMALL_KEYS)
    def begin_upload(self, seed: int, key: str) -> None:
        _, name, _ = self.chosen(seed)
        upload = self.s3.create_multipart_upload(Bucket=name, Key=key)["UploadId"]
        self.uploads[name, key, upload] = {}

    @precondition(lambda self: self.uploads)
    @rule(seed=_SEEDS, number=st.integers(1, 3))
    def put_part(self, seed: int, number: int) -> None:
        chance = random.Random(seed)
        name, key, upload = chance.choice(sorted(self.uploads))
        body = chance.randbytes(chance.choice(SIZES))
        self.s3.upload_part(Bucket=name, Key=key, UploadId=upload, PartNumber=number, Body=body)
        self.uploads[name, key, upload][number] = body
        parts = self.s3.list_parts(Bucket=name, Key=key, UploadId=upload)["Parts"]
        told = {part["PartNumber"]: (part["Size"], part["ETag"]) for part in parts}
        held = self.uploads[name, key, upload]
        assert told == {at: (len(each), f'"{md5(each).hexdigest()}"') for at, each in held.items()}

    @precondition(lambda self: self.uploads)
    @rule(seed=_SEEDS, ends=st.sampled_from(["complete", "complete", "abort", "wrongly"]))
    def end_upload(self, seed: int, ends: str) -> None:
        chance = random.Random(seed)
        place = chance.choice(sorted(self.uploads))
        named = dict(zip(("Bucket", "Key", "UploadId"), place, strict=True))
        held = self.uploads[place]
        if ends == "abort":
            self.s3.abort_multipart_upload(**named)
            del self.uploads[place]
            with refused("NoSuchUpload"):
                self.s3.list_parts(**named)
            return
        numbers = sorted(held) if ends == "wrongly" else sorted(held)[:1]
        parts: Any = [{"PartNumber": at, "ETag": md5(held[at]).hexdigest()} for at in numbers]
        if ends == "wrongly":
            parts = [*parts, {"PartNumber": 9, "ETag": "0" * 32}]
            with refused("InvalidPart", "EntityTooSmall"):
                self.s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
            return
        if not parts:
            with refused("MalformedXML", "InvalidRequest"):
                self.s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
            return
        told = self.s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
        body = held[numbers[0]]
        etag = f'"{md5(md5(body).digest()).hexdigest()}-1"'
        assert told["ETag"] == etag
        del self.uploads[place]
        self.buckets[place[0]].put(place[1], Version(told.get("VersionId", "null"), body, etag))

    @rule(seed=_SEEDS, enabled=st.booleans())
    def version(self, seed: int, enabled: bool) -> None:
        _, name, bucket = self.chosen(seed)
        if not enabled and not bucket.versioning:
            return
        bucket.versioning = "Enabled" if enabled else "Suspended"
        set_versioning(self.s3, name, bucket.versioning)

    @rule(seed=_SEEDS, key=_SMALL_KEYS)
    def read(self, seed: int, key: str) -> None:
        """Whole, and in a range, and under conditions."""
        chance, name, bucket = self.chosen(seed)
        current = bucket.current(key)
        if current is None:
            with refused("NoSuchKey"):
                self.s3.get_object(Bucket=name, Key=key)
            return
        told = self.s3.get_object(Bucket=name, Key=key)
        assert told["Body"].read() == current.body
        assert (told["ETag"], told["Metadata"]) == (current.etag, current.metadata)
        size = len(current.body)
        first, last = chance.randrange(size + 3), chance.randrange(size + 3)
        text = chance.choice([f"bytes={first}-{last}", f"bytes={first}-", f"bytes=-{last}"])
        wanted = {
            "f": current.body[first : last + 1],
            "-": current.body[first:],
            "s": current.body[-last:] if last else b"",
        }["s" if text.startswith("bytes=-") else "-" if text.endswith("-") else "f"]
        if text == f"bytes={first}-{last}" and last < first:
            wanted = current.body  # no range at all
        elif not wanted:
            with refused("InvalidRange"):
                self.s3.get_object(Bucket=name, Key=key, Range=text)
            return
        assert self.s3.get_object(Bucket=name, Key=key, Range=text)["Body"].read() == wanted
        with refused("304"):
            self.s3.get_object(Bucket=name, Key=key, IfNoneMatch=current.etag)
        with refused("PreconditionFailed"):
            self.s3.get_object(Bucket=name, Key=key, IfMatch='"other"')

    @rule(seed=_SEEDS)
    def read_version(self, seed: int) -> None:
        chance, name, bucket = self.chosen(seed)
        if not bucket.keys:
            return
        key = chance.choice(sorted(bucket.keys))
        for version in bucket.keys[key]:
            if version.marker:
                with refused("MethodNotAllowed"):
                    self.s3.get_object(Bucket=name, Key=key, VersionId=version.id)
            else:
                told = self.s3.get_object(Bucket=name, Key=key, VersionId=version.id)
                assert told["Body"].read() == version.body

    @rule(seed=_SEEDS, prefix=_PREFIXES, delimiter=_DELIMITERS, limit=st.sampled_from([1, 2, 3, 1000]))
    def list_objects(self, seed: int, prefix: str, delimiter: str, limit: int) -> None:
        """Both lists, page by page, keys and common prefixes once and in order; and from behind a key."""
        chance, name, bucket = self.chosen(seed)
        within = [key for key in bucket.objects if key.startswith(prefix)]
        keys = [key for key in within if fold(key, prefix, delimiter) is None]
        folded = sorted({found for key in within if (found := fold(key, prefix, delimiter))}, key=str.encode)
        for operation in ("list_objects_v2", "list_objects"):
            pages = self.s3.get_paginator(operation).paginate(
                Bucket=name, Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": limit}
            )
            told: list[dict[str, Any]] = []
            prefixes: list[str] = []
            for page in pages:
                here = page.get("Contents", [])
                assert len(here) + len(page.get("CommonPrefixes", [])) <= limit
                told += here
                prefixes += [each["Prefix"] for each in page.get("CommonPrefixes", [])]
            assert [each["Key"] for each in told] == keys
            assert prefixes == folded
            for each in told:
                version = bucket.objects[each["Key"]]
                assert (each["ETag"], each["Size"]) == (version.etag, len(version.body))
        after = chance.choice(KEYS)
        told_after = self.s3.list_objects_v2(Bucket=name, StartAfter=after).get("Contents", [])
        assert [each["Key"] for each in told_after] == [key for key in bucket.objects if key.encode() > after.encode()]

    @rule(seed=_SEEDS, prefix=_PREFIXES, delimiter=_DELIMITERS, limit=st.sampled_from([1, 2, 3, 1000]))
    def list_versions(self, seed: int, prefix: str, delimiter: str, limit: int) -> None:
        _, name, bucket = self.chosen(seed)
        keys = [key for key in sorted(bucket.keys, key=str.encode) if key.startswith(prefix)]
        bare = [key for key in keys if fold(key, prefix, delimiter) is None]
        wanted = [(key, at == 0, each) for key in bare for at, each in enumerate(bucket.keys[key])]
        folded = sorted({found for key in keys if (found := fold(key, prefix, delimiter))}, key=str.encode)
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=name, Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": limit}
        )
        versions: list[tuple[str, str, bool]] = []
        markers: list[tuple[str, str, bool]] = []
        prefixes: list[str] = []
        for page in pages:
            for kind, rows in (("Versions", versions), ("DeleteMarkers", markers)):
                rows += [(each["Key"], each["VersionId"], each["IsLatest"]) for each in page.get(kind, [])]
            prefixes += [each["Prefix"] for each in page.get("CommonPrefixes", [])]
        assert versions == [(key, each.id, latest) for key, latest, each in wanted if not each.marker]
        assert markers == [(key, each.id, latest) for key, latest, each in wanted if each.marker]
        assert prefixes == folded

    @rule(seed=_SEEDS)
    def list_uploads(self, seed: int) -> None:
        """Encoded, since XML cannot hold every key; of this list botocore leaves that to its user."""
        _, name, _ = self.chosen(seed)
        answer = self.s3.list_multipart_uploads(Bucket=name, EncodingType="url")
        told = [(unquote_plus(each["Key"]), each["UploadId"]) for each in answer.get("Uploads", [])]
        assert sorted(told) == sorted((key, upload) for of, key, upload in self.uploads if of == name)
        assert [key for key, _ in told] == sorted((key for key, _ in told), key=str.encode)

    @rule(seed=_SEEDS)
    def delete_bucket(self, seed: int) -> None:
        """Only an empty one goes."""
        _, name, bucket = self.chosen(seed)
        if bucket.keys:
            with refused("BucketNotEmpty"):
                self.s3.delete_bucket(Bucket=name)
            return
        self.s3.delete_bucket(Bucket=name)
        with refused("NoSuchBucket"):
            self.s3.list_objects_v2(Bucket=name)
        self.s3.create_bucket(Bucket=name)
        self.buckets[name] = Bucket()
        self.uploads = {place: parts for place, parts in self.uploads.items() if place[0] != name}

    @rule(chance=st.integers(0, 9))
    def restart(self, chance: int) -> None:
        """Seldom, since it takes long; violently."""
        if chance == 0:
            Place.server.kill()
            Place.server.start()
            Place.connect()


@pytest.mark.parametrize("examples", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_s3_is_a_dictionary_of_lists(examples: int) -> None:
    """Forty steps at a time."""
    run_state_machine_as_test(
        S3Machine,
        settings=settings(max_examples=examples, stateful_step_count=40, suppress_health_check=list(HealthCheck)),
    )
