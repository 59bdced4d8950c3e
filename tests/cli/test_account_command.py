"""`gatewatch push`, `pull` and `rollback` against an emulated account."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from gatewatch.adapters.aws.s3 import S3Objects
from gatewatch.cli.account import _chosen
from gatewatch.cli.main import main
from gatewatch.service.published import Allowed, Pointer
from tests.deployed import CONFIG, PARTNER, bucket, monitor_outputs, stack_with

TEXT = CONFIG % {"place": "api.example.com:443"}


class Stack:
    def __init__(self, folder: Path) -> None:
        self.objects = S3Objects(bucket())
        self.name = stack_with(monitor_outputs(ConfigBucket=self.objects._bucket))
        allowed = Allowed(
            secrets=("gatewatch/partner",),
            credentials={"partner": ("api.example.com:443",)},
            sources={"partner": PARTNER},
        )
        self.objects.write("config/allowed.json", msgspec.json.encode(allowed))
        self.file = folder / "gatewatch.yaml"

    def run(self, *arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--stack", self.name])
        return int(ended.value.code or 0)

    def push(self, text: str) -> int:
        self.file.write_text(text.replace("http://", "https://"))
        return self.run("push", "--config", str(self.file))

    @property
    def published(self) -> Pointer:
        return msgspec.json.decode(self.objects.read("config/current.json"), type=Pointer)


@pytest.fixture
def stack(aws: None, tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def test_what_is_pushed_can_be_pulled(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stack.push(TEXT) == 0
    assert stack.published.version[:12] in capsys.readouterr().out
    assert stack.run("pull") == 0
    assert json.loads(capsys.readouterr().out)["apis"][0]["name"] == "orders"
    assert stack.run("pull", "--output", str(tmp_path / "out.json")) == 0
    assert json.loads((tmp_path / "out.json").read_text())["version"] == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("gatewatch/partner", "payroll/root"), "reads secret payroll/root: needs cdk deploy"),
        (("api.example.com", "evil.example.com"), "would be sent to evil.example.com:443"),
        (("partner:", "second:"), "credential second is new: needs cdk deploy"),
        (("{secret: gatewatch/partner}", "{env: KEY}"), "only secrets and parameters can be read"),
        (
            ("apis:", "notify: [{sns: 'arn:aws:sns:us-east-1:111122223333:spy'}]\napis:"),
            "notify arn:aws:sns:us-east-1:111122223333:spy: needs cdk deploy",
        ),
        (
            ("    owner:", "    connect_to: 127.0.0.1:1\n    owner:"),
            "connect_to is for the command line",
        ),
        (
            ("    owner:", "    private: true\n    owner:"),
            "api orders is private: needs cdk deploy",
        ),
    ],
)
def test_what_the_stack_was_not_deployed_for_is_refused(
    stack: Stack, change: tuple[str, str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stack.push(TEXT) == 0
    before = stack.published
    text = TEXT.replace(*change).replace("as: [partner]", f"as: [{_name(change)}]")
    assert stack.push(text) == 3
    assert problem in capsys.readouterr().err
    assert stack.published == before


def _name(change: tuple[str, str]) -> str:
    return "second" if change[1] == "second:" else "partner"


def test_a_file_with_problems_is_not_pushed(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stack.push(TEXT.replace("access: public", "access: open")) == 3
    assert "access" in capsys.readouterr().err
    with pytest.raises(KeyError):
        _ = stack.published


def test_a_rollback_publishes_an_earlier_version(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stack.push(TEXT) == 0
    first = stack.published
    assert stack.run("rollback") == 3
    assert "no version before" in capsys.readouterr().err
    assert stack.push(TEXT.replace("team-orders", "team-other")) == 0
    assert stack.run("rollback", first.version[:8]) == 0
    assert stack.published == first
    assert stack.run("rollback", "no-such") == 3


@pytest.mark.parametrize(("current", "before"), [("c", "b"), ("b", "a"), ("deployed", "c")])
def test_without_a_version_the_one_before_is_meant(current: str, before: str) -> None:
    assert _chosen(["c", "b", "a"], current, None) == before


def test_a_stack_that_is_not_there_is_said_by_name(
    aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["pull", "--stack", "elsewhere"])
    assert ended.value.code == 3
    assert "stack elsewhere" in capsys.readouterr().err


def test_several_files_are_pushed_and_rolled_back_as_one(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    team = tmp_path / "teams" / "orders.yaml"
    team.write_text(TEXT.replace("http://", "https://"))
    assert stack.push("include: [teams/*.yaml]\n") == 0
    first = stack.published
    assert stack.push(TEXT) == 0
    assert stack.published == first, "the same in one file"
    team.write_text(team.read_text().replace("team-orders", "team-other"))
    assert stack.push("include: [teams/*.yaml]\n") == 0
    assert stack.published != first
    assert stack.run("rollback", first.version) == 0
    assert stack.published == first


def test_a_problem_of_an_included_file_is_pushed_by_nobody(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "orders.yaml").write_text(TEXT.replace("owner", "ownr"))
    assert stack.push("include: [teams/*.yaml]\n") == 3
    assert f"{tmp_path}/teams/orders.yaml:" in capsys.readouterr().err
    with pytest.raises(KeyError):
        _ = stack.published
