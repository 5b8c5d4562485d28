"""Does the judge of histories let the possible through, and nothing else?"""

import pytest

from tests.support.linearizability import History, Operation, linearizable

READ = Operation("read")


def write(value: int) -> Operation:
    return Operation("write", value)


def swap(expected: int | None, value: int) -> Operation:
    return Operation("swap", value, expected)


def history(*events: tuple[int, Operation] | tuple[int, object, str]) -> History:
    """Calls are (number, operation); returns are (number, answer, "")."""
    made = History()
    for event in events:
        if len(event) == 2:
            operation = event[1]
            assert isinstance(operation, Operation)
            made.operations.append(operation)
            made.events.append((event[0], False))
        else:
            made.answers[event[0]] = event[1]
            made.events.append((event[0], True))
    return made


@pytest.mark.parametrize(
    ("given", "possible"),
    [
        (history((0, write(1)), (0, None, ""), (1, READ), (1, 1, "")), True),
        (history((0, write(1)), (0, None, ""), (1, READ), (1, None, "")), False),  # a stale read
        (history((0, write(1)), (1, READ), (1, None, ""), (0, None, "")), True),  # at the same time: either
        (history((0, write(1)), (1, READ), (1, 1, ""), (0, None, "")), True),
        (history((0, write(1)), (1, READ), (1, 1, ""), (2, READ), (2, None, "")), False),  # seen, then unseen
        (history((0, write(1)), (1, READ), (1, None, ""), (2, READ), (2, 1, "")), True),  # never returned: later
        (history((0, swap(None, 1)), (1, swap(None, 2)), (0, True, ""), (1, True, "")), False),  # both won
        (history((0, swap(None, 1)), (1, swap(None, 2)), (0, True, ""), (1, False, "")), True),
        (history((0, swap(None, 1)), (1, READ), (1, 2, "")), False),  # out of nowhere
    ],
)
def test_histories(given: History, possible: bool) -> None:
    """Each small history, with what may be said of it."""
    assert linearizable(given) is possible
