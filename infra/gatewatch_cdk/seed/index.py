"""Writes the deployed configuration into its bucket, and empties the bucket at the end.

A custom resource of the stack. It replaces the configuration's placeholders for URLs that only the
deployment knows. The pointer moves only where it would not undo a push: when there is none yet,
when it still names what the last deployment wrote, or when this deployment takes over.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

Event = dict[str, Any]
POINTER = "config/current.json"
ALLOWED = "config/allowed.json"
DEPLOYED = "config/deployed.json"
# Unambiguous URLs; `gatewatch.gateway.url`, which is not available here, has the full rule.
_URL = re.compile(
    r"https://([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?(:[1-9][0-9]{0,4})?"
    r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*)*"
)
_TRIES = 12
_PAUSE_SECONDS = 5
_TRIES_TO_ANSWER = 3


def handler(event: Event, _context: object) -> None:
    """CloudFormation waits a quarter of an hour for an answer, so every path sends one."""
    try:
        if event["RequestType"] == "Delete":
            _leave(event["ResourceProperties"]["Bucket"])
        else:
            _settled(lambda: _put(event["ResourceProperties"]))
    except Exception as error:
        _answer(event, "FAILED", f"{type(error).__name__}: {error}")
        raise
    _answer(event, "SUCCESS", "")


def _settled(act: Callable[[], None]) -> None:
    """A new policy may take seconds to take effect."""
    for _ in range(_TRIES - 1):
        try:
            return act()
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            time.sleep(_PAUSE_SECONDS)
    return act()


def _put(properties: Event) -> None:
    s3 = boto3.client("s3")
    bucket, parameters = properties["Bucket"], properties.get("Parameters", {})
    urls = {place: _tidied(url) for place, url in properties.get("Urls", {}).items()}
    for placeholder, url in urls.items():
        name = parameters.get(placeholder)
        _check_url(f"ssm {name}" if name else f"what {_host(placeholder)} stands for", url)
    _check_distinct(urls)

    def put(key: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    def asset(name: str) -> bytes:
        key = properties[name]
        body = s3.get_object(Bucket=properties["AssetBucket"], Key=key)["Body"].read()
        return _filled(bytes(body), urls)

    configuration = asset("Configuration")
    version = hashlib.sha256(configuration).hexdigest()
    now = {"version": version, "key": f"config/versions/{version}.json"}
    put(now["key"], configuration)
    put(ALLOWED, asset("Allowed"))
    before = _read(s3, bucket, DEPLOYED)
    take_over = properties.get("TakeOver", "")
    if _moves(before, _read(s3, bucket, POINTER), take_over):
        put(POINTER, json.dumps(now).encode())
    put(DEPLOYED, json.dumps({**now, "take_over": take_over}).encode())


def _tidied(url: str) -> str:
    """Its scheme and host in lower case, as custom domains need not be written."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{mark}{host.lower()}{slash}{path}"


def _check_url(place: str, value: str) -> None:
    """The value is new and unchecked, so errors do not repeat it."""
    if not _URL.fullmatch(value):
        raise ValueError(f"{place}: expected it to hold a URL that begins with https://")


def _check_distinct(urls: dict[str, str]) -> None:
    """Dispatch would refuse a configuration in which an API has an entrance twice."""
    seen: dict[tuple[str, str], str] = {}
    for placeholder, url in urls.items():
        api = "-".join(placeholder.removesuffix(".invalid").split("-")[:2])
        other = seen.setdefault((api, url.rstrip("/")), placeholder)
        if other != placeholder:
            raise ValueError(f"{_host(placeholder)} and {_host(other)} stand for the same URL")


def _moves(before: Event | None, current: Event | None, take_over: str) -> bool:
    if before is None or current is None or current["version"] == before["version"]:
        return True
    return take_over not in ("", before["take_over"])


def _filled(body: bytes, urls: dict[str, str]) -> bytes:
    """Each placeholder's URL, and its host where a credential is bound to it."""
    for placeholder, url in urls.items():
        body = body.replace(placeholder.encode(), url.rstrip("/").encode())
        body = body.replace(_host(placeholder).encode(), _host(url).encode())
    return body


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}"


def _read(s3: Any, bucket: str, key: str) -> Event | None:
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return dict(json.loads(body))


def _leave(bucket: str) -> None:
    """A failed deployment is rolled back from anywhere: the bucket may be gone, or its policy. If
    something is left in it, its own deletion says so."""
    try:
        _settled(lambda: _empty(bucket))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ("NoSuchBucket", "AccessDenied"):
            raise
        print(f"{bucket} stays as it is: {code}")  # noqa: T201  the function's log


def _empty(bucket: str) -> None:
    s3 = boto3.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if objects:
            _delete(s3, bucket, objects)


def _delete(s3: Any, bucket: str, objects: list[dict[str, str]]) -> None:
    left = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    if errors := left.get("Errors"):
        raise RuntimeError(f"{len(errors)} objects are left in {bucket}: {errors[0]['Code']}")


def _identity(event: Event) -> str:
    """The same as long as the bucket is: with another one, CloudFormation has the old one deleted,
    and that empties it."""
    now: Event = event["ResourceProperties"]
    before: Event = event.get("OldResourceProperties") or now
    new = f"gatewatch-configuration-{now['Bucket']}"
    return str(event.get("PhysicalResourceId", new) if now["Bucket"] == before["Bucket"] else new)


def _answer(event: Event, status: str, reason: str) -> None:
    answer = {
        "Status": status,
        "Reason": reason[:1000],
        "PhysicalResourceId": _identity(event),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    request = urllib.request.Request(  # noqa: S310  CloudFormation's own presigned URL
        event["ResponseURL"],
        data=json.dumps(answer).encode(),
        method="PUT",
        headers={"Content-Type": ""},
    )
    for left in reversed(range(_TRIES_TO_ANSWER)):
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
        except OSError:
            if not left:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
