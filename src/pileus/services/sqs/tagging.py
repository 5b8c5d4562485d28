"""Which tags may a queue have?

Sources: SQS Developer Guide, "Amazon SQS cost allocation tags"; moto's tests test_sqs.py, test_tag_queue_errors and
test_untag_queue_errors.
"""

from collections.abc import Mapping
from typing import Final

from pileus.services.sqs.errors import InvalidParameterValueException
from pileus.services.sqs.limits import TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX, TAGS_MAX

KEY_LENGTH: Final = f"Tag keys must be between 1 and {TAG_KEY_CHARACTERS_MAX} characters in length."


def check_tags(tags: Mapping[str, str], *, queue_name: str) -> None:
    """tags: all that the queue would have. InvalidParameterValueException."""
    if len(tags) > TAGS_MAX:
        raise InvalidParameterValueException(f"Too many tags added for queue {queue_name}.")
    if not all(1 <= len(key) <= TAG_KEY_CHARACTERS_MAX for key in tags):
        raise InvalidParameterValueException(KEY_LENGTH)
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidParameterValueException("Tag keys must not begin with aws:, which is reserved.")
    if any(len(value) > TAG_VALUE_CHARACTERS_MAX for value in tags.values()):
        raise InvalidParameterValueException(
            f"Tag values must be between 0 and {TAG_VALUE_CHARACTERS_MAX} characters in length."
        )
