"""The errors DynamoDB Streams can answer."""

from pileus.kernel.errors import ServiceError
from pileus.services.dynamodb.errors import ResourceNotFoundException


class ExpiredIteratorException(ServiceError):
    """The iterator is older than 15 minutes (API_streams_GetRecords). Its words: the model's, of the error's member."""

    code = "ExpiredIteratorException"

    def __init__(self) -> None:
        super().__init__("The provided iterator exceeds the maximum age allowed.")


class TrimmedDataAccessException(ServiceError):
    """What is asked for is older than a day (API_streams_GetRecords). Its words: as people report them of AWS."""

    code = "TrimmedDataAccessException"

    def __init__(self) -> None:
        super().__init__("The data you are trying to access has been trimmed")


def stream_not_found(arn: str) -> ResourceNotFoundException:
    """Source: recording `test_non_existent_stream`."""
    return ResourceNotFoundException(f"Requested resource not found: Stream: {arn} not found")


def shard_not_found() -> ResourceNotFoundException:
    """Its words: as people report them of AWS."""
    return ResourceNotFoundException("Requested resource not found: Shard does not exist")
