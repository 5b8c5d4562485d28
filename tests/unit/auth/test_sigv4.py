"""Do we calculate the signature that AWS's own signer calculates, and no other?"""

import string
from contextlib import suppress
from functools import cache
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.auth import sigv4
from pileus.kernel.auth.claims import Claim, claim_of
from pileus.kernel.auth.refusals import NotAuthentic, Problem
from pileus.kernel.http.messages import Request
from tests.unit.auth.signing import presigned_request, seconds, signed_request, with_changes

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def claim(request: Request) -> Claim:
    found = claim_of(request)
    assert found is not None
    return found


def check(request: Request, secret: str = SECRET) -> None:
    found = claim(request)
    assert isinstance(request.body, bytes)
    sigv4.check_headers(found, request.headers)
    sigv4.verify(
        found,
        method=request.method,
        path=request.path,
        headers=request.headers,
        payload_hash=sigv4.payload_hash_of(found, request.headers, request.body),
        secret_access_key=secret,
    )


def refused(request: Request, secret: str = SECRET) -> Problem:
    with pytest.raises(NotAuthentic) as caught:
        check(request, secret)
    return caught.value.problem


def test_the_example_of_the_manual() -> None:
    """AWS prints this request with its signature (IAM User Guide, "Create a signed AWS API request", GET ListUsers)."""
    request = Request(
        method="GET",
        target="/?Action=ListUsers&Version=2010-05-08",
        headers={
            "host": "iam.amazonaws.com",
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "x-amz-date": "20150830T123600Z",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        },
    )
    check(request)
    assert refused(with_changes(request, method="PUT")) is Problem.MISMATCH


@pytest.mark.parametrize("service", ["dynamodb", "lambda", "s3"])
@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/invocations",
        "/a%20b/~c-d_e.f",
        "/%E2%82%AC?x=%E2%82%AC",
        "/trailing/",
        "/?b=2&a=1&a=0&c",
        "/?a-b=1&a=2",
        "/?a=b%3Dc&a=b",
    ],
)
def test_what_botocore_signs_is_accepted(service: str, target: str) -> None:
    """Paths and queries that real clients send, under both rules of path encoding."""
    check(signed_request(access_key_id=KEY_ID, secret_access_key=SECRET, target=target, service=service, body=b"{}"))
    check(presigned_request(access_key_id=KEY_ID, secret_access_key=SECRET, target=target, service=service))


def test_dots_and_slashes_are_normalised_except_in_s3() -> None:
    """S3 keys may hold `//` and `..`; everywhere else they are removed before signing."""
    for target in ("/a//b", "/a/./b/../c", "/..", "/a/.."):
        check(signed_request(access_key_id=KEY_ID, secret_access_key=SECRET, target=target, service="execute-api"))
        check(signed_request(access_key_id=KEY_ID, secret_access_key=SECRET, target=target, service="s3"))
    plain = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET, target="/a/b", service="s3")
    assert refused(with_changes(plain, target="/a//b")) is Problem.MISMATCH


def test_another_spelling_of_the_same_path_is_accepted() -> None:
    """AWS compares what is meant: some clients sign `:` encoded and send it plain, or in lower-case hex."""
    for service in ("lambda", "s3"):
        signed = signed_request(
            access_key_id=KEY_ID, secret_access_key=SECRET, target="/f%3Ag%C3%A9/?q=%3A", service=service
        )
        check(with_changes(signed, target="/f:g%c3%a9/?q=:"))
        assert refused(with_changes(signed, target="/f;g%c3%a9/?q=:")) is Problem.MISMATCH
        assert refused(with_changes(signed, target="/f%2Fg%c3%a9/?q=:")) is Problem.MISMATCH


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_PATH = st.lists(_TEXT, max_size=4).map(lambda parts: "/" + "/".join(quote(part, safe="") for part in parts))
_NAME = _TEXT.filter(lambda name: not name.startswith("X-Amz-"))
_QUERY = st.lists(st.tuples(_NAME, _TEXT), max_size=5).map(
    lambda pairs: "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
)
_HEADER_VALUE = st.text(st.sampled_from(string.printable[:95] + "\t"), max_size=20)


@given(
    path=_PATH,
    query=_QUERY,
    value=_HEADER_VALUE,
    body=st.binary(max_size=50),
    service=st.sampled_from(["dynamodb", "s3"]),
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
)
@settings(max_examples=200, deadline=None)
def test_odd_requests_signed_by_botocore_are_accepted(
    path: str, query: str, value: str, body: bytes, service: str, method: str
) -> None:
    """Whatever is in the path, the query and a header, we read it as AWS's signer does."""
    target = f"{path}?{query}" if query else path
    request = signed_request(
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
        method=method,
        target=target,
        headers={"X-Amz-Meta-Odd": value},
        body=body,
        service=service,
    )
    check(request)


@given(path=_PATH, query=_QUERY, service=st.sampled_from(["sts", "s3"]))
@settings(max_examples=100, deadline=None)
def test_odd_presigned_urls_are_accepted(path: str, query: str, service: str) -> None:
    """As above, for the query form."""
    target = f"{path}?{query}" if query else path
    check(presigned_request(access_key_id=KEY_ID, secret_access_key=SECRET, target=target, service=service))


@cache
def honest_request() -> Request:
    """Signed once, since a signature holds the time, and Hypothesis repeats itself."""
    return signed_request(
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
        target="/path/here?name=value&other=thing",
        headers={"X-Amz-Target": "DynamoDB_20120810.GetItem"},
        body=b'{"TableName":"notes"}',
        session_token="token",
    )


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_changed_bytes_are_refused(data: st.DataObject) -> None:
    """One changed character anywhere that is signed, and the request is not believed; no other exception escapes."""
    request = honest_request()
    where = data.draw(
        st.sampled_from(
            ["method", "target", "body", "x-amz-target", "x-amz-date", "host", "x-amz-security-token", "authorization"]
        )
    )
    assert isinstance(request.body, bytes)
    original = {"method": request.method, "target": request.target, "body": request.body.decode("latin-1")}
    text = original.get(where) or request.headers[where]
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters=text[at]))
    changed = text[:at] + put + text[at + 1 :]
    if where == "body":
        tampered = with_changes(request, body=changed.encode("latin-1"))
    elif where == "method":
        tampered = with_changes(request, method=changed)
    elif where == "target":
        tampered = with_changes(request, target=changed)
    else:
        tampered = with_changes(request, headers={where: changed})
    with pytest.raises(NotAuthentic):
        check_with_the_only_key(tampered, signed_at_s=seconds(request.headers["x-amz-date"]))


def check_with_the_only_key(request: Request, *, signed_at_s: float) -> None:
    found = claim_of(request)
    if found is None or found.scope.access_key_id != KEY_ID:
        raise NotAuthentic(Problem.UNKNOWN_KEY)
    sigv4.check_time(found, signed_at_s)
    check(request)


@given(authorization=st.text(st.characters(max_codepoint=255), max_size=200), query=st.text(max_size=100))
@settings(max_examples=300, deadline=None)
def test_any_claim_is_refused_or_read(authorization: str, query: str) -> None:
    """Hostile headers and queries end in a refusal, never in another exception."""
    for prefix in ("", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e,"):
        request = Request(
            method="GET",
            target=f"/?X-Amz-Credential={query}",
            headers={"host": "h", "x-amz-date": "20260101T000000Z", "authorization": prefix + authorization},
        )
        try:
            found = claim_of(request)
            if found is not None:
                sigv4.check_time(found, 0.0)
                check(request)
        except NotAuthentic:
            continue


def test_a_header_that_is_missing_on_arrival_is_refused() -> None:
    """Signed, but dropped on the way."""
    request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET, headers={"X-Amz-Target": "a.B"})
    assert refused(with_changes(request, headers={"x-amz-target": None})) is Problem.MISMATCH


def test_the_host_must_be_signed() -> None:
    """Else a request for one endpoint could be played to another."""
    request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET)
    authorization = request.headers["authorization"].replace("SignedHeaders=host;", "SignedHeaders=")
    assert refused(with_changes(request, headers={"authorization": authorization})) is Problem.SCOPE


def test_signature_need_not_come_last() -> None:
    """The parts of the header may come in any order (IAM User Guide, "Elements of an AWS API request signature")."""
    request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET)
    algorithm, _, rest = request.headers["authorization"].partition(" ")
    credential, names, signature = (part.strip() for part in rest.split(","))
    check(with_changes(request, headers={"authorization": f"{algorithm} {signature},{names},{credential}"}))


@pytest.mark.parametrize(
    ("authorization", "problem"),
    [
        ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=a", Problem.INCOMPLETE),
        ("AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws4_request, Signature=a", Problem.INCOMPLETE),
        ("AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws4_request, SignedHeaders=host", Problem.INCOMPLETE),
        ("AWS4-HMAC-SHA256 Credential=k/20260101/r/aws4_request, SignedHeaders=host, Signature=a", Problem.INCOMPLETE),
        ("AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws3, SignedHeaders=host, Signature=a", Problem.SCOPE),
        ("AWS4-ECDSA-P256-SHA256 Credential=k/20260101/s/aws4_request, SignedHeaders=host, Signature=a", None),
        ("AWS4-HMAC-SHA256", Problem.INCOMPLETE),
        (
            "AWS4-HMAC-SHA256 Credential=k/20260101/q/s/aws4_request, Credential=k/20260101/r/s/aws4_request, "
            "SignedHeaders=host, Signature=a",
            Problem.INCOMPLETE,
        ),
        ("AWS key:signature", None),
    ],
)
def test_incomplete_headers(authorization: str, problem: Problem | None) -> None:
    """Each missing part is named by its own error; other mechanisms are said to be unsupported."""
    request = Request(
        method="GET",
        target="/",
        headers={"host": "h", "x-amz-date": "20260101T000000Z", "authorization": authorization},
    )
    with pytest.raises(NotAuthentic) as caught:
        claim_of(request)
    assert caught.value.problem is (problem or Problem.UNSUPPORTED)


class TestTime:
    """A signature holds for fifteen minutes, a presigned URL for as long as it says."""

    def test_window(self) -> None:
        request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET)
        signed_s = seconds(request.headers["x-amz-date"])
        for ahead_s in (-900, 0, 900):
            sigv4.check_time(claim(request), signed_s + ahead_s)
        for ahead_s in (-901, 901):
            with pytest.raises(NotAuthentic) as caught:
                sigv4.check_time(claim(request), signed_s + ahead_s)
            assert caught.value.problem is Problem.SKEWED
            assert "15 min.)" in caught.value.detail

    def test_presigned_window(self) -> None:
        request = presigned_request(access_key_id=KEY_ID, secret_access_key=SECRET, expires_s=3_600)
        found = claim(request)
        signed_s = seconds(found.amz_date)
        sigv4.check_time(found, signed_s + 3_600)
        with pytest.raises(NotAuthentic) as caught:
            sigv4.check_time(found, signed_s + 3_601)
        assert caught.value.problem is Problem.URL_EXPIRED
        with pytest.raises(NotAuthentic) as caught:
            sigv4.check_time(found, signed_s - 901)
        assert caught.value.problem is Problem.SKEWED

    @pytest.mark.parametrize(("expires", "legal"), [("0", True), ("604800", True), ("604801", False), ("-1", False)])
    def test_presigned_longest(self, expires: str, legal: bool) -> None:
        request = presigned_request(access_key_id=KEY_ID, secret_access_key=SECRET)
        changed = with_changes(request, target=request.target.replace("X-Amz-Expires=60", f"X-Amz-Expires={expires}"))
        if legal:
            assert claim(changed).expires_s == int(expires)
        else:
            with pytest.raises(NotAuthentic) as caught:
                claim(changed)
            assert caught.value.problem is Problem.INCOMPLETE

    @pytest.mark.parametrize("amz_date", ["", "yesterday", "20260230T000000Z", "2026-01-01T00:00:00Z", "٢" * 8])
    def test_no_date_at_all(self, amz_date: str) -> None:
        request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET)
        with pytest.raises(NotAuthentic) as caught:
            sigv4.check_time(claim(with_changes(request, headers={"x-amz-date": amz_date})), 0.0)
        assert caught.value.problem is Problem.INCOMPLETE

    def test_scope_of_another_day(self) -> None:
        request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET)
        other = with_changes(request, headers={"x-amz-date": "20200101T000000Z"})
        with pytest.raises(NotAuthentic) as caught:
            sigv4.check_time(claim(other), seconds(other.headers["x-amz-date"]))
        assert caught.value.problem is Problem.SCOPE


class TestPayload:
    """S3's clients say what they hashed; everybody else's body is hashed here."""

    def test_unsigned_payload_is_taken_as_given(self) -> None:
        """Its signature says that the body was left out."""
        for service in ("s3", "lambda"):
            request = signed_request(
                access_key_id=KEY_ID,
                secret_access_key=SECRET,
                headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
                service=service,
                body=b"one",
            )
            if request.headers["x-amz-content-sha256"] != "UNSIGNED-PAYLOAD":
                continue  # botocore's S3 signer replaced it: http without TLS is always hashed
            check(with_changes(request, body=b"two"))

    def test_a_stated_hash_counts_for_nothing_outside_s3(self) -> None:
        """Or a changed body could travel under the old hash."""
        request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET, body=b"one")
        honest = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET, body=b"one", service="s3").headers[
            "x-amz-content-sha256"
        ]
        changed = with_changes(request, body=b"two", headers={"x-amz-content-sha256": honest})
        assert refused(changed) is Problem.MISMATCH

    def test_s3_checks_the_stated_hash(self) -> None:
        request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET, body=b"one", service="s3")
        check(request)
        assert refused(with_changes(request, body=b"two")) is Problem.HASH_MISMATCH
        assert refused(with_changes(request, headers={"x-amz-content-sha256": None})) is Problem.HASH_MISSING

    def test_s3_orders_must_be_signed(self) -> None:
        """A stranger may not add `x-amz-acl` to somebody's presigned upload."""
        request = presigned_request(access_key_id=KEY_ID, secret_access_key=SECRET, service="s3", method="PUT")
        check(request)
        assert refused(with_changes(request, headers={"x-amz-acl": "public-read"})) is Problem.UNSIGNED_HEADERS


def dated(date: str) -> Request:
    """A request that has `Date` only, as old clients send it."""
    request = signed_request(access_key_id=KEY_ID, secret_access_key=SECRET)
    return with_changes(request, headers={"x-amz-date": None, "date": date})


@pytest.mark.parametrize(
    ("date", "amz_date"),
    [
        ("Mon, 01 Jan 2024 00:00:00 GMT", "20240101T000000Z"),
        ("Mon, 01 Jan 2024 00:00:00 -0000", "20240101T000000Z"),
        ("Mon, 01 Jan 2024 00:00:00", "20240101T000000Z"),
        ("Mon, 01 Jan 2024 00:30:00 +0200", "20231231T223000Z"),
        ("Mon, 01 Jan 2024 00:00:00 -0530", "20240101T053000Z"),
        ("20240101T000000Z", "20240101T000000Z"),
    ],
)
def test_date_header(date: str, amz_date: str) -> None:
    """`Date` stands in for `X-Amz-Date`, in UTC whatever its offset."""
    assert claim(dated(date)).amz_date == amz_date


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 2024 00:00:00 +9999999999999999999",
        "Mon, 01 Jan 20240000000000000000 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 +2300",
        "Fri, 31 Dec 9999 23:59:59 -2300",
        "Mon, 01 Jan 2024 00:00:00 +" + "9" * 5_000,
        "",
        ", , ,",
        "never",
    ],
)
def test_date_header_that_is_none(date: str) -> None:
    """A date beyond what any calendar holds is the client's mistake, not ours."""
    with pytest.raises(NotAuthentic) as caught:
        sigv4.check_time(claim(dated(date)), seconds("20240101T000000Z"))
    assert caught.value.problem in {Problem.INCOMPLETE, Problem.SCOPE}


@given(st.text(st.characters(max_codepoint=255)) | st.from_regex(r"([A-Z][a-z]{2},? )?[0-9:+ -]{0,40}( [A-Z]{1,4})?"))
@settings(max_examples=300)
def test_any_date_header_is_a_date_or_none(date: str) -> None:
    """Whatever a stranger writes there gives a claim, which the check of its time then judges."""
    found = claim(dated(date))
    with suppress(NotAuthentic):
        sigv4.check_time(found, 0.0)
