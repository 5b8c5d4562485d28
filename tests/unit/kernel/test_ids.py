"""Where identifiers come from."""

from uuid import UUID

from pileus.kernel.ids import SeededIds, SystemIds


def test_drawn_from_stock_nothing_comes_twice() -> None:
    """Randomness is fetched in stock; whoever draws across its end must not get a part of it again."""
    ids = SystemIds()
    drawn = [ids.bytes(size) for size in (16, 4_000, 16, 90, 16, 4_096, 5_000, 1, 16)]
    assert [len(part) for part in drawn] == [16, 4_000, 16, 90, 16, 4_096, 5_000, 1, 16]
    many = [ids.uuid() for _ in range(5_000)]
    assert len(set(many)) == len(many)


def test_seeded_ids_repeat_themselves() -> None:
    """A failing test is a seed."""
    assert SeededIds(7).base36(10) == SeededIds(7).base36(10)
    assert SeededIds(7).uuid() != SeededIds(8).uuid()


def test_uuids_are_those_of_the_standard_library() -> None:
    """Written by hand because that is quicker; version and variant must be right in each of 256 ninth bytes."""
    ids, drawn = SeededIds(3), SeededIds(3)
    for _ in range(2_000):
        assert ids.uuid() == str(UUID(bytes=drawn.bytes(16), version=4))
