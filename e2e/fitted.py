"""What `app.py` wrote, changed where the emulator cannot do it, with a list of every change.

Nothing else may differ: the template is edited after synthesis, so that no test switch is in it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gatewatch_cdk import asset

Json = dict[str, Any]


def fit(assembly: Path, stack: str, interpreter: Path, authority: Path) -> list[str]:
    """Changes the assembly in place; each change in words. `interpreter`: the emulator's;
    `authority`: the certificate that the watched API's is signed with."""
    changes = fit_template(assembly, stack)
    return [*changes, *_host_asset(assembly, _read(assembly, stack), interpreter, authority)]


def _read(assembly: Path, stack: str) -> Json:
    template: Json = json.loads((assembly / f"{stack}.template.json").read_text(encoding="utf-8"))
    return template


def fit_template(assembly: Path, stack: str) -> list[str]:
    """The template alone: its asset is there already, from another assembly."""
    template = _read(assembly, stack)
    changes = [
        *_without_composites(template),
        *_plain_alarms(template),
        *_without_tls_demands(template),
        *_batches_granted(template),
        *_deletions_granted(template),
    ]
    file = assembly / f"{stack}.template.json"
    file.write_text(json.dumps(template), encoding="utf-8")
    return changes


def _of_type(template: Json, *types: str) -> Iterator[tuple[str, Json]]:
    for name, one in list(template["Resources"].items()):
        if one["Type"] in types:
            yield name, one


def _without_composites(template: Json) -> Iterator[str]:
    for name, _ in _of_type(template, "AWS::CloudWatch::CompositeAlarm"):
        del template["Resources"][name]
        yield f"{name} left out: no composite alarms in the emulator's CloudFormation"


def _plain_alarms(template: Json) -> Iterator[str]:
    """One of the metrics stands for the expression; a query has none, and no action either."""
    for name, one in _of_type(template, "AWS::CloudWatch::Alarm"):
        metrics = one["Properties"].pop("Metrics", None)
        if metrics is None:
            continue
        stats = [each["MetricStat"] for each in metrics if "MetricStat" in each]
        judged = [each for each in stats if each["Metric"]["MetricName"] == "RoutesJudged"]
        if not judged:
            del template["Resources"][name]
            yield f"{name} left out: no Metrics Insights in the emulator"
            continue
        [stat] = judged
        one["Properties"] |= {**stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}
        yield f"{name} watches RoutesJudged alone: no metric math in its CloudFormation"


_POLICIES = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")


def _without_tls_demands(template: Json) -> Iterator[str]:
    """The emulator's address is plain HTTP, and it keeps the policies that forbid that."""
    for name, one in _of_type(template, *_POLICIES):
        document = one["Properties"]["PolicyDocument"]
        kept = [each for each in document["Statement"] if not _demands_tls(each)]
        if len(kept) == len(document["Statement"]):
            continue
        document["Statement"] = kept
        if not kept:
            _remove(template, name)
        yield f"{name} does not demand TLS: the emulator is asked over plain HTTP"


def _demands_tls(statement: Json) -> bool:
    written = json.dumps(statement.get("Condition", {}))
    is_tls = "aws:SecureTransport" in written or "s3:TlsVersion" in written
    return bool(statement["Effect"] == "Deny" and is_tls)


def _remove(template: Json, name: str) -> None:
    del template["Resources"][name]
    for one in template["Resources"].values():
        depends = one.get("DependsOn", [])
        one["DependsOn"] = [
            each for each in ([depends] if isinstance(depends, str) else depends) if each != name
        ]


def _batches_granted(template: Json) -> Iterator[str]:
    """On AWS, sqs:SendMessage is the right to send many at once, too."""
    for name, one in _of_type(template, "AWS::IAM::Policy"):
        changed = False
        for statement in one["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            if "sqs:SendMessage" in (listed := [actions] if isinstance(actions, str) else actions):
                statement["Action"] = [*listed, "sqs:SendMessageBatch"]
                changed = True
        if changed:
            yield f"{name} names sqs:SendMessageBatch, which AWS has under sqs:SendMessage"


def _deletions_granted(template: Json) -> Iterator[str]:
    """On AWS, s3:DeleteObjectVersion is the right to delete a version that is named."""
    for name, one in _of_type(template, "AWS::IAM::Policy"):
        for statement in one["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Action"] == "s3:DeleteObjectVersion":
                statement["Action"] = ["s3:DeleteObjectVersion", "s3:DeleteObject"]
                yield f"{name} names s3:DeleteObject, which the emulator asks for a version, too"


def _host_asset(
    assembly: Path, template: Json, interpreter: Path, authority: Path
) -> Iterator[str]:
    """The same sources, with the libraries for this machine."""
    [folder] = [one for one in assembly.glob("asset.*") if (one / "handlers").is_dir()]
    shutil.rmtree(folder)
    command: list[str | Path] = [
        interpreter,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    command += ["--requirement", asset.REQUIREMENTS, "--target", folder]
    subprocess.run([*command, "--no-compile"], check=True, stdout=sys.stderr)
    asset.prune(folder)
    asset.copy_sources(folder)
    runtimes = {one["Properties"]["Runtime"] for _, one in _of_type(template, _FUNCTION)}
    version = subprocess.run(
        [interpreter, "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()
    yield f"libraries and interpreter of this machine ({version}), not {', '.join(runtimes)} arm64"
    with (folder / "certifi" / "cacert.pem").open("ab") as bundle:
        bundle.write(b"\n" + authority.read_bytes())
    yield "the probe trusts the authority of this run, too, which signed the API's certificate"


_FUNCTION = "AWS::Lambda::Function"
