"""Definitions that lie on this machine until they are deployed, as assets of the app."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets

from gatewatch.config.document import read_document
from gatewatch_cdk.readers.tree import Tree, rendered


def from_asset(tree: Tree, made: cdk.CfnResource, location: object) -> dict[str, object] | str:
    """The definition at a rendered location in S3; or why it cannot be read."""
    key = location.get("key") if isinstance(location, dict) else None
    for one in tree.of(assets.Asset):
        if key is not None and rendered(made, one.s3_object_key) == key:
            stage = cdk.Stage.of(one)
            folder = "." if stage is None else stage.outdir
            return _read(Path(folder, one.asset_path))
    return "its definition is in a bucket, which a synthesis does not read"


def _read(file: Path) -> dict[str, object] | str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"its definition {file} cannot be read"
    try:
        value = json.loads(text)
    except ValueError:
        document = read_document(text)
        if document.problems:
            return f"its definition cannot be read: {document.problems[0]}"
        value = document.value
    return value if isinstance(value, dict) else "its definition is no OpenAPI document"
