"""Which environments are there on this host?"""

from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.fleets import Fleet
from pileus.services.lambda_.environments.types import EnvironmentsClosed


class Population:
    """All environments and their fleets. count: with those that are about to be made.

    closed: Pileus is about to end, and no environment is made any more.
    """

    __slots__ = ("closed", "count", "environments", "fleets")

    def __init__(self) -> None:
        self.fleets: dict[str, Fleet] = {}
        self.environments: set[Environment] = set()
        self.count = 0
        self.closed = False

    def require_open(self) -> None:
        """Or EnvironmentsClosed."""
        if self.closed:
            raise EnvironmentsClosed
