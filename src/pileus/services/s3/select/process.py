"""What does the process do that runs one selection?

Its standard input: 4 bytes of length, the `Job` as JSON, then the object until it ends. Its standard output: messages,
each 4 bytes of length of the payload, 1 byte of kind, three sizes of 8 bytes, payload. An error ends it; its payload
is code and message as JSON. Whatever a file does to its reader, it does it here, with an end to its memory and to the
time that it computes without a word, and on Linux without a network, and without a file that it could open but Python's
own and what it writes itself.
"""

import os
import resource
import struct
import sys
import sysconfig
import time
from collections.abc import Iterator
from importlib.util import find_spec
from io import FileIO
from typing import BinaryIO, Final

import msgspec

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.job import Job
from pileus.services.s3.select.scanning import Kind, Message, Sizes, messages

KINDS: Final[tuple[Kind, ...]] = ("bound", "records", "progress", "cont", "stats", "error")
HEAD: Final = struct.Struct(">IBQQQ")
MEMORY_BYTES_MAX: Final = 2 * 1024 * 1024 * 1024
"""Of addresses: of those, pyarrow reserves many more than it uses."""
COMPUTING_S_MAX: Final = 10 * 60
"""Between two pieces that come or messages that go: hours of a large object are no mistake, but these are."""
_READ_BYTES: Final = 256 * 1024
_NICE: Final = 5


def message_bytes(message: Message) -> bytes:
    return HEAD.pack(len(message.payload), KINDS.index(message.kind), *message.sizes) + message.payload


def head_of(data: bytes) -> tuple[int, Kind, Sizes]:
    """The payload's length, kind and sizes."""
    length, kind, *sizes = HEAD.unpack(data)
    return length, KINDS[kind], Sizes(*sizes)


def answer(job: Job, pieces: Iterator[bytes]) -> Iterator[Message]:
    """The messages, of which an error is the last one."""
    try:
        yield from messages(job, pieces)
    except SelectError as error:
        yield _told(error)
    except (MemoryError, RecursionError):
        yield _told(SelectError("ExternalEvalException"))


def _told(error: SelectError) -> Message:
    return Message("error", msgspec.json.encode((error.error_code, error.message)))


def _pieces(incoming: FileIO) -> Iterator[bytes]:
    while data := incoming.read(_READ_BYTES):
        _go_on()
        yield data


def _exactly(incoming: FileIO, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = incoming.read(count - len(data))
        if not piece:
            raise SystemExit(1)
        data += piece
    return data


def _serve(incoming: FileIO, outgoing: BinaryIO) -> None:
    job = msgspec.json.decode(_exactly(incoming, int.from_bytes(_exactly(incoming, 4))), type=Job)
    for message in answer(job, _pieces(incoming)):
        outgoing.write(message_bytes(message))
        outgoing.flush()
        _go_on()


def _go_on() -> None:
    """From here on there is as much time to compute as at the beginning."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time()) + COMPUTING_S_MAX
    if hard == resource.RLIM_INFINITY or soft < hard:  # else somebody has set a shorter end
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def give_up_network() -> None:
    """From here on nothing can be reached, not even this machine; where the system lets one go without."""
    if sys.platform != "linux":
        return
    from pileus.kernel.sandbox import linux

    for flags in (linux.CLONE_NEWNET, linux.CLONE_NEWNET | linux.CLONE_NEWUSER):
        try:
            linux.unshare(flags)
        except OSError:
            continue
        return


def give_up_files() -> None:
    """From here on only what Python may still import can be opened, and what is below TMPDIR; if there is Landlock."""
    if sys.platform != "linux":
        return
    import pileus
    from pileus.kernel.sandbox import landlock, linux

    if not landlock.version():
        return
    linux.gain_no_privileges()
    paths = sysconfig.get_paths()
    readable = {*(paths[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib"))}
    readable.add(os.path.dirname(os.path.abspath(pileus.__file__)))
    if (arrow := find_spec("pyarrow")) is not None and arrow.origin is not None:
        readable.add(os.path.dirname(os.path.dirname(arrow.origin)))
    writable = [room] if (room := os.environ.get("TMPDIR")) else []
    landlock.restrict(readable=[*readable, "/lib", "/lib64", "/usr/lib", "/usr/share/zoneinfo"], writable=writable)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICE)
    _go_on()
    give_up_network()
    give_up_files()
    with open(0, "rb", buffering=0) as given, open(1, "wb") as told:
        try:
            _serve(given, told)
        except BrokenPipeError:
            os._exit(1)
