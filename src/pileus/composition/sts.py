"""How is STS built?"""

from collections.abc import Mapping, Sequence

from pileus.composition.foundation import Foundation
from pileus.composition.iam import IamPart
from pileus.composition.part import Part, described
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.service import Service


class StsPart(Part):
    """iam: whose roles are assumed."""

    def __init__(self, foundation: Foundation, *, iam: IamPart) -> None:
        super().__init__(foundation)
        self._iam = iam

    def services(self) -> Sequence[Service]:
        return (described("sts", self._api),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.sts.permissions import StsResources

        return {"sts": StsResources(self._iam.roles)}

    def _api(self) -> object:
        from pileus.composition.identity import sts_api

        return sts_api(
            store=self._store,
            roles=self._iam.roles,
            sealer=self._foundation.sealer,
            keys=self._iam.keys(),
            secrets_seal=self._iam.secrets_seal,
            secret=self._foundation.secret,
            clock=self._clock,
            ids=self._ids,
            open_mode=self._settings.auth_mode == "open",
            private_issuers=self._settings.private_issuers,
            organization=self._settings.organization,
        )
