"""Which queue does a caller mean, and under which URL do they find it again?

A queue's URL ends in `/ACCOUNT/NAME`, whatever comes before: the host that the client used, AWS's own
(`sqs.REGION.amazonaws.com`, `REGION.queue.amazonaws.com`, `queue.amazonaws.com`), or LocalStack's `/queue/REGION`. The
region is the one that the request is signed for, as on AWS, whose hosts serve no other.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.sqs.errors import InvalidAddress, InvalidParameterValueException

FIFO_SUFFIX: Final = ".fifo"
_URL_CHARACTERS_MAX: Final = 2_048
_URLS_REMEMBERED_MAX: Final = 4_096

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_FIFO_NAME: Final = re.compile(r"(?=.{1,80}\Z)[a-zA-Z0-9_-]+\.fifo")
_URL: Final = re.compile(r"(?:https?://[^/?#]+)?(?:/[^/?#]+)*?/(?P<account>\d{12})/(?P<name>[^/?#]+)/?")
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[a-zA-Z0-9_.-]{1,80})"
)


class QueueName(msgspec.Struct, frozen=True, kw_only=True):
    """A queue, as somebody names it; whether there is one is not said."""

    account_id: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return queue_arn(account_id=self.account_id, region=self.region, name=self.name)


def queue_arn(*, account_id: str, region: str, name: str) -> str:
    return f"arn:{partition_of(region)}:sqs:{region}:{account_id}:{name}"


def partition_of(region: str) -> str:
    """Of a region's name; what `RequestContext.partition` says of a request."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def check_name(name: str, *, fifo: bool) -> None:
    """Or InvalidParameterValueException.

    Source: what AWS answered, in the issues of hashicorp/terraform-provider-aws and boto/boto3.
    """
    if fifo:
        if _FIFO_NAME.fullmatch(name) is None:
            raise InvalidParameterValueException(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
                "must end with .fifo suffix and be 1 to 80 in length."
            )
    elif _NAME.fullmatch(name) is None:
        raise InvalidParameterValueException(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )


def queue_of_arn(arn: str) -> QueueName | None:
    """The queue that an ARN names; None when it names none."""
    return _of_arn(arn) if len(arn) <= _URL_CHARACTERS_MAX else None


@lru_cache(maxsize=_URLS_REMEMBERED_MAX)
def _of_arn(arn: str) -> QueueName | None:
    match = _ARN.fullmatch(arn)
    return None if match is None else QueueName(account_id=match["account"], region=match["region"], name=match["name"])


def queue_of_url(context: RequestContext, url: str) -> QueueName:
    """The queue that a request means; InvalidAddress when the URL is of none."""
    named = _named_by(url) if len(url) <= _URL_CHARACTERS_MAX else None
    if named is None:
        raise InvalidAddress(url)
    return QueueName(account_id=named[0], region=context.region, name=named[1])


@lru_cache(maxsize=_URLS_REMEMBERED_MAX)
def _named_by(url: str) -> tuple[str, str] | None:
    """Account and name; remembered, since every request about messages bears its queue's URL, and is asked twice."""
    match = _URL.fullmatch(url)
    return None if match is None else (match["account"], unquote(match["name"]))


def queue_url(context: RequestContext, queue: QueueName) -> str:
    """Where this client finds the queue: on the host that it used."""
    scheme = "https" if context.secure else "http"
    return f"{scheme}://{context.host}/{queue.account_id}/{queue.name}"
