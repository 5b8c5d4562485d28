"""Pileus: the AWS serverless stack as one Python program that you own."""

from typing import Final

__version__: Final = "0.1.0"
