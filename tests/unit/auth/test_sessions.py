"""Do session tokens carry their session, and only ours?"""

import base64
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.auth.key_ids import LONG_TERM, TEMPORARY, KeyIds, new_secret_access_key
from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.kernel.auth.sessions import SessionLimits, SessionRecord, SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import SessionFacts
from pileus.kernel.ids import SeededIds

SECRET = bytes(range(32))
BASE32 = set(string.ascii_uppercase + "234567")


def sealer(secret: bytes = SECRET, seed: int = 0) -> SessionSealer:
    clock = MovableClock()
    clock.freeze()
    return SessionSealer(secret, clock, SeededIds(seed))


def issued(by: SessionSealer, limits: SessionLimits | None = None) -> Credentials:
    return by.issue(
        account_id="111111111111",
        arn="arn:aws:sts::111111111111:assumed-role/reader/me",
        user_id="AROAEXAMPLE:me",
        duration=timedelta(hours=1),
        limits=limits or SessionLimits(),
    )


def test_a_session_comes_back_whole() -> None:
    """Nothing is stored, so everything must be in the token: also for another process with the same secret."""
    limits = SessionLimits(
        role_arn="arn:aws:iam::111111111111:role/path/reader",
        policies=('{"Version":"2012-10-17"}',),
        tags={"team": "blue"},
        source_identity="ada",
    )
    credentials = issued(sealer(), limits)
    session = sealer(seed=99).open(credentials.session_token)
    assert session is not None
    assert session.key.secret_access_key == credentials.secret_access_key
    assert session.key.expires_at == credentials.expires_at
    assert session.key.principal.arn == "arn:aws:sts::111111111111:assumed-role/reader/me"
    assert session.key.principal.user_id == "AROAEXAMPLE:me"
    assert session.key.principal.access_key_id == credentials.access_key_id
    assert session.key.principal.minted
    assert session.record.role_arn == limits.role_arn
    assert session.record.policies == limits.policies
    assert session.record.tags == limits.tags
    assert session.record.source_identity == limits.source_identity


def test_the_principal_says_what_the_token_proves() -> None:
    """Policies are evaluated on the principal alone; whatever they may ask about is there."""
    facts = SessionFacts(
        kind="federated_user",
        issued_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        role_arn="r",
        user_arn="u",
        session_policies=("{}",),
        session_policy_arns=("p",),
        tags={"team": "blue"},
        transitive_tag_keys=("team",),
        source_identity="ada",
        mfa_at=datetime(2030, 1, 2, 3, 4, 0, tzinfo=UTC),
        federated_provider="idp",
        context={"idp:sub": "ada"},
    )
    clock = MovableClock()
    clock.freeze()
    clock.advance(facts.issued_at - clock.now() + timedelta(milliseconds=500))
    limits = SessionLimits(
        kind="federated_user",
        role_arn="r",
        user_arn="u",
        policies=("{}",),
        policy_arns=("p",),
        tags={"team": "blue"},
        transitive_tag_keys=("team",),
        source_identity="ada",
        mfa_at_s=1_893_553_440,
        federated_provider="idp",
        context={"idp:sub": "ada"},
    )
    session = sealer().open(issued(SessionSealer(SECRET, clock, SeededIds()), limits).session_token)
    assert session is not None
    assert session.key.principal.session == facts


def test_a_large_session_still_fits_a_header() -> None:
    """Twenty kilobytes of tags are a token of a few hundred characters; a small session is not deflated."""
    tags = {f"tag-{number:02d}": "v" * 256 for number in range(50)}
    token = issued(sealer(), SessionLimits(tags=tags)).session_token
    assert len(token) < 1_500
    session = sealer().open(token)
    assert session is not None
    assert session.record.tags == tags


@pytest.mark.parametrize("size", [0, 500, 1_000, 2_048, 4_096])
def test_a_token_may_be_padded(size: int) -> None:
    """So that a client finds out whether its header takes a large one (MinimumSessionTokenSize)."""
    credentials = sealer().issue(
        account_id="111111111111", arn="a", user_id="u", duration=timedelta(hours=1), token_chars_min=size
    )
    assert size <= len(credentials.session_token) <= max(size + 4, 500)
    assert sealer().open(credentials.session_token) is not None


def test_a_temporary_id_says_whose_account_it_is_of() -> None:
    """Nothing else could, once the token is not at hand; nobody else's id is answered for."""
    access_key_id = issued(sealer()).access_key_id
    assert sealer(seed=7).account_of(access_key_id) == "111111111111"
    assert sealer(bytes(32)).account_of(access_key_id) is None
    key_ids = KeyIds(SECRET, SeededIds())
    for account_id in ("000000000000", "999999999999"):
        assert key_ids.account_of(key_ids.mint(TEMPORARY, account_id=account_id)) == account_id
    assert key_ids.account_of(key_ids.mint(LONG_TERM)) is None
    assert key_ids.account_of("ASIA") is None


def test_credentials_have_the_form_of_aws() -> None:
    """Tools check these: `ASIA` and 16 base32 characters, a secret of 40."""
    credentials = issued(sealer())
    assert credentials.access_key_id.startswith("ASIA")
    assert len(credentials.access_key_id) == 20
    assert set(credentials.access_key_id) <= BASE32
    assert len(credentials.secret_access_key) == 40
    assert credentials.expires_at.microsecond == 0


def test_opening_twice_gives_the_same_object() -> None:
    """The second time costs a dictionary lookup."""
    opener = sealer()
    token = issued(sealer(seed=1)).session_token
    assert opener.open(token) is opener.open(token)


def test_what_is_remembered_is_bounded() -> None:
    """A client with many sessions does not fill the memory."""
    opener = sealer()
    for _ in range(1_100):
        assert opener.open(issued(opener).session_token) is not None
    assert len(opener._opened) == 1_024


def test_tokens_of_another_server_do_not_open() -> None:
    """Nor do the ones that a developer's real AWS session has."""
    token = issued(sealer(bytes(32))).session_token
    assert sealer().open(token) is None
    for foreign in ("", "token", "IQoJb3JpZ2luX2VjE" * 20, "é", "A" * 100_000):
        assert sealer().open(foreign) is None


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_changed_token_does_not_open(data: st.DataObject) -> None:
    """One bit anywhere."""
    sealed = bytearray(base64.b64decode(issued(sealer()).session_token))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert sealer().open(base64.b64encode(sealed).decode()) is None


def test_the_first_version_of_a_token_is_still_read() -> None:
    """A token lives up to 36 hours, across an upgrade: these bytes were written by the first release."""
    clear = bytes.fromhex(FIRST_VERSION)
    token = base64.b64encode(Seal(SECRET, purpose="session tokens", ids=SeededIds()).seal(clear)).decode()
    session = sealer().open(token)
    assert session is not None
    assert session.record == SessionRecord(
        access_key_id="ASIAEXAMPLE",
        secret_access_key="s",
        account_id="111111111111",
        arn="a",
        user_id="u",
        issued_at_s=1,
        expires_at_s=2,
    )


FIRST_VERSION = (
    "88a474797065aa73657373696f6e2e7631ad6163636573735f6b65795f6964ab415349414558414d504c45b173656372"
    "65745f6163636573735f6b6579a173aa6163636f756e745f6964ac313131313131313131313131a361726ea161a77573"
    "65725f6964a175ab6973737565645f61745f7301ac657870697265735f61745f7302"
)


def test_what_is_sealed_for_one_purpose_opens_for_no_other() -> None:
    """A stored access key cannot be presented as a session token, nor one record's secret put into another's."""
    one, other = (Seal(SECRET, purpose=purpose, ids=SeededIds()) for purpose in ("one", "other"))
    sealed = one.seal(b"clear", bound_to=b"record")
    assert one.open(sealed, bound_to=b"record") == b"clear"
    with pytest.raises(SealBroken):
        other.open(sealed, bound_to=b"record")
    with pytest.raises(SealBroken):
        one.open(sealed, bound_to=b"another record")
    with pytest.raises(SealBroken):
        one.open(b"short")


def test_minted_ids_are_recognised() -> None:
    """So that open mode refuses a deleted key, and lets a developer's own pass."""
    key_ids = KeyIds(SECRET, SeededIds())
    minted = key_ids.mint(LONG_TERM)
    assert key_ids.minted(minted)
    assert KeyIds(SECRET, SeededIds(5)).minted(minted)
    assert not KeyIds(bytes(32), SeededIds()).minted(minted)
    for foreign in ("", "test", "000000000000", "AKIAIOSFODNN7EXAMPLE", "AKIA" + "é" * 16, minted[:-1], minted + "A"):
        assert not key_ids.minted(foreign)


def test_secret_access_keys_are_as_long_as_aws_makes_them() -> None:
    """30 random bytes are 40 characters of base64 without padding."""
    assert len(new_secret_access_key(SeededIds())) == 40
