"""What a client makes up does not fill the memory, though queues that are named again and again are remembered."""

from types import SimpleNamespace
from typing import Any

import pytest

from pileus.services.sqs.errors import InvalidAddress
from pileus.services.sqs.names import _named_by, queue_of_url


def test_long_urls_are_not_remembered() -> None:
    """A request may bear one of a megabyte: four thousand of them would be kept, refused or not."""
    _named_by.cache_clear()
    context: Any = SimpleNamespace(region="us-east-1")
    with pytest.raises(InvalidAddress):
        queue_of_url(context, f"http://localhost/{'x' * 10_000}/111111111111/q")
    assert _named_by.cache_info().currsize == 0
    assert queue_of_url(context, "http://localhost/111111111111/q").name == "q"
    assert _named_by.cache_info().currsize == 1
