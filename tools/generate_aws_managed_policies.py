"""Write `services/iam/aws_managed/policies.jsonl` from the collection of AWS's managed policies that moto ships.

    python tools/generate_aws_managed_policies.py

moto reads the documents from AWS itself, so they are AWS's own; run this again after raising moto. One policy a line,
in order of creation, so that a difference between two collections is a difference of lines.
"""

import json
from pathlib import Path
from typing import Final

from moto.iam.aws_managed_policies import aws_managed_policies_data

FILE: Final = Path(__file__).resolve().parent.parent / "src/pileus/services/iam/aws_managed/policies.jsonl"
FIELDS: Final = ("Path", "DefaultVersionId", "CreateDate", "UpdateDate", "Document")


def main() -> None:
    found = json.loads(aws_managed_policies_data)
    lines = [{"PolicyName": name, **{field: policy[field] for field in FIELDS}} for name, policy in found.items()]
    lines.sort(key=lambda line: (line["CreateDate"], line["PolicyName"]))
    FILE.write_text("".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines))
    print(f"{len(lines)} policies, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
