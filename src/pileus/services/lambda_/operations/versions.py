"""Versions: what a function was when it was published."""

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.describing import described, listed
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.limits import LIST_ITEMS_MAX
from pileus.services.lambda_.model import VersionRecord, latest_of, version_of
from pileus.services.lambda_.names import LATEST, function_name
from pileus.services.lambda_.operations.base import LambdaBase, check_revision
from pileus.services.lambda_.shapes import (
    FunctionConfiguration,
    ListVersionsByFunctionRequest,
    ListVersionsByFunctionResponse,
    PublishVersionRequest,
)


class VersionOperations(LambdaBase):
    async def publish_version(self, context: RequestContext, request: PublishVersionRequest) -> FunctionConfiguration:
        if request.publish_to is not None:
            raise NotImplementedByPileus("PublishTo is not implemented")
        function = function_name(context, request.function_name).only_latest()

        async def publish(tx: Transaction) -> VersionRecord:
            record = await records.require_function(tx, function)
            check_revision(record, request.revision_id, "GetFunction/GetAlias")
            current = record.code_sha256_text
            if request.code_sha256 and request.code_sha256 != current:
                raise InvalidParameterValueException(
                    f"CodeSHA256 ({request.code_sha256}) is different from current CodeSHA256 in $LATEST ({current}). "
                    "Please try again with the CodeSHA256 in $LATEST."
                )
            return await self._publish(tx, function, record, description=request.description)

        return described(version_of(function, await self._store.run(publish)))

    async def list_versions_by_function(
        self, context: RequestContext, request: ListVersionsByFunctionRequest
    ) -> ListVersionsByFunctionResponse:
        """`$LATEST`, and then the versions by number. The marker is the number of the last one shown, or 0."""
        function = function_name(context, request.function_name).qualified_by(None)
        latest = await self._require(function)
        limit = min(request.max_items or LIST_ITEMS_MAX, LIST_ITEMS_MAX)
        shown = []
        if not request.marker:
            shown.append(listed(latest_of(function.qualified_by(LATEST), latest)))
        seen = _number(request.marker)
        page = await records.list_versions(self._store.snapshot(), function, after_number=seen, limit=limit + 1)
        fitting = page[: limit - len(shown)]
        shown.extend(listed(version_of(function, version)) for version in fitting)
        last = fitting[-1].number if fitting else seen
        return ListVersionsByFunctionResponse(
            versions=shown, next_marker=str(last) if len(page) > len(fitting) else None
        )


def _number(marker: str | None) -> int:
    """Or InvalidParameterValueException, where it is none that we gave."""
    if not marker:
        return 0
    if not (marker.isascii() and marker.isdigit() and len(marker) < _MARKER_DIGITS_MAX):
        raise InvalidParameterValueException("Invalid marker")
    return int(marker)


_MARKER_DIGITS_MAX = 19
