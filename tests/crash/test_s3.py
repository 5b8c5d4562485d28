"""Objects survive kills: what was acknowledged reads byte for byte, what was deleted stays away, nothing is by halves.

Each worker keeps a model of its own keys in three buckets (never versioned, versioned, suspended): the history of each
key, newest first, as the answers told it, and the one change whose answer it has not heard. After every kill each
history is the model's, with that change or without it, and every version reads. In the end the store and the folder of
blobs hold exactly what versions and parts refer to.
"""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import md5
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.buckets import set_versioning
from tests.support.object_bytes import check_stopped
from tests.support.workers import Worker

_BUCKETS: Final = ("kill-plain", "kill-versioned", "kill-suspended")
_SHARED: Final = "kill-shared"
_KEYS: Final = 5
_SIZES: Final = (0, 1, 3_000, 32_768, 32_769, 60_000, 300_000)
_LARGE: Final = 6 * 1024 * 1024
_PART: Final = 5 * 1024 * 1024
_HISTORY_MAX: Final = 8


@dataclass(frozen=True)
class Version:
    """id: None where nobody heard it."""

    id: str | None
    etag: str = ""
    marker: bool = False

    def may_be(self, other: "Version") -> bool:
        return (self.id in {None, other.id}) and (self.etag, self.marker) == (other.etag, other.marker)


History = tuple[Version, ...]
Place = tuple[str, str]


@dataclass
class Upload:
    """A multipart upload that is left open. parts: ETags that are allowed, by number, the acknowledged ones alone."""

    place: Place
    id: str
    parts: dict[int, str] = field(default_factory=dict)
    doubted: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Doubt:
    """A change that was asked for. after: the histories that it may have led to."""

    place: Place
    after: Sequence[History] = ()
    tags: str = ""


class Contest:
    """Keys that all workers try to be the first to write."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.next = 0
        self.winners: dict[str, list[str]] = {}
        self.doubted: dict[str, list[str]] = {}

    def check(self, server: Server) -> None:
        s3 = server.client("s3")
        there = {each["Key"]: each["ETag"].strip('"') for each in _listed(s3, _SHARED)}
        for key, winners in self.winners.items():
            assert len(winners) <= 1, "two were first"
            assert winners or key not in there or there[key] in self.doubted.get(key, [])
            assert not winners or there[key] == winners[0], "the first one's object is gone"


class Client(Worker):
    """Puts, copies, uploads, tags and deletes."""

    def __init__(self, number: int, contest: Contest) -> None:
        super().__init__()
        self._number = number
        self._random = random.Random(number)
        self._contest = contest
        self._bodies: dict[str, str] = {}
        """By ETag: the MD5 of the bytes."""
        self.model: dict[Place, History] = {}
        self._tags: dict[Place, str] = {}
        self._doubt: Doubt | None = None
        self._uploads: list[Upload] = []
        self.acknowledged = 0

    def connect(self) -> None:
        self._s3 = self.server.client("s3")
        self._doubt = None

    def work(self) -> None:
        bucket = self._random.choice(_BUCKETS)
        place = (bucket, f"{self._number}/{self._random.randrange(_KEYS)}")
        act = self._random.choices(
            [self._put, self._copy, self._delete, self._delete_version, self._tag, self._upload, self._compete],
            [6, 3, 2, 3, 2, 1.5, 2],
        )[0]
        if len(self.model.get(place, ())) > _HISTORY_MAX:
            act = self._delete_version
        act(place)
        self._doubt = None
        self.acknowledged += 1

    def _written(self, place: Place, etag: str, *, marker: bool = False) -> tuple[History, Sequence[History]]:
        """The history after a write, without and with what a bucket's versioning makes of it."""
        before = self.model.get(place, ())
        if place[0] == "kill-versioned":
            after = (Version(None, etag, marker), *before)
        else:
            after = (Version("null", etag, marker), *(each for each in before if each.id != "null"))
        return after, (after,)

    def _body(self) -> bytes:
        if self._random.random() < 0.03:
            return self._random.randbytes(1000) * (_LARGE // 1000)
        return self._random.randbytes(self._random.choice(_SIZES))

    def _put(self, place: Place) -> None:
        body = self._body()
        etag = self._noted(body)
        after, self._doubt = self._asked(place, etag)
        told = self._s3.put_object(Bucket=place[0], Key=place[1], Body=body)
        assert told["ETag"] == f'"{etag}"'
        self._heard(place, after, told.get("VersionId"))

    def _copy(self, place: Place) -> None:
        readable = [(at, each) for at, history in self.model.items() for each in history if not each.marker]
        readable = [(at, each) for at, each in readable if each.id is not None]
        if not readable:
            return
        (bucket, key), version = self._random.choice(readable)
        etag = version.etag
        if "-" in etag:  # a copy is in one piece
            etag = self._bodies[etag]
            self._bodies[etag] = etag
        source = {"Bucket": bucket, "Key": key, "VersionId": version.id}
        after, self._doubt = self._asked(place, etag)
        told = self._s3.copy_object(Bucket=place[0], Key=place[1], CopySource=source, MetadataDirective="REPLACE")
        assert told["CopyObjectResult"]["ETag"] == f'"{etag}"'
        self._heard(place, after, told.get("VersionId"))

    def _delete(self, place: Place) -> None:
        if place[0] == "kill-plain":
            self._doubt = Doubt(place, ((),))
            self._s3.delete_object(Bucket=place[0], Key=place[1])
            self.model[place] = ()
        else:
            after, self._doubt = self._asked(place, "", marker=True)
            told = self._s3.delete_object(Bucket=place[0], Key=place[1])
            assert told["DeleteMarker"] is True
            self._heard(place, after, told.get("VersionId"))
        self._tags.pop(place, None)

    def _delete_version(self, place: Place) -> None:
        history = self.model.get(place, ())
        known = [each for each in history if each.id is not None]
        if not known:
            return
        gone = self._random.choice(known)
        after = tuple(each for each in history if each is not gone)
        self._doubt = Doubt(place, (after,))
        self._s3.delete_object(Bucket=place[0], Key=place[1], VersionId=gone.id)
        self.model[place] = after
        self._tags.pop(place, None)

    def _tag(self, place: Place) -> None:
        history = self.model.get(place, ())
        if not history or history[0].marker:
            return
        text = str(self._random.randrange(1000))
        self._doubt = Doubt(place, (), tags=text)
        self._s3.put_object_tagging(Bucket=place[0], Key=place[1], Tagging={"TagSet": [{"Key": "kept", "Value": text}]})
        self._tags[place] = text

    def _upload(self, place: Place) -> None:
        bucket, key = place
        upload_id = self._s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        upload = Upload(place, upload_id)
        self._uploads.append(upload)
        bodies = [self._random.randbytes(1000)]
        if self._random.random() < 0.3:
            bodies.insert(0, self._random.randbytes(1024) * (_PART // 1024))
        for number, body in [*enumerate(bodies, 1), (1, bodies[0])][: len(bodies) + (self._random.random() < 0.3)]:
            upload.doubted[number] = md5(body).hexdigest()
            self._s3.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body)
            upload.parts[number] = upload.doubted[number]
        ends = self._random.random()
        if ends < 0.2:
            return
        self._uploads.remove(upload)
        if ends < 0.4:
            self._s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
            return
        digests = b"".join(md5(body).digest() for body in bodies)
        etag = f"{md5(digests).hexdigest()}-{len(bodies)}"
        self._bodies[etag] = md5(b"".join(bodies)).hexdigest()
        parts: Any = [{"PartNumber": number, "ETag": told} for number, told in sorted(upload.parts.items())]
        after, self._doubt = self._asked(place, etag)
        told = self._s3.complete_multipart_upload(
            Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )
        self._heard(place, after, told.get("VersionId"))

    def _compete(self, place: Place) -> None:
        """Be the first to write a key, or be told that somebody else was."""
        contest = self._contest
        with contest.lock:
            if self._random.random() < 0.4:
                contest.next += 1
            key = f"{contest.next:05}"
        body = self._random.randbytes(self._random.choice((10, 50_000)))
        etag = md5(body).hexdigest()
        with contest.lock:
            contest.winners.setdefault(key, [])
            contest.doubted.setdefault(key, []).append(etag)
        try:
            self._s3.put_object(Bucket=_SHARED, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return
        with contest.lock:
            contest.winners[key].append(etag)

    def _noted(self, body: bytes) -> str:
        etag = md5(body).hexdigest()
        self._bodies[etag] = etag
        return etag

    def _asked(self, place: Place, etag: str, *, marker: bool = False) -> tuple[History, Doubt]:
        after, outcomes = self._written(place, etag, marker=marker)
        return after, Doubt(place, outcomes)

    def _heard(self, place: Place, after: History, version_id: str | None) -> None:
        self.model[place] = (replace(after[0], id=version_id or "null"), *after[1:])
        self._tags.pop(place, None)

    def check(self, server: Server) -> None:
        s3 = server.client("s3")
        for bucket in _BUCKETS:
            found = self._histories(s3, bucket)
            here = {place for place in self.model if place[0] == bucket} | found.keys()
            for place in here:
                self._check_history(place, found.get(place, ()))
            listed = {(bucket, each["Key"]) for each in _listed(s3, bucket, f"{self._number}/")}
            assert listed == {place for place, history in found.items() if not history[0].marker}
            for place in found:
                self._check_bodies(s3, place, self.model[place])
        for upload in self._uploads:
            parts = s3.list_parts(Bucket=upload.place[0], Key=upload.place[1], UploadId=upload.id).get("Parts", [])
            there = {part["PartNumber"]: part["ETag"].strip('"') for part in parts}
            assert upload.parts.keys() <= there.keys(), "a part that was acknowledged is gone"
            for number, etag in there.items():
                assert etag in {upload.parts.get(number), upload.doubted.get(number)}
            upload.parts = there

    def _check_history(self, place: Place, found: History) -> None:
        doubt = self._doubt if self._doubt is not None and self._doubt.place == place else None
        known = self.model.get(place, ())
        allowed = [known, *(doubt.after if doubt is not None else ())]
        matched = next((filled for each in allowed if (filled := _filled(each, found)) is not None), None)
        assert matched is not None, f"{place}: {found}, and not one of {allowed}"
        if len(matched) != len(known) or any(not old.may_be(new) for old, new in zip(known, matched, strict=True)):
            self._tags.pop(place, None)
        self.model[place] = matched

    def _check_bodies(self, s3: Any, place: Place, history: History) -> None:
        bucket, key = place
        for version in history:
            if version.marker:
                continue
            body = s3.get_object(Bucket=bucket, Key=key, VersionId=version.id)["Body"].read()
            assert md5(body).hexdigest() == self._bodies[version.etag], "other bytes"
        if not history[0].marker and place in self._tags:
            tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
            allowed = {self._tags[place]}
            if self._doubt is not None and self._doubt.place == place and self._doubt.tags:
                allowed.add(self._doubt.tags)
            assert tags[0]["Value"] in allowed
            self._tags[place] = tags[0]["Value"]

    def _histories(self, s3: Any, bucket: str) -> dict[Place, History]:
        latest: dict[Place, Version] = {}
        others: dict[Place, list[Version]] = {}
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"{self._number}/"):
            for kind in ("Versions", "DeleteMarkers"):
                for each in page.get(kind, []):
                    place = (bucket, each["Key"])
                    etag = each.get("ETag", "").strip('"')
                    version = Version(each["VersionId"], etag, kind == "DeleteMarkers")
                    if each["IsLatest"]:
                        assert place not in latest, "two are the latest"
                        latest[place] = version
                    else:
                        others.setdefault(place, []).append(version)
        assert others.keys() <= latest.keys(), "none is the latest"
        return {place: (first, *others.get(place, ())) for place, first in latest.items()}


def _filled(known: History, found: History) -> History | None:
    """The history as it is known, with the ids that are now seen; None when it is another.

    The latest is first in both; the others are in any order, since markers are listed apart.
    """
    if len(known) != len(found):
        return None
    left = list(found)
    filled: list[Version] = []
    for at, version in enumerate(known):
        match = next((each for each in (left if at else left[:1]) if version.may_be(each)), None)
        if match is None:
            return None
        left.remove(match)
        filled.append(match)
    return tuple(filled)


def _listed(s3: Any, bucket: str, prefix: str = "") -> list[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [each for page in pages for each in page.get("Contents", [])]


def _kill_and_look(server: Server, *, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    server.start()
    s3 = server.client("s3")
    for bucket in (*_BUCKETS, _SHARED):
        s3.create_bucket(Bucket=bucket)
    set_versioning(s3, "kill-versioned", "Enabled")
    set_versioning(s3, "kill-suspended", "Enabled")
    contest = Contest()
    clients = [Client(number, contest) for number in range(3)]
    for client in clients:  # a few versions of before the suspension
        for number in range(2):
            told = s3.put_object(Bucket="kill-suspended", Key=f"{client._number}/{number}", Body=b"before")
            client._noted(b"before")
            version = Version(told["VersionId"], md5(b"before").hexdigest())
            client.model["kill-suspended", f"{client._number}/{number}"] = (version,)
    set_versioning(s3, "kill-suspended", "Suspended")
    for round_number in range(rounds):
        for client in clients:
            client.begin(server, round_number)
        end_s = time.monotonic() + chance.uniform(0.1, 1.5)
        while time.monotonic() < end_s and all(client.working for client in clients):
            time.sleep(0.01)
        server.kill()
        for client in clients:
            client.end()
        server.start()
        for client in clients:
            client.check(server)
        contest.check(server)
    assert sum(client.acknowledged for client in clients) > 10 * rounds
    server.kill()
    assert check_stopped(server.data_dir) > 0


@pytest.mark.parametrize("durability", ["process", "full"])
def test_objects_survive_kills(own_server: Server, durability: str) -> None:
    """A few kills in every run."""
    own_server.options = ("--durability", durability)
    _kill_and_look(own_server, rounds=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["process", "full"])
def test_objects_survive_many_kills(own_server: Server, durability: str) -> None:
    """The same at length."""
    own_server.options = ("--durability", durability)
    _kill_and_look(own_server, rounds=40, seed=2)
