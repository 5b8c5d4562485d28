"""What the doctor says about isolation is what the sandbox then does."""

import subprocess
import sys

import pytest

from pileus.kernel.sandbox import landlock
from pileus.kernel.sandbox.capabilities import probe
from pileus.kernel.sandbox.sandbox import Sandbox


def test_every_finding_says_what_follows() -> None:
    """A user can act on a consequence, not on a name."""
    found = probe()
    assert [capability.name for capability in found] == [
        "namespaces", "control groups", "seccomp", "landlock", "open files",
    ]  # fmt: skip
    assert all(capability.consequence for capability in found if capability.standing != "ok")
    assert all(capability.detail for capability in found)


async def test_the_probe_agrees_with_the_sandbox() -> None:
    """Both try the same."""
    sandbox = Sandbox()
    await sandbox.take()
    namespaces = probe()[0]
    assert sandbox.contained == (namespaces.standing == "ok"), (sandbox.reason, namespaces)
    await sandbox.close()


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
def test_where_namespaces_are_forbidden_landlock_is_named() -> None:
    """Behind a container's filter of system calls the doctor tells what holds functions instead."""
    program = (
        "from pileus.kernel.sandbox import capabilities, linux\n"
        "linux.gain_no_privileges(); linux.forbid_system_calls()\n"
        "for found in capabilities.probe(): print(found.name, found.standing, found.consequence, sep='|')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    found = {name: (standing, told) for name, standing, told in (line.split("|") for line in ended.stdout.splitlines())}
    assert found["namespaces"][0] == "missing"
    assert "Landlock holds them" in found["namespaces"][1]
    assert found["landlock"][0] == ("ok" if landlock.version() >= landlock.SCOPES_FROM else "limited")
