"""How is IAM built, and what does it tell the rest: who holds which key, and which role is which?"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.foundation import Foundation
from pileus.composition.part import Part, described
from pileus.kernel.auth.credentials import KeyDirectory, SigningKey
from pileus.kernel.auth.key_ids import KeyIds
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.auth.root_credentials import RootCredentials, RootKeyDirectory
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal
from pileus.kernel.service import Duty, Service

if TYPE_CHECKING:
    from pileus.services.iam.key_uses import KeyUseRecorder
    from pileus.services.iam.mfa import IamMfaVerifier
    from pileus.services.iam.store import IamRoleDirectory


class IamPart(Part):
    """root: the key pair of the root, once there is one."""

    def __init__(self, foundation: Foundation, *, root: RootCredentials | None) -> None:
        super().__init__(foundation)
        self._root = root
        self._key_uses_wanted = asyncio.Event()

    def services(self) -> Sequence[Service]:
        return (described("iam", self._api),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.iam.resources import IamResources

        return {"iam": IamResources(self._store)}

    def duties(self) -> Sequence[Duty]:
        return (self._write_key_uses,)

    # What it is to the others.

    def keys(self) -> KeyDirectory:
        """Every key that requests may be signed with, but those of sessions."""
        keys = _LateKeys(self._iam_keys)
        return RootKeyDirectory(self._root, keys) if self._root is not None else keys

    def note_use(self, principal: Principal, service: str, region: str) -> None:
        """Somebody has signed a request."""
        self._key_uses.note_use(principal, service, region)
        self._key_uses_wanted.set()

    @cached_property
    def roles(self) -> "IamRoleDirectory":
        from pileus.services.iam.store import IamRoleDirectory

        return IamRoleDirectory(self._store)

    @cached_property
    def secrets_seal(self) -> Seal:
        """What IAM's secrets are kept under."""
        from pileus.services.iam.store import SECRETS_PURPOSE

        return Seal(self._foundation.secret, purpose=SECRETS_PURPOSE, ids=self._ids)

    @cached_property
    def mfa(self) -> "IamMfaVerifier":
        """Who knows codes of devices, which go by no clock of ours."""
        from pileus.services.iam.mfa import IamMfaVerifier

        return IamMfaVerifier(store=self._store, seal=self.secrets_seal, clock=MovableClock())

    def _api(self) -> object:
        from pileus.services.iam.api import IamApi

        return IamApi(
            store=self._store,
            seal=self.secrets_seal,
            key_ids=KeyIds(self._foundation.secret, self._ids),
            clock=self._clock,
            ids=self._ids,
            devices_clock=MovableClock(),
        )

    def _iam_keys(self) -> KeyDirectory:
        from pileus.services.iam.store import IamKeyDirectory

        return IamKeyDirectory(self._store, self.secrets_seal)

    @cached_property
    def _key_uses(self) -> "KeyUseRecorder":
        from pileus.services.iam.key_uses import KeyUseRecorder

        return KeyUseRecorder(store=self._store, clock=self._clock)

    async def _write_key_uses(self) -> None:
        await self._key_uses_wanted.wait()
        await self._key_uses.run()


class _LateKeys:
    """A key directory that is built when the first key is looked up."""

    def __init__(self, build: Callable[[], KeyDirectory]) -> None:
        self._build = build
        self._built: KeyDirectory | None = None

    async def find(self, access_key_id: str) -> SigningKey | None:
        if self._built is None:
            self._built = self._build()
        return await self._built.find(access_key_id)
