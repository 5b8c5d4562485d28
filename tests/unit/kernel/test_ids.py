"""Where identifiers come from."""

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
