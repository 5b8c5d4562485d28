"""Bytes that a hostile, broken or merely odd client might send: from a seed, and by Hypothesis."""

import random
from itertools import pairwise

from hypothesis import strategies as st

REQUESTS: tuple[bytes, ...] = (
    b"GET / HTTP/1.1\r\nHost: t\r\n\r\n",
    b"POST /p?q=%2F HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"PUT /k HTTP/1.1\r\nHost: t\r\nA: b\r\nExpect: 100-continue\r\nContent-Length: 400\r\n\r\n",
    b"PUT /k HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    b"PUT /k HTTP/1.1\r\nHost: t\r\nContent-Length: 700\r\n\r\n" + b"y" * 700,
    b"PUT /k HTTP/1.1\r\nHost: t\r\nA: b\r\nC: d\r\nContent-Length: 700\r\n\r\n" + b"y" * 700,
    b"GET / HTTP/1.1\r\nHost: t\r\nA: b\r\n\r\n",
    b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"CONNECT t:1 HTTP/1.1\r\nHost: t\r\n\r\n",
)
FRAGMENTS: tuple[bytes, ...] = (
    *REQUESTS,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"0\r\nTrailer: x\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Connection: close\r\n",
    b"Host: t\r\n",
    b"HTTP/1.1",
    b"HTTP/9.9",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b" ",
    b":",
    b"X: " + b"x" * 300 + b"\r\n",
    b"x" * 700,
)


def random_input(seed: int) -> list[bytes]:
    """What one connection sends, in the pieces in which it sends it: fragments, damaged here and there, or noise."""
    random_ = random.Random(seed)
    if random_.random() < 0.2:
        sent = random_.randbytes(random_.randrange(400))
    else:
        sound = b"".join(random_.choice(REQUESTS) for _ in range(random_.randrange(4)))
        sent = sound + b"".join(random_.choice(FRAGMENTS) for _ in range(random_.randrange(6)))
    damaged = bytearray(sent)
    for _ in range(random_.choice((0, 0, 1, 3))):
        if damaged:
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
    return cut(bytes(damaged), [random_.randrange(len(damaged) + 1) for _ in range(random_.randrange(4))])


def cut(sent: bytes, at: list[int]) -> list[bytes]:
    bounds = [0, *sorted(min(point, len(sent)) for point in at), len(sent)]
    return [sent[begin:end] for begin, end in pairwise(bounds)]


inputs: st.SearchStrategy[list[bytes]] = st.builds(
    cut,
    st.lists(st.one_of(st.sampled_from(REQUESTS), st.sampled_from(FRAGMENTS), st.binary(max_size=40)), max_size=8).map(
        b"".join
    ),
    st.lists(st.integers(0, 2000), max_size=4),
)
"""As `random_input`, but Hypothesis finds the smallest one that fails."""
