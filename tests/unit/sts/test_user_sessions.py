"""What sessions may users begin without a role, and what do keys and messages tell?"""

from datetime import timedelta

import msgspec
import pytest

from pileus.kernel.auth.authorization_message import Refusal
from pileus.kernel.auth.credentials import SigningKey
from pileus.kernel.auth.key_ids import LONG_TERM, KeyIds
from pileus.kernel.auth.principals import root_of
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SeededIds
from pileus.services.sts import shapes
from tests.unit.sts.sts import ACCOUNT, ADA, CODE, DEVICE, SECRET, Sts, asking, facts_of

DENY_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


async def session_token(sts: Sts, **parameters: object) -> shapes.GetSessionTokenResponse:
    request = msgspec.convert(parameters, shapes.GetSessionTokenRequest)
    return await sts.api.get_session_token(sts.context, request)


async def federation_token(sts: Sts, **parameters: object) -> shapes.GetFederationTokenResponse:
    request = msgspec.convert({"Name": "bob", **parameters}, shapes.GetFederationTokenRequest)
    return await sts.api.get_federation_token(sts.context, request)


async def test_a_user_begins_a_session_of_itself() -> None:
    """For twelve hours; it is the user, whose policies apply, and says that no device was shown."""
    sts = Sts(asked_by=ADA)
    answer = await session_token(sts)
    assert sts.lasts(answer.credentials) == 12 * 3_600
    principal = sts.opened(answer.credentials)
    assert (principal.arn, principal.user_id) == (ADA.arn, ADA.user_id)
    assert facts_of(principal).kind == "session_token"
    assert facts_of(principal).user_arn == ADA.arn
    assert facts_of(principal).mfa_at is None
    assert answer.session_token_size is None


async def test_a_device_proves_itself() -> None:
    """The session bears when; a wrong code begins none."""
    sts = Sts(asked_by=ADA)
    answer = await session_token(sts, SerialNumber=DEVICE, TokenCode=CODE, DurationSeconds=129_600)
    assert sts.lasts(answer.credentials) == 129_600
    proven_at = facts_of(sts.opened(answer.credentials)).mfa_at
    assert proven_at is not None
    assert proven_at.timestamp() == int(sts.clock.timestamp())
    with pytest.raises(ServiceError, match="MultiFactorAuthentication failed"):
        await session_token(sts, SerialNumber=DEVICE, TokenCode="999999")


@pytest.mark.parametrize("begin", [session_token, federation_token])
async def test_sessions_do_not_begin_sessions(begin: object) -> None:
    """In AWS's words; neither of a role nor of a user."""
    for kind in ("role", "user"):
        sts = Sts(asked_by=ADA)
        answer = await (sts.assume(asking()) if kind == "role" else session_token(sts))
        sts.principal = sts.opened(answer.credentials)
        assert callable(begin)
        with pytest.raises(ServiceError, match=r"Cannot call Get\w+Token with session credentials") as caught:
            await begin(sts)
        assert (caught.value.error_code, caught.value.status) == ("AccessDenied", 403)


async def test_a_root_has_an_hour() -> None:
    """Whatever it asks for (API_GetSessionToken, API_GetFederationToken)."""
    for duration, seconds in ((900, 900), (3_600, 3_600), (7_200, 3_600), (None, 3_600)):
        parameters = {} if duration is None else {"DurationSeconds": duration}
        sts = Sts(asked_by=root_of(ACCOUNT))
        assert sts.lasts((await session_token(sts, **parameters)).credentials) == seconds
        assert sts.lasts((await federation_token(sts, **parameters)).credentials) == seconds


async def test_a_user_lets_somebody_in_by_name() -> None:
    """Recordings: TestSTSIntegrations::test_get_federation_token; without a policy the packed size is 0."""
    sts = Sts(asked_by=ADA)
    answer = await federation_token(sts)
    assert answer.federated_user == shapes.FederatedUser(
        federated_user_id=f"{ACCOUNT}:bob", arn=f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    )
    assert answer.packed_policy_size == 0
    assert sts.lasts(answer.credentials) == 12 * 3_600
    principal = sts.opened(answer.credentials)
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    assert principal.user_id == f"{ACCOUNT}:bob"
    assert facts_of(principal).kind == "federated_user"
    assert facts_of(principal).user_arn == ADA.arn
    assert facts_of(principal).issuer_id == ADA.user_id
    sts.principal = principal
    assert (await sts.refuses(asking())).error_code == "AccessDenied", "it may call nothing but GetCallerIdentity"


async def test_what_narrows_a_federated_user_travels_in_the_token() -> None:
    """Policies, managed policies and tags."""
    sts = Sts(asked_by=ADA)
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    answer = await federation_token(
        sts, Policy=DENY_ALL, PolicyArns=[{"arn": arn}], Tags=[{"Key": "team", "Value": "blue"}], DurationSeconds=900
    )
    facts = facts_of(sts.opened(answer.credentials))
    assert (facts.session_policies, facts.session_policy_arns) == ((DENY_ALL,), (arn,))
    assert facts.tags == {"team": "blue"}
    assert answer.packed_policy_size
    with pytest.raises(ServiceError) as caught:
        await federation_token(sts, Policy="{}")
    assert caught.value.error_code == "MalformedPolicyDocument"


async def test_whoever_was_deleted_has_no_identity() -> None:
    """GetCallerIdentity asks for no permission, yet a session that outlived its user is nobody's."""
    sts = Sts(asked_by=ADA)
    sts.principal = sts.opened((await session_token(sts)).credentials)
    request = shapes.GetCallerIdentityRequest()
    assert (await sts.api.get_caller_identity(sts.context, request)).arn == ADA.arn
    sts.kept.gone.add(ADA.user_id)
    with pytest.raises(ServiceError) as caught:
        await sts.api.get_caller_identity(sts.context, request)
    assert (caught.value.error_code, caught.value.status) == ("InvalidClientTokenId", 403)


async def account_of(sts: Sts, access_key_id: str) -> str | None:
    request = shapes.GetAccessKeyInfoRequest(access_key_id=access_key_id)
    return (await sts.api.get_access_key_info(sts.context, request)).account


async def test_keys_tell_their_account() -> None:
    """A session's by itself, a user's by the directory; an unknown one acts as a root in open mode only."""
    sts, strict = Sts(), Sts(open_mode=False)
    credentials = (await sts.assume(asking())).credentials
    assert credentials is not None
    sts.clock.advance(timedelta(days=2))
    minted = KeyIds(SECRET, SeededIds(1)).mint(LONG_TERM)
    for one in (sts, strict):
        one.kept.keys[minted] = SigningKey(secret_access_key="s", principal=ADA)
        assert await account_of(one, credentials.access_key_id) == ACCOUNT
        assert await account_of(one, minted) == ACCOUNT
    assert await account_of(sts, "AKIAIOSFODNN7EXAMPLE") == "000000000000"
    deleted = KeyIds(SECRET, SeededIds(2)).mint(LONG_TERM)
    for one, access_key_id in ((sts, deleted), (strict, deleted), (strict, "AKIAIOSFODNN7EXAMPLE")):
        with pytest.raises(ServiceError) as caught:
            await account_of(one, access_key_id)
        assert caught.value.error_code == "InvalidClientTokenId"


async def test_messages_are_decoded_for_their_account() -> None:
    """Another account's, and what is none, are refused alike."""
    sts = Sts()
    refusal = Refusal(principal=ADA, action="ec2:StopInstances", resource="*", explicit_deny=False)
    message = sts.messages.encode(refusal, account_id=ACCOUNT)
    request = shapes.DecodeAuthorizationMessageRequest(encoded_message=message)
    decoded = (await sts.api.decode_authorization_message(sts.context, request)).decoded_message
    assert decoded is not None
    assert msgspec.json.decode(decoded)["context"]["action"] == "ec2:StopInstances"
    sts.principal = root_of("222222222222")
    for wrong in (request, shapes.DecodeAuthorizationMessageRequest(encoded_message="nonsense")):
        with pytest.raises(ServiceError) as caught:
            await sts.api.decode_authorization_message(sts.context, wrong)
        assert caught.value.error_code == "InvalidAuthorizationMessageException"
