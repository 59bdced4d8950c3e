"""The custom resource that writes the deployed configuration, against S3 on this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from gatewatch_cdk.seed import index

ASSETS, BUCKET, OTHER = "assets", "configurations", "other-configurations"


@pytest.fixture
def s3(aws: None) -> Iterator[Any]:
    client = boto3.client("s3")
    for bucket in (ASSETS, BUCKET, OTHER):
        client.create_bucket(Bucket=bucket)
    for bucket in (BUCKET, OTHER):
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    yield client
    for bucket in (ASSETS, BUCKET, OTHER):
        index._empty(bucket)
        client.delete_bucket(Bucket=bucket)


@pytest.fixture
def answers() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """CloudFormation's end: where answers go, and those that came."""
    came: list[dict[str, Any]] = []
    refused: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if self.path == "/busy" and not refused:
                refused.append(body)
                self.send_response(503)
            else:
                came.append(json.loads(body))
                self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", came
    server.shutdown()
    thread.join()
    server.server_close()


class Stack:
    """Deployments one after the other, as CloudFormation tells the function of them."""

    def __init__(self, s3: Any, answers: tuple[str, list[dict[str, Any]]]) -> None:
        self._s3 = s3
        self._url, self.answers = answers

    def deploy(self, text: str, *, told: dict[str, Any] | None = None, **properties: Any) -> None:
        self._s3.put_object(Bucket=ASSETS, Key="configuration", Body=json.dumps(text).encode())
        allowed = {"credentials": {"user": ["api.example.com:443", "watched-1.invalid:443"]}}
        self._s3.put_object(Bucket=ASSETS, Key="allowed", Body=json.dumps(allowed).encode())
        now = {
            "Bucket": BUCKET,
            "AssetBucket": ASSETS,
            "Configuration": "configuration",
            "Allowed": "allowed",
            "Urls": {},
            "Parameters": {},
            "TakeOver": "",
            **properties,
        }
        self.tell("Update" if self.answers else "Create", ResourceProperties=now, **(told or {}))

    def tell(self, kind: str, **event: Any) -> None:
        ids: dict[str, Any] = dict.fromkeys(("StackId", "RequestId", "LogicalResourceId"), "id")
        index.handler({"RequestType": kind, "ResponseURL": self._url, **ids, **event}, None)

    def push(self, text: str) -> None:
        pointer = {"version": text, "key": f"config/versions/{text}.json"}
        for key, value in ((pointer["key"], text), (index.POINTER, pointer)):
            self._s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(value).encode())

    def read(self, key: str) -> Any:
        return json.loads(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    @property
    def current(self) -> str:
        return str(self.read(self.read(index.POINTER)["key"]))


@pytest.fixture
def stack(s3: Any, answers: tuple[str, list[dict[str, Any]]]) -> Stack:
    return Stack(s3, answers)


def test_the_first_deployment_is_current(stack: Stack) -> None:
    stack.deploy("v1")
    assert stack.current == "v1"
    version = hashlib.sha256(b'"v1"').hexdigest()
    assert stack.read(index.POINTER) == {
        "version": version,
        "key": f"config/versions/{version}.json",
    }
    assert [one["Status"] for one in stack.answers] == ["SUCCESS"]


def test_a_deployment_follows_the_last_one(stack: Stack) -> None:
    stack.deploy("v1")
    stack.deploy("v2")
    assert stack.current == "v2"


def test_a_deployment_leaves_what_was_pushed(stack: Stack) -> None:
    stack.deploy("v1")
    stack.push("pushed")
    stack.deploy("v2")
    assert stack.current == "pushed"
    assert stack.read(stack.read(index.DEPLOYED)["key"]) == "v2"


def test_a_deployment_takes_over_when_told_to(stack: Stack) -> None:
    stack.deploy("v1")
    stack.push("pushed")
    stack.deploy("v2", TakeOver="today")
    assert stack.current == "v2"


def test_a_word_takes_over_once(stack: Stack) -> None:
    stack.deploy("v1", TakeOver="today")
    stack.push("pushed")
    stack.deploy("v2", TakeOver="today")
    assert stack.current == "pushed"


def test_a_deployment_that_is_rolled_back_is_current_no_more(stack: Stack) -> None:
    stack.deploy("v1")
    stack.deploy("v2")
    stack.deploy("v1")
    assert stack.current == "v1"


def test_what_only_the_deployment_knows_is_filled_in(stack: Stack) -> None:
    url = "https://abc.execute-api.eu-west-1.amazonaws.com/prod"
    stack.deploy(
        "https://watched-1.invalid watched-1.invalid:443",
        Urls={"https://watched-1.invalid": f"{url}/"},
    )
    assert stack.current == f"{url} abc.execute-api.eu-west-1.amazonaws.com:443"
    assert stack.read(index.ALLOWED)["credentials"] == {
        "user": ["api.example.com:443", "abc.execute-api.eu-west-1.amazonaws.com:443"]
    }


def test_the_value_of_a_parameter_is_filled_in(stack: Stack) -> None:
    stack.deploy(
        "https://parameter-1.invalid",
        Urls={"https://parameter-1.invalid": "https://api.example.com/orders"},
        Parameters={"https://parameter-1.invalid": "/orders/url"},
    )
    assert stack.current == "https://api.example.com/orders"


@pytest.mark.parametrize(
    "value",
    [
        "hunter2hunter2",
        "http://api.example.com",
        "https://u:hunter2@x.y",
        "https://x.y:hunter2",
        'https://x.y/","a":"',
    ],
)
def test_a_parameter_that_holds_no_url_stops_the_deployment(stack: Stack, value: str) -> None:
    with pytest.raises(ValueError, match="ssm /orders/url: expected it to hold a URL"):
        stack.deploy(
            "https://parameter-1.invalid",
            Urls={"https://parameter-1.invalid": value},
            Parameters={"https://parameter-1.invalid": "/orders/url"},
        )
    assert stack.answers[0]["Reason"] == (
        "ValueError: ssm /orders/url: expected it to hold a URL that begins with https://"
    )


@pytest.mark.parametrize("value", ["https:///orders", "https://hunter2 hunter2", "wss://a.b"])
def test_a_domain_that_makes_no_url_stops_the_deployment(stack: Stack, value: str) -> None:
    told = "what watched-1-2.invalid:443 stands for: expected it to hold a URL"
    with pytest.raises(ValueError, match=told):
        stack.deploy("https://watched-1-2.invalid", Urls={"https://watched-1-2.invalid": value})


def test_an_entrance_that_is_there_twice_stops_the_deployment(stack: Stack) -> None:
    urls = {
        "https://watched-1.invalid": "https://api.example.com/orders",
        "https://watched-2.invalid": "https://api.example.com/orders",
        "https://watched-1-2.invalid": "https://API.example.com/orders/",
    }
    told = "watched-1-2.invalid:443 and watched-1.invalid:443 stand for the same URL"
    with pytest.raises(ValueError, match=told):
        stack.deploy("v1", Urls=urls)


def test_several_entrances_of_an_api_are_filled_in(stack: Stack) -> None:
    """Each in its own place, and the credential's hosts with them."""
    stack.deploy(
        "https://watched-1.invalid https://watched-1-2.invalid https://watched-12.invalid",
        Urls={
            "https://watched-1.invalid": "https://abc.execute-api.eu-west-1.amazonaws.com/prod/",
            "https://watched-1-2.invalid": "https://API.example.com/orders",
            "https://watched-12.invalid": "https://other.example.com",
        },
    )
    assert stack.current == (
        "https://abc.execute-api.eu-west-1.amazonaws.com/prod https://api.example.com/orders "
        "https://other.example.com"
    )


def test_the_end_leaves_an_empty_bucket(stack: Stack, s3: Any) -> None:
    stack.deploy("v1")
    stack.deploy("v2")
    s3.delete_object(Bucket=BUCKET, Key=index.POINTER)
    stack.tell("Delete", ResourceProperties={"Bucket": BUCKET}, PhysicalResourceId="same")
    left = s3.list_object_versions(Bucket=BUCKET)
    assert not left.get("Versions", []) + left.get("DeleteMarkers", [])
    assert stack.answers[-1]["PhysicalResourceId"] == "same"


def _objects(s3: Any, bucket: str) -> int:
    found = s3.list_object_versions(Bucket=bucket)
    return len(found.get("Versions", []) + found.get("DeleteMarkers", []))


def test_an_update_in_the_same_bucket_is_the_same_resource(stack: Stack, s3: Any) -> None:
    """Whatever it was called by an earlier version: another name has the bucket emptied."""
    stack.deploy("v1")
    before = {"PhysicalResourceId": "gatewatch-configuration"}
    stack.deploy("v2", told={**before, "OldResourceProperties": {"Bucket": BUCKET}})
    assert stack.answers[-1]["PhysicalResourceId"] == "gatewatch-configuration"


def test_an_update_to_another_bucket_has_the_old_one_emptied(stack: Stack, s3: Any) -> None:
    """CloudFormation deletes what has another name now, by its old properties."""
    stack.deploy("v1")
    old = {"PhysicalResourceId": stack.answers[-1]["PhysicalResourceId"]}
    stack.deploy("v2", Bucket=OTHER, told={**old, "OldResourceProperties": {"Bucket": BUCKET}})
    assert stack.answers[-1]["PhysicalResourceId"] != old["PhysicalResourceId"]
    stack.tell("Delete", ResourceProperties={"Bucket": BUCKET}, **old)
    assert (_objects(s3, BUCKET), _objects(s3, OTHER)) == (0, 4)


def test_a_failed_first_deployment_can_be_rolled_back(stack: Stack, s3: Any) -> None:
    with pytest.raises(Exception, match="NoSuchKey"):
        stack.deploy("v1", Allowed="gone")
    made = {"PhysicalResourceId": stack.answers[-1]["PhysicalResourceId"]}
    stack.tell("Delete", ResourceProperties={"Bucket": BUCKET}, **made)
    assert [one["Status"] for one in stack.answers] == ["FAILED", "SUCCESS"]
    assert _objects(s3, BUCKET) == 0


def test_a_bucket_that_is_gone_stops_no_end(stack: Stack, s3: Any) -> None:
    stack.tell("Delete", ResourceProperties={"Bucket": "gone"}, PhysicalResourceId="same")
    assert stack.answers[-1]["Status"] == "SUCCESS"


@contextmanager
def _refusing(status: int, code: str) -> Iterator[str]:
    """An S3 that answers everything alike; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [(403, "AccessDenied", "SUCCESS"), (404, "NoSuchBucket", "SUCCESS"), (400, "BadOne", "FAILED")],
    ids=["its policy is gone", "another account has its name", "something else"],
)
def test_what_a_rollback_leaves_stops_no_end(
    status: int, code: str, answer: str, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_PAUSE_SECONDS", 0)
    with _refusing(status, code) as address, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", address)
        with suppress(ClientError):
            stack.tell("Delete", ResourceProperties={"Bucket": BUCKET}, PhysicalResourceId="same")
    assert [one["Status"] for one in stack.answers] == [answer]


def test_an_answer_that_does_not_arrive_is_sent_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_PAUSE_SECONDS", 0)
    stack._url += "busy"
    stack.deploy("v1")
    assert [one["Status"] for one in stack.answers] == ["SUCCESS"]


def test_a_failure_is_answered_so_that_cloudformation_does_not_wait(stack: Stack) -> None:
    with pytest.raises(Exception, match="NoSuchKey"):
        stack.deploy("v1", Configuration="gone")
    assert [one["Status"] for one in stack.answers] == ["FAILED"]
    assert "NoSuchKey" in stack.answers[0]["Reason"]
