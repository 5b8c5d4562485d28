"""Are the secrets of a data directory made once, kept private, and found again?"""

import stat
from pathlib import Path

import pytest

from pileus.kernel.auth.root_credentials import (
    BadRootCredentials,
    RootKeyDirectory,
    load_or_create_root_credentials,
    load_root_credentials,
)
from pileus.kernel.auth.server_secret import BadServerSecret, load_or_create_server_secret
from pileus.kernel.ids import SeededIds, SystemIds
from tests.unit.auth.signing import KnownKeys

SECRET = bytes(range(32))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_server_secret_is_made_once(tmp_path: Path) -> None:
    """The second start finds the first one's secret; only the owner may read it; nothing else is left lying about."""
    folder = tmp_path / "new" / "data"
    secret = load_or_create_server_secret(folder, ids=SystemIds())
    assert len(secret) == 32
    assert load_or_create_server_secret(folder, ids=SystemIds()) == secret
    assert mode(folder / "secret") == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret"]


@pytest.mark.parametrize(("content", "permissions"), [(b"short", 0o600), (b"", 0o600), (bytes(33), 0o600)])
def test_a_damaged_secret_is_refused(tmp_path: Path, content: bytes, permissions: int) -> None:
    """Better no start than other keys than before."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(permissions)
    with pytest.raises(BadServerSecret):
        load_or_create_server_secret(tmp_path, ids=SystemIds())


def test_a_secret_that_others_read_is_refused(tmp_path: Path) -> None:
    """As ssh does with its keys."""
    load_or_create_server_secret(tmp_path, ids=SystemIds())
    (tmp_path / "secret").chmod(0o640)
    with pytest.raises(BadServerSecret):
        load_or_create_server_secret(tmp_path, ids=SystemIds())


def test_the_root_pair_is_made_once_and_sealed(tmp_path: Path) -> None:
    """It is told at the first start only, and the file gives nothing away without the secret."""
    first = load_or_create_root_credentials(tmp_path, secret=SECRET, ids=SeededIds())
    again = load_or_create_root_credentials(tmp_path, secret=SECRET, ids=SeededIds(1))
    assert first.created
    assert not again.created
    assert first.credentials == again.credentials == load_root_credentials(tmp_path, secret=SECRET, ids=SeededIds())
    assert first.credentials.access_key_id.startswith("AKIA")
    assert first.credentials.account_id == "000000000000"
    path = tmp_path / "root-credentials"
    assert mode(path) == 0o600
    assert first.credentials.secret_access_key.encode() not in path.read_bytes()
    with pytest.raises(BadRootCredentials):
        load_root_credentials(tmp_path, secret=bytes(32), ids=SeededIds())


def test_there_is_no_root_pair_before_the_first_strict_start(tmp_path: Path) -> None:
    """An open server never makes one."""
    assert load_root_credentials(tmp_path, secret=SECRET, ids=SeededIds()) is None


async def test_the_directory_finds_root_and_others(tmp_path: Path) -> None:
    """The root's key lies outside of the store, so a reset keeps the way in."""
    root = load_or_create_root_credentials(tmp_path, secret=SECRET, ids=SeededIds()).credentials
    directory = RootKeyDirectory(root, KnownKeys(AKIDOTHER="secret"))
    found = await directory.find(root.access_key_id)
    assert found is not None
    assert found.secret_access_key == root.secret_access_key
    assert found.principal.arn == "arn:aws:iam::000000000000:root"
    assert found.principal.minted
    other = await directory.find("AKIDOTHER")
    assert other is not None
    assert other.secret_access_key == "secret"
    assert await directory.find("AKIDNOBODY") is None
