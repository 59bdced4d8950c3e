"""The emulated account: started, deployed to by the CDK's own command line, and asked."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from e2e.world import World

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "e2e"
INTERPRETER = WORK / "emulator" / "bin" / "python"
MODULES = WORK / "node" / "node_modules"
"""What Lambda's Node brings."""
CDK = ROOT / "node_modules" / ".bin" / "cdk"
GATEWATCH = ROOT / ".venv" / "bin" / "gatewatch"
STACK = "Gatewatch"
ACCOUNT, REGION = "000000000000", "us-east-1"
QUEUES = ("Shards", "Changes")

T = TypeVar("T")


def until(ask: Callable[[], T | None], seconds: float) -> T | None:
    """The first answer that is something; the last one after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < end:
        time.sleep(0.3)
    return found


@dataclass(frozen=True, slots=True)
class Emulated:
    """`front`: the port at which the APIs answer over TLS, by the names that AWS gives; `site`:
    the one at which they answer behind a single-page app; `hooks`: of what takes messages."""

    front: int
    site: int
    hooks: int
    world: World

    def host(self, api: str) -> str:
        return f"{api}.execute-api.{REGION}.amazonaws.com"

    def url(self, api: str) -> str:
        return f"https://{self.host(api)}:{self.front}/prod"

    def in_front(self, api: str) -> str:
        """The host of the distribution that has this API behind it."""
        return f"d{api}.cloudfront.net:{self.site}"


@contextmanager
def emulator(folder: Path) -> Iterator[Emulated]:
    """Runs it with its state below `folder`."""
    port, front, site, hooks = _free_ports(4)
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
    world = World(folder / "world")
    world.folder.mkdir()
    settings = {
        "GATEWAY_PORT": str(port),
        "FRONT_PORT": str(front),
        "SITE_PORT": str(site),
        "HOOKS_PORT": str(hooks),
        # It posts over TLS, too, to whom a topic tells.
        "SSL_CERT_FILE": str(world.authority),
        "WORLD": str(world.folder),
        "PYTHONPATH": str(ROOT / "e2e" / "emulated" / "outside"),
        "NODE_PATH": str(MODULES),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
    }
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [INTERPRETER, "-m", "e2e.emulated"],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            if not until(lambda: _answers(f"{address}/_ministack/health"), 30):
                raise RuntimeError(f"the emulator does not start; see {log.name}")
            yield Emulated(front, site, hooks, world)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in found]


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()  # noqa: S310  our own address
    except OSError:
        return False
    return True


def run(words: Sequence[str | Path], **environment: str) -> str:
    """What the command prints; shown, and an error, if it fails."""
    code, printed = attempt(words, **environment)
    if code:
        print(printed, file=sys.stderr)
        raise RuntimeError(f"{Path(words[0]).name} failed")
    return printed


def attempt(words: Sequence[str | Path], **environment: str) -> tuple[int, str]:
    """The exit code, and what was printed."""
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, "CI": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def cdk(*words: str | Path) -> None:
    """The pinned command line."""
    run([CDK, *words])


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

    def __init__(
        self, stack: str, monitor: str = "Monitor", prefix: str = "", inbox: str = "on-call"
    ) -> None:
        """`monitor`: what its resources' names begin with in the stack; `prefix`: its outputs'."""
        self.stack = stack
        self._monitor = monitor
        self.outputs = {
            name.removeprefix(prefix): value
            for name, value in outputs(stack).items()
            if name.startswith(prefix)
        }
        self._lambda, self._sqs = client("lambda"), client("sqs")
        self._cloudwatch = client("cloudwatch")
        self.resources: dict[str, tuple[str, str]] = {}
        self.look_again()
        self._inbox = Inbox(inbox, self.outputs["IncidentsTopic"])

    def look_again(self) -> None:
        """What the stack consists of, after a deployment that added something."""
        found = client("cloudformation").describe_stack_resources(StackName=self.stack)
        self.resources = {
            one["LogicalResourceId"]: (one["ResourceType"], one["PhysicalResourceId"])
            for one in found["StackResources"]
        }

    def function(self, name: str) -> str:
        return self._named("AWS::Lambda::Function", f"{self._monitor}Functions{name}")

    def logged(self, name: str, event: str) -> list[dict[str, Any]]:
        """The lines that a function wrote of an event."""
        group = client("lambda").get_function(FunctionName=self.function(name))
        logs = group["Configuration"]["LoggingConfig"]["LogGroup"]
        found = client("logs").filter_log_events(logGroupName=logs)["events"]
        lines = [one["message"].strip() for one in found if event in one["message"]]
        return [line for line in map(json.loads, lines) if line["message"] == event]

    def queue(self, name: str, kind: str = "Queue") -> str:
        return self._named("AWS::SQS::Queue", f"{self._monitor}Functions{name}{kind}")

    def _named(self, kind: str, beginning: str) -> str:
        """The physical id of the one resource of a type whose logical id begins so."""
        [found] = [
            own
            for name, (its, own) in self.resources.items()
            if its == kind and name.startswith(beginning)
        ]
        return str(found)

    def stop_schedule(self) -> None:
        """From here on, the test alone says when it is."""
        scheduler = client("scheduler")
        own = self._named("AWS::Scheduler::Schedule", f"{self._monitor}Ticks")
        [one] = [one for one in scheduler.list_schedules()["Schedules"] if one["Name"] == own]
        found = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
        wanted = ("Name", "GroupName", "ScheduleExpression", "Target", "FlexibleTimeWindow")
        scheduler.update_schedule(**{name: found[name] for name in wanted}, State="DISABLED")

    def tick(self, at: datetime) -> None:
        """Invokes dispatch for a minute, and waits until all that follows has been done."""
        self.dispatch(at)
        self.settle()

    def dispatch(self, at: datetime) -> None:
        answer = self._lambda.invoke(
            FunctionName=self.function("Dispatch"),
            Payload=json.dumps({"time": at.isoformat()}),
        )
        body = answer["Payload"].read()
        if "FunctionError" in answer:
            raise RuntimeError(f"dispatch: {body}")

    def settle(self) -> None:
        if not until(self._is_idle, 120):
            raise RuntimeError("the queues do not get empty in two minutes")

    def _is_idle(self) -> bool:
        """Shards first: what they send is in the other queue before they are done."""
        return all(self.waiting(self.queue(one)) == 0 for one in QUEUES)

    def send(self, queue: str, body: str) -> None:
        """Into one of the service's own queues, in a lane of its own."""
        names = {"MessageGroupId": "stranger", "MessageDeduplicationId": secrets.token_hex(8)}
        self._sqs.send_message(QueueUrl=self.queue(queue), MessageBody=body, **names)

    def hurry(self) -> None:
        """Changes wait for others of their API; here each is worked at when it comes."""
        self._sqs.set_queue_attributes(
            QueueUrl=self.queue("Changes"), Attributes={"DelaySeconds": "0"}
        )

    def show_again_after(self, seconds: int) -> None:
        """How soon a message comes back whose function died; the stack says minutes."""
        for queue in QUEUES:
            self._sqs.set_queue_attributes(
                QueueUrl=self.queue(queue), Attributes={"VisibilityTimeout": str(seconds)}
            )

    @contextmanager
    def giving_up_after(self, tries: int) -> Iterator[None]:
        """How often a message may fail; in the stack more often, and that takes minutes."""
        said = {queue: self._redrive(queue) for queue in QUEUES}
        for queue, policy in said.items():
            self._set_redrive(queue, {**policy, "maxReceiveCount": tries})
        yield
        for queue, policy in said.items():
            self._set_redrive(queue, policy)

    def _redrive(self, queue: str) -> dict[str, Any]:
        found = self._sqs.get_queue_attributes(
            QueueUrl=self.queue(queue), AttributeNames=["RedrivePolicy"]
        )
        return dict(json.loads(found["Attributes"]["RedrivePolicy"]))

    def _set_redrive(self, queue: str, policy: dict[str, Any]) -> None:
        self._sqs.set_queue_attributes(
            QueueUrl=self.queue(queue), Attributes={"RedrivePolicy": json.dumps(policy)}
        )

    def purge_dead(self) -> None:
        for queue in QUEUES:
            self._sqs.purge_queue(QueueUrl=self.queue(queue, "Dead"))

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
        return {logical for logical, (_, own) in self.resources.items() if own in names}

    def messages(self) -> list[dict[str, Any]]:
        """What on-call received since it was last asked: the machine's form. One alarm speaks to
        this topic, too."""
        return [one for one in self._inbox.messages() if "incident" in one]


class Inbox:
    """A queue that subscribes to a topic, to what concerns an `owner` if one is given; or one that
    a rule of EventBridge sends to, where that is the `service`."""

    def __init__(
        self, name: str, source: str, *, service: str = "sns", owner: str | None = None
    ) -> None:
        self._sqs = client("sqs")
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:e2e-{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = self._sqs.create_queue(QueueName=f"e2e-{name}", Attributes={"Policy": policy})
        self._url = made["QueueUrl"]
        if service == "sns":
            self._subscription = self._subscribe(source, owner)

    def _subscribe(self, topic: str, owner: str | None) -> str:
        wanted = {} if owner is None else {"FilterPolicy": json.dumps({"owner": [owner]})}
        made = client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=self.arn, Attributes=wanted
        )
        return str(made["SubscriptionArn"])

    def close(self) -> None:
        """It is subscribed no more."""
        client("sns").unsubscribe(SubscriptionArn=self._subscription)

    def messages(self) -> list[dict[str, Any]]:
        """Those of a topic that came since one last asked."""
        return [json.loads(one["Message"]) for one in self.bodies()]

    def bodies(self) -> list[dict[str, Any]]:
        """All that came since one last asked."""
        found: list[dict[str, Any]] = []
        while answer := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for one in answer:
                found.append(json.loads(one["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=one["ReceiptHandle"])
        return found
