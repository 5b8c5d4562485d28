"""Could a register, one thing at a time, have answered like this?

A history is a list of calls and returns in the order in which clients saw them. It is linearizable when each operation
can be given one instant between its call and its return at which it happens as a whole, so that all answers come out.
An operation that never returned may have happened at any time after its call, or never.

After M. Herlihy and J. Wing, "Linearizability: a correctness condition for concurrent objects", 1990; the search goes
from return to return and keeps every state that the register may be in, as G. Lowe's "just-in-time linearization" does.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Value = int | None
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked: `read`, `write` of `value`, or `swap` of `expected` for `value`."""

    kind: str
    value: Value = None
    expected: Value = None

    def apply(self, register: Value) -> tuple[Value, object]:
        """The register afterwards, and the answer."""
        if self.kind == "read":
            return register, register
        if self.kind == "write":
            return self.value, None
        assert self.kind == "swap"
        return (self.value, True) if register == self.expected else (register, False)


@dataclass(slots=True)
class History:
    """What clients saw of one register. events: number of the operation, and whether it returned there."""

    operations: list[Operation] = field(default_factory=list)
    answers: dict[int, object] = field(default_factory=dict)
    events: list[tuple[int, bool]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, operation: Operation, perform: Callable[[], T]) -> T:
        """Perform an operation and note what it answered; one that raises never returned."""
        with self._lock:
            number = len(self.operations)
            self.operations.append(operation)
            self.events.append((number, False))
        answer = perform()
        with self._lock:
            self.answers[number] = answer
            self.events.append((number, True))
        return answer


def linearizable(history: History, *, initial: Value = None) -> bool:
    """Whether one register could have answered so."""
    possible: set[State] = {(initial, frozenset())}
    pending: set[int] = set()
    for number, returned in history.events:
        if not returned:
            pending.add(number)
            continue
        reached = _until(history, number, possible, sorted(pending))
        possible = {(register, done - {number}) for register, done in reached}
        if not possible:
            return False
        pending.discard(number)
    return True


State = tuple[Value, frozenset[int]]
"""The register, and which of the pending operations have happened."""


def _until(history: History, number: int, states: set[State], pending: Sequence[int]) -> set[State]:
    """All states in which operation `number` has happened, reached by letting pending ones happen in any order."""
    reached: set[State] = set()
    seen = set(states)
    open_states = list(states)
    while open_states:
        register, done = open_states.pop()
        if number in done:
            reached.add((register, done))
            continue
        for other in pending:
            if other in done:
                continue
            after, answer = history.operations[other].apply(register)
            if other in history.answers:
                if history.answers[other] != answer:
                    continue
            elif after == register:
                continue  # nobody heard of it, and it changed nothing: as if it never happened
            following = (after, done | {other})
            if following not in seen:
                seen.add(following)
                open_states.append(following)
    return reached
