"""What should a function do before its snapshot is taken, and after it was restored?

The module that AWS's Python runtimes bring under this name. Each function is called with the arguments it was
registered with: those for before in the reverse of the order of registration, those for after in that order.
Source: Lambda Developer Guide, "Implement code before or after Lambda function snapshots".
"""

from collections.abc import Callable
from typing import Any

Hook = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]

_before_snapshot: list[Hook] = []
_after_restore: list[Hook] = []


def register_before_snapshot(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """Call `func` before the snapshot is taken; also a decorator."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """Call `func` in every environment that is restored, before its first event; also a decorator."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot() -> list[Hook]:
    """In order of registration."""
    return _before_snapshot


def get_after_restore() -> list[Hook]:
    """In order of registration."""
    return _after_restore
