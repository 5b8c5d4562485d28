"""Who is believed to be whom, in both modes?"""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from pileus.kernel.auth.authenticator import Authenticator, Mode
from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.auth.key_ids import LONG_TERM, TEMPORARY, KeyIds
from pileus.kernel.auth.principals import NOBODY
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.ids import SeededIds
from tests.unit.auth.signing import KnownKeys, presigned_request, seconds, signed_request, user, with_changes

SECRET = bytes(range(32))
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class Door:
    """An authenticator with everything around it."""

    def __init__(self, mode: Mode) -> None:
        self.ids = SeededIds()
        self.clock = MovableClock()
        self.keys = KnownKeys()
        self.key_ids = KeyIds(SECRET, self.ids)
        self.sealer = SessionSealer(SECRET, self.clock, self.ids)
        self.authenticator = Authenticator(
            mode=mode,
            keys=self.keys,
            sealer=self.sealer,
            clock=self.clock,
            signing_names={"sts": "sts", "dynamodb": "dynamodb", "apigatewayv2": "apigateway"},
        )

    def long_term_key(self) -> str:
        access_key_id = self.key_ids.mint(LONG_TERM)
        self.keys.add(access_key_id, SECRET_KEY)
        return access_key_id

    def session(self, duration: timedelta = timedelta(hours=1)) -> Credentials:
        return self.sealer.issue(
            account_id="111111111111",
            arn="arn:aws:sts::111111111111:assumed-role/reader/me",
            user_id="AROAEXAMPLE:me",
            duration=duration,
        )

    async def ask(self, request: Request, service: str | None = "dynamodb") -> Principal:
        assert isinstance(request.body, bytes)
        return await self.authenticator.authenticate(request, body=request.body, service=service)

    async def refuses(self, request: Request, service: str | None = "dynamodb") -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            await self.ask(request, service)
        return caught.value


def json_request(access_key_id: str, secret_access_key: str = SECRET_KEY, token: str | None = None) -> Request:
    return signed_request(
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=token,
        headers={"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "application/x-amz-json-1.0"},
        body=b"{}",
    )


def session_request(credentials: Credentials) -> Request:
    return json_request(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)


@pytest.mark.parametrize(
    ("access_key_id", "account_id"),
    [
        ("111111111111", "111111111111"),
        ("test", "000000000000"),
        ("AKIAIOSFODNN7EXAMPLE", "000000000000"),
        ("11111111111", "000000000000"),
        ("1111111111111", "000000000000"),
    ],
)
async def test_open_lets_an_unknown_key_act_as_its_account(access_key_id: str, account_id: str) -> None:
    """Twelve digits are the account; anything else is the account of zeros."""
    door = Door("open")
    principal = await door.ask(json_request(access_key_id))
    assert principal.account_id == account_id
    assert principal.arn == f"arn:aws:iam::{account_id}:root"
    assert principal.user_id == account_id
    assert not principal.minted
    assert principal is await door.ask(json_request(access_key_id, "another secret"))
    assert door.keys.asked == 0, "a key that cannot be in the store was looked for"


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256 Credential=111111111111/20000101/us-east-1/dynamodb/aws4_request, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 Credential=111111111111/x, Signature=y",
        "AWS4-ECDSA-P256-SHA256 Credential=111111111111/20000101/s3/aws4_request, SignedHeaders=host, Signature=1",
        "AWS 111111111111:c2lnbmF0dXJl",
    ],
)
async def test_open_reads_the_account_of_a_wrong_signature(authorization: str) -> None:
    """Unsigned or wrongly signed or not (DESIGN, section 3)."""
    request = Request(method="POST", target="/", headers={"host": "h", "authorization": authorization})
    assert (await Door("open").ask(request)).account_id == "111111111111"


async def test_open_lets_the_unsigned_act_as_root() -> None:
    """A browser or curl on the developer's machine; also with a token that is not AWS's."""
    door = Door("open")
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": ""}):
        principal = await door.ask(Request(method="GET", target="/", headers={"host": "h", **headers}))
        assert principal.arn == "arn:aws:iam::000000000000:root"
        assert principal.access_key_id == ""


@pytest.mark.parametrize("mode", ["open", "strict"])
async def test_a_minted_key_is_verified(mode: Mode) -> None:
    """The right secret is believed, a wrong one is not, whatever the mode."""
    door = Door(mode)
    access_key_id = door.long_term_key()
    assert await door.ask(json_request(access_key_id)) == user(access_key_id)
    assert (await door.refuses(json_request(access_key_id, "wrong"))).error_code == "InvalidSignatureException"
    tampered = with_changes(json_request(access_key_id), body=b'{"TableName":"other"}')
    assert (await door.refuses(tampered)).error_code == "InvalidSignatureException"


@pytest.mark.parametrize("mode", ["open", "strict"])
async def test_a_deleted_key_is_refused(mode: Mode) -> None:
    """Also in open mode: a key that lost its user does not become root."""
    door = Door(mode)
    gone = door.key_ids.mint(LONG_TERM)
    assert (await door.refuses(json_request(gone))).error_code == "UnrecognizedClientException"
    stripped = f"AWS {gone}:signature"
    request = Request(method="GET", target="/", headers={"host": "h", "authorization": stripped})
    assert (await door.refuses(request)).error_code == "IncompleteSignatureException"


@pytest.mark.parametrize("mode", ["open", "strict"])
async def test_a_session_is_verified(mode: Mode) -> None:
    """Right signature and token together, and nothing less."""
    door = Door(mode)
    mine, other = door.session(), door.session()
    principal = await door.ask(session_request(mine))
    assert principal.arn == "arn:aws:sts::111111111111:assumed-role/reader/me"
    assert principal.access_key_id == mine.access_key_id
    wrong = json_request(mine.access_key_id, "wrong", mine.session_token)
    assert (await door.refuses(wrong)).error_code == "InvalidSignatureException"
    bare = json_request(mine.access_key_id, mine.secret_access_key)
    assert (await door.refuses(bare)).error_code == "UnrecognizedClientException"
    swapped = json_request(mine.access_key_id, mine.secret_access_key, other.session_token)
    assert (await door.refuses(swapped)).error_code == "UnrecognizedClientException"
    borrowed = json_request("test", mine.secret_access_key, mine.session_token)
    assert (await door.refuses(borrowed)).error_code == "UnrecognizedClientException"
    spoilt = json_request(mine.access_key_id, mine.secret_access_key, mine.session_token[:-4] + "AAAA")
    assert (await door.refuses(spoilt)).error_code == "UnrecognizedClientException"
    assert door.keys.asked == 1, "only the key without a token is looked for"


async def test_a_session_ends() -> None:
    """At its time on the handed-in clock, to the second; its signatures stay of now, though that clock is ahead."""
    door = Door("open")
    door.clock.freeze()
    credentials = door.session(timedelta(minutes=15))
    door.clock.advance(timedelta(minutes=14, seconds=58))
    await door.ask(session_request(credentials))
    door.clock.advance(timedelta(seconds=2))
    assert (await door.refuses(session_request(credentials))).error_code == "ExpiredTokenException"


async def test_a_month_ahead_signatures_are_still_of_now() -> None:
    """`/_pileus/clock` moves Pileus, not the clients' machines."""
    door = Door("strict")
    access_key_id = door.long_term_key()
    door.clock.advance(timedelta(days=35))
    await door.ask(json_request(access_key_id))


async def test_strict_refuses_whoever_it_does_not_know() -> None:
    """Unsigned, unknown, foreign session: none of them gets in."""
    door = Door("strict")
    assert (await door.refuses(json_request("test"))).error_code == "UnrecognizedClientException"
    assert (await door.refuses(json_request("111111111111"))).error_code == "UnrecognizedClientException"
    foreign = json_request("ASIAIOSFODNN7EXAMPLE", SECRET_KEY, "foreign")
    assert (await door.refuses(foreign)).error_code == "UnrecognizedClientException"
    unsigned = with_changes(json_request("test"), headers={"authorization": None})
    assert (await door.refuses(unsigned)).error_code == "MissingAuthenticationTokenException"
    bearer = with_changes(json_request("test"), headers={"authorization": "Bearer x"})
    assert (await door.refuses(bearer)).error_code == "MissingAuthenticationTokenException"


async def test_a_foreign_session_passes_in_open_mode() -> None:
    """A developer who is logged in to the real AWS has `ASIA` keys and a token in the environment."""
    principal = await Door("open").ask(json_request("ASIAIOSFODNN7EXAMPLE", SECRET_KEY, "foreign"))
    assert principal.arn == "arn:aws:iam::000000000000:root"


@pytest.mark.parametrize("service", ["sts", "s3"])
async def test_presigned_urls(service: str) -> None:
    """The query form is verified like the header form, session token included."""
    door = Door("strict")
    mine = door.session()
    request = presigned_request(
        access_key_id=mine.access_key_id,
        secret_access_key=mine.secret_access_key,
        session_token=mine.session_token,
        target="/?Action=GetCallerIdentity&Version=2011-06-15",
        service=service,
    )
    assert (await door.ask(request, service)).user_id == "AROAEXAMPLE:me"
    changed = with_changes(request, target=request.target.replace("GetCallerIdentity", "GetSessionToken"))
    assert (await door.refuses(changed, service)).error_code == "SignatureDoesNotMatch"


async def test_signed_for_another_service() -> None:
    """The signing name differs from the service's where AWS has it so."""
    door = Door("strict")
    access_key_id = door.long_term_key()
    request = json_request(access_key_id)
    refused = await door.refuses(request, "sts")
    assert refused.error_code == "InvalidSignatureException"
    assert refused.message == "Credential should be scoped to correct service: 'sts'. "
    api = signed_request(access_key_id=access_key_id, secret_access_key=SECRET_KEY, service="apigateway")
    await door.ask(api, "apigatewayv2")
    await door.ask(request, None)


JSON = {"X-Amz-Target": "a.B", "Content-Type": "application/x-amz-json-1.0"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
REST = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("service", "headers", "unknown", "wrong", "missing"),
    [
        (
            "dynamodb",
            JSON,
            ("UnrecognizedClientException", 400),
            ("InvalidSignatureException", 400),
            ("MissingAuthenticationTokenException", 400),
        ),
        (
            "lambda",
            REST,
            ("UnrecognizedClientException", 403),
            ("InvalidSignatureException", 403),
            ("MissingAuthenticationTokenException", 403),
        ),
        (
            "iam",
            FORM,
            ("InvalidClientTokenId", 403),
            ("SignatureDoesNotMatch", 403),
            ("MissingAuthenticationToken", 403),
        ),
        ("s3", {}, ("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403), ("AccessDenied", 403)),
    ],
)
async def test_each_protocol_has_its_words(
    service: str,
    headers: dict[str, str],
    unknown: tuple[str, int],
    wrong: tuple[str, int],
    missing: tuple[str, int],
) -> None:
    """SDKs decide by code whether to refresh, to correct their clock, or to give up."""
    door = Door("strict")
    minted = door.long_term_key()

    async def said(access_key_id: str, secret_access_key: str, **changes: str | None) -> tuple[str, int]:
        request = signed_request(
            access_key_id=access_key_id, secret_access_key=secret_access_key, headers=headers, service=service
        )
        refused = await door.refuses(with_changes(request, headers=changes), service)
        assert isinstance(refused, AnyServiceError)
        return refused.error_code, refused.http_status

    assert await said("test", SECRET_KEY) == unknown
    assert await said(minted, "wrong") == wrong
    if service != "s3":  # which lets nobody in particular in, and asks the bucket
        assert await said(minted, SECRET_KEY, authorization=None) == missing


async def test_nobody_in_particular_is_let_through_to_s3_alone() -> None:
    """What a bucket lets everybody do needs no key; elsewhere, and with half a signature, there is no way in."""
    door = Door("strict")
    unsigned = with_changes(signed_request(access_key_id="x", secret_access_key="y"), headers={"authorization": None})
    assert await door.ask(unsigned, "s3") == NOBODY
    assert not NOBODY.account_id
    assert (await door.refuses(unsigned, "dynamodb")).error_code.startswith("MissingAuthenticationToken")
    basic = with_changes(unsigned, headers={"authorization": "Basic eDp5"})
    assert (await door.refuses(basic, "s3")).error_code


async def test_a_late_request_says_how_late() -> None:
    """botocore and the JavaScript SDK read the clock's difference from code and message."""
    door = Door("strict")
    access_key_id = door.long_term_key()
    request = json_request(access_key_id)
    signed_s = seconds(request.headers["x-amz-date"])
    late = Authenticator(
        mode="strict", keys=door.keys, sealer=door.sealer, clock=door.clock, machine_s=lambda: signed_s + 901
    )
    with pytest.raises(ServiceError) as caught:
        await late.authenticate(request, body=b"{}", service="dynamodb")
    assert caught.value.error_code == "InvalidSignatureException"
    assert caught.value.message.startswith("Signature expired: ")


def test_authentication_does_not_suspend() -> None:
    """The front door steps a handler once and writes its answer: one suspension costs a task."""
    door = Door("strict")
    for request in (json_request(door.long_term_key()), session_request(door.session())):
        coroutine = door.authenticator.authenticate(request, body=b"{}", service="dynamodb")
        with pytest.raises(StopIteration):
            coroutine.send(None)


def test_prefixes() -> None:
    """Long-term and temporary keys are told apart by everybody."""
    assert (LONG_TERM, TEMPORARY) == ("AKIA", "ASIA")


class NeverRead:
    """A body that must not be read."""

    size_bytes: int | None = 60_000_000

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("it was read")

    async def make_room(self, size_bytes: int) -> None:
        raise AssertionError("it was to be read")


async def test_a_precheck_believes_as_far_as_headers_go() -> None:
    """A stranger is refused before the body is read; in open mode an unknown key is nobody's business."""
    door = Door("strict")
    minted, session = door.long_term_key(), door.session()

    async def said(request: Request, service: str | None = "dynamodb") -> str:
        request.body = NeverRead()
        try:
            await door.authenticator.precheck(request, service=service)
        except ServiceError as error:
            return error.error_code
        return ""

    good = json_request(minted)
    assert await said(good) == ""
    assert await said(session_request(session)) == ""
    assert await said(json_request(minted, "wrong")) == "", "only the body's hash tells"
    assert await said(good, None) == ""
    assert await said(good, "sts") == "InvalidSignatureException"
    assert await said(json_request("AKIAUNKNOWN")) == "UnrecognizedClientException"
    assert await said(with_changes(json_request(minted), headers={"authorization": None})) == (
        "MissingAuthenticationTokenException"
    )
    late = with_changes(json_request(minted), headers={"x-amz-date": "20200101T000000Z"})
    assert await said(late) == "InvalidSignatureException"
    door.clock.advance(timedelta(hours=2))
    assert await said(session_request(session)) == "ExpiredTokenException"
    door = Door("open")
    assert await said(json_request("test")) == ""
    assert await said(with_changes(json_request("test"), headers={"authorization": None})) == ""
