"""Which version of a runtime is it that runs a function?

AWS numbers the builds of each runtime. Here a runtime is whatever this Pileus runs under its name, hence one version of
each, and one ARN in every region.
"""

import hashlib
import re
from typing import Final

_NAME: Final = re.compile(r"([a-z]+)\.?(.*?)(?:\.x)?", re.ASCII)


def runtime_version(runtime: str) -> str:
    """`python3.12` is `python:3.12.v1`, `nodejs20.x` is `nodejs:20.v1`, `provided.al2023` is `provided:al2023.v1`."""
    matched = _NAME.fullmatch(runtime)
    assert matched is not None
    name, number = matched.groups()
    return f"{name}:{number}.v1" if number else f"{name}.v1"


def runtime_version_arn(runtime: str, *, partition: str, region: str) -> str:
    version = hashlib.sha256(f"pileus {runtime}".encode()).hexdigest()
    return f"arn:{partition}:lambda:{region}::runtime:{version}"
