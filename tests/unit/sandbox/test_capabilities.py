"""What the doctor says about isolation is what the sandbox then does."""

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
