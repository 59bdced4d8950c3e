"""Several files as one configuration: what each may hold, and that every problem of every file is
told with its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml

from gatewatch.cli.complete import _apis
from gatewatch.cli.setting import read_config
from gatewatch.config import parts
from gatewatch.config.author import api_names, load
from gatewatch.config.authored import schema
from gatewatch.config.canonical import Config, OAuth2, SecretRef, within
from gatewatch.config.lookups import Included, Lookups, Missing
from gatewatch.config.problems import ConfigError

ROOT = Path(__file__).parents[2]
MAIN = "include: [teams/*.yaml]\n"
TOPIC = "arn:aws:sns:us-east-1:111122223333:{}"


def team(name: str, more: str = "", credentials: str = "") -> str:
    return (
        f"apis:\n  {name}:\n    url: https://{name}.example.com\n    routes:\n"
        f"      - GET /x: {{access: public, as: [{credentials}]}}\n{more}"
    )


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / "gatewatch.yaml"


def loaded(folder: Path, files: Mapping[str, str | bytes]) -> Config:
    return read_config(written(folder, files))


def refused(folder: Path, files: Mapping[str, str | bytes]) -> list[str]:
    """The problems, with places as they are seen from the folder."""
    with pytest.raises(ConfigError) as found:
        loaded(folder, files)
    return str(found.value).replace(f"{folder}/", "").splitlines()


def test_the_apis_of_all_files_are_one_configuration(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {
            "gatewatch.yaml": f"{MAIN}contact: https://wiki.example.com\n{team('own')}",
            "teams/b.yaml": team("billing"),
            "teams/a.yaml": team("orders"),
        },
    )
    assert [api.name for api in found.apis] == ["own", "orders", "billing"]
    assert found.contact == "https://wiki.example.com"


def test_twenty_teams_own_a_file_each(tmp_path: Path) -> None:
    teams = {f"teams/{n:02}.yaml": team(f"api-{n:02}") for n in range(20)}
    found = loaded(tmp_path, {"gatewatch.yaml": MAIN, **teams})
    assert [api.name for api in found.apis] == [f"api-{n:02}" for n in range(20)]


def test_defaults_of_a_file_are_for_its_own_apis_over_those_of_the_main_file(
    tmp_path: Path,
) -> None:
    found = loaded(
        tmp_path,
        {
            "gatewatch.yaml": f"{MAIN}defaults: {{every: 2m, timeout: 9s}}\n{team('own')}",
            "teams/a.yaml": team("orders", "defaults: {every: 3m}\n"),
            "teams/b.yaml": team("billing"),
        },
    )
    times = {
        api.name: (route.every_seconds, route.timeout_seconds)
        for api in found.apis
        for route in api.routes
    }
    assert times == {"own": (120, 9), "orders": (180, 9), "billing": (120, 9)}


def test_a_credential_of_any_file_may_be_used_in_every_other(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {
            "gatewatch.yaml": f"{MAIN}credentials: {{shared: {{bearer: {{env: A}}}}}}\n",
            "teams/a.yaml": team("orders", "credentials: {own: {api_key: {env: B}}}\n", "shared"),
            "teams/b.yaml": team("billing", "", "shared + own"),
        },
    )
    hosts = {one.name: one.hosts for one in found.credentials}
    both = ("orders.example.com:443", "billing.example.com:443")
    assert hosts == {"shared": both, "own": both[1:]}


def test_what_names_no_api_is_for_those_of_its_file(tmp_path: Path) -> None:
    more = (
        "maintenance:\n  - {cron: '0 2 * * *', for: 1h}\n"
        "  - {cron: '0 4 * * *', for: 1h, apis: [billing]}\n"
        f"notify:\n  - {{sns: '{TOPIC.format('a')}'}}\n"
        f"  - {{sns: '{TOPIC.format('b')}', apis: [billing, own]}}\n"
    )
    found = loaded(
        tmp_path,
        {
            "gatewatch.yaml": MAIN
            + team("own", "maintenance:\n  - {cron: '0 1 * * *', for: 1h}\n")
            + f"notify:\n  - {{sns: '{TOPIC.format('all')}'}}\n",
            "teams/a.yaml": team("orders", more),
            "teams/b.yaml": team("billing"),
        },
    )
    assert [one.apis for one in found.maintenance] == [(), ("orders",), ("billing",)]
    takers = {
        one.topic.rpartition(":")[2]: [api.name for api in found.apis if one.covers(api.name)]
        for one in found.notify
    }
    assert takers == {
        "all": ["own", "orders", "billing"],
        "a": ["orders"],
        "b": ["own", "billing"],
    }


def test_files_are_beside_the_file_that_names_them(tmp_path: Path) -> None:
    credentials = (
        "credentials:\n"
        "  a: {bearer: {file: a.txt}}\n"
        "  b: {sigv4: {access_key_id: {file: sub/id}, secret_access_key: {file: /etc/secret}}}\n"
        "  c: {basic: {username: u, password: {env: PASSWORD}}}\n"
    )
    found = loaded(
        tmp_path,
        {
            "gatewatch.yaml": f"{MAIN}credentials: {{own: {{bearer: {{file: own.txt}}}}}}\n",
            "teams/a.yaml": team("orders", credentials, "a"),
        },
    )
    assert [ref.name for ref in within(found, SecretRef)] == [
        "own.txt",
        "teams/a.txt",
        "teams/sub/id",
        "/etc/secret",
        "PASSWORD",
    ]


def test_certificates_are_beside_the_file_that_names_them() -> None:
    asked: list[str] = []

    def ca_file(name: str) -> str:
        asked.append(name)
        return "PEM"

    client = "client_id: i, client_secret: {env: S}, ca_file: own.pem"
    text = team("orders", f"credentials: {{c: {{oauth2: {{token_url: 'https://t', {client}}}}}}}\n")
    text = text.replace("    routes", "    ca_file: ../common.pem\n    routes")
    found = load(
        "include: [teams/a.yaml]",
        "gatewatch.yaml",
        Lookups(ca_file=ca_file, included=lambda _: (Included("teams/a.yaml", lambda: text),)),
    )
    assert sorted(asked) == ["teams/../common.pem", "teams/own.pem"]
    assert found.apis[0].authority == "PEM"
    assert [one.authority for one in within(found, OAuth2)] == ["PEM"]


OF_THE_WHOLE = "expected in gatewatch.yaml only: it is a setting of the whole"
FAULTY = team("orders").replace("public", "pubic")

REFUSED: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "problems of all files together": (
        {
            "gatewatch.yaml": f"{MAIN}contakt: x\n",
            "teams/a.yaml": FAULTY,
            "teams/b.yaml": team("billing").replace("https", "http"),
        },
        [
            "gatewatch.yaml:2: contakt: unknown key; expected one of alarm_runbook, alarms, apis, "
            "contact, credentials, defaults, heartbeat, include, maintenance, network, notify, "
            "small, verify "
            '(did you mean "contact"?)',
            'teams/a.yaml:5: apis.orders.routes[0].GET /x.access: "pubic": expected one of '
            "protected, public",
            'teams/b.yaml:3: apis.billing.url: "http://billing.example.com": expected https (plain '
            "http only to loopback)",
        ],
    ),
    "an API in two files": (
        {"gatewatch.yaml": MAIN, "teams/a.yaml": team("orders"), "teams/b.yaml": team("orders")},
        ["teams/b.yaml:2: apis.orders: expected once; it stands at teams/a.yaml:2 already"],
    ),
    "an API here and in an included file": (
        {"gatewatch.yaml": f"{MAIN}{team('orders')}", "teams/b.yaml": team("orders")},
        ["teams/b.yaml:2: apis.orders: expected once; it stands at gatewatch.yaml:3 already"],
    ),
    "a credential in two files": (
        {
            "gatewatch.yaml": MAIN,
            "teams/a.yaml": team("orders", "credentials:\n  k: {bearer: {env: A}}\n", "k"),
            "teams/b.yaml": team("billing", "credentials:\n  k: {bearer: {env: B}}\n", "k"),
        },
        ["teams/b.yaml:7: credentials.k: expected once; it stands at teams/a.yaml:7 already"],
    ),
    "settings of the whole": (
        {
            "gatewatch.yaml": MAIN,
            "teams/a.yaml": team("orders", "contact: https://x.example.com\nalarms: route\n"),
        },
        [
            f"teams/a.yaml:6: contact: {OF_THE_WHOLE}",
            f"teams/a.yaml:7: alarms: {OF_THE_WHOLE}",
        ],
    ),
    "an include in an included file": (
        {"gatewatch.yaml": MAIN, "teams/a.yaml": team("orders", "include: [../gatewatch.yaml]\n")},
        [
            "teams/a.yaml:6: include: expected in gatewatch.yaml only: an included file includes "
            "no others"
        ],
    ),
    "an unknown key": (
        {"gatewatch.yaml": MAIN, "teams/a.yaml": team("orders", "default: {every: 1m}\n")},
        [
            "teams/a.yaml:6: default: unknown key; expected one of apis, credentials, defaults, "
            'maintenance, notify (did you mean "defaults"?)'
        ],
    ),
    "an empty file": (
        {"gatewatch.yaml": MAIN, "teams/a.yaml": "# nothing yet\n"},
        [
            "teams/a.yaml: (the whole file): an empty file; expected at least one of apis, "
            "defaults, credentials, notify, maintenance"
        ],
    ),
    "a list": (
        {"gatewatch.yaml": MAIN, "teams/a.yaml": "- GET /x: public\n"},
        [
            "teams/a.yaml:1: (the whole file): [{'GET /x': 'public'}]: expected a mapping with the "
            "keys apis, defaults, credentials, notify, maintenance"
        ],
    ),
    "no YAML": (
        {"gatewatch.yaml": MAIN, "teams/a.yaml": "apis: [", "teams/b.yaml": FAULTY},
        [
            "teams/a.yaml:1: (the whole file): not YAML: expected the node content, but found "
            "'<stream end>'",
            'teams/b.yaml:5: apis.orders.routes[0].GET /x.access: "pubic": expected one of '
            "protected, public",
        ],
    ),
    "not UTF-8": (
        {"gatewatch.yaml": MAIN, "teams/a.yaml": b"\xff\xfe"},
        ["gatewatch.yaml:1: include[0]: teams/a.yaml: not UTF-8 text"],
    ),
    "no such file": (
        {"gatewatch.yaml": "include:\n  - a.yaml\n  - b.yaml\n", "a.yaml": team("orders")},
        ['gatewatch.yaml:3: include[1]: "b.yaml": matches no file'],
    ),
    "a pattern that matches nothing": (
        {"gatewatch.yaml": MAIN, "teams/a.yml": team("orders")},
        ['gatewatch.yaml:1: include[0]: "teams/*.yaml": matches no file'],
    ),
    "a folder": (
        {"gatewatch.yaml": "include: [teams]\n", "teams/a.yaml": team("orders")},
        [
            "gatewatch.yaml:1: include[0]: teams: a folder; expected files, such as with *.yaml",
        ],
    ),
    "itself by name": (
        {"gatewatch.yaml": "include: [gatewatch.yaml]\n"},
        ["gatewatch.yaml:1: include[0]: gatewatch.yaml: it is this file itself"],
    ),
    "itself by a pattern": (
        {"gatewatch.yaml": "include: ['*.yaml']\n", "a.yaml": team("orders")},
        ["gatewatch.yaml:1: include[0]: gatewatch.yaml: it is this file itself"],
    ),
    "a folder above": (
        {"gatewatch.yaml": "include: [../a.yaml]\n"},
        [
            'gatewatch.yaml:1: include[0]: "../a.yaml": expected a path or pattern within the '
            "folder of gatewatch.yaml"
        ],
    ),
    "an absolute path": (
        {"gatewatch.yaml": "include: [/etc/*.yaml]\n"},
        [
            'gatewatch.yaml:1: include[0]: "/etc/*.yaml": expected a path or pattern within the '
            "folder of gatewatch.yaml"
        ],
    ),
    "a text in place of a list": (
        {"gatewatch.yaml": "include: teams/*.yaml\n"},
        ['gatewatch.yaml:1: include: "teams/*.yaml": expected a list'],
    ),
    "only credentials": (
        {"gatewatch.yaml": MAIN, "teams/a.yaml": "credentials: {k: {bearer: {env: A}}}\n"},
        ["gatewatch.yaml:1: apis: expected at least one API"],
    ),
    "an API of nobody": (
        {
            "gatewatch.yaml": MAIN,
            "teams/a.yaml": team(
                "orders",
                "maintenance:\n  - {cron: '0 2 * * *', for: 1h, apis: [ordes]}\n"
                f"notify:\n  - {{sns: '{TOPIC.format('a')}', apis: [oders]}}\n",
            ),
        },
        [
            'teams/a.yaml:7: maintenance[0].apis[0]: "ordes": no such API (did you mean "orders"?)',
            'teams/a.yaml:9: notify[0].apis[0]: "oders": no such API (did you mean "orders"?)',
        ],
    ),
    "a window in a file without APIs": (
        {
            "gatewatch.yaml": f"{MAIN}{team('own')}",
            "teams/a.yaml": "maintenance:\n  - {cron: '0 2 * * *', for: 1h}\n",
        },
        ["teams/a.yaml:2: maintenance[0].apis: missing; this file has no APIs of its own"],
    ),
    "what only the canonical form shows": (
        {
            "gatewatch.yaml": MAIN,
            "teams/a.yaml": team("orders"),
            "teams/b.yaml": team("billing").replace("GET /x", "GET /../x"),
        },
        [
            "teams/b.yaml:5: apis.billing.routes[0].GET /../x: "
            '"https://billing.example.com/../x": expected a URL that everybody reads alike: '
            "it has a segment . or .. in its path",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "told"), REFUSED.values(), ids=REFUSED)
def test_each_problem_names_its_file_and_line(
    tmp_path: Path, files: dict[str, str | bytes], told: list[str]
) -> None:
    assert refused(tmp_path, files) == told


def test_a_key_that_two_patterns_name_counts_once(tmp_path: Path) -> None:
    main = "include: [teams/a.yaml, teams/*.yaml, './teams/a.yaml', '**/*.yaml']\n"
    files = {"conf/gatewatch.yaml": main.replace(", '**/*.yaml'", "")}
    file = written(tmp_path, {**files, "conf/teams/a.yaml": team("orders")})
    found = read_config(file.parent / "conf" / "gatewatch.yaml")
    assert [api.name for api in found.apis] == ["orders"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("teams/*.yaml", ["a", "b"]),
        ("teams/?.yaml", ["a", "b"]),
        ("teams/[b].yaml", ["b"]),
        ("*/a.yaml", ["a"]),
        ("**/deep.yaml", ["deep"]),
        ("teams/**/*.yaml", ["a", "b", "deep"]),
        ("**/" * 200 + "deep.yaml", ["deep"]),
        ("teams/.hidden.yaml", ["hidden"]),
        ("teams/.*.yaml", ["hidden"]),
        ("./teams/./b.yaml", ["b"]),
    ],
)
def test_a_pattern_names_files(tmp_path: Path, pattern: str, names: list[str]) -> None:
    files = {
        "teams/a.yaml": team("a"),
        "teams/b.yaml": team("b"),
        "teams/.hidden.yaml": team("hidden"),
        "teams/.folder/c.yaml": team("c"),
        "teams/one/two/deep.yaml": team("deep"),
        "teams/README.md": "no configuration",
    }
    found = loaded(tmp_path, {"gatewatch.yaml": f"include: ['{pattern}']\n", **files})
    assert sorted(api.name for api in found.apis) == names


def a_link_out(folder: Path) -> None:
    (folder.parent / "outside.yaml").write_text(team("outside"))
    (folder / "teams" / "link.yaml").symlink_to(folder.parent / "outside.yaml")


def a_linked_folder_out(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir(exist_ok=True)
    (folder.parent / "elsewhere" / "b.yaml").write_text(team("outside"))
    (folder / "teams" / "link.yaml").symlink_to(folder.parent / "elsewhere")


def a_link_to_nothing(folder: Path) -> None:
    (folder / "teams" / "link.yaml").symlink_to("gone.yaml")


def a_link_in_a_circle(folder: Path) -> None:
    (folder / "teams" / "link.yaml").symlink_to("link.yaml")


def a_link_to_the_main_file(folder: Path) -> None:
    (folder / "teams" / "link.yaml").symlink_to("../gatewatch.yaml")


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "teams" / "link.yaml")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (a_link_out, "it leads out of the folder of gatewatch.yaml"),
        (a_linked_folder_out, "it leads out of the folder of gatewatch.yaml"),
        (a_link_to_nothing, "No such file or directory"),
        (a_link_in_a_circle, "links in a circle"),
        (a_link_to_the_main_file, "it is this file itself"),
        (a_pipe, "expected a regular file"),
    ],
)
def test_what_is_no_file_of_the_folder_is_refused(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    folder = tmp_path / "configuration"
    files = {"gatewatch.yaml": MAIN, "teams/a.yaml": team("orders")}
    written(folder, files)
    make(folder)
    told = refused(folder, files)
    assert told == [f"gatewatch.yaml:1: include[0]: teams/link.yaml: {reason}"]


def test_a_link_within_the_folder_is_no_second_file(tmp_path: Path) -> None:
    files = {"gatewatch.yaml": MAIN, "teams/a.yaml": team("orders")}
    written(tmp_path, files)
    (tmp_path / "teams" / "b.yaml").symlink_to("a.yaml")
    assert [api.name for api in loaded(tmp_path, files).apis] == ["orders"]


def test_a_main_file_that_is_a_link_includes_what_is_beside_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "main.yaml").write_text(MAIN)
    file = written(tmp_path, {"teams/a.yaml": team("orders")})
    file.symlink_to("real/main.yaml")
    assert [api.name for api in read_config(file).apis] == ["orders"]


def test_what_cannot_be_looked_for_is_said(tmp_path: Path) -> None:
    name = "x" * 300
    [told] = refused(tmp_path, {"gatewatch.yaml": f"include: ['{name}']\n"})
    assert told.endswith(": File name too long")


@contextmanager
def nobody() -> Iterator[None]:
    """Root may read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("pattern", ["*/gatewatch.yaml", "**/gatewatch.yaml", "closed/*.yaml"])
def test_a_folder_that_cannot_be_searched_is_not_passed_over(pattern: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        files = {
            "gatewatch.yaml": f"include: ['{pattern}']\n",
            "open/gatewatch.yaml": team("orders"),
            "closed/gatewatch.yaml": team("billing"),
        }
        file = written(folder, files)
        (folder / "closed").chmod(0)
        with nobody(), pytest.raises(ConfigError, match="Permission denied"):
            read_config(file)
        (folder / "closed").chmod(0o700)


def test_all_files_together_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(parts, "MOST_VALUES_IN_ALL", 30)
    teams = {f"teams/{n}.yaml": team(f"api-{n}") for n in range(4)}
    assert refused(tmp_path, {"gatewatch.yaml": MAIN, **teams}) == [
        "gatewatch.yaml:1: include[0]: expected at most 30 values and keys in all files together; "
        "with teams/1.yaml here are more; watch fewer routes, or in two stacks"
    ]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("notify:\n" + f"  - {{sns: '{TOPIC.format('a')}'}}\n" * 3, "notify: {most} 50 channels"),
        (
            "maintenance:\n" + "  - {cron: '0 2 * * *', for: 1h}\n" * 6,
            "maintenance: {most} 100 windows",
        ),
    ],
    ids=["channels", "windows"],
)
def test_what_is_limited_is_counted_in_all_files(tmp_path: Path, more: str, told: str) -> None:
    teams = {f"teams/{n:02}.yaml": team(f"api-{n}", more) for n in range(17)}
    line = told.format(most="expected at most") + " in all files together"
    assert refused(tmp_path, {"gatewatch.yaml": MAIN, **teams}) == [f"teams/16.yaml:6: {line}"]


def test_a_thousand_files_are_many_enough(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    for number in range(1_001):
        (tmp_path / "teams" / f"{number}.yaml").touch()
    assert refused(tmp_path, {"gatewatch.yaml": MAIN}) == [
        'gatewatch.yaml:1: include[0]: "teams/*.yaml": matches 1,001 files; expected at most 1,000'
    ]


def test_without_the_files_nothing_is_said_of_what_they_may_hold() -> None:
    """A credential or an API that seems to be missing may stand in the file that could not be
    read."""
    text = team("orders", "include: [gone.yaml]\n", "shared")
    with pytest.raises(ConfigError) as found:
        load(text, "f", Lookups(included=lambda _: Missing("matches no file")))
    assert str(found.value) == 'f:6: include[0]: "gone.yaml": matches no file'


def test_a_text_alone_includes_nothing() -> None:
    with pytest.raises(ConfigError, match=r"teams/\*.yaml cannot be looked up here"):
        load(MAIN, "f")


def test_names_are_completed_from_all_files(tmp_path: Path) -> None:
    files = {"gatewatch.yaml": MAIN + team("own"), "teams/a.yaml": team("orders")}
    assert list(_apis(written(tmp_path, files))) == ["own", "orders"]
    assert api_names("apis: [", "f", Lookups()) == ()


def test_the_schema_tells_of_both_kinds_of_files() -> None:
    described = schema()["$defs"]
    assert set(described["Included"]["properties"]) == {
        "apis",
        "credentials",
        "defaults",
        "maintenance",
        "notify",
    }
    assert described["File"]["anyOf"] == [{"required": ["apis"]}, {"required": ["include"]}]


def test_the_example_of_the_page_is_one_configuration() -> None:
    found = read_config(ROOT / "examples" / "teams" / "gatewatch.yaml")
    assert [api.name for api in found.apis] == ["billing", "orders"]
    page = (ROOT / "docs" / "many-routes.md").read_text()
    main = (ROOT / "examples" / "teams" / "gatewatch.yaml").read_text()
    assert main.partition("\n")[2] in page
    assert (ROOT / "examples" / "teams" / "teams" / "orders.yaml").read_text() in page


def test_the_page_names_the_limits_there_are() -> None:
    page = (ROOT / "docs" / "many-routes.md").read_text()
    assert "1,000,000 values and keys, and 32,000,000 characters" in page
    assert yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])["include"] == ["teams/*.yaml"]
