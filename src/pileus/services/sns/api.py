"""Amazon SNS: one class of all its operations."""

from pileus.services.sns.operations.base import SnsBase


class SnsApi(SnsBase):
    """Every operation, each in the module of what it is about."""
