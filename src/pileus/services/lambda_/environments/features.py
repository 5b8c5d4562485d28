"""What can the environments of this Pileus do, that a configuration may ask for?

A member that asks for anything else is refused when the function is configured. Whoever builds one of these says so.
"""

JSON_LOGS: bool = True
"""Lines as JSON, and levels: `FunctionSpec.log_format`."""

SNAP_START: bool = True
"""Environments of published versions are restored from one that was initialised: `FunctionSpec.snap_start`."""
