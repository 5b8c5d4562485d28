"""What a client makes up does not fill the memory, though topics that are named again and again are remembered."""

from pileus.services.sns.names import TopicName
from pileus.services.sns.store import _remembered_key, topic_key


def test_long_names_are_not_remembered() -> None:
    """No topic has such a name, and a request may bear one of megabytes: four thousand of them are kept otherwise."""
    _remembered_key.cache_clear()
    for part in range(4):
        parts = ["aws", "us-east-1", "111111111111", "t"]
        parts[part] = "x" * 10_000
        name = TopicName(*parts)
        assert topic_key(name) == topic_key(name)
    assert _remembered_key.cache_info().currsize == 0
    usual = TopicName("aws", "us-east-1", "111111111111", "t" * 256)
    assert topic_key(usual) is topic_key(usual)
