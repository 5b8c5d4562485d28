"""Whatever a browser, or who pretends to be one, posts: S3 reads it or says what is wrong with it."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import ServiceError
from pileus.services.s3.posting.errors import AgainstPolicy, InvalidPolicyDocument
from pileus.services.s3.posting.forms import Form
from pileus.services.s3.posting.multipart import Field, FormReader
from pileus.services.s3.posting.policies import check_form, read_policy

BOUNDARY = b"B-"
_names = st.sampled_from(
    [
        *("key", "Policy", "x-amz-credential", "x-amz-date", "X-Amz-Algorithm", "x-amz-signature", "Signature"),
        *("AWSAccessKeyId", "acl", "success_action_redirect", "success_action_status", "Content-Type", "tagging"),
        "x-amz-meta-\u20ac",
    ]
)
_texts = st.text(max_size=40) | st.sampled_from(
    ["${filename}", "AWS4-HMAC-SHA256", "<Tagging>", "http://[", "a/b/c/s3/d"]
)
_parts = st.tuples(_names, _texts)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from(["eq", "$key", "starts-with"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


def form_of(parts: list[tuple[str, str]], file: bytes) -> bytes:
    told = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (BOUNDARY, name.encode(), value.encode(errors="replace"))
        for name, value in [*parts]
    )
    head = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' % BOUNDARY
    return told + head + file + b"\r\n--%s--\r\n" % BOUNDARY


async def pieces(data: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    at = 0
    for cut in [*sorted(cuts), len(data)]:
        yield data[at : max(at, min(cut, len(data)))]
        at = max(at, min(cut, len(data)))


async def read(data: bytes, cuts: list[int]) -> tuple[list[Field], str | None, bytes]:
    reader = FormReader(pieces(data, cuts), BOUNDARY)
    fields, head = await reader.fields()
    return fields, head.filename, b"".join([piece async for piece in reader.file()])


@given(st.lists(_parts, max_size=6), st.binary(max_size=200), st.lists(st.integers(0, 600), max_size=20))
async def test_a_form_is_read_wherever_it_is_cut(parts: list[tuple[str, str]], file: bytes, cuts: list[int]) -> None:
    """The same fields and the same file as in one piece."""
    data = form_of(parts, file)
    assert await read(data, cuts) == await read(data, [])
    if b"--" + BOUNDARY not in file:
        assert (await read(data, cuts))[2] == file


@given(
    st.lists(_parts, max_size=6),
    st.lists(st.integers(0, 600), max_size=10),
    st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=4)), max_size=5),
)
async def test_a_broken_form_is_told_so(
    parts: list[tuple[str, str]], cuts: list[int], damage: list[tuple[int, bytes]]
) -> None:
    """Nothing but S3's own errors comes out of it."""
    data = form_of(parts, b"file")
    for at, replaced in damage:
        data = data[:at] + replaced + data[at + len(replaced) :]
    with suppress(ServiceError):
        fields, filename, _ = await read(data, cuts)
        form = Form(fields, filename=filename)
        assert form.key
        form.signed_policy()
        headers = form.headers()
        assert all(ord(character) < 256 for value in headers.values() for character in value)
        assert not {"\r", "\n"} & set(form.leads_to)


@given(_json, st.dictionaries(st.sampled_from(["key", "acl", "policy"]), st.text(max_size=8)))
def test_any_policy_holds_or_does_not(document: Any, fields: dict[str, str]) -> None:
    """Whatever the JSON in a form's policy."""
    for told in (document, {"expiration": "2100-01-01T00:00:00Z", "conditions": document}):
        encoded = b64encode(json.dumps(told).encode()).decode()
        sent = {name: (name, value) for name, value in fields.items()}
        with suppress(InvalidPolicyDocument, AgainstPolicy):
            check_form(read_policy(encoded), sent, bucket="b", now_s=0)
