"""Folders with programs of this machine in them, from which images for tests are made."""

import re
import shutil
import subprocess
from pathlib import Path


def copy_programs(root: Path, *names: str) -> None:
    """Put programs of this machine into `bin` of a folder, and the libraries they need where they look for them."""
    (root / "bin").mkdir(parents=True, exist_ok=True)
    for name in names:
        found = shutil.which(name)
        assert found is not None, f"{name} is on every Linux"
        shutil.copy2(Path(found).resolve(), root / "bin" / name)
        copy_libraries(root, Path(found))


def copy_libraries(root: Path, *programs: Path) -> None:
    """Put there what these programs or libraries are linked with, at the same paths."""
    for program in programs:
        listed = subprocess.run(["ldd", program.resolve()], capture_output=True, text=True, check=False).stdout
        for place in re.findall(r"(/\S+) \(0x", listed):
            target = root / place.lstrip("/")
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(Path(place).resolve(), target)
