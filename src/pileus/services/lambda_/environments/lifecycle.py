"""In which states can an execution environment be, and what leads from one to the next?"""

from enum import Enum
from typing import Final


class State(Enum):
    """Where an environment is in its life."""

    STARTING = "starting"  # the runtime loads the function, or is restored
    IDLE = "idle"  # warm: waits for an event
    BUSY = "busy"  # handles one event
    SETTLING = "settling"  # has answered; extensions are not ready for the next event yet
    DEAD = "dead"  # its processes are killed or have ended


class Event(Enum):
    """What happens to an environment."""

    READY = "ready"  # the runtime has asked for its first event
    RESTORE = "restore"  # it was initialised for whoever might need it, and is needed now
    INVOKE = "invoke"
    DONE = "done"  # the runtime has answered, with a result or an error
    SETTLE = "settle"  # the runtime has answered, and extensions go on
    STOP = "stop"  # it ended, timed out, failed to start, expired, or was retired


NEXT_STATE: Final = {
    (State.STARTING, Event.READY): State.IDLE,
    (State.STARTING, Event.STOP): State.DEAD,
    (State.IDLE, Event.RESTORE): State.STARTING,
    (State.IDLE, Event.INVOKE): State.BUSY,
    (State.IDLE, Event.STOP): State.DEAD,
    (State.BUSY, Event.DONE): State.IDLE,
    (State.BUSY, Event.STOP): State.DEAD,
    (State.BUSY, Event.SETTLE): State.SETTLING,
    (State.SETTLING, Event.DONE): State.IDLE,
    (State.SETTLING, Event.STOP): State.DEAD,
}
"""A pair that is absent is our bug, and raises KeyError: in particular nothing happens to the dead."""
