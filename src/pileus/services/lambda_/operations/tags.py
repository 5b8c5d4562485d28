"""Tags of functions and code signing configurations."""

from collections.abc import Callable, Mapping

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.limits import TAGS_MAX
from pileus.services.lambda_.names import FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.shapes import ListTagsRequest, ListTagsResponse, TagResourceRequest, UntagResourceRequest
from pileus.services.lambda_.signing import get_signing_config, put_signing_config, signing_config_of


class TagOperations(LambdaBase):
    async def list_tags(self, context: RequestContext, request: ListTagsRequest) -> ListTagsResponse:
        if _kind(request.resource) == "code-signing-config":
            config = signing_config_of(context, request.resource)
            return ListTagsResponse(tags=(await get_signing_config(self._store.snapshot(), config)).tags)
        return ListTagsResponse(tags=(await self._require(_function(context, request.resource))).tags)

    async def tag_resource(self, context: RequestContext, request: TagResourceRequest) -> None:
        if not request.tags:
            raise InvalidParameterValueException("An error occurred and the request cannot be processed.")

        def add(tags: Mapping[str, str]) -> dict[str, str]:
            more = {**tags, **request.tags}
            check_tags(more)
            return more

        await self._store.run(lambda tx: self._retag(tx, context, request.resource, add))

    async def untag_resource(self, context: RequestContext, request: UntagResourceRequest) -> None:
        """Keys that it does not have are no error. Recording lambda_api, test_tag_lifecycle."""

        def remove(tags: Mapping[str, str]) -> dict[str, str]:
            return {key: value for key, value in tags.items() if key not in request.tag_keys}

        await self._store.run(lambda tx: self._retag(tx, context, request.resource, remove))

    async def _retag(
        self,
        tx: Transaction,
        context: RequestContext,
        resource: str,
        change: Callable[[Mapping[str, str]], dict[str, str]],
    ) -> None:
        if _kind(resource) == "code-signing-config":
            config = signing_config_of(context, resource)
            known = await get_signing_config(tx, config)
            put_signing_config(tx, config, msgspec.structs.replace(known, tags=change(known.tags)))
            return
        function = _function(context, resource)
        record = await records.require_function(tx, function)
        # Recording lambda_api, TestLambdaTags::test_tag_lifecycle: each change is a revision.
        changed = msgspec.structs.replace(record, tags=change(record.tags), revision_id=self._ids.uuid())
        records.put_function(tx, function, changed)


def check_tags(tags: Mapping[str, str]) -> None:
    """Recording lambda_api, test_tag_limits."""
    if len(tags) > TAGS_MAX:
        raise InvalidParameterValueException("Number of tags exceeds resource tag limit.")


def _kind(resource: str) -> str:
    return resource.split(":", 6)[5]


def _function(context: RequestContext, resource: str) -> FunctionName:
    """Recording lambda_api, test_tag_versions."""
    if _kind(resource) != "function":
        raise NotImplementedByPileus(f"Tags of {_kind(resource)} are not implemented")
    function = function_name(context, resource)
    if function.qualifier is not None:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return function
