"""The configuration as people write it, and what the commands take to read, plan and publish it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import process_time

from bench.scale.target import addresses
from bench.scale.worker import rss_mb
from gatewatch.cli.plan import planned
from gatewatch.cli.setting import read_config
from gatewatch.config.canonical import Config
from gatewatch.service.published import encoded

CREDENTIAL = "partner"
_ROUTE = f"{{access: protected, guarded_by: api_key, as: [{CREDENTIAL}]}}"
_TEAMS = 20


def write(folder: Path, hosts: int, routes_per_api: int, port: int) -> Path:
    """A file for each of twenty teams, and one credential for all hosts; three keys a route."""
    teams = folder / "teams"
    teams.mkdir()
    places = [f"http://{address}:{port}/prod" for address in addresses(hosts)]
    for team in range(min(_TEAMS, hosts)):
        own = list(enumerate(places))[team::_TEAMS]
        lines = (line for number, url in own for line in _api(number, url, routes_per_api))
        (teams / f"{team}.yaml").write_text("\n".join(["apis:", *lines, ""]))
    file = folder / "gatewatch.yaml"
    credential = f"{CREDENTIAL}: {{api_key: {{secret: scale/{CREDENTIAL}}}}}"
    file.write_text(f"include: [teams/*.yaml]\ncredentials:\n  {credential}\n")
    return file


def _api(number: int, url: str, routes: int) -> Iterator[str]:
    yield f"  api-{number}:"
    yield f"    url: {url}"
    yield "    routes:"
    for route in range(routes):
        yield f"      - GET /r{route}: {_ROUTE}"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of processor of each step, in a process of its own, and the most that it held."""

    validate: float
    plan: float
    pack: float
    published_bytes: int
    memory_mb: int


def measured(file: Path) -> tuple[Config, Took]:
    with get_context("spawn").Pool(1) as pool:
        took = pool.apply(_alone, (file,))
    return read_config(file), took


def _alone(file: Path) -> Took:
    began = process_time()
    config = read_config(file)
    read = process_time()
    planned(config)
    known = process_time()
    body = encoded(config)
    return Took(read - began, known - read, process_time() - known, len(body), rss_mb())
