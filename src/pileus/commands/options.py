"""Which options do several commands have?"""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

DataDir: TypeAlias = Annotated[Path, typer.Option("--data-dir", help="Where the data lives.", envvar="PILEUS_DATA_DIR")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Answer in JSON, for a script.")]
Region: TypeAlias = Annotated[
    str, typer.Option(help="The region to work in.", envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], show_envvar=False)
]
Account: TypeAlias = Annotated[str, typer.Option(help="The account to act as: 12 digits.")]
Url: TypeAlias = Annotated[str, typer.Option("--url", help="Ask this server instead of the data directory's.")]
