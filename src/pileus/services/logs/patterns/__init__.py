"""The filter-pattern language: `parse` understands a pattern once, a `Pattern` is asked about each event."""

from pileus.services.logs.patterns.face import Pattern
from pileus.services.logs.patterns.parsing import parse

__all__ = ["Pattern", "parse"]
