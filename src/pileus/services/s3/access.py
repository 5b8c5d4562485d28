"""What is made of a refusal that is a part's of a request alone?

The authorizer has decided, and its refusals of what a request can do without are in the context.
"""

from typing import Final

from pileus.kernel.context import RequestContext
from pileus.services.s3.model import ObjectRecord

_BYPASS: Final = "s3:BypassGovernanceRetention"
_DELETING: Final = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject")
_COPIED_TAGS: Final = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging", "s3:PutObjectTagging")


def may_bypass(context: RequestContext, *, member: int = 0) -> bool:
    """Whether who asks to bypass governance mode may: without the permission it is as if nobody had asked.

    member: of a batch, by its index.
    """
    return context.refusal_of(_BYPASS, member) is None


def check_deletes(context: RequestContext, *, member: int) -> None:
    """AccessDenied for a key of a batch, by its index, that the caller may not delete."""
    for action in _DELETING:
        refused = context.refusal_of(action, member)
        if refused is not None:
            raise refused


def check_copied_tags(context: RequestContext, source: ObjectRecord) -> None:
    """AccessDenied when a copy takes tags along which the caller may not read, or not give."""
    if not source.tags:
        return
    for action in _COPIED_TAGS:
        refused = context.refusal_of(action)
        if refused is not None:
            raise refused
