"""Where does a FIFO group stand: may it be received, who holds what of it, and until when? See `fifo`."""

from pileus.services.sqs.messages.keys import last_number
from pileus.services.sqs.messages.records import GroupState, Held
from pileus.services.sqs.messages.visit import Visit


async def first_of(visit: Visit, group: str) -> int | None:
    begin, end = visit.keys.group_range(group)
    rows = await visit.tx.range(begin, end, limit=1)
    return last_number(rows[0][0]) if rows else None


def held_of(state: GroupState | None, seq: int | None) -> Held | None:
    if state is None:
        return None
    return next((held for held in state.entries if held.seq == seq), None)


def remove_from(visit: Visit, state: GroupState, group: str, seq: int, held: Held | None) -> None:
    visit.tx.clear(visit.keys.message(seq))
    visit.tx.clear(visit.keys.in_group(group, seq))
    visit.head.log -= 1
    if held is not None:
        visit.head.in_flight -= held.due_us > 0
        state.entries.remove(held)


async def settle(visit: Visit, group: str, state: GroupState) -> None:
    """Put the group where it belongs now: among those that may be received, or not; and set its timer."""
    tx, keys = visit.tx, visit.keys
    first = await first_of(visit, group)
    held = held_of(state, first) if first is not None else None
    turn = 0 if first is None or (held is not None and held.due_us) else first
    if turn != state.turn:
        if state.turn:
            tx.clear(keys.turn(state.turn))
        if turn:
            tx.set(keys.turn(turn), group.encode())
    timer_us = min((held.due_us for held in state.entries if held.due_us), default=0)
    if timer_us != state.timer_us:
        if state.timer_us:
            tx.clear(keys.timer(state.timer_us, group))
        if timer_us:
            tx.set(keys.timer(timer_us, group), b"")
            visit.due(timer_us)
    state.turn, state.timer_us = turn, timer_us
    visit.change_group(group, state if state.entries else None)
