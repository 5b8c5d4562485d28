"""What does an ImageUri name?

An image in ECR, by tag or digest: `111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app:1`. Lambda takes no other, and
none of another region. Source: Lambda Developer Guide, "Create a Lambda function using a container image"; API_
CreateRepository of ECR for names.
"""

import re
from typing import Final

import msgspec

from pileus.services.lambda_.images.refusals import InvalidImageUri

_PART: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_URI: Final = re.compile(
    r"(?P<host>\d{12}\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws))"
    rf"/(?P<repository>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_REPOSITORY_CHARACTERS_MAX: Final = 256


class ImageName(msgspec.Struct, frozen=True, kw_only=True):
    """An image by its URI. host: of the registry. digest: `sha256:...`, which counts where both are given."""

    uri: str
    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def reference(self) -> str:
        """The digest or the tag."""
        return self.digest or self.tag

    def resolved(self, digest: str) -> str:
        """The URI of exactly one image."""
        return f"{self.host}/{self.repository}@{digest}"


def image_name(uri: str, *, region: str) -> ImageName:
    """What `uri` names, for a function in `region`; InvalidImageUri."""
    found = _URI.fullmatch(uri)
    if found is None or found["region"] != region or len(found["repository"]) > _REPOSITORY_CHARACTERS_MAX:
        raise InvalidImageUri(uri)
    if not (found["tag"] or found["digest"]):
        raise InvalidImageUri(uri)
    return ImageName(
        uri=uri,
        host=found["host"],
        repository=found["repository"],
        tag=found["tag"] or "",
        digest=found["digest"] or "",
    )
