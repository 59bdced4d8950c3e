"""What the tests of the service share: an emulated account, and ticks of the clock."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import boto3
import msgspec
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from botocore.client import BaseClient
from moto.sns.models import sns_backends

from gatewatch.adapters.aws.dynamodb import DynamoTable
from gatewatch.adapters.aws.s3 import S3Objects
from gatewatch.config.author import load
from gatewatch.config.canonical import Config
from gatewatch.service.published import Allowed, encoded, made_of, pointer_to
from handlers import deliver as delivers
from handlers import dispatch as dispatches
from handlers import incidents as writers
from handlers import looks, wiring
from handlers import probe as probes

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def _sqs() -> Any:
    return _sqs_at(os.environ["AWS_ENDPOINT_URL"])


@cache
def _sqs_at(_: str) -> Any:
    """One client for each emulated account: to make it takes longer than all that it is asked."""
    return boto3.client("sqs")


def tick(number: int) -> str:
    return (START + timedelta(minutes=number)).isoformat()


def table() -> DynamoTable:
    """A new table of the emulated account, as the stack makes it."""
    name = f"gatewatch-{uuid4().hex[:8]}"
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    return DynamoTable(name)


def queue(name: str = "changes") -> str:
    """The URL of a new FIFO queue."""
    attributes = {"FifoQueue": "true"}
    made = _sqs().create_queue(QueueName=f"{name}-{uuid4().hex[:8]}.fifo", Attributes=attributes)
    return str(made["QueueUrl"])


def bucket() -> str:
    name = f"gatewatch-{uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def stack_with(outputs: dict[str, str]) -> str:
    """The name of a new stack with these outputs."""
    name = f"Gatewatch-{uuid4().hex[:8]}"
    template = {
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    cloud = boto3.client("cloudformation")
    cloud.create_stack(StackName=name, TemplateBody=json.dumps(template))
    return name


def monitor_outputs(prefix: str = "", **known: str) -> dict[str, str]:
    """What a monitor's stack says, with what is known of it."""
    said = {"StateTable": "none", "ConfigBucket": "none", "ConfigPointer": "config/current.json"}
    return {f"{prefix}{name}": value for name, value in {**said, **known}.items()}


CONFIG = """
credentials:
  partner: {api_key: {secret: gatewatch/partner}}
apis:
  orders:
    url: http://%(place)s/prod
    owner: team-orders
    routes:
      - GET /health: {access: public}
      - GET /orders: {access: protected, guarded_by: api_key, as: [partner]}
      - GET /items: {access: public}
"""
KEY = "a-partner-key-of-length"
PARTNER = made_of(load(CONFIG % {"place": "127.0.0.1:1"}, "test").credentials[0].source)


class Gateway:
    """An API on this machine that answers as a REST API does; `broken` paths have no method."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.broken: set[str] = set()
        self.open: set[str] = set()
        self.asked: list[str] = []
        self.agents: set[str] = set()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                gateway.asked.append(self.path)
                gateway.agents.add(self.headers["user-agent"])
                status, error, body = gateway.answer(self.path, self.headers.get("x-api-key"))
                self.send_response(status)
                self.send_header("x-amzn-RequestId", "r")
                self.send_header("x-amz-apigw-id", "a")
                if error:
                    self.send_header("x-amzn-ErrorType", error)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str, key: str | None) -> tuple[int, str | None, bytes]:
        route = path.removeprefix("/prod")
        known = route in ("/health", "/orders", "/items") or route.startswith("/many/")
        if not known or route in self.broken:
            missing = b'{"message":"Missing Authentication Token"}'
            return 403, "MissingAuthenticationTokenException", missing
        if route == "/orders" and key != KEY and route not in self.open:
            return 403, "ForbiddenException", b'{"message":"Forbidden"}'
        return 200, None, b'{"ok":true}'

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Context:
    function_name = "gatewatch"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:gatewatch"
    aws_request_id = "request"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


class Account:
    """The deployed service in an emulated account: the handlers themselves, a minute to a tick.

    `returned` has what they gave back to Lambda, be it a failure with its trace.
    """

    def __init__(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gateway = gateway
        self.table = table()
        self.objects = S3Objects(bucket())
        self.work, self.changes = queue("shards"), queue("changes")
        self.twins_work = queue("twin-shards")
        self.topic = boto3.client("sns").create_topic(Name=f"t-{uuid4().hex[:8]}")["TopicArn"]
        self.inbox = _sqs().create_queue(QueueName=f"i-{uuid4().hex[:8]}")["QueueUrl"]
        boto3.client("sns").subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=_arn_of(self.inbox)
        )
        _count_subscriber(self.topic)
        secrets = boto3.client("secretsmanager")
        with contextlib.suppress(secrets.exceptions.ResourceExistsException):
            secrets.create_secret(Name="gatewatch/partner", SecretString=KEY)
        self.allowed = Allowed(
            secrets=("gatewatch/partner",),
            credentials={"partner": (gateway.place,)},
            sources={"partner": PARTNER},
            networks=("127.0.0.0/8",),
        )
        for name, value in {
            "GATEWATCH_BUCKET": self.objects._bucket,
            "GATEWATCH_POINTER": "config/current.json",
            "GATEWATCH_ALLOWED": "config/allowed.json",
            "GATEWATCH_SHARDS_URL": self.work,
            "GATEWATCH_TWIN_SHARDS_URL": self.twins_work,
            "GATEWATCH_CHANGES_URL": self.changes,
            "GATEWATCH_TABLE": self.table._name,
            "GATEWATCH_INCIDENTS_TOPIC": self.topic,
            "GATEWATCH_DEPLOYMENT": "test",
        }.items():
            monkeypatch.setenv(name, value)
        self.cool_down()
        self.deploy()
        self.publish(CONFIG % {"place": gateway.place})
        self._minute = 0
        self.returned: list[str] = []

    def cool_down(self) -> None:
        """Every Lambda starts anew."""
        for made in (wiring.table, wiring.objects, wiring.source, wiring.published):
            made.cache_clear()
        for made in (wiring.shards, wiring.twin_shards, wiring.changes, wiring.publisher):
            made.cache_clear()
        for made in (wiring.origin, wiring.topics, wiring.channels, wiring.deliveries):
            made.cache_clear()
        for made in (wiring.pulse, wiring.given_up, wiring.own_queue):
            made.cache_clear()
        looks.vault.cache_clear()
        delivers.vault.cache_clear()

    def deploy(self) -> None:
        self.objects.write("config/allowed.json", msgspec.json.encode(self.allowed))

    def publish(self, text: str) -> None:
        self.publish_config(load(text, "test"))

    def publish_config(self, config: Config) -> None:
        body = encoded(config)
        pointer = pointer_to(body)
        self.objects.write(pointer.key, body)
        self.objects.write("config/current.json", msgspec.json.encode(pointer))

    def dispatch(self) -> dict[str, int]:
        self._minute += 1
        wiring.CLOCK.now = lambda: START + timedelta(minutes=self._minute)  # type: ignore[method-assign]
        done: dict[str, int] = dispatches.handler({"time": tick(self._minute)}, Context())
        self.returned.append(json.dumps(done))
        return done

    def drain(self, url: str, handler: Callable[..., Any], *, keep_failed: bool = False) -> int:
        """Everything that waits, as Lambda's poller brings it; how many messages failed.

        `keep_failed`: those stay, as they really do, for the queue's policy to redrive.
        """
        failed = 0
        while found := received(url):
            records = [record(one) for one in found]
            try:
                answer = handler({"Records": records}, Context())
                self.returned.append(json.dumps(answer))
                bad = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            except BatchProcessingError:
                self.returned.append(traceback.format_exc())
                bad = {one["messageId"] for one in records}
            failed += len(bad)
            for one in found:
                if not (keep_failed and one["MessageId"] in bad):
                    _sqs().delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return failed

    def minutes(self, count: int = 1) -> None:
        for _ in range(count):
            self.dispatch()
            assert self.drain(self.work, probes.handler) == 0
            assert self.drain(self.twins_work, probes.handler) == 0
            assert self.drain(self.changes, writers.handler) == 0

    def messages(self) -> list[dict[str, Any]]:
        """What has come to the topic since this was last asked."""
        found: list[dict[str, Any]] = []
        while got := received(self.inbox):
            for one in got:
                found.append(json.loads(json.loads(one["Body"])["Message"]))
                _sqs().delete_message(QueueUrl=self.inbox, ReceiptHandle=one["ReceiptHandle"])
        return found

    def said(self) -> list[tuple[str, str]]:
        """Kind and cause of each message."""
        return [(one["kind"], one["incident"]["cause"]) for one in self.messages()]


def _count_subscriber(topic: str) -> None:
    """The emulated SNS keeps subscriptions and does not count them."""
    for backends in sns_backends.values():
        if topic in backends["us-east-1"].topics:
            backends["us-east-1"].topics[topic].subscriptions_confimed = 1


@contextlib.contextmanager
def using(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """What AWS is asked for meanwhile, as `service:Operation`."""
    used: set[str] = set()
    call = BaseClient._make_api_call

    def noting(client: Any, operation: str, *arguments: Any) -> Any:
        used.add(f"{client.meta.service_model.service_name}:{operation}")
        return call(client, operation, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", noting)
        yield used


def _arn_of(url: str) -> str:
    found = _sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def received(url: str) -> list[dict[str, Any]]:
    answer = _sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
    return list(answer.get("Messages", []))


def record(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn",
        "awsRegion": "us-east-1",
    }
