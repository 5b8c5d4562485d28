"""Tags of log groups, by the old operations and the new."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs.errors import (
    InvalidParameterException,
    LogGroupNotFound,
    ResourceNotFoundException,
    TooManyTagsException,
)
from pileus.services.logs.limits import TAGS_MAX
from pileus.services.logs.operations.base import LogsBase, region_of
from pileus.services.logs.shapes import (
    ListTagsForResourceRequest,
    ListTagsForResourceResponse,
    ListTagsLogGroupRequest,
    ListTagsLogGroupResponse,
    TagLogGroupRequest,
    TagResourceRequest,
    UntagLogGroupRequest,
    UntagResourceRequest,
)
from pileus.services.logs.store import Reading, Writing

_ARN: Final = re.compile(r"arn:aws[a-zA-Z-]*:logs:([^:]+):(\d{12}):([a-z-]+):([^:*]+)(?::\*)?")
_Change = Callable[[Mapping[str, str]], dict[str, str]]


class TagOperations(LogsBase):
    async def list_tags_for_resource(
        self, context: RequestContext, request: ListTagsForResourceRequest
    ) -> ListTagsForResourceResponse:
        return ListTagsForResourceResponse(tags=await self._tags(context, _group(context, request.resource_arn)))

    async def list_tags_log_group(
        self, context: RequestContext, request: ListTagsLogGroupRequest
    ) -> ListTagsLogGroupResponse:
        return ListTagsLogGroupResponse(tags=await self._tags(context, request.log_group_name))

    async def tag_log_group(self, context: RequestContext, request: TagLogGroupRequest) -> None:
        await self._retag(context, request.log_group_name, _adding(request.tags, arn=None))

    async def tag_resource(self, context: RequestContext, request: TagResourceRequest) -> None:
        group = _group(context, request.resource_arn)
        await self._retag(context, group, _adding(request.tags, arn=request.resource_arn))

    async def untag_log_group(self, context: RequestContext, request: UntagLogGroupRequest) -> None:
        await self._retag(context, request.log_group_name, lambda tags: _without(tags, request.tags))

    async def untag_resource(self, context: RequestContext, request: UntagResourceRequest) -> None:
        group = _group(context, request.resource_arn)
        await self._retag(context, group, lambda tags: _without(tags, request.tag_keys))

    async def _tags(self, context: RequestContext, group: str) -> dict[str, str]:
        return (await Reading(self._store.snapshot(), region_of(context)).group(group)).tags

    async def _retag(self, context: RequestContext, group: str, change: _Change) -> None:
        async def write(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            record = await writing.group(group)
            writing.put_group(msgspec.structs.replace(record, tags=change(record.tags)))

        await self._store.run(write)


def check_tags(tags: Mapping[str, str]) -> None:
    """Those that a request brings; InvalidParameterException."""
    for key in tags:
        if key.lower().startswith("aws:"):
            raise InvalidParameterException("aws: prefixed tag key names are not allowed for external use.")


def _adding(new: Mapping[str, str], *, arn: str | None) -> _Change:
    check_tags(new)

    def add(tags: Mapping[str, str]) -> dict[str, str]:
        more = {**tags, **new}
        if len(more) > TAGS_MAX:
            message = f"The resource has too many tags: at most {TAGS_MAX} are allowed."
            if arn is None:  # TagLogGroup models no other error
                raise InvalidParameterException(message)
            raise TooManyTagsException(message, members={"resourceName": arn})
        return more

    return add


def _without(tags: Mapping[str, str], keys: list[str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in keys}


def _group(context: RequestContext, arn: str) -> str:
    """The log group that an ARN names, which may end in `:*`."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise InvalidParameterException(f"Invalid resource ARN: {arn}")
    region, account_id, kind, name = match.groups()
    if kind == "destination":
        raise NotImplementedByPileus("destinations are not implemented")
    if kind != "log-group":
        raise ResourceNotFoundException("The specified resource does not exist.")
    if (account_id, region) != region_of(context):
        raise LogGroupNotFound
    return name
