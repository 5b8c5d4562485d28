"""What has the interpreter loaded that cells are forked from, before they know their function?"""

from typing import Final

from pileus.services.lambda_.environments.launching import PYTHON

PRELOAD: Final = (
    PYTHON,
    *("json", "logging", "datetime", "decimal", "re", "uuid", "urllib.request", "urllib.parse", "http.client", "ssl"),
    *(
        "hashlib",
        "hmac",
        "base64",
        "collections",
        "functools",
        "itertools",
        "random",
        "secrets",
        "tempfile",
        "traceback",
    ),
    *("typing", "dataclasses", "enum", "threading", "concurrent.futures", "queue", "contextlib", "copy", "csv", "io"),
    *("math", "string", "time", "zipfile", "gzip", "shutil", "subprocess", "pathlib", "asyncio"),
)
LATER: Final = ("boto3", "boto3.dynamodb.table", "boto3.s3.inject")
"""Importing the SDK takes 130 ms and 26 MB; forked, its pages are shared."""
