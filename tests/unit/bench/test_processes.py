"""Is memory counted of the right processes?"""

import os
import subprocess
import sys

from bench.processes import descendants, rss_bytes


def test_descendants_and_their_memory() -> None:
    """Children and their children, and nobody else; a process that is gone has no memory."""
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    below = descendants(child.pid)
    assert len(below) == 1
    assert {child.pid, *below} <= set(descendants(os.getpid()))
    assert rss_bytes(below[0]) > 1_000_000
    child.stdin.close()
    child.wait()
    child.stdout.close()
    assert rss_bytes(child.pid) == 0
