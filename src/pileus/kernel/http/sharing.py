"""What do the connections of one server have in common?"""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pileus.kernel.http.budget import BodyBudget
from pileus.kernel.http.heads import Heads
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Gate, Handler, Lost
from pileus.kernel.http.outlet import Turn

if TYPE_CHECKING:
    from pileus.kernel.http.connection import Connection


@dataclass(slots=True, kw_only=True)
class Shared:
    """What the connections of one server have in common."""

    handler: Handler
    gate: Gate | None
    limits: Limits
    heads: Heads
    budget: BodyBudget = field(default_factory=lambda: BodyBudget(Limits()))
    connections: set["Connection"] = field(default_factory=set)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    draining: bool = False
    lost: Lost | None = None
    turn: Turn = field(default_factory=Turn)
