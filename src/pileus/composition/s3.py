"""How is S3 built, and what is done to objects without a request?"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.part import Part, described
from pileus.kernel.service import Service

if TYPE_CHECKING:
    from pileus.services.s3.api import S3Api


class S3Part(Part):
    """Buckets and their objects."""

    def services(self) -> Sequence[Service]:
        return (described("s3", lambda: self._api),)

    @cached_property
    def _api(self) -> "S3Api":
        from pileus.services.s3.api import S3Api

        return S3Api(store=self._store, clock=self._clock, ids=self._ids, metrics=self._metrics)
