"""Who becomes a role because an issuer vouches for them?"""

import asyncio
import base64
import hmac
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.sts import shapes
from pileus.services.sts.federation.fetching import Unreachable, Untrusted
from pileus.services.sts.federation.issuer_keys import KeysOfIssuers
from tests.unit.sts.issuers import ISSUER, KEYS_AT, Issuer, new_key
from tests.unit.sts.sts import ACCOUNT, READER, Oidc, Role, Sts, facts_of, trusting

URL = ISSUER.removeprefix("https://")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{URL}"
ACTION = "sts:AssumeRoleWithWebIdentity"


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    """Its key takes a moment to make."""
    return Issuer()


def federated(actions: Sequence[str] = (ACTION,), **more: object) -> Role:
    return trusting({"Federated": PROVIDER}, list(actions), **more)


class Door:
    """STS with one registered issuer."""

    def __init__(self, issuer: Issuer, role: Role | None = None) -> None:
        self.issuer = issuer
        self.sts = Sts(role or federated())
        self.sts.kept.oidc[PROVIDER] = Oidc(url=URL)
        self.sts.documents = issuer.documents

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good ones; None takes a claim away."""
        now_s = int(self.sts.clock.timestamp())
        claims = {"iss": ISSUER, "sub": "ada@example.com", "aud": "app", "iat": now_s, "exp": now_s + 600, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, **changes: Any) -> str:
        return self.issuer.token(self.claims(**changes))

    async def assume(self, token: str, **more: Any) -> shapes.AssumeRoleWithWebIdentityResponse:
        request = shapes.AssumeRoleWithWebIdentityRequest(
            **{"role_arn": READER, "role_session_name": "me", "web_identity_token": token, **more}
        )
        return await self.sts.api.assume_role_with_web_identity(self.sts.context, request)

    async def refuses(self, token: str, **more: Any) -> tuple[str, str]:
        with pytest.raises(ServiceError) as caught:
            await self.assume(token, **more)
        # Clients hear no reason; the log of decisions does.
        assert (caught.value.denial is not None) is (caught.value.error_code == "AccessDenied")
        return caught.value.error_code, caught.value.message


async def test_a_web_identity_becomes_a_role(issuer: Issuer) -> None:
    """With AWS's fields; the session says who vouched, and keeps the subject for policies."""
    door = Door(issuer)
    answer = await door.assume(door.token())
    assert answer.subject_from_web_identity_token == "ada@example.com"
    assert answer.audience == "app"
    assert answer.provider == PROVIDER
    assert answer.assumed_role_user == shapes.AssumedRoleUser(
        assumed_role_id="AROAREADER:me", arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    )
    assert (answer.packed_policy_size, answer.source_identity) == (None, None)
    assert door.sts.lasts(answer.credentials) == 3_600
    facts = facts_of(door.sts.opened(answer.credentials))
    assert (facts.kind, facts.role_arn, facts.federated_provider) == ("assumed_role", READER, PROVIDER)
    assert facts.context == {f"{URL}:sub": "ada@example.com", f"{URL}:aud": "app"}


@pytest.mark.parametrize(
    ("kind", "alg"),
    [("RSA", "RS256"), ("RSA", "RS384"), ("RSA", "RS512"), ("RSA", "PS256"), ("RSA", "PS384"), ("RSA", "PS512"),
     ("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")],
)  # fmt: skip
async def test_algorithms(issuer: Issuer, kind: str, alg: str) -> None:
    """Every asymmetric one that issuers use."""
    door = Door(issuer if kind == "RSA" else Issuer(kind=kind))
    await door.assume(door.issuer.token(door.claims(), alg=alg))


async def test_forged_tokens(issuer: Issuer) -> None:
    """Signed by another key, by nobody, by the public key as a secret, changed on the way, of an unknown key."""
    door = Door(issuer)
    good = door.token()
    header, payload, signature = good.split(".")
    elsewhere = base64.urlsafe_b64encode(json.dumps(door.claims(sub="eve@example.com")).encode()).decode().rstrip("=")
    nobody = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').decode().rstrip("=")
    symmetric = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k1"}').decode().rstrip("=")
    mac = hmac.digest(issuer.key.as_pem(private=False), f"{symmetric}.{payload}".encode(), "sha256")
    for forged in (
        issuer.token(door.claims(), key=new_key()),
        f"{header}.{elsewhere}.{signature}",
        f"{nobody}.{payload}.",
        f"{nobody}.{payload}.{signature}",
        f"{symmetric}.{payload}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}.",
        issuer.token(door.claims(), kid="k2"),
    ):
        assert (await door.refuses(forged))[0] == "InvalidIdentityToken"
    await door.assume(good)


@pytest.mark.parametrize("text", ["opaque", "a.b", "a.b.c", "....", "e30.W10.e30", "é.é.é.é"])
async def test_what_is_no_token(issuer: Issuer, text: str) -> None:
    """AWS's own words, since people paste them into search engines."""
    assert await Door(issuer).refuses(text) == (
        "InvalidIdentityToken",
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    )


async def test_times(issuer: Issuer) -> None:
    """Expired at the second it says; issuers may be a few minutes ahead, no more."""
    door = Door(issuer)
    now_s = int(door.sts.clock.timestamp())
    code, message = await door.refuses(door.token(exp=now_s))
    assert code == "ExpiredTokenException"
    assert message == f"Token expired: current date/time {now_s} must be before the expiration date/time {now_s}"
    await door.assume(door.token(exp=now_s + 2))
    await door.assume(door.token(nbf=now_s + 200, iat=now_s + 200))
    for wrong in ({"nbf": now_s + 400}, {"iat": now_s + 400}, {"exp": "soon"}, {"exp": True}):
        assert (await door.refuses(door.token(**wrong)))[0] == "InvalidIdentityToken"


@pytest.mark.parametrize("claim", ["sub", "aud", "exp", "iat"])
async def test_required_claims(issuer: Issuer, claim: str) -> None:
    """Without them nobody is anybody."""
    door = Door(issuer)
    code, message = await door.refuses(door.token(**{claim: None}))
    assert (code, message) == ("InvalidIdentityToken", f"Missing a required claim: {claim}")


async def test_issuers(issuer: Issuer) -> None:
    """Only those that the role's account knows, by exactly their URL."""
    door = Door(issuer)
    for wrong in ("https://other.example.com", f"http://{URL}", URL, f"{ISSUER}/", ""):
        code, message = await door.refuses(door.token(iss=wrong))
        assert code == "InvalidIdentityToken"
        if wrong:
            assert message == f"No OpenIDConnect provider found in your account for {wrong}"
    other = "arn:aws:iam::222222222222:role/reader"
    assert "No OpenIDConnect provider" in (await door.refuses(door.token(), role_arn=other))[1]
    assert door.sts.fetched == [], "nobody makes us call an address that was not registered"


@pytest.mark.parametrize(
    ("claims", "audience"),
    [
        ({"aud": "app"}, "app"),
        ({"aud": ["app"]}, "app"),
        ({"aud": ["x", "y"], "azp": "app"}, "app"),
        ({"aud": "x", "azp": "app"}, "app"),
        ({"aud": "app", "azp": "x"}, None),
        ({"aud": ["app", "y"]}, None),
        ({"aud": "x"}, None),
        ({"aud": 7}, None),
    ],
)
async def test_audiences(issuer: Issuer, claims: dict[str, Any], audience: str | None) -> None:
    """`azp` when it is there, else the one `aud`; it must be a client of the provider."""
    door = Door(issuer)
    token = door.token(**claims)
    if audience is None:
        assert await door.refuses(token) == ("InvalidIdentityToken", "Incorrect token audience")
    else:
        assert (await door.assume(token)).audience == audience


async def test_trust_is_asked_with_the_claims(issuer: Issuer) -> None:
    """As every guide to GitHub Actions has it; and not without a role, nor for another's provider."""
    like = {"StringEquals": {f"{URL}:aud": "app"}, "StringLike": {f"{URL}:sub": "*@example.com"}}
    door = Door(issuer, federated(Condition=like))
    await door.assume(door.token())
    denied = ("AccessDenied", f"Not authorized to perform {ACTION}")
    assert await door.refuses(door.token(sub="ada@elsewhere.com")) == denied
    assert await door.refuses(door.token(), role_arn=READER + "2") == denied
    with pytest.raises(ServiceError) as caught:
        await door.assume(door.token(sub="ada@elsewhere.com"))
    assert caught.value.denial is not None
    assert caught.value.denial.near_misses == (
        f"statement 1 of role's trust policy {READER}: StringLike {URL}:sub *@example.com does not hold; "
        "the request has ada@elsewhere.com",
    )
    for role in (trusting({"AWS": ACCOUNT}, ACTION), federated(["sts:AssumeRole"])):
        assert await Door(issuer, role).refuses(door.token()) == denied
    amr = Door(issuer, federated(Condition={"ForAnyValue:StringEquals": {f"{URL}:amr": "mfa"}}))
    await amr.assume(amr.token(amr=["pwd", "mfa"]))
    assert await amr.refuses(amr.token(amr=["pwd"])) == denied


async def test_what_the_token_brings(issuer: Issuer) -> None:
    """Session tags and a source identity, nested or flattened; each needs its permission."""
    tags = "https://aws.amazon.com/tags"
    nested = {tags: {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]}}
    flattened = {f"{tags}/principal_tags/team": "blue", f"{tags}/transitive_tag_keys": ["team"]}
    named = {"https://aws.amazon.com/source_identity": "ada"}
    all_of_them = Door(issuer, federated([ACTION, "sts:TagSession", "sts:SetSourceIdentity"]))
    for claims in (nested, flattened):
        answer = await all_of_them.assume(all_of_them.token(**claims, **named))
        facts = facts_of(all_of_them.sts.opened(answer.credentials))
        assert (facts.tags, facts.transitive_tag_keys, facts.source_identity) == ({"team": "blue"}, ("team",), "ada")
        assert answer.source_identity == "ada"
        assert answer.packed_policy_size
    door = Door(issuer)
    assert (await door.refuses(door.token(**nested)))[1] == "Not authorized to perform sts:TagSession"
    assert (await door.refuses(door.token(**named)))[1] == "Not authorized to perform sts:SetSourceIdentity"
    malformed: Sequence[object] = (7, {"principal_tags": {"a": ["b", "c"]}}, {"principal_tags": []})
    for value in malformed:
        assert (await door.refuses(door.token(**{tags: value})))[0] == "InvalidIdentityToken"


async def test_durations_and_policies(issuer: Issuer) -> None:
    """As of AssumeRole."""
    door = Door(issuer)
    assert (await door.refuses(door.token(), duration_seconds=7_201))[0] == "ValidationError"
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    answer = await door.assume(door.token(), duration_seconds=7_200, policy=policy)
    assert door.sts.lasts(answer.credentials) == 7_200
    assert facts_of(door.sts.opened(answer.credentials)).session_policies == (policy,)
    with pytest.raises(NotImplementedByPileus):
        await door.assume(door.token(), provider_id="www.amazon.com")


async def test_managed_policies_are_of_the_partition(issuer: Issuer) -> None:
    """In China those of China; the policies of another partition are nobody's."""
    reader = READER.replace("arn:aws:", "arn:aws-cn:")
    trusted = PROVIDER.replace("arn:aws:", "arn:aws-cn:")
    door = Door(issuer, replace(trusting({"Federated": trusted}, ACTION), arn=reader))
    door.sts.region = "cn-north-1"
    door.sts.kept.oidc[trusted] = Oidc(url=URL)
    ours, other = (f"arn:{partition}:iam::aws:policy/ReadOnlyAccess" for partition in ("aws-cn", "aws"))
    answer = await door.assume(door.token(), role_arn=reader, policy_arns=[shapes.PolicyDescriptorType(arn=ours)])
    assert facts_of(door.sts.opened(answer.credentials)).session_policy_arns == (ours,)
    refusal = await door.refuses(door.token(), role_arn=reader, policy_arns=[shapes.PolicyDescriptorType(arn=other)])
    assert refusal == ("ValidationError", f"ARN {other} is not valid.")


async def test_issuers_that_everybody_knows() -> None:
    """Google needs no provider in the account; its name is what trust policies say."""
    google = Issuer("https://accounts.google.com")
    door = Door(google, trusting({"Federated": "accounts.google.com"}, ACTION))
    answer = await door.assume(door.token(iss=google.url, azp="web-client"))
    assert answer.provider == "accounts.google.com"
    context = facts_of(door.sts.opened(answer.credentials)).context
    assert context["accounts.google.com:aud"] == "web-client"
    assert context["accounts.google.com:oaud"] == "app"


async def test_keys_are_remembered_and_rotated(issuer: Issuer) -> None:
    """One fetch serves an hour; an unknown key id has them fetched again, though not at every request."""
    door = Door(issuer)
    for _ in range(3):
        await door.assume(door.token())
    assert len(door.sts.fetched) == 2, "the discovery document and the keys"
    assert (await door.refuses(issuer.token(door.claims(), kid="k2")))[0] == "InvalidIdentityToken"
    assert len(door.sts.fetched) == 2
    door.sts.clock.advance(timedelta(hours=1))
    await door.assume(door.token())
    assert len(door.sts.fetched) == 4


class _Later(MovableClock):
    """The machine's time is what the test says."""

    machine_s = 0.0

    def monotonic(self) -> float:
        return self.machine_s


async def test_slow_issuers_stop_nobody_else() -> None:
    """Anybody may make us ask: the threads that all share stay free, and those who are too many need not wait."""
    go_on = threading.Event()
    asked = []

    def fetch(url: str, thumbprints: Sequence[str]) -> bytes:
        asked.append(url)
        go_on.wait()
        raise Unreachable("at last")

    keys = KeysOfIssuers(clock=MovableClock(), fetch=fetch)
    tasks = [
        asyncio.create_task(keys.find(f"https://idp.example.com/{number}", thumbprints=(), key_id=None))
        for number in range(16)
    ]
    try:
        await asyncio.wait_for(asyncio.to_thread(lambda: None), 5)
        with pytest.raises(ServiceError) as caught:
            await asyncio.wait_for(keys.find("https://idp.example.com/17", thumbprints=(), key_id=None), 5)
        assert caught.value.error_code == "IDPCommunicationError"
        assert not any(task.done() for task in tasks)
        assert len(asked) <= 4
    finally:
        go_on.set()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_rotated_keys_are_found_after_a_minute() -> None:
    """Without waiting for the hour."""

    clock, rotating = _Later(), Issuer()
    documents = dict(rotating.documents)
    keys = KeysOfIssuers(clock=clock, fetch=lambda url, thumbprints: documents[url])
    await keys.find(ISSUER, thumbprints=(), key_id="k1")
    rotating.key = new_key(key_id="k2")
    documents.update(rotating.documents)
    for machine_s, kid in ((59.0, "k1"), (60.0, "k2")):
        clock.machine_s = machine_s
        found = await keys.find(ISSUER, thumbprints=(), key_id="k2")
        assert [key["kid"] for key in found.keys] == [kid]


async def test_those_who_ask_together_wait_for_one_fetch(issuer: Issuer) -> None:
    """A hundred functions that start at once are one visit to the issuer; who gives up leaves the others waiting."""
    door = Door(issuer)
    tasks = [asyncio.create_task(door.assume(door.token())) for _ in range(10)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(answer, asyncio.CancelledError) for answer in answers) == 1
    assert sum(isinstance(answer, shapes.AssumeRoleWithWebIdentityResponse) for answer in answers) == 9
    assert len(door.sts.fetched) == 2


@pytest.mark.parametrize(
    "discovery",
    [
        None,
        b"<html>",
        b'{"jwks_uri":"http://keys.example.com"}',
        b'{"jwks_uri":"http://127.0.0.1/"}',
        b'{"jwks_uri":"file:///etc/passwd"}',
    ],
)
async def test_issuers_without_keys(issuer: Issuer, discovery: bytes | None) -> None:
    """No document, no JSON, or keys at an address that is not asked."""
    door = Door(issuer)
    door.sts.documents = {} if discovery is None else {f"{ISSUER}/.well-known/openid-configuration": discovery}
    code, message = await door.refuses(door.token())
    assert code == "InvalidIdentityToken"
    assert message.startswith("Couldn't retrieve verification key from your identity provider")


@pytest.mark.parametrize("keys", [b"", b"{}", b'{"keys":{}}', b'{"keys":[]}', b'{"keys":[{"kid":"k1"}]}',
                                  b'{"keys":[{"kid":"k1","kty":"RSA","n":"!","e":"AQAB"}]}',
                                  b'{"keys":[{"kid":"k1","kty":"oct","k":"AAAA"}]}'])  # fmt: skip
async def test_keys_that_are_none(issuer: Issuer, keys: bytes) -> None:
    """An issuer's mistake is no internal error of ours."""
    door = Door(issuer)
    door.sts.documents = {**issuer.documents, KEYS_AT: keys}
    assert (await door.refuses(door.token()))[0] == "InvalidIdentityToken"


@pytest.mark.parametrize(
    ("failure", "code"), [(Unreachable("down"), "IDPCommunicationError"), (Untrusted("who?"), "InvalidIdentityToken")]
)
async def test_issuers_that_do_not_answer(issuer: Issuer, failure: Exception, code: str) -> None:
    """SDKs try again on the one, not on the other; for ten seconds they hear the same, then the issuer is asked."""
    clock = _Later()
    documents: dict[str, bytes | Exception] = {f"{ISSUER}/.well-known/openid-configuration": failure}

    def fetch(url: str, thumbprints: Sequence[str]) -> bytes:
        found = documents[url]
        if isinstance(found, Exception):
            raise found
        return found

    keys = KeysOfIssuers(clock=clock, fetch=fetch)
    for machine_s in (0.0, 9.9):
        clock.machine_s = machine_s
        with pytest.raises(ServiceError) as caught:
            await keys.find(ISSUER, thumbprints=(), key_id=None)
        assert caught.value.error_code == code
        documents.update(issuer.documents)
    clock.machine_s = 10.0
    assert len((await keys.find(ISSUER, thumbprints=(), key_id=None)).keys) == 1


async def test_our_own_issuers_need_no_network(issuer: Issuer) -> None:
    """A user pool of this Pileus is asked in the process, each time, and dates its tokens by Pileus's clock."""

    class Ours:
        async def jwks(self, url: str) -> bytes | None:
            return issuer.jwks if url == ISSUER else None

    def fetch(url: str, thumbprints: Sequence[str]) -> bytes:
        raise AssertionError(url)

    found = await KeysOfIssuers(clock=MovableClock(), local=Ours(), fetch=fetch).find(
        ISSUER, thumbprints=(), key_id="k1"
    )
    assert found.local
    assert len(found.keys) == 1
