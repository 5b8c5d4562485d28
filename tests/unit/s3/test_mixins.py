"""Operations are mixed into one class, so no two groups may use one name for two things."""

from collections import Counter

from pileus.services.s3.api import S3Api
from pileus.services.s3.operations.base import S3Base


def test_no_two_groups_of_operations_share_a_name() -> None:
    """A private helper of one group would silently replace another's, for requests of both."""
    defined: Counter[str] = Counter()
    for group in S3Api.__mro__:
        if issubclass(group, S3Base) and group not in {S3Api, S3Base}:
            defined.update(name for name in vars(group) if not name.startswith("__"))
    assert [name for name, count in defined.items() if count > 1] == []
