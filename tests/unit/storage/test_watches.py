"""Who is told of what was written, and of what then was not."""

from pileus.kernel.storage.watches import Watches


def test_a_watch_is_told_when_the_group_is_durable() -> None:
    """Before that it only says that something was written."""
    watches = Watches()
    mine, other = watches.take(b"mine"), watches.take(b"other")
    watches.note([b"mine"])
    assert (mine.written, mine.told) == (True, False)
    watches.fire()
    assert mine.told
    assert not other.written


def test_after_a_group_that_failed_nothing_that_was_read_holds() -> None:
    """A watch that was taken after the write has seen a value which was then taken back; nobody is woken for that."""
    watches = Watches()
    watches.note([b"mine"])
    late = watches.take(b"mine")
    assert not late.written
    watches.forget()
    assert (late.written, late.told) == (True, False)
    assert not watches.take(b"mine").written
