"""How do temporary credentials work without being stored?

A session token carries everything about its session (who, until when, the secret key, what limits it), sealed under the
server's secret. Whoever presents it hands us the record back; nobody else can read, change or make one. So a session
costs no write, outlives a restart, and works on every machine that shares the secret.

The price: a session cannot be ended before its time, as on AWS; there too one revokes by policy.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from pileus.kernel.auth.credentials import Credentials, SigningKey
from pileus.kernel.auth.key_ids import TEMPORARY, KeyIds, new_secret_access_key
from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal
from pileus.kernel.ids import Ids

_OPENED_MAX: Final = 1024
_TOKEN_CHARS_MAX: Final = 8192


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="session.v1"):
    """What a session token carries. Times are seconds since 1970.

    role_arn: whose policies apply. policies, policy_arns: session policies, which narrow them.
    tags: principal tags; those named in `transitive_tag_keys` pass on to roles assumed from this session.
    """

    access_key_id: str
    secret_access_key: str
    account_id: str
    arn: str
    user_id: str
    issued_at_s: int
    expires_at_s: int
    role_arn: str = ""
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str = ""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An opened token."""

    record: SessionRecord
    key: SigningKey


class SessionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows or marks a session beside who it is; the fields are `SessionRecord`'s."""

    role_arn: str = ""
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str = ""


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
    ) -> Credentials:
        """Credentials of a new session of the principal `arn`, from now on for `duration`."""
        assert duration > timedelta(0)
        now_s = int(self._clock.timestamp())
        record = SessionRecord(
            access_key_id=self._key_ids.mint(TEMPORARY),
            secret_access_key=new_secret_access_key(self._ids),
            account_id=account_id,
            arn=arn,
            user_id=user_id,
            issued_at_s=now_s,
            expires_at_s=now_s + int(duration.total_seconds()),
            role_arn=limits.role_arn,
            policies=limits.policies,
            policy_arns=limits.policy_arns,
            tags=limits.tags,
            transitive_tag_keys=limits.transitive_tag_keys,
            source_identity=limits.source_identity,
        )
        token = base64.b64encode(self._seal.seal(self._encoder.encode(record))).decode()
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

    def _record(self, session_token: str) -> SessionRecord | None:
        if len(session_token) > _TOKEN_CHARS_MAX:
            return None
        try:
            clear = self._seal.open(base64.b64decode(session_token, validate=True))
        except (SealBroken, binascii.Error, ValueError):
            return None
        # Sealed by us: that it cannot be read is either our bug or a newer Pileus's token.
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
        ),
        expires_at=datetime.fromtimestamp(record.expires_at_s, UTC),
    )
