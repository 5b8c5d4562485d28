"""How does a lane remember how far it has come?

Its checkpoint is written with what happened: the failure record that goes to a destination is committed together with
the step past the batch, so neither is without the other. A mapping that is gone meanwhile writes nothing.
"""

import msgspec

from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_.destinations import TargetMessage, emit_message
from pileus.services.lambda_.mappings import store as records
from pileus.services.lambda_.mappings.model import LaneName, LaneProgress, MappingRecord, MappingStatus, Window


class Checkpoint:
    """The progress of one lane; what is in memory may be ahead of what is kept, never behind."""

    def __init__(self, *, store: Store, mapping: MappingRecord, lane: LaneName, progress: LaneProgress) -> None:
        self._store = store
        self._mapping = mapping
        self._lane = lane
        self._progress = self._kept = progress

    @property
    def position(self) -> int:
        return self._progress.position

    @property
    def window(self) -> Window | None:
        return self._progress.window

    @property
    def finished(self) -> bool:
        return self._progress.finished

    def pass_over(self, position: int) -> None:
        """Nothing up to there is the function's; kept with the next step, or by `keep`."""
        self._progress = msgspec.structs.replace(self._progress, position=position)

    @property
    def passed_over(self) -> int:
        """How far memory is ahead."""
        return self._progress.position - self._kept.position

    async def keep(
        self,
        *,
        position: int | None = None,
        window: Window | None = None,
        finished: bool = False,
        result: str = "",
        message: TargetMessage | None = None,
    ) -> None:
        """Write down where the lane is. window: the one that is open from now on. result: of the last batch, if any."""
        progress = LaneProgress(
            position=self._progress.position if position is None else position, finished=finished, window=window
        )

        async def write(tx: Transaction) -> None:
            if await records.read_mapping(tx, self._mapping) is None:
                return
            records.put_progress(tx, self._mapping.uuid, self._lane, progress)
            if result:
                await _note(tx, self._mapping, result)
            if message is not None:
                emit_message(tx, message)

        await self._store.run(write)
        self._progress = self._kept = progress

    async def note(self, result: str) -> None:
        """What became of the last batch, while the lane stays where it is."""

        async def write(tx: Transaction) -> None:
            if await records.read_mapping(tx, self._mapping) is not None:
                await _note(tx, self._mapping, result)

        await self._store.run(write)


async def _note(tx: Transaction, mapping: MappingRecord, result: str) -> None:
    status = MappingStatus(last_result=result)
    if await records.get_status(tx, mapping.uuid) != status:
        records.put_status(tx, mapping.uuid, status)
