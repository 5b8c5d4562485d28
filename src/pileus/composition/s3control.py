"""How is S3 Control built?"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.part import Part, described
from pileus.kernel.service import Service

if TYPE_CHECKING:
    from pileus.services.s3.control.api import S3ControlApi


class S3ControlPart(Part):
    """What of S3 belongs to an account; what is kept of it is S3's."""

    def services(self) -> Sequence[Service]:
        return (described("s3control", lambda: self._api, package="s3.control", signing_name="s3"),)

    @cached_property
    def _api(self) -> "S3ControlApi":
        from pileus.services.s3.control.api import S3ControlApi

        return S3ControlApi(store=self._store, clock=self._clock, ids=self._ids)
