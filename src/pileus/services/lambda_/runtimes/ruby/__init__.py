"""What does our Ruby runtime need from this host?"""

from collections.abc import Sequence
from typing import Final

OPTIONS: Final = ("-EUTF-8:UTF-8",)
"""Texts are UTF-8 whatever locales this host has, as on AWS."""


def gem_paths(*, task_root: str, layers_root: str, versions: Sequence[str]) -> str:
    """Where gems are: those of the package, as Bundler vendors them, those of layers, and (the empty one) Ruby's own.

    versions: of Ruby's interface (`3.3.0`): that which the function names, and that which runs it.

    Source: Lambda Developer Guide, "Working with .zip file archives for Ruby Lambda functions" and "Working with layers
    for Ruby Lambda functions".
    """
    roots = (f"{task_root}/vendor/bundle/ruby", f"{layers_root}/ruby/gems")
    return ":".join([*(f"{root}/{version}" for root in roots for version in dict.fromkeys(versions)), ""])
