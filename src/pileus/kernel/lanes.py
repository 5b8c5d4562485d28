"""Which events of a queue may be delivered now, and which must wait for others of their group?"""

from dataclasses import dataclass
from typing import Final

from pileus.kernel.storage.emissions import EventRecord

LANE_EVENTS_MAX: Final = 64


@dataclass(slots=True)
class Lane:
    """Events that are delivered one after another."""

    group: str
    keys: list[bytes]


class Sorting:
    """One reading of a queue, in order: which events make lanes, and when the next is due."""

    def __init__(self, *, now_us: int, held: set[bytes], busy: set[str]) -> None:
        self.lanes: list[Lane] = []
        self.next_us: int | None = None
        self._now_us = now_us
        self._held = held
        self._busy = busy
        self._by_group: dict[str, Lane] = {}
        self._closed: set[str] = set()  # groups of which an event was passed over: no later one may follow

    def add(self, key: bytes, record: EventRecord) -> None:
        group = record.group
        if key in self._held or (group and (group in self._busy or group in self._closed)):
            return
        lane = self._by_group.get(group)
        if record.not_before_us > self._now_us:
            self._closed.add(group)
            if lane is None:  # otherwise the end of the lane before it stirs
                self.wait_until(record.not_before_us)
        elif lane is None:
            lane = Lane(group, [key])
            self.lanes.append(lane)
            if group:
                self._by_group[group] = lane
        elif len(lane.keys) < LANE_EVENTS_MAX:
            lane.keys.append(key)
        else:
            self._closed.add(group)

    def wait_until(self, moment_us: int) -> None:
        self.next_us = moment_us if self.next_us is None else min(self.next_us, moment_us)
