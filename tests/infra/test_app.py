"""`python app.py` and the CDK's command line: the same bytes, every rule of the checkers kept."""

from __future__ import annotations

import filecmp
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gatewatch.cli.init import STARTER
from gatewatch.config.author import load
from gatewatch.config.lookups import Lookups, Placeholders
from gatewatch_cdk import asset
from gatewatch_cdk.needs import needs
from gatewatch_cdk.samples import hosts_of_nobody
from tests.infra.conftest import CONFIG, PRIVATE
from tests.infra.templates import ROOT, granted, read, resources

pytestmark = pytest.mark.timeout(300)
_CDK = ROOT / "node_modules" / ".bin" / "cdk"


def _environment() -> dict[str, str]:
    """As on a machine that knows no account: nothing of AWS. The CLI's `python` is this one."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    given["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{given['PATH']}"
    given["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "20"
    return given


def _app(out: Path, context: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            **_environment(),
            "CDK_OUTDIR": str(out),
            "CDK_CONTEXT_JSON": json.dumps(context or {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that asks for everything that may have to be granted."""
    file = tmp_path_factory.mktemp("config") / "gatewatch.yaml"
    file.write_text(PRIVATE)
    return file


@pytest.fixture(scope="module")
def assembly(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("python")
    done = _app(out, {"config": str(config), **SETTINGS})
    assert done.returncode == 0, done.stderr
    return out


_KEY = "arn:aws:kms:eu-west-1:111122223333:key"
SETTINGS = {
    "max-concurrency": "7",
    "secret-keys": f"{_KEY}/a {_KEY}/b",
    "topic-keys": f"{_KEY}/c",
}
"""As `make deploy CDK_ARGS="-c max-concurrency=7"` gives them."""


def test_what_is_given_on_the_command_line_is_deployed(assembly: Path) -> None:
    template = json.loads((assembly / "Gatewatch.template.json").read_text())
    feeds = resources(template, "AWS::Lambda::EventSourceMapping").values()
    most = {read(one["FunctionName"]): one["ScalingConfig"]["MaximumConcurrency"] for one in feeds}
    assert most == {
        "<FunctionsProbeFunction>": 7,
        "<FunctionsTwinFunction>": 7,
        "<FunctionsIncidentsFunction>": 2,
    }
    for role, context in (("Probe", "secret-keys"), ("Incidents", "topic-keys")):
        keys = {on for _, on in granted(template, f"Functions{role}") if ":key/" in on}
        assert keys == set(SETTINGS[context].split())


def test_cdk_nag_finds_nothing_that_has_no_reason(assembly: Path) -> None:
    _is_kept(assembly)


def test_nor_where_messages_are_posted_and_answers_come_back(tmp_path: Path) -> None:
    pager = "- {pagerduty: {secret: gatewatch/pager, acknowledge: {secret: gatewatch/back}}}"
    file = tmp_path / "gatewatch.yaml"
    file.write_text(CONFIG.replace("notify:\n", f"notify:\n  {pager}\n"))
    done = _app(tmp_path / "out", {"config": str(file)})
    assert done.returncode == 0, done.stderr
    _is_kept(tmp_path / "out")


def _is_kept(assembly: Path) -> None:
    report = json.loads((assembly / "validation-report.json").read_text())
    [nag] = [one for one in report["pluginReports"] if one["pluginName"] == "AwsSolutions"]
    assert (nag["conclusion"], nag["violations"]) == ("success", [])
    assert all(len(one["reason"].split()) > 10 for one in nag["suppressedViolations"])


def test_the_library_itself_refuses_what_cloudformation_would() -> None:
    """Then it is an error that ends the app, and no warning."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert flags["@aws-cdk/core:validateAgainstDefaultRules"] is True


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    template = assembly / "Gatewatch.template.json"
    ignored = ["--ignore-checks", "W3005"]  # dependencies that the CDK writes twice
    places = ["--regions", "us-east-1", "eu-central-1", "ap-southeast-2"]
    lint = Path(sys.executable).parent / "cfn-lint"
    command = [lint, "--template", template, *ignored, *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_command_line_writes_the_same_bytes(
    assembly: Path, config: Path, tmp_path: Path
) -> None:
    command = [_CDK, "synth", "--quiet", "--output", tmp_path, "--context", f"config={config}"]
    given = {"samples": "allowed", **SETTINGS}
    command += [word for name, one in given.items() for word in ("--context", f"{name}={one}")]
    subprocess.run(command, cwd=ROOT, env=_environment(), check=True, capture_output=True)
    # What the command line measured of its own run; no part of the assembly.
    compared = filecmp.dircmp(assembly, tmp_path, ignore=["performance-counters.json"])
    assert (compared.left_only, compared.right_only) == ([], [])
    assert compared.common_files
    assert filecmp.cmpfiles(assembly, tmp_path, compared.common_files, shallow=False)[1:] == (
        [],
        [],
    )


def _cdk(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_CDK, *arguments],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_sample_is_not_deployed(tmp_path: Path) -> None:
    done = _cdk("deploy", "--require-approval", "never", "--output", tmp_path)
    assert done.returncode != 0
    assert (
        "gatewatch.yaml names hosts of our examples, which are nobody's: "
        "abc123.execute-api.us-east-1.amazonaws.com. Put the URLs of your own APIs in their place"
    ) in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_stack_of_the_sample_can_still_be_found(tmp_path: Path) -> None:
    """And so destroyed, where an earlier version deployed it."""
    done = _cdk("list", "--output", tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, ["Gatewatch"])


def test_the_sample_has_a_template(tmp_path: Path) -> None:
    """`make synth`, which needs no account."""
    assert _app(tmp_path / "out").returncode == 0


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://abc123.execute-api.eu-west-1.amazonaws.com/prod", True),
        ("https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod", False),
        ("https://api.example.com/orders", True),
        ("https://example.org", True),
        ("https://api.orders.example", True),
        ("https://orders.test", True),
        ("https://example.com.acme.io", False),
        ("https://myexample.com", False),
        ("https://abc123.acme.io", False),
        ("{ssm: /orders/url}", False),
    ],
)
def test_a_host_of_the_examples_is_nobodys(url: str, hosts: bool) -> None:
    text = f"apis: {{orders: {{url: {url}, routes: [GET /x: public]}}}}"
    config = load(text, "gatewatch.yaml", Lookups(parameter=Placeholders()))
    assert bool(hosts_of_nobody(config)) is hosts


def test_every_host_counts() -> None:
    config = load(CONFIG, "gatewatch.yaml")
    assert hosts_of_nobody(config) == [
        "abc123.execute-api.us-east-1.amazonaws.com",
        "auth.example.com",
        "users.example.com",
    ]


@pytest.mark.parametrize("text", [(ROOT / "gatewatch.yaml").read_text(), STARTER])
def test_what_we_give_to_begin_with_is_nobodys(text: str) -> None:
    assert hosts_of_nobody(load(text, "gatewatch.yaml"))


def test_a_bad_file_stops_it_with_what_validate_says(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("apis:\n  orders:\n    url: api.example.com\n    rutes: []\n")
    done = _app(tmp_path / "out", {"config": str(file)})
    validate = [sys.executable, "-m", "gatewatch", "validate", "--config", str(file)]
    said = subprocess.run(validate, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (said.returncode, said.stderr)
    assert "rutes" in done.stderr


def test_the_file_of_this_repository_is_in_order() -> None:
    text = (ROOT / "gatewatch.yaml").read_text()
    assert needs(load(text, "gatewatch.yaml"), "gatewatch.yaml").outside.secrets == (
        "gatewatch/partner",
    )


@pytest.mark.parametrize(
    ("context", "told"),
    [
        (
            {"max-concurrency": "many"},
            "max-concurrency: expected a whole number from 2 to 1000, found many",
        ),
        (
            {"max-concurrency": "-1"},
            "max-concurrency: expected a whole number from 2 to 1000, found -1",
        ),
        (
            {"max-concurrency": 1},
            "max-concurrency: expected a whole number from 2 to 1000, found 1",
        ),
        ({"keys": "arn:aws:kms:eu-west-1:111122223333:key/1"}, "keys: expected secret_keys (that"),
        ({"deployment": "my_stack"}, "deployment: expected the name of a stack"),
        ({"max_concurrency": "7"}, 'max_concurrency: unknown; did you mean "max-concurrency"?'),
    ],
    ids=["no number", "negative", "too small", "the keys of before", "no stack's name", "a slip"],
)
def test_a_setting_that_cannot_be_deployed_is_one_line(
    context: dict[str, object], told: str, config: Path, tmp_path: Path
) -> None:
    done = _app(tmp_path / "out", {"config": str(config), **context})
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
    assert done.stderr.startswith(told)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = _app(tmp_path / "out", {"config": str(tmp_path / "none.yaml")})
    assert (done.returncode, done.stderr) == (
        3,
        f"{tmp_path}/none.yaml: No such file or directory\n",
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asset") / "code"
    asset.build(folder)
    return folder


def test_the_functions_code_is_small(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for file in built.rglob("*"):
            packed.write(file, file.relative_to(built))
    assert (tmp_path / "code.zip").stat().st_size <= 3_000_000
    assert not (built / "boto3").exists()


def test_the_functions_bring_the_time_zones(built: Path) -> None:
    assert (built / "tzdata" / "zoneinfo" / "Europe" / "Berlin").is_file()


def test_what_is_compiled_is_for_the_functions_machine(built: Path) -> None:
    compiled = [file.name for file in built.rglob("*.so")]
    assert compiled
    assert {name.partition(".")[2] for name in compiled} == {"cpython-314-aarch64-linux-gnu.so"}


def test_the_functions_leave_out_what_only_people_use(built: Path) -> None:
    for one in asset.LEFT_OUT:
        assert (ROOT / "lambdas" / one).exists()
        assert not (built / one).exists()
    assert (built / "gatewatch" / "config" / "canonical.py").is_file()


@pytest.mark.parametrize("name", ["dispatch", "probe", "incidents"])
def test_a_function_imports_nothing_that_is_left_out(name: str, tmp_path: Path) -> None:
    """The libraries are this machine's; our own code is what the asset has."""
    asset.copy_sources(tmp_path)
    own = "assert all(one.startswith(folder) for one in (*gatewatch.__path__, *handlers.__path__))"
    program = f"import sys; folder = sys.path[1]; import gatewatch, handlers.{name}; {own}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd="/",
        env={**_environment(), "PYTHONPATH": str(tmp_path), "GATEWATCH_DEPLOYMENT": "test"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_lock_file_names_where_packages_come_from() -> None:
    locks = [
        ROOT / "package-lock.json",
        ROOT / "requirements.txt",
        ROOT / "lambdas/requirements.txt",
    ]
    for lock in (*locks, *(ROOT / "requirements").iterdir()):
        assert "://" not in lock.read_text()
