"""Does STS tell who one is, and hand out sessions to whom a role trusts?"""

from datetime import timedelta

import msgspec
import pytest

from pileus.kernel.auth.principals import root_of
from pileus.kernel.context import Principal
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import SeededIds
from pileus.services.sts import shapes
from pileus.services.sts.issuer import RoleCredentialIssuer
from tests.unit.sts.sts import ACCOUNT, ADA, CODE, DEVICE, READER, Role, Sts, asking, facts_of, trusting

ALL = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
WRITER = f"arn:aws:iam::{ACCOUNT}:role/writer"
DENY_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


async def test_the_caller_is_told_who_it_is() -> None:
    """The three things of the principal."""
    sts = Sts()
    answer = await sts.api.get_caller_identity(sts.context, shapes.GetCallerIdentityRequest())
    assert (answer.account, answer.user_id, answer.arn) == (ACCOUNT, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


async def test_a_role_is_assumed() -> None:
    """The answer has AWS's fields (recordings: TestSTSIntegrations::test_assume_role); the role's path is left out."""
    sts = Sts()
    answer = await sts.assume(asking())
    assert answer.assumed_role_user == shapes.AssumedRoleUser(
        assumed_role_id="AROAREADER:me", arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    )
    assert (answer.packed_policy_size, answer.source_identity, answer.session_token_size) == (None, None, None)
    principal = sts.opened(answer.credentials)
    assert principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    assert principal.user_id == "AROAREADER:me"
    assert facts_of(principal).kind == "assumed_role"
    assert facts_of(principal).role_arn == READER
    assert facts_of(principal).issued_at.timestamp() == int(sts.clock.timestamp())
    assert sts.lasts(answer.credentials) == 3_600


async def test_unknown_and_untrusting_roles_are_refused_alike() -> None:
    """Else anybody could list another account's roles."""
    for sts, arn in ((Sts(), READER + "2"), (Sts(trusting({"AWS": "222222222222"})), READER)):
        refused = await sts.refuses(asking(arn))
        assert refused.error_code == "AccessDenied"
        assert refused.status == 403
        assert refused.message == (
            f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )


@pytest.mark.parametrize(
    "role_arn",
    ["nothing-valid-in-here", "arn::b:::something/test-role", "arn:a::::something/test-role",
     "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:"],
)  # fmt: skip
async def test_malformed_arns(role_arn: str) -> None:
    """Recordings: TestSTSIntegrations::test_sts_invalid_parameters."""
    refused = await Sts().refuses(asking(role_arn))
    assert (refused.error_code, refused.message) == ("ValidationError", f"{role_arn} is invalid")


async def test_durations() -> None:
    """Up to what the role allows; an hour for whoever is a role already (API_AssumeRole)."""
    session = Principal(
        account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/other/me", user_id="AROAOTHER:me", minted=True
    )
    for asked_by, duration_seconds, allowed in (
        (None, 900, True),
        (None, 7_200, True),
        (None, 7_201, False),
        (session, 3_600, True),
        (session, 3_601, False),
    ):
        sts = Sts(asked_by=asked_by)
        if allowed:
            answer = await sts.assume(asking(duration_seconds=duration_seconds))
            assert sts.lasts(answer.credentials) == duration_seconds
        else:
            assert (await sts.refuses(asking(duration_seconds=duration_seconds))).error_code == "ValidationError"


async def test_a_minted_root_may_not_assume_roles() -> None:
    """As on AWS; in open mode "root" is whoever has no minted key."""
    root = msgspec.structs.replace(root_of(ACCOUNT), minted=True)
    refused = await Sts(asked_by=root).refuses(asking())
    assert (refused.error_code, refused.message) == ("AccessDenied", "Roles may not be assumed by root accounts.")


async def test_external_ids() -> None:
    """The confused deputy is kept out: without the id nobody gets in, nor with another."""
    sts = Sts(trusting({"AWS": ACCOUNT}, Condition={"StringEquals": {"sts:ExternalId": "42"}}))
    await sts.assume(asking(external_id="42"))
    for external_id in (None, "43"):
        assert (await sts.refuses(asking(external_id=external_id))).error_code == "AccessDenied"


async def test_session_policies_travel_in_the_token() -> None:
    """Whoever enforces them finds them there; what is no policy is refused, and too long a one."""
    sts = Sts()
    answer = await sts.assume(asking(policy=DENY_ALL))
    assert facts_of(sts.opened(answer.credentials)).session_policies == (DENY_ALL,)
    assert answer.packed_policy_size is not None
    assert 0 < answer.packed_policy_size <= 10
    for malformed in ("{", "[]", '"x"', "[" * 2_000, DENY_ALL.replace('"*"', '"x"'), DENY_ALL.replace("Deny", "Maybe")):
        assert (await sts.refuses(asking(policy=malformed))).error_code == "MalformedPolicyDocument"
    too_large = await sts.refuses(asking(policy=DENY_ALL + " " * 2_048))
    assert too_large.error_code == "PackedPolicyTooLarge"
    assert too_large.message.startswith("Packed policy consumes ")


async def test_managed_policies_narrow_a_session_too() -> None:
    """Up to ten, of AWS or of the role's account; each once (API_AssumeRole, PolicyArns)."""
    sts = Sts()
    arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess", f"arn:aws:iam::{ACCOUNT}:policy/team/mine"]
    answer = await sts.assume(asking(policy_arns=[*arns, arns[0]]))
    assert facts_of(sts.opened(answer.credentials)).session_policy_arns == tuple(arns)
    assert answer.packed_policy_size
    for wrong in (
        "arn:aws:iam::222222222222:policy/theirs",
        "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess",
        f"arn:aws:iam::{ACCOUNT}:role/reader",
        "x" * 20,
    ):
        assert (await sts.refuses(asking(policy_arns=[wrong]))).error_code == "ValidationError"
    many = [f"arn:aws:iam::aws:policy/P{number}" for number in range(11)]
    await sts.assume(asking(policy_arns=many[:10]))
    assert (await sts.refuses(asking(policy_arns=many))).error_code == "ValidationError"


async def test_tags() -> None:
    """They need `sts:TagSession` too; recordings: TestSTSAssumeRoleTagging::test_assume_role_tag_validation."""
    assert "sts:TagSession" in (await Sts().refuses(asking(tags={"team": "blue"}))).message
    sts = Sts(trusting({"AWS": ACCOUNT}, ALL))
    answer = await sts.assume(asking(tags={"team": "blue"}))
    assert facts_of(sts.opened(answer.credentials)).tags == {"team": "blue"}
    twice = await sts.refuses(asking(tags={"team": "blue", "TEAM": "red"}))
    assert twice.message == "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    absent = await sts.refuses(asking(tags={"team": "blue"}, transitive=["other"]))
    assert absent.message == "The specified transitive tag key must be included in the requested tags."
    assert absent.error_code == twice.error_code == "InvalidParameterValue"
    for malformed in ({"a*": "b"}, {"a": "b<"}):
        assert (await sts.refuses(asking(tags=malformed))).error_code == "ValidationError"


async def test_transitive_tags_pass_on() -> None:
    """And on, and are not overridden, in any case (recordings: test_iam_role_chaining_override_transitive_tags)."""
    sts = Sts(trusting({"AWS": ACCOUNT}, ALL))
    sts.add(Role(arn=WRITER, name="writer", trust_policy=trusting({"AWS": ACCOUNT}, ALL).trust_policy))
    await sts.becomes(asking(tags={"Team": "blue", "room": "1"}, transitive=["team"]))
    for key in ("Team", "TEAM"):
        refused = await sts.refuses(asking(WRITER, tags={key: "red"}))
        assert refused.error_code == "InvalidParameterValue"
        assert refused.message == (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    facts = facts_of(await sts.becomes(asking(WRITER, tags={"room": "2"}, transitive=["room"])))
    assert facts.tags == {"Team": "blue", "room": "2"}
    assert set(facts.transitive_tag_keys) == {"Team", "room"}
    facts = facts_of(await sts.becomes(asking()))
    assert facts.tags == {"Team": "blue", "room": "2"}, "those that are inherited are passed on again"


async def test_inherited_tags_need_permission_to_tag() -> None:
    """A role that does not trust with `sts:TagSession` is not assumed from a session with transitive tags."""
    sts = Sts(trusting({"AWS": ACCOUNT}, ALL))
    sts.add(Role(arn=WRITER, name="writer", trust_policy=trusting({"AWS": ACCOUNT}).trust_policy))
    await sts.becomes(asking(tags={"team": "blue"}, transitive=["team"]))
    assert "sts:TagSession" in (await sts.refuses(asking(WRITER))).message


async def test_tags_are_bounded() -> None:
    """50 of them, and no more than fits a token."""
    sts = Sts(trusting({"AWS": ACCOUNT}, ALL))
    await sts.assume(asking(tags={f"key{number}": "v" for number in range(50)}))
    values = {f"k{number}": SeededIds(number).base36(250) for number in range(20)}
    refused = await sts.refuses(asking(tags=values))
    assert refused.error_code == "PackedPolicyTooLarge"
    assert refused.message.startswith("Packed size of session tags consumes ")


async def test_tags_decide_about_trust() -> None:
    """Those that are asked for, those of the asking user, and their keys."""
    sts = Sts(
        trusting(
            {"AWS": ACCOUNT},
            ALL,
            Condition={
                "StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["team"], "sts:TransitiveTagKeys": ["team"]},
            },
        ),
        asked_by=ADA,
    )
    sts.kept.tags = {"Team": "blue"}
    await sts.assume(asking(tags={"team": "blue"}, transitive=["team"]))
    for tags in ({"team": "red"}, {"team": "blue", "room": "1"}):
        assert (await sts.refuses(asking(tags=tags))).error_code == "AccessDenied"


async def test_a_source_identity_stays() -> None:
    """Through every role that is assumed from there, and nobody changes it."""
    assert "sts:SetSourceIdentity" in (await Sts().refuses(asking(source_identity="ada"))).message
    sts = Sts(trusting({"AWS": ACCOUNT}, ALL))
    answer = await sts.assume(asking(source_identity="ada"))
    assert answer.source_identity == "ada"
    sts.principal = sts.opened(answer.credentials)
    refused = await sts.refuses(asking(source_identity="eve"))
    assert refused.error_code == "AccessDenied"
    assert "sts:SetSourceIdentity" in refused.message
    for requested in (None, "ada"):
        assert facts_of(await sts.becomes(asking(source_identity=requested))).source_identity == "ada"
    sts.add(trusting({"AWS": ACCOUNT}))
    assert "sts:SetSourceIdentity" in (await sts.refuses(asking())).message


async def test_source_identities_decide_about_trust() -> None:
    """`sts:SourceIdentity` is what is asked for, `aws:SourceIdentity` what the asking session has."""
    sts = Sts(trusting({"AWS": ACCOUNT}, ALL, Condition={"StringLike": {"sts:SourceIdentity": "a*"}}))
    await sts.assume(asking(source_identity="ada"))
    for source_identity in (None, "eve"):
        assert (await sts.refuses(asking(source_identity=source_identity))).error_code == "AccessDenied"


async def test_mfa_of_the_request() -> None:
    """A right code lets in; the role's session does not bear it (IAM User Guide, "Secure API access with MFA")."""
    sts = Sts(trusting({"AWS": ACCOUNT}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), asked_by=ADA)
    assert (await sts.refuses(asking())).error_code == "AccessDenied"
    answer = await sts.assume(asking(serial_number=DEVICE, token_code=CODE))
    assert facts_of(sts.opened(answer.credentials)).mfa_at is None
    for wrong in (asking(serial_number=DEVICE, token_code="000000"), asking(serial_number="x" * 9, token_code=CODE)):
        refused = await sts.refuses(wrong)
        assert refused.error_code == "AccessDenied"
        assert refused.message.startswith("MultiFactorAuthentication failed")
    assert "both" in (await sts.refuses(asking(token_code=CODE))).message


async def test_mfa_of_the_session_grows_old() -> None:
    """A session that began with a code assumes what asks for one, as long as the code is recent."""
    recent = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
    sts = Sts(trusting({"AWS": ACCOUNT}, Condition=recent), asked_by=ADA)
    request = shapes.GetSessionTokenRequest(serial_number=DEVICE, token_code=CODE)
    sts.principal = sts.opened((await sts.api.get_session_token(sts.context, request)).credentials)
    await sts.assume(asking())
    sts.clock.advance(timedelta(minutes=6))
    assert (await sts.refuses(asking())).error_code == "AccessDenied"


async def test_sessions_are_revoked_by_when_they_were_issued() -> None:
    """What AWSRevokeOlderSessions says in a trust policy; sessions that are younger go on."""
    sts = Sts()
    await sts.becomes(asking())
    older = sts.clock.now() + timedelta(seconds=30)
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": older.isoformat()}},
    }
    statements = [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}, deny]
    policy = msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()
    sts.add(Role(arn=WRITER, name="writer", trust_policy=policy))
    assert (await sts.refuses(asking(WRITER))).error_code == "AccessDenied"
    sts.clock.advance(timedelta(minutes=1))
    await sts.becomes(asking())
    await sts.assume(asking(WRITER))


async def test_a_token_may_be_asked_to_be_large() -> None:
    """And then its size is told."""
    sts = Sts()
    answer = await sts.assume(asking(token_size=3_000))
    assert answer.credentials is not None
    assert answer.session_token_size == len(answer.credentials.session_token)
    assert 3_000 <= answer.session_token_size <= 3_004


async def test_contexts_of_providers_are_refused_by_name() -> None:
    """Never dropped silently."""
    with pytest.raises(NotImplementedByPileus):
        await Sts().assume(
            msgspec.structs.replace(asking(), provided_contexts=[shapes.ProvidedContext(context_assertion="abcd")])
        )


async def test_a_service_gets_the_credentials_of_a_role_that_trusts_it() -> None:
    """How a function comes to its credentials."""
    sts = Sts(trusting({"Service": "lambda.amazonaws.com"}))
    issuer = RoleCredentialIssuer(
        service_principal="lambda.amazonaws.com", roles=sts.kept, sealer=sts.sealer, clock=sts.clock
    )
    credentials = await issuer.for_role(role_arn=READER, session_name="function", duration=timedelta(hours=12))
    session = sts.sealer.open(credentials.session_token)
    assert session is not None
    assert session.key.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/function"
    assert facts_of(session.key.principal).role_arn == READER
    assert (await sts.refuses(asking())).error_code == "AccessDenied", "its users are not let in by that"


async def test_a_service_gets_nothing_from_others() -> None:
    """Nor from a role that does not exist, nor for another account."""
    guarded = trusting(
        {"Service": "lambda.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": "222222222222"}}
    )
    for sts, role_arn in ((Sts(), READER), (Sts(), READER + "2"), (Sts(guarded), READER)):
        issuer = RoleCredentialIssuer(
            service_principal="lambda.amazonaws.com", roles=sts.kept, sealer=sts.sealer, clock=sts.clock
        )
        with pytest.raises(ServiceError) as caught:
            await issuer.for_role(role_arn=role_arn, session_name="function", duration=timedelta(hours=1))
        assert caught.value.error_code == "AccessDenied"
