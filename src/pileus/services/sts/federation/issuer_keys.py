"""With which keys does an issuer sign? Found through its discovery document, and remembered for a while.

Keys are fetched again when an hour has passed, and, at most once a minute, when a token names a key that is not among
them: issuers rotate. Those who ask at the same time wait for one fetch.

Who asks need not be known to us, and an issuer may be as slow as it likes: fetches have few threads of their own, few
wait for one, and an issuer that failed is left alone for some seconds.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.services.sts.errors import IdpCommunicationError, InvalidIdentityToken
from pileus.services.sts.federation import fetching
from pileus.services.sts.federation.fetching import Fetch, Unreachable, Untrusted, Unusable, may_fetch

Jwk = Mapping[str, object]

_FRESH_S: Final = 3600.0
_SOON_S: Final = 60.0
_FAILED_S: Final = 10.0
_ISSUERS_MAX: Final = 64
_THREADS: Final = 4
_FETCHES_MAX: Final = 16
"""Under way or waiting for a thread."""
_KEYS_MAX: Final = 200
"""100 of RSA and 100 of EC. Source: IAM User Guide, "Create an OpenID Connect identity provider"."""


class LocalIssuers(Protocol):
    """Issuers that this Pileus itself is; their keys need no network."""

    async def jwks(self, issuer: str) -> bytes | None:
        """The key set as JSON; None for everybody else."""
        ...


class NoLocalIssuers:
    """None of the issuers is ours."""

    async def jwks(self, issuer: str) -> bytes | None:
        return None


class IssuerKeys(msgspec.Struct, frozen=True, kw_only=True):
    """local: the issuer is this Pileus, so its tokens are by Pileus's clock."""

    keys: tuple[Jwk, ...]
    local: bool


class _Remembered(msgspec.Struct, frozen=True):
    """at_s: by Pileus's clock. machine_s: by the machine's monotonic one, which goes on when the other is frozen."""

    found: IssuerKeys
    at_s: float
    machine_s: float


class _Failed(msgspec.Struct, frozen=True):
    """machine_s: as in `_Remembered`."""

    kind: type[ServiceError]
    message: str
    machine_s: float


class KeysOfIssuers:
    """Finds keys and remembers them. private_allowed: see `fetching.fetch`."""

    def __init__(
        self,
        *,
        clock: Clock,
        local: LocalIssuers | None = None,
        private_allowed: bool = False,
        fetch: Fetch | None = None,
    ) -> None:
        self._clock = clock
        self._local = local or NoLocalIssuers()
        self._fetch = fetch or partial(fetching.fetch, private_allowed=private_allowed)
        self._known: dict[tuple[str, tuple[str, ...]], _Remembered] = {}
        self._failed: dict[tuple[str, tuple[str, ...]], _Failed] = {}
        self._fetching: dict[tuple[str, tuple[str, ...]], asyncio.Task[IssuerKeys]] = {}

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_THREADS, thread_name_prefix="issuer-keys")

    async def find(self, issuer: str, *, thumbprints: Sequence[str], key_id: str | None) -> IssuerKeys:
        """The keys of `issuer`, an URL; InvalidIdentityToken, IdpCommunicationError."""
        local = await self._local.jwks(issuer)
        if local is not None:
            return IssuerKeys(keys=_keys(local), local=True)
        which = (issuer, tuple(thumbprints))
        known = self._known.get(which)
        if known is not None and self._good(known, key_id):
            return known.found
        under_way = self._fetching.get(which)
        if under_way is None:
            self._refuse_too_many(which)
            under_way = asyncio.create_task(self._find(issuer, tuple(thumbprints)))
            self._fetching[which] = under_way
            under_way.add_done_callback(lambda done: self._fetched(which, done))
        # Whoever stops waiting does not stop the others.
        found = await asyncio.shield(under_way)
        _make_room(self._known, which)
        self._known[which] = _Remembered(found, self._clock.timestamp(), self._clock.monotonic())
        return found

    def _refuse_too_many(self, which: tuple[str, tuple[str, ...]]) -> None:
        failed = self._failed.get(which)
        if failed is not None and self._clock.monotonic() - failed.machine_s < _FAILED_S:
            raise failed.kind(failed.message)
        if len(self._fetching) >= _FETCHES_MAX:
            raise _unreached()

    def _fetched(self, which: tuple[str, tuple[str, ...]], done: asyncio.Task[IssuerKeys]) -> None:
        del self._fetching[which]
        self._failed.pop(which, None)
        if done.cancelled():
            return
        # Whoever still waits is told; when nobody does, it is nobody's failure.
        failure = done.exception()
        if isinstance(failure, ServiceError):
            _make_room(self._failed, which)
            self._failed[which] = _Failed(type(failure), str(failure), self._clock.monotonic())

    def _good(self, known: _Remembered, key_id: str | None) -> bool:
        if self._clock.timestamp() - known.at_s >= _FRESH_S:
            return False
        named = key_id is None or any(key.get("kid") == key_id for key in known.found.keys)
        return named or self._clock.monotonic() - known.machine_s < _SOON_S

    async def _find(self, issuer: str, thumbprints: tuple[str, ...]) -> IssuerKeys:
        try:
            loop = asyncio.get_running_loop()
            document = await loop.run_in_executor(self._threads, self._document, issuer, thumbprints)
        except Untrusted:
            raise InvalidIdentityToken(
                "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
            ) from None
        except Unusable:
            raise _no_keys() from None
        except Unreachable:
            raise _unreached() from None
        return IssuerKeys(keys=_keys(document), local=False)

    def _document(self, issuer: str, thumbprints: tuple[str, ...]) -> bytes:
        described = self._fetch(issuer.rstrip("/") + "/.well-known/openid-configuration", thumbprints)
        try:
            jwks_uri = msgspec.json.decode(described, type=_Discovery).jwks_uri
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Unusable(f"{issuer}: no discovery document") from None
        if not may_fetch(jwks_uri) or (urlsplit(issuer).scheme == "https" and urlsplit(jwks_uri).scheme != "https"):
            raise Unusable(f"{issuer}: keys are not fetched from {jwks_uri}")
        return self._fetch(jwks_uri, thumbprints)


class _Discovery(msgspec.Struct):
    jwks_uri: str


class _KeySet(msgspec.Struct):
    keys: list[dict[str, object]]


def _keys(document: bytes) -> tuple[Jwk, ...]:
    try:
        return tuple(msgspec.json.decode(document, type=_KeySet).keys[:_KEYS_MAX])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _no_keys() from None


_V = TypeVar("_V")


def _make_room(kept: dict[tuple[str, tuple[str, ...]], _V], which: tuple[str, tuple[str, ...]]) -> None:
    """The oldest leaves when another issuer comes."""
    if len(kept) >= _ISSUERS_MAX and which not in kept:
        del kept[next(iter(kept))]


def _unreached() -> IdpCommunicationError:
    return IdpCommunicationError("The identity provider could not be reached; retry the request.")


def _no_keys() -> InvalidIdentityToken:
    # As seen on the wire, for every way in which an issuer does not hand out its keys.
    return InvalidIdentityToken(
        "Couldn't retrieve verification key from your identity provider, please reference "
        "AssumeRoleWithWebIdentity documentation for requirements"
    )
