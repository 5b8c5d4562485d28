"""Tags of functions, event source mappings and code signing configurations."""

from collections.abc import Callable, Mapping

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from pileus.services.lambda_.limits import TAGS_MAX
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.store import get_mapping, put_mapping
from pileus.services.lambda_.model import FunctionRecord
from pileus.services.lambda_.names import FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.shapes import ListTagsRequest, ListTagsResponse, TagResourceRequest, UntagResourceRequest
from pileus.services.lambda_.signing import (
    SigningConfigRecord,
    get_signing_config,
    put_signing_config,
    signing_config_of,
)

_Tagged = FunctionRecord | MappingRecord | SigningConfigRecord


class TagOperations(LambdaBase):
    async def list_tags(self, context: RequestContext, request: ListTagsRequest) -> ListTagsResponse:
        return ListTagsResponse(tags=(await _tagged(self._store.snapshot(), context, request.resource)).tags)

    async def tag_resource(self, context: RequestContext, request: TagResourceRequest) -> None:
        if not request.tags:
            raise InvalidParameterValueException("An error occurred and the request cannot be processed.")

        def add(tags: Mapping[str, str]) -> dict[str, str]:
            more = {**tags, **request.tags}
            check_tags(more)
            return more

        await self._retag(context, request.resource, add)

    async def untag_resource(self, context: RequestContext, request: UntagResourceRequest) -> None:
        """Keys that it does not have are no error. Recording lambda_api, test_tag_lifecycle."""

        def remove(tags: Mapping[str, str]) -> dict[str, str]:
            return {key: value for key, value in tags.items() if key not in request.tag_keys}

        await self._retag(context, request.resource, remove)

    async def _retag(
        self, context: RequestContext, resource: str, change: Callable[[Mapping[str, str]], dict[str, str]]
    ) -> None:
        async def write(tx: Transaction) -> None:
            known = await _tagged(tx, context, resource)
            changed = msgspec.structs.replace(known, tags=change(known.tags))
            match changed:
                case FunctionRecord():
                    # Recording lambda_api, TestLambdaTags::test_tag_lifecycle: each change is a revision.
                    changed = msgspec.structs.replace(changed, revision_id=self._ids.uuid())
                    records.put_function(tx, _function(context, resource), changed)
                case MappingRecord():
                    put_mapping(tx, changed)
                case SigningConfigRecord():
                    put_signing_config(tx, signing_config_of(context, resource), changed)

        await self._store.run(write)


def check_tags(tags: Mapping[str, str]) -> None:
    """Recording lambda_api, test_tag_limits. `aws:` is AWS's own (guide, "Using tags on Lambda functions"); the words
    are those of other services.
    """
    if len(tags) > TAGS_MAX:
        raise InvalidParameterValueException("Number of tags exceeds resource tag limit.")
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidParameterValueException("aws: prefixed tag key names are not allowed for external use.")


async def _tagged(snapshot: Snapshot, context: RequestContext, resource: str) -> _Tagged:
    """What an ARN names; ResourceNotFoundException."""
    _, _, _, region, account_id, kind, name = resource.split(":", 6)
    match kind:
        case "function":
            return await records.require_function(snapshot, _function(context, resource))
        case "code-signing-config":
            return await get_signing_config(snapshot, signing_config_of(context, resource))
        case "event-source-mapping":
            mapping = None
            if (region, account_id) == (context.region, context.account_id):
                mapping = await get_mapping(snapshot, account_id=account_id, region=region, uuid=name)
            if mapping is None:
                raise ResourceNotFoundException(f"Event source mapping not found: {resource}")
            return mapping
        case _:
            raise NotImplementedByPileus(f"Tags of {kind} are not implemented")


def _function(context: RequestContext, resource: str) -> FunctionName:
    """Recording lambda_api, test_tag_versions."""
    function = function_name(context, resource)
    if function.qualifier is not None:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return function
