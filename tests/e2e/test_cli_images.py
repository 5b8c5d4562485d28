"""Where container images come from is chosen on the command line; what cannot be is said at once."""

import pytest

from pileus.doctor import Finding, Standing, images_finding
from tests.e2e.test_cli import pileus


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--images", "/no/such/folder"], "no folder at /no/such/folder"),
        (["--image-registry", "registry.example:5000"], "no URL of a registry"),
        (["--image-registry", "http://registry.example"], "plain HTTP is for registries on this machine"),
    ],
)
def test_what_cannot_be_chosen(arguments: list[str], said: str) -> None:
    """Before anything starts, rather than when the first function is made."""
    refused = pileus("up", "--port", "0", *arguments)
    assert refused.returncode == 2
    assert said in " ".join(refused.stderr.split())


@pytest.mark.parametrize(("namespaces", "standings"), [("ok", {"ok", "limited"}), ("missing", {"missing"})])
def test_the_doctor_says_whether_images_can_be_run(namespaces: Standing, standings: set[Standing]) -> None:
    """They need namespaces."""
    isolation = [Finding(area="isolation", name="namespaces", standing=namespaces, detail="")]
    found = images_finding(isolation)
    assert found.name == "container images"
    assert found.standing in standings
    assert bool(found.consequence) == (found.standing != "ok")


def test_registries_of_the_environment() -> None:
    """An address may hold a password, which the list of processes would show."""
    refused = pileus("up", "--port", "0", PILEUS_IMAGE_REGISTRY="http://user:secret@registry.example")
    assert refused.returncode == 2
    assert "plain HTTP is for registries on this machine" in " ".join(refused.stderr.split())
