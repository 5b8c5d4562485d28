"""What does our Node.js runtime need from this host?"""

import os
from pathlib import Path
from typing import Final

PACKAGES_VARIABLE: Final = "PILEUS_NODE_MODULES"
"""A `node_modules` directory whose packages every Node.js function can import: AWS's has `@aws-sdk/*` there."""


def shared_packages() -> Path | None:
    """That directory, if it was named and exists."""
    named = os.environ.get(PACKAGES_VARIABLE)
    place = Path(named).resolve() if named else None
    return place if place is not None and place.is_dir() else None


def options(memory_mb: int) -> list[str]:
    """Node's own limits, within the function's memory size: it should collect garbage before it is killed.

    Source: what AWS's runtime starts Node with, as `process.execArgv` shows in a function there.
    """
    young_mb = max(1, memory_mb // 20)
    return [
        "--max-http-header-size=81920",
        f"--max-semi-space-size={young_mb}",
        f"--max-old-space-size={memory_mb * 9 // 10}",
    ]
