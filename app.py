"""The CDK app: `python app.py` writes cdk.out, and so does the CDK's own command line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import aws_cdk as cdk
import cdk_nag

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "lambdas"), str(ROOT / "infra")]

from gatewatch.cli.exits import BAD_USAGE, UsageError  # noqa: E402
from gatewatch.config.problems import ConfigError  # noqa: E402  the service's code is in lambdas/
from gatewatch_cdk import GatewatchStack, UnreadableFileError  # noqa: E402
from gatewatch_cdk.asset import CannotBuildError  # noqa: E402
from gatewatch_cdk.context import Context, read_context  # noqa: E402
from gatewatch_cdk.deployments import read_deployments  # noqa: E402
from gatewatch_cdk.monitor import read_text  # noqa: E402
from gatewatch_cdk.settings import UnusableSettingError  # noqa: E402


def build() -> cdk.App:
    """The app with its stacks; docs/account.md tells what its context may say.

    Raises ConfigError, UsageError, and what a GatewatchStack raises.
    """
    # Only the CLI hands the flags of cdk.json to the app; without them the template would differ.
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = cdk.App(context=flags, outdir=os.environ.get("CDK_OUTDIR", "cdk.out"))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    given = app.node.get_all_context()
    context = read_context({name: value for name, value in given.items() if name not in flags})
    if context.deployments is None:
        _add_one(app, context)
    else:
        _add_all(app, context, ROOT / context.deployments)
    return app


def _add_one(app: cdk.App, context: Context) -> None:
    """Without an account and a region, so that the template is the same on every machine."""
    stack = GatewatchStack(
        app,
        context.deployment,
        config=ROOT / context.config,
        secret_keys=context.secret_keys,
        topic_keys=context.topic_keys,
        max_concurrency=context.max_concurrency,
        codedeploy_groups=context.codedeploy_groups,
        codepipeline=context.codepipeline,
        api_changes=context.api_changes,
        take_over=context.take_over,
    )
    _stop_samples(stack, context, context.config)


def _stop_samples(stack: GatewatchStack, context: Context, file: str) -> None:
    """At `cdk deploy`, and not where only the template is written; the CDK's command line says that
    it is there. An error of this kind does not stop `cdk destroy`."""
    if stack.hosts_of_nobody and "CDK_CLI_VERSION" in os.environ and not context.lets_samples:
        cdk.Annotations.of(stack).add_error(
            f"{file} names hosts of our examples, which are nobody's: "
            f"{', '.join(stack.hosts_of_nobody)}. Put the URLs of your own APIs in their place"
        )


def _add_all(app: cdk.App, context: Context, file: Path) -> None:
    """Every stack of a file of deployments; the problems of all their configurations together."""
    problems = list(_added(app, context, file))
    if problems:
        raise UsageError("\n".join(problems))


def _added(app: cdk.App, context: Context, file: Path) -> Iterator[str]:
    for label, one in read_deployments(read_text(file), str(file)).items():
        try:
            stack = GatewatchStack(
                app,
                label,
                config=file.parent / one.config,
                secret_keys=one.secret_keys,
                topic_keys=one.topic_keys,
                max_concurrency=one.max_concurrency,
                codedeploy_groups=one.codedeploy_groups,
                codepipeline=one.codepipeline,
                api_changes=one.api_changes,
                take_over=context.take_over,
                stack_name=one.stack,
                env=cdk.Environment(account=one.account, region=one.region),
            )
            _stop_samples(stack, context, one.config)
        except (ConfigError, UnreadableFileError) as error:
            yield str(error)
        except UnusableSettingError as error:
            yield f"{file}: deployments.{label}.{error}"


_TOLD = (ConfigError, UnreadableFileError, CannotBuildError, UnusableSettingError, UsageError)

if __name__ == "__main__":
    try:
        build().synth()
    except _TOLD as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(BAD_USAGE)
