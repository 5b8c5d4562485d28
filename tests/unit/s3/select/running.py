"""How do these tests run a query over bytes?"""

from pileus.services.s3.select.job import CsvInput, CsvOutput, Job, JsonInput, JsonOutput, ParquetInput
from pileus.services.s3.select.scanning import Sizes, messages

CSV = CsvInput()
USE = CsvInput(header="USE")
LINES = JsonInput(lines=True)
DOCUMENT = JsonInput(lines=False)
TO_CSV = CsvOutput()
TO_JSON = JsonOutput()


def job(
    sql: str,
    given: CsvInput | JsonInput | ParquetInput = CSV,
    told: CsvOutput | JsonOutput = TO_CSV,
    **more: object,
) -> Job:
    return Job(expression=sql, input=given, output=told, now_s=1_700_000_000.25, **more)  # type: ignore[arg-type]


def run(made: Job, data: bytes, *, piece_bytes: int = 65536) -> tuple[str, Sizes]:
    """The records and the last sizes."""
    pieces = [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]
    told = list(messages(made, pieces))
    assert told[0].kind == "bound"
    assert told[-1].kind == "stats"
    return b"".join(message.payload for message in told if message.kind == "records").decode(), told[-1].sizes


def value(expression: str, record: str = "{}") -> str:
    """What an expression is, of one record of JSON, as CSV writes it."""
    text, _ = run(job(f"SELECT {expression} FROM S3Object s", LINES), record.encode())
    return text.removesuffix("\n")
