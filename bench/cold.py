"""How long a Lambda takes to be ready: imports and one AWS client, against boto3 alone.

The functions' code has no bytecode where it runs (its folder cannot be written to), the runtime's
boto3 has. So ours is compiled in each round, and boto3 is not. Each round starts new processes
in turns, and medians of their processor time are compared; nothing is asserted.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from rich.console import Console
from rich.table import Table

ROUNDS = 7
LAMBDAS = Path(__file__).parent.parent / "lambdas"
CLIENT = "import boto3; boto3.client('dynamodb')"
OURS = "import handlers.{0}; from gatewatch.adapters.aws.client import client; client('dynamodb')"
HANDLERS = ("dispatch", "probe", "incidents")
PEER = "boto3 and a client of DynamoDB"
STARTS = {
    "nothing": "pass",
    PEER: CLIENT,
    "requests": "import requests",
    "Powertools: Logger, Metrics": (
        "import aws_lambda_powertools.logging, aws_lambda_powertools.metrics"
    ),
    "Powertools: Batch": "import aws_lambda_powertools.utilities.batch",
    "botocore and a client": (
        "from botocore.session import get_session; get_session().create_client('dynamodb')"
    ),
    **{f"{name}, imports": f"import handlers.{name}" for name in HANDLERS},
    **{f"{name}, and a client": OURS.format(name) for name in HANDLERS},
}


def copy_asset(folder: Path) -> None:
    """What the asset holds, of this platform: our code and its libraries, without bytecode."""
    no_bytecode = shutil.ignore_patterns("__pycache__")
    shutil.copytree(LAMBDAS, folder, ignore=no_bytecode, dirs_exist_ok=True)
    for line in (LAMBDAS / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if name := re.match(r"[a-z][\w-]*", line):
            found = distribution(name.group())
            for file in found.files or ():
                if file.suffix not in (".pyc", "") and ".." not in file.parts:
                    target = folder / file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(str(found.locate_file(file)), target)


def seconds(script: str, asset: Path) -> float:
    """Of processor, for a new process that runs this."""
    surroundings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "" if script == CLIENT else str(asset),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "GATEWATCH_DEPLOYMENT": "bench",
    }
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", script], env=surroundings, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asset = Path(folder)
        copy_asset(asset)
        rounds = [
            {name: seconds(script, asset) for name, script in STARTS.items()} for _ in range(ROUNDS)
        ]
    took = {name: median(one[name] - one["nothing"] for one in rounds) for name in STARTS}
    table = Table("start", "ms", "of boto3 and a client", title="cold imports, processor time")
    for name, one in took.items():
        if name != "nothing":
            table.add_row(name, f"{one * 1000:.0f}", f"{one / took[PEER]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
