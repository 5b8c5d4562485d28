"""Which environments does a function have, and which of them is next?"""

from collections.abc import Iterator

from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.types import FunctionSpec


class Fleet:
    """The environments of one function at one revision.

    `idle` is a stack: the one used last is on top. `provisioned` are idle, too, and come first: they are paid for.
    wanted: how many environments are to be kept initialised. failure: AWS's code for why they cannot be.
    """

    __slots__ = ("environments", "failure", "filling", "idle", "provisioned", "retired", "spec", "wanted")

    def __init__(self, spec: FunctionSpec) -> None:
        self.spec = spec
        self.environments: set[Environment] = set()
        self.idle: list[Environment] = []
        self.provisioned: list[Environment] = []
        self.retired = False
        self.wanted = 0
        self.filling = 0
        self.failure = ""

    def pop(self) -> Environment | None:
        """The idle environment that is to handle the next event."""
        if self.provisioned:
            return self.provisioned.pop()
        return self.idle.pop() if self.idle else None

    def released(self, environment: Environment) -> None:
        """It is idle again, or for the first time."""
        (self.provisioned if environment.provisioned else self.idle).append(environment)

    def ended(self, environment: Environment) -> None:
        self.environments.discard(environment)
        for idle in (self.idle, self.provisioned):
            if environment in idle:
                idle.remove(environment)

    def all_idle(self) -> list[Environment]:
        """Those that nobody needs now; they are the caller's from here on."""
        found = [*self.idle, *self.provisioned]
        self.idle, self.provisioned = [], []
        return found

    def of_provisioned(self) -> Iterator[Environment]:
        """Those that are kept initialised, whatever they do at the moment."""
        return (environment for environment in self.environments if environment.provisioned)
