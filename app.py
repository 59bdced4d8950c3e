"""The CDK app: `python app.py` writes cdk.out, and so does the CDK's own command line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import aws_cdk as cdk
import cdk_nag

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "lambdas"), str(ROOT / "infra")]

from gatewatch.cli.exits import BAD_USAGE  # noqa: E402
from gatewatch.config.problems import ConfigError  # noqa: E402  the service's code is in lambdas/
from gatewatch_cdk import GatewatchStack, UnreadableFileError  # noqa: E402
from gatewatch_cdk.asset import CannotBuildError  # noqa: E402


def build() -> cdk.App:
    """The app with its one stack; docs/account.md tells what its context may say."""
    # Only the CLI hands the flags of cdk.json to the app; without them the template would differ.
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(context=flags, outdir=os.environ.get("CDK_OUTDIR", "cdk.out"))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    GatewatchStack(
        app,
        app.node.try_get_context("deployment") or "Gatewatch",
        config=ROOT / (app.node.try_get_context("config") or "gatewatch.yaml"),
        keys=tuple((app.node.try_get_context("keys") or "").split()),
        take_over=app.node.try_get_context("take-over"),
    )
    return app


if __name__ == "__main__":
    try:
        build().synth()
    except (ConfigError, UnreadableFileError, CannotBuildError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(BAD_USAGE)
