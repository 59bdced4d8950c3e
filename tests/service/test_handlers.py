"""What a Lambda loads before its first event, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LAMBDAS = Path(__file__).parent.parent.parent / "lambdas"
NEVER_AT_FIRST = (
    "boto3",
    "botocore.session",
    "botocore.client",
    "yaml",
    "typer",
    "rich",
    "jsonpath",
    "sqlite3",
)


@pytest.mark.parametrize("handler", ["dispatch", "probe", "incidents", "verify"])
def test_a_handler_loads_nothing_that_it_may_not_need(handler: str) -> None:
    script = f"import handlers.{handler}, json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=LAMBDAS, capture_output=True, check=True, text=True
    )
    assert not set(NEVER_AT_FIRST) & set(json.loads(done.stdout))


def test_only_the_probe_loads_an_http_client() -> None:
    script = "import handlers.dispatch, handlers.incidents, sys; print('requests' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=LAMBDAS, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"


def test_an_aws_client_needs_no_boto3() -> None:
    script = (
        "import handlers.probe, sys; from gatewatch.adapters.aws.client import client; "
        "client('dynamodb', 'us-east-1'); print('boto3' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=LAMBDAS, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"
