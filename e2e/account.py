"""The emulated account: started, deployed to by the CDK's own command line, and asked."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "e2e"
INTERPRETER = WORK / "emulator" / "bin" / "python"
CDK = ROOT / "node_modules" / ".bin" / "cdk"
ACCOUNT, REGION = "000000000000", "us-east-1"
INBOX = "e2e-on-call"

T = TypeVar("T")


def until(ask: Callable[[], T | None], seconds: float) -> T | None:
    """The first answer that is something; the last one after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < end:
        time.sleep(0.3)
    return found


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """Runs it with its state below `folder`; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    for name in [one for one in os.environ if one.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
    }
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [INTERPRETER, ROOT / "e2e" / "emulator.py"],
            env={**os.environ, **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            if not until(lambda: _answers(f"{address}/_ministack/health"), 30):
                raise RuntimeError(f"the emulator does not start; see {log.name}")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()  # noqa: S310  our own address
    except OSError:
        return False
    return True


def cdk(*words: str | Path, **environment: str) -> None:
    """The pinned command line; what it says is shown only if it fails."""
    done = subprocess.run(
        [CDK, *words],
        cwd=ROOT,
        env={**os.environ, "CI": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise RuntimeError(f"cdk {words[0]} failed")


def client(service: str) -> Any:
    return boto3.client(service, config=Config(retries={"max_attempts": 1}, read_timeout=90))


def prepare(assembly: Path) -> None:
    """Bootstraps the account. Its bucket's policy demands TLS, which the emulator has not."""
    cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", "--app", assembly)
    client("s3").delete_bucket_policy(Bucket=f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}")


def outputs(stack: str) -> dict[str, str]:
    [found] = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


class Deployed:
    """The deployed service, as its users and its operators meet it."""

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self.outputs = outputs(stack)
        self._lambda, self._sqs = client("lambda"), client("sqs")
        self._cloudwatch = client("cloudwatch")
        resources = client("cloudformation").describe_stack_resources(StackName=stack)
        self.resources = {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for one in resources["StackResources"]
        }
        self.inbox = self._subscribe()

    def named(self, beginning: str) -> str:
        """The physical id of the one resource whose logical id begins so."""
        [found] = [own for name, own in self.resources.items() if name.startswith(beginning)]
        return str(found)

    def _subscribe(self) -> str:
        """A queue of our own on the topic where on-call subscribes."""
        topic, arn = self.outputs["IncidentsTopic"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:{INBOX}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        url = self._sqs.create_queue(QueueName=INBOX, Attributes={"Policy": policy})["QueueUrl"]
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return str(url)

    def stop_schedule(self) -> None:
        """From here on, the test alone says when it is."""
        scheduler = client("scheduler")
        [one] = scheduler.list_schedules()["Schedules"]
        found = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
        wanted = ("Name", "GroupName", "ScheduleExpression", "Target", "FlexibleTimeWindow")
        scheduler.update_schedule(**{name: found[name] for name in wanted}, State="DISABLED")

    def tick(self, at: datetime) -> dict[str, int]:
        """Invokes dispatch for a minute, and waits until all that follows has been done."""
        answer = self._lambda.invoke(
            FunctionName=self.named("MonitorFunctionsDispatchFunction"),
            Payload=json.dumps({"time": at.isoformat()}),
        )
        body = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise RuntimeError(f"dispatch: {body}")
        if not until(self._is_idle, 90):
            raise RuntimeError(f"the queues are not empty a minute and a half after {at}")
        return dict(body)

    def _is_idle(self) -> bool:
        """Shards first: what they send is in the other queue before they are done."""
        queues = ("MonitorFunctionsShardsQueue", "MonitorFunctionsChangesQueue")
        return all(self.waiting(self.named(one)) == 0 for one in queues)

    def waiting(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return sum(int(one) for one in found["Attributes"].values())

    def metric(self, name: str, at: datetime) -> float | None:
        """The sum in that minute; None where there is no data."""
        start = at.replace(second=0, microsecond=0)
        found = self._cloudwatch.get_metric_statistics(
            Namespace="Gatewatch",
            MetricName=name,
            Dimensions=[{"Name": "deployment", "Value": self.stack}],
            StartTime=start,
            EndTime=start + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(one["Sum"] for one in found)) if found else None

    def ringing(self) -> set[str]:
        """The alarms that are in ALARM, by their names in the stack."""
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM")
        names = {one["AlarmName"] for page in pages for one in page["MetricAlarms"]}
        return {logical for logical, own in self.resources.items() if own in names}

    def messages(self) -> list[dict[str, Any]]:
        """What on-call received since it was last asked: the machine's form."""
        found: list[dict[str, Any]] = []
        while answer := self._sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for one in answer:
                found.append(json.loads(json.loads(one["Body"])["Message"]))
                self._sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=one["ReceiptHandle"])
        return found
