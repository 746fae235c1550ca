"""`bptui schema`: the JSON Schema of the scenario file."""

from __future__ import annotations

import json
import sys

from bptui.cli.dispatch import OK
from bptui.cli.parsing import new_parser


def run(arguments: list[str]) -> int:
    new_parser("schema", "Print the JSON Schema of the scenario file, for editors.").parse_args(arguments)
    from bptui.scenario.json_schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")
    return OK
