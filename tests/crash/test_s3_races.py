"""Requests that race: each sees one version whole, one of each pair wins, and nothing is left that is nobody's."""

import random
import threading
from collections.abc import Callable, Iterator
from hashlib import md5
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.buckets import new_bucket, set_versioning
from tests.support.object_bytes import check_stopped

_SIZES: Final = (0, 10, 20_000, 60_000, 400_000)
_PART: Final = 5 * 1024 * 1024
Encryption = dict[str, str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Checked when all races are over: rows and files fit."""
    found = Server(tmp_path_factory.mktemp("races") / "data").start()
    yield found
    assert found.stop() == 0
    check_stopped(found.data_dir)


class Racers:
    """Threads that run until the first has ended its turns, or fails."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def add(self, work: Callable[[int], object], *, turns: int | None = None) -> None:
        """turns: None for as long as the others run."""

        def run() -> None:
            turn = 0
            try:
                while not self._over.is_set() and (turns is None or turn < turns):
                    work(turn)
                    turn += 1
            except BaseException as error:  # noqa: BLE001 - raised again by `run`
                self._errors.append(error)
            if turns is not None or self._errors:
                self._over.set()

        self._threads.append(threading.Thread(target=run))

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()
        if self._errors:
            raise self._errors[0]


def code_of(call: Callable[..., Any], **request: Any) -> str:
    """The error's code; "" for none."""
    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def body_of(chance: random.Random) -> bytes:
    """Bytes that tell whether they are of one version: one value, and how often it should be there."""
    size = chance.choice(_SIZES)
    return bytes([chance.randrange(256)]) * size


def one_version(body: bytes) -> bool:
    return len(set(body)) <= 1 and len(body) in _SIZES


@pytest.mark.parametrize("encryption", [{}, {"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"}])
@pytest.mark.parametrize("versioned", [False, True])
def test_reads_beside_overwrites_and_deletions(server: Server, encryption: Encryption, versioned: bool) -> None:
    """Whoever reads gets one version's bytes, with its ETag, or hears that there is no object: never a mixture."""
    bucket = new_bucket(server.client("s3"), versioned=versioned)
    racers = Racers()

    def write(number: int) -> Callable[[int], None]:
        s3, chance = server.client("s3"), random.Random(number)

        def turn(at: int) -> None:
            if chance.random() < 0.2:
                s3.delete_object(Bucket=bucket, Key="k")
            else:
                s3.put_object(Bucket=bucket, Key="k", Body=body_of(chance), **encryption)

        return turn

    def read(number: int) -> Callable[[int], None]:
        s3 = server.client("s3")

        def turn(at: int) -> None:
            try:
                answer = s3.get_object(Bucket=bucket, Key="k")
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                return
            body = answer["Body"].read()
            assert one_version(body)
            assert answer["ContentLength"] == len(body)
            if encryption.get("ServerSideEncryption") != "aws:kms":
                assert answer["ETag"] == f'"{md5(body).hexdigest()}"'

        return turn

    for number in range(2):
        racers.add(write(number), turns=150)
    for number in range(3):
        racers.add(read(number))
    racers.run()


@pytest.mark.parametrize("parts", [False, True], ids=["whole", "in parts"])
def test_copies_beside_overwrites(server: Server, parts: bool) -> None:
    """The source is always there, whichever version: so a copy of it is one version's, and never NoSuchKey."""
    s3 = server.client("s3")
    bucket = new_bucket(s3)

    def put(client: Any, chance: random.Random) -> None:
        body = body_of(chance)
        if not parts:
            client.put_object(Bucket=bucket, Key="source", Body=body)
            return
        upload = client.create_multipart_upload(Bucket=bucket, Key="source")["UploadId"]
        named = {"Bucket": bucket, "Key": "source", "UploadId": upload}
        etag = client.upload_part(**named, PartNumber=1, Body=body)["ETag"]
        client.complete_multipart_upload(**named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})

    put(s3, random.Random(0))
    racers = Racers()

    def write(number: int) -> Callable[[int], None]:
        client, chance = server.client("s3"), random.Random(number)
        return lambda _: put(client, chance)

    def copy(number: int) -> Callable[[int], None]:
        client = server.client("s3")
        upload = client.create_multipart_upload(Bucket=bucket, Key=f"uploaded-{number}")["UploadId"]
        source = {"Bucket": bucket, "Key": "source"}

        def turn(at: int) -> None:
            key = f"copy-{number}"
            client.copy_object(Bucket=bucket, Key=key, CopySource=source)
            assert one_version(client.get_object(Bucket=bucket, Key=key)["Body"].read())
            client.upload_part_copy(
                Bucket=bucket, Key=f"uploaded-{number}", UploadId=upload, PartNumber=1, CopySource=source
            )

        return turn

    for number in range(2):
        racers.add(write(number), turns=150)
    for number in range(3):
        racers.add(copy(number))
    racers.run()


@pytest.mark.parametrize("status", ["", "Enabled", "Suspended"])
def test_many_put_one_key(server: Server, status: str) -> None:
    """The last one is there; with versions all are, each once."""
    s3 = server.client("s3")
    bucket = new_bucket(s3)
    if status:
        set_versioning(s3, bucket, status)
    told: list[tuple[str, str]] = []
    racers = Racers()

    def write(number: int) -> Callable[[int], None]:
        client, chance = server.client("s3"), random.Random(number)

        def turn(at: int) -> None:
            answer = client.put_object(Bucket=bucket, Key="k", Body=chance.randbytes(chance.choice(_SIZES)))
            told.append((answer.get("VersionId", "null"), answer["ETag"]))

        return turn

    for number in range(4):
        racers.add(write(number), turns=30)
    racers.run()
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    found = [(each["VersionId"], each["ETag"]) for page in pages for each in page.get("Versions", [])]
    assert len(found) == len(set(found))
    if status == "Enabled":
        assert sorted(found) == sorted(told)
    else:
        assert len(found) == 1
        assert found[0] in told


def test_who_is_first_is_so_alone(server: Server) -> None:
    """If-None-Match: of many, one; and of many changes of one version, one."""
    s3 = server.client("s3")
    bucket = new_bucket(s3)
    winners: dict[str, list[str]] = {}
    racers = Racers()

    def compete(number: int) -> Callable[[int], None]:
        client, chance = server.client("s3"), random.Random(number)

        def turn(at: int) -> None:
            body = b"%d" % number + b"x" * chance.choice(_SIZES)
            for name, condition in ((f"{at}", {"IfNoneMatch": "*"}), ("cell", {"IfMatch": etags[0]})):
                code = code_of(client.put_object, Bucket=bucket, Key=name, Body=body, **condition)
                assert code in {"", "PreconditionFailed", "ConditionalRequestConflict"}
                if not code:
                    winners.setdefault(name + str(condition), []).append(md5(body).hexdigest())
                    if name == "cell":
                        etags[0] = f'"{md5(body).hexdigest()}"'

        return turn

    etags = [s3.put_object(Bucket=bucket, Key="cell", Body=b"first")["ETag"]]
    for number in range(4):
        racers.add(compete(number), turns=40)
    racers.run()
    for name, etag in winners.items():
        if not name.startswith("cell"):
            assert len(etag) == 1
            assert s3.head_object(Bucket=bucket, Key=name.partition("{")[0])["ETag"] == f'"{etag[0]}"'


def test_a_bucket_goes_while_it_is_written(server: Server) -> None:
    """Either the object is there and the bucket stays, or the bucket goes and the object never was."""
    s3 = server.client("s3")
    name = new_bucket(s3)
    racers = Racers()

    def write(number: int) -> Callable[[int], None]:
        client, chance = server.client("s3"), random.Random(number)

        def turn(at: int) -> None:
            key = f"{number}-{at}"
            code = code_of(client.put_object, Bucket=name, Key=key, Body=body_of(chance))
            assert code in {"", "NoSuchBucket"}
            if not code:
                assert code_of(client.head_object, Bucket=name, Key=key) == "", "an object went with its bucket"
                client.delete_object(Bucket=name, Key=key)
            upload = None
            try:
                upload = client.create_multipart_upload(Bucket=name, Key="u")["UploadId"]
                client.upload_part(Bucket=name, Key="u", UploadId=upload, PartNumber=1, Body=b"part")
            except ClientError as error:
                if error.response["Error"]["Code"] not in {"NoSuchBucket", "NoSuchUpload"}:
                    raise

        return turn

    def remove(at: int) -> None:
        if not code_of(s3.delete_bucket, Bucket=name):
            s3.create_bucket(Bucket=name)

    for number in range(3):
        racers.add(write(number))
    racers.add(remove, turns=100)
    racers.run()


def test_completed_while_aborted(server: Server) -> None:
    """One of the two; the loser hears that there is no such upload, and what is there is whole."""
    s3, other = server.client("s3"), server.client("s3")
    bucket = new_bucket(s3)
    seen = set()
    for at in range(40):
        key = f"k{at}"
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        named = {"Bucket": bucket, "Key": key, "UploadId": upload}
        etag = s3.upload_part(**named, PartNumber=1, Body=b"x" * 50_000)["ETag"]
        codes: dict[str, str] = {}
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}

        def complete() -> None:
            codes["complete"] = code_of(s3.complete_multipart_upload, **named, MultipartUpload=parts)  # noqa: B023

        def abort() -> None:
            codes["abort"] = code_of(other.abort_multipart_upload, **named)  # noqa: B023

        works = [complete, abort] if at % 2 else [abort, complete]
        threads = [threading.Thread(target=work) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(codes.values()) == ["", "NoSuchUpload"], codes
        completed = codes["complete"] == ""
        seen.add(completed)
        code = code_of(s3.head_object, Bucket=bucket, Key=key)
        assert code == ("" if completed else "404")
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert seen


def test_lists_beside_writes(server: Server) -> None:
    """What was there all the time is in every list, once and in order, however the rest comes and goes."""
    s3 = server.client("s3")
    bucket = new_bucket(s3)
    kept = [f"k{at:03}" for at in range(0, 100, 2)]
    for key in kept:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    racers = Racers()

    def churn(number: int) -> Callable[[int], None]:
        client, chance = server.client("s3"), random.Random(number)

        def turn(at: int) -> None:
            key = f"k{chance.randrange(1, 100, 2):03}"
            if chance.random() < 0.5:
                client.put_object(Bucket=bucket, Key=key, Body=b"x")
            else:
                client.delete_object(Bucket=bucket, Key=key)

        return turn

    def look(operation: str, found_in: str) -> Callable[[int], None]:
        pages = server.client("s3").get_paginator(operation)

        def turn(at: int) -> None:
            told = pages.paginate(Bucket=bucket, PaginationConfig={"PageSize": 7})
            keys = [each["Key"] for page in told for each in page.get(found_in, [])]
            assert keys == sorted(set(keys))
            assert set(kept) <= set(keys)

        return turn

    for number in range(2):
        racers.add(churn(number))
    racers.add(look("list_objects_v2", "Contents"), turns=10)
    racers.add(look("list_objects", "Contents"), turns=10)
    racers.add(look("list_object_versions", "Versions"), turns=10)
    racers.run()


def test_a_part_is_put_again_and_again(server: Server) -> None:
    """A part that several write at once is one of theirs, and so is the object."""
    s3 = server.client("s3")
    bucket = new_bucket(s3)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    racers = Racers()

    def write(number: int) -> Callable[[int], None]:
        client, chance = server.client("s3"), random.Random(number)
        return lambda _: client.upload_part(**named, PartNumber=1, Body=body_of(chance))

    for number in range(4):
        racers.add(write(number), turns=30)
    racers.run()
    [part] = s3.list_parts(**named)["Parts"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**named, MultipartUpload=parts)
    body = s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    assert one_version(body)
    assert f'"{md5(body).hexdigest()}"' == part["ETag"]
