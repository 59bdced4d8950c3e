"""Several deployments in one file: each to its own account and region, checked like one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gatewatch.config.problems import ConfigError
from gatewatch_cdk.deployments import read_deployments
from tests.infra.templates import ROOT
from tests.infra.test_app import _app

pytestmark = pytest.mark.timeout(300)
EXAMPLE = ROOT / "examples" / "deployments" / "deployments.yaml"


def _problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as told:
        read_deployments(text, "deployments.yaml")
    return list(told.value.lines())


def test_a_deployment_has_its_place_and_its_file() -> None:
    found = read_deployments(EXAMPLE.read_text(), EXAMPLE.name)
    assert {
        name: (one.stack, one.account, one.region, one.config) for name, one in found.items()
    } == {
        "shop-virginia": ("Gatewatch", "111122223333", "us-east-1", "shop.yaml"),
        "shop-frankfurt": ("Gatewatch", "111122223333", "eu-central-1", "shop.yaml"),
        "bank-sydney": (None, "444455556666", "ap-southeast-2", "bank.yaml"),
    }


_GOOD = 'account: "111122223333", region: us-east-1, config: a.yaml'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["deployments: missing; expected a mapping"]),
        ("deployments: {}", ["deployments: expected at least one"]),
        (
            "deployments: {shop: {account: 111122223333, region: us-east-1, config: a.yaml}}",
            [
                "deployments.shop.account: 111122223333: expected the twelve digits of an account "
                'in quotes, as "0123…"'
            ],
        ),
        (
            f"deployments: {{shop: {{{_GOOD}, stak: Gatewatch}}}}",
            [
                "deployments.shop.stak: unknown key; expected one of account, api_changes, "
                "codedeploy_groups, codepipeline, config, max_concurrency, region, secret_keys, "
                'stack, topic_keys (did you mean "stack"?)'
            ],
        ),
        (
            "deployments: {shop_eu: {region: virginia}}",
            [
                "deployments.shop_eu.account: missing; expected the twelve digits of an account in "
                'quotes, as "0123…"',
                "deployments.shop_eu.config: missing; expected a text",
                'deployments.shop_eu.region: "virginia": expected an AWS region such as eu-west-1',
                'deployments.shop_eu: "shop_eu": expected the name of a stack: a letter, then '
                "letters, digits and dashes",
            ],
        ),
        (
            f"deployments: {{shop: {{{_GOOD}}}, other: {{{_GOOD}, stack: shop}}}}",
            ["deployments.other: the same stack, account and region as deployments.shop"],
        ),
        (
            f"deployments: {{shop: {{{_GOOD}, max_concurrency: 5000}}}}",
            ["deployments.shop.max_concurrency: 5000: expected a whole number from 2 to 1000"],
        ),
        ("deployments: {shop: {", ["not YAML"]),
    ],
    ids=[
        "an empty file",
        "none",
        "an account that is a number",
        "a misspelt key",
        "several at once",
        "two that are one stack",
        "too many at once",
        "no YAML",
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: list[str]) -> None:
    found = _problems(text)
    assert len(found) == len(told)
    for expected in told:
        assert any(expected in line for line in found), found


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("many")
    done = _app(out, {"deployments": str(EXAMPLE)})
    assert done.returncode == 0, done.stderr
    return out


def test_each_stack_goes_to_its_account_and_region(assembly: Path) -> None:
    manifest = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {
        name: (one["properties"].get("stackName", name), one["environment"])
        for name, one in manifest.items()
        if one["type"] == "aws:cloudformation:stack"
    }
    assert stacks == {
        "shop-virginia": ("Gatewatch", "aws://111122223333/us-east-1"),
        "shop-frankfurt": ("Gatewatch", "aws://111122223333/eu-central-1"),
        "bank-sydney": ("bank-sydney", "aws://444455556666/ap-southeast-2"),
    }


def test_cdk_nag_and_cfn_lint_find_nothing_in_three_regions(assembly: Path) -> None:
    report = json.loads((assembly / "validation-report.json").read_text())
    [nag] = [one for one in report["pluginReports"] if one["pluginName"] == "AwsSolutions"]
    assert (nag["conclusion"], nag["violations"]) == ("success", [])
    for name, region in (
        ("shop-virginia", "us-east-1"),
        ("shop-frankfurt", "eu-central-1"),
        ("bank-sydney", "ap-southeast-2"),
    ):
        template = assembly / f"{name}.template.json"
        command = [Path(sys.executable).parent / "cfn-lint", "--regions", region]
        command += ["--template", template, "--ignore-checks", "W3005"]  # as in test_app
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")


def test_the_problems_of_all_configurations_come_together(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("apis: {orders: {url: api.example.com, routes: []}}\n")
    place = 'account: "111122223333", region'
    (tmp_path / "deployments.yaml").write_text(
        f"deployments:\n  a: {{{place}: us-east-1, config: bad.yaml}}\n"
        f"  b: {{{place}: eu-west-1, config: none.yaml}}\n"
    )
    done = _app(tmp_path / "out", {"deployments": str(tmp_path / "deployments.yaml")})
    assert done.returncode == 3
    assert f"{tmp_path}/bad.yaml:1: apis.orders.url" in done.stderr
    assert f"{tmp_path}/none.yaml: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_file_says_is_not_said_beside_it(tmp_path: Path) -> None:
    done = _app(tmp_path, {"deployments": str(EXAMPLE), "deployment": "Other", "config": "x"})
    assert (done.returncode, done.stderr) == (
        3,
        f"config, deployment: not together with deployments; {EXAMPLE} says it for each\n",
    )
