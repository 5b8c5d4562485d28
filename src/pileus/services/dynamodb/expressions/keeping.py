"""Which compiled texts are kept for the next request?

Of short ones, as applications have them, many. A long one takes up to 400 KB when it is compiled, so of these a few.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar, TypeVarTuple

SHORT_KEPT_MAX: Final = 1024
SHORT_CHARS_MAX: Final = 512
LONG_KEPT_MAX: Final = 64

C = TypeVar("C")
More = TypeVarTuple("More")


def kept(compile_: Callable[[str, *More], C]) -> Callable[[str, *More], C]:
    """The same function of a text, which keeps what it gave; its arguments are hashable."""
    of_short, of_long = lru_cache(SHORT_KEPT_MAX)(compile_), lru_cache(LONG_KEPT_MAX)(compile_)

    def compiled(text: str, *more: *More) -> C:
        return of_short(text, *more) if len(text) <= SHORT_CHARS_MAX else of_long(text, *more)

    return compiled
