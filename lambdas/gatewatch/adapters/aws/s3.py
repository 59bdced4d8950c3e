"""Objects of one S3 bucket. An object that is unchanged since the last read is not sent again."""

from __future__ import annotations

from gatewatch.adapters.aws.client import client

_MOST_BYTES = 65_000_000
_MOST_KEPT = 4


class S3Objects:
    def __init__(self, bucket: str, region: str | None = None) -> None:
        self._bucket = bucket
        self._region = region
        self._known: dict[str, tuple[str, bytes]] = {}

    def read(self, key: str) -> bytes:
        """Raises KeyError where there is no such object. Of an object that is larger than anything
        kept here, only the beginning is returned."""
        from botocore.exceptions import ClientError

        known = self._known.get(key)
        unless = {} if known is None else {"IfNoneMatch": known[0]}
        try:
            answer = client("s3", self._region).get_object(Bucket=self._bucket, Key=key, **unless)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if known is not None and code in ("304", "NotModified"):
                return known[1]
            if code in ("404", "NoSuchKey"):
                raise KeyError(key) from None
            raise
        body = bytes(answer["Body"].read(_MOST_BYTES))
        self._known.pop(key, None)
        if len(self._known) == _MOST_KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = (answer["ETag"], body)
        return body

    def write(self, key: str, body: bytes) -> None:
        client("s3", self._region).put_object(
            Bucket=self._bucket, Key=key, Body=body, ContentType="application/json"
        )

    def keys(self, prefix: str) -> list[tuple[str, str]]:
        """Each key with its time of writing in ISO 8601, newest first."""
        pages = (
            client("s3", self._region)
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self._bucket, Prefix=prefix)
        )
        found = [one for page in pages for one in page.get("Contents", [])]
        found.sort(key=lambda one: one["LastModified"], reverse=True)
        return [(str(one["Key"]), one["LastModified"].isoformat()) for one in found]
