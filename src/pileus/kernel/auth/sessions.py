"""How do temporary credentials work without being stored?

A session token carries everything about its session (who, until when, the secret key, what limits it), sealed under the
server's secret. Whoever presents it hands us the record back; nobody else can read, change or make one. So a session
costs no write, outlives a restart, and works on every machine that shares the secret.

The price: a session cannot be ended before its time, as on AWS; there too one revokes by policy (`aws:TokenIssueTime`).

A large record is deflated before it is sealed, since a token travels in a header. What is deflated together with the
secret key is chosen by the caller, but each token has a key of its own, so its length tells nothing of another's.
"""

import base64
import binascii
import zlib
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from pileus.kernel.auth.credentials import Credentials, SigningKey
from pileus.kernel.auth.key_ids import TEMPORARY, KeyIds, new_secret_access_key
from pileus.kernel.auth.sealing import SEAL_BYTES, Seal, SealBroken
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal, SessionFacts, SessionKind
from pileus.kernel.ids import Ids

_OPENED_MAX: Final = 1024
TOKEN_CHARS_MAX: Final = 8192
_DEFLATED_FROM_BYTES: Final = 1024
_RECORD_BYTES_MAX: Final = 65_536
_DEFLATED: Final = b"x"
"""How zlib begins; a record in MessagePack begins with a map, at 0x80 or above."""


class SessionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What marks or narrows a session beside who it is; as in `kernel.context.SessionFacts`, which is made of it.

    mfa_at_s: seconds since 1970; None without MFA.
    """

    kind: SessionKind = "assumed_role"
    role_arn: str = ""
    user_arn: str = ""
    issuer_id: str = ""
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str = ""
    mfa_at_s: int | None = None
    federated_provider: str | None = None
    context: dict[str, str] = {}


class SessionRecord(SessionLimits, frozen=True, kw_only=True, omit_defaults=True, tag="session.v1"):
    """What a session token carries. Times are seconds since 1970."""

    access_key_id: str
    secret_access_key: str
    account_id: str
    arn: str
    user_id: str
    issued_at_s: int
    expires_at_s: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An opened token."""

    record: SessionRecord
    key: SigningKey


_NO_LIMITS: Final = SessionLimits()


class SessionSealer:
    """Issues sessions, and opens the tokens it is shown."""

    def __init__(self, secret: bytes, clock: Clock, ids: Ids) -> None:
        self._seal = Seal(secret, purpose="session tokens", ids=ids)
        self._key_ids = KeyIds(secret, ids)
        self._clock = clock
        self._ids = ids
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(SessionRecord)
        self._opened: dict[str, Session] = {}

    def minted(self, access_key_id: str) -> bool:
        """Whether an access key id, temporary or not, was given out by this Pileus."""
        return self._key_ids.minted(access_key_id)

    def issue(
        self,
        *,
        account_id: str,
        arn: str,
        user_id: str,
        duration: timedelta,
        limits: SessionLimits = _NO_LIMITS,
        token_chars_min: int = 0,
    ) -> Credentials:
        """Credentials of a new session of the principal `arn`, from now on for `duration`.

        Whoever issues bounds what `limits` hold: a token past TOKEN_CHARS_MAX could never be presented.
        """
        assert duration > timedelta(0)
        now_s = int(self._clock.timestamp())
        record = SessionRecord(
            access_key_id=self._key_ids.mint(TEMPORARY, account_id=account_id),
            secret_access_key=new_secret_access_key(self._ids),
            account_id=account_id,
            arn=arn,
            user_id=user_id,
            issued_at_s=now_s,
            expires_at_s=now_s + int(duration.total_seconds()),
            **msgspec.structs.asdict(limits),
        )
        token = self._token(record, chars_min=token_chars_min)
        assert len(token) <= TOKEN_CHARS_MAX, "a session that carries too much"
        return Credentials(
            access_key_id=record.access_key_id,
            secret_access_key=record.secret_access_key,
            session_token=token,
            expires_at=datetime.fromtimestamp(record.expires_at_s, UTC),
        )

    def open(self, session_token: str) -> Session | None:
        """The session of a token, ended or not; None when this Pileus did not issue it."""
        session = self._opened.get(session_token)
        if session is not None:
            return session
        record = self._record(session_token)
        if record is None:
            return None
        session = Session(record=record, key=_signing_key(record))
        if len(self._opened) >= _OPENED_MAX:
            # The oldest goes: dictionaries keep the order of insertion.
            del self._opened[next(iter(self._opened))]
        self._opened[session_token] = session
        return session

    def account_of(self, access_key_id: str) -> str | None:
        """The account that a temporary key of ours belongs to, alive or not; None for every other id."""
        return self._key_ids.account_of(access_key_id)

    def _token(self, record: SessionRecord, *, chars_min: int) -> str:
        clear = self._encoder.encode(record)
        padded_bytes = chars_min * 3 // 4 - SEAL_BYTES
        if len(clear) >= _DEFLATED_FROM_BYTES or len(clear) < padded_bytes:
            # What follows the end of the deflated stream is no part of it.
            clear = zlib.compress(clear).ljust(padded_bytes, b"\0")
        return base64.b64encode(self._seal.seal(clear)).decode()

    def _record(self, session_token: str) -> SessionRecord | None:
        if len(session_token) > TOKEN_CHARS_MAX:
            return None
        try:
            clear = self._seal.open(base64.b64decode(session_token, validate=True))
        except (SealBroken, binascii.Error, ValueError):
            return None
        # Sealed by us: that it cannot be read is either our bug or a newer Pileus's token.
        if clear.startswith(_DEFLATED):
            clear = zlib.decompressobj().decompress(clear, _RECORD_BYTES_MAX)
        try:
            return self._decoder.decode(clear)
        except msgspec.ValidationError:
            return None


def _signing_key(record: SessionRecord) -> SigningKey:
    return SigningKey(
        secret_access_key=record.secret_access_key,
        principal=Principal(
            account_id=record.account_id,
            arn=record.arn,
            user_id=record.user_id,
            access_key_id=record.access_key_id,
            minted=True,
            session=_facts(record),
        ),
        expires_at=datetime.fromtimestamp(record.expires_at_s, UTC),
    )


def _facts(record: SessionRecord) -> SessionFacts:
    return SessionFacts(
        kind=record.kind,
        issued_at=datetime.fromtimestamp(record.issued_at_s, UTC),
        role_arn=record.role_arn,
        user_arn=record.user_arn,
        issuer_id=record.issuer_id,
        session_policies=record.policies,
        session_policy_arns=record.policy_arns,
        tags=record.tags,
        transitive_tag_keys=record.transitive_tag_keys,
        source_identity=record.source_identity,
        mfa_at=None if record.mfa_at_s is None else datetime.fromtimestamp(record.mfa_at_s, UTC),
        federated_provider=record.federated_provider,
        context=record.context,
    )
