"""What the tests do not notice: changes to the code, one at a time, and who survives.

Usage: mutants.py [--minutes N] [--only TEXT] [--seed N] [--jobs N]

Cosmic Ray makes the changes (https://cosmic-ray.readthedocs.io); two kinds of ours are added. Each
is made in a copy of the checkout, and killed by the module's own quick tests or not. A random part
is tried for as long as there is time; with its seed, the same part is tried in the same order.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from random import Random, SystemRandom
from threading import Lock
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import Name
from parso.python.tree import Operator as Sign

ROOT = Path(__file__).parent.parent
COPIES = ROOT / "build" / "mutants" / "copies"
_SOURCE = "lambdas/gatewatch/"
_COPIED = ("lambdas", "tests", "bench")

# What is tried, and the tests that are there to notice it.
TESTS: dict[str, tuple[str, ...]] = {
    "redaction": ("tests/redaction",),
    "judgement": ("tests/judgement", "tests/looking"),
    "diagnosis/elimination.py": ("tests/diagnosis",),
    "diagnosis/look.py": ("tests/diagnosis",),
    "diagnosis/caller.py": ("tests/diagnosis",),
    "diagnosis/place.py": ("tests/diagnosis",),
    "diagnosis/difference.py": ("tests/diagnosis",),
    "incidents/track.py": ("tests/incidents/test_track.py",),
    "incidents/correlate.py": ("tests/incidents",),
    "incidents/announce.py": ("tests/service/test_ledger.py", "tests/incidents"),
    "service/shards.py": ("tests/service/test_shards.py",),
    "service/state_slices.py": ("tests/service",),
    "service/ledger.py": ("tests/service",),
    "config/rules.py": ("tests/config",),
    "config/values.py": ("tests/config",),
}

_OPERATORS = (
    *(
        f"core/ReplaceComparisonOperator_{before}_{after}"
        for before, after in (
            ("Eq", "NotEq"),
            ("NotEq", "Eq"),
            ("Lt", "LtE"),
            ("LtE", "Lt"),
            ("Gt", "GtE"),
            ("GtE", "Gt"),
            ("Is", "IsNot"),
            ("IsNot", "Is"),
        )
    ),
    *(
        f"core/ReplaceBinaryOperator_{before}_{after}"
        for before, after in (
            ("Add", "Sub"),
            ("Sub", "Add"),
            ("Mul", "Add"),
            ("FloorDiv", "Mul"),
            ("Mod", "Mul"),
            ("BitAnd", "BitOr"),
        )
    ),
    "core/ReplaceUnaryOperator_Delete_Not",
    "core/AddNot",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
    "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd",
    "core/ReplaceBreakWithContinue",
    "core/ReplaceContinueWithBreak",
    "core/NumberReplacer",
    "core/ZeroIterationForLoop",
)


class LeaveOut(Operator):  # type: ignore[misc]
    """One of the things that are written down in a row: of a set, a table, a list."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[object, object]]:
        for at in _things(node):
            yield node.children[at].start_pos, node.children[at].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        start = _things(node)[index]
        rest = node.children[start:]
        signs = (n for n, one in enumerate(rest) if isinstance(one, Sign) and one.value == ",")
        end = start + next(signs, len(rest)) + 1
        node.children = [*node.children[:start], *node.children[end:]]
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _things(node: Any) -> list[int]:
    """Where they begin; none in what has a single one, or makes them with `for`."""
    if node.type not in ("testlist_comp", "dictorsetmaker"):
        return []
    signs = [n for n, one in enumerate(node.children) if isinstance(one, Sign) and one.value == ","]
    begins = [0, *(n + 1 for n in signs if n + 1 < len(node.children))]
    return begins if len(begins) > 1 else []


class AnyForAll(Operator):  # type: ignore[misc]
    """`all` for `any`, `min` for `max`, and the other way round."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[object, object]]:
        if isinstance(node, Name) and node.value in _OPPOSITES:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _: int) -> Any:
        return Name(_OPPOSITES[node.value], node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


_OPPOSITES = {"any": "all", "all": "any", "min": "max", "max": "min"}


_KINDS: tuple[Callable[[], Operator], ...] = (
    *map(get_operator, _OPERATORS),
    LeaveOut,
    AnyForAll,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something of a kind can be changed: its number in the module."""

    module: str
    kind: Callable[[], Operator]
    number: int


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one change."""

    module: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        name = f"{_SOURCE}{self.module}"
        lines = (self.before.splitlines(), self.after.splitlines())
        return "\n".join(difflib.unified_diff(*lines, name, name, n=1, lineterm=""))


def places(module: str) -> Iterator[Place]:
    tree = get_ast_from_path(ROOT / _SOURCE / module)
    for kind in _KINDS:
        found = (at for node in ast_nodes(tree) for at in kind().mutation_positions(node))
        for number, _ in enumerate(found):
            yield Place(module, kind, number)


def mutant(place: Place) -> Mutant | None:
    """None where the change makes no other program, or none at all."""
    before = (ROOT / _SOURCE / place.module).read_text()
    after = mutate_code(before, place.kind(), place.number)
    if after is None or not _is_another(before, after):
        return None
    return Mutant(place.module, before, after)


def _is_another(before: str, after: str) -> bool:
    try:
        return _program(before) != _program(after)
    except SyntaxError:
        return False


def _program(text: str) -> str:
    """Without how classes are made: frozen, with slots."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.decorator_list, node.keywords = [], []
    return ast.dump(tree)


def modules(only: str) -> list[str]:
    found = []
    for name in TESTS:
        path = ROOT / _SOURCE / name
        files = sorted(path.glob("*.py")) if path.is_dir() else [path]
        found += [str(one.relative_to(ROOT / _SOURCE)) for one in files]
    return [one for one in found if only in one and not one.endswith("__init__.py")]


def tests_of(module: str) -> tuple[str, ...]:
    return next(tests for name, tests in TESTS.items() if module.startswith(name))


@dataclass
class Bench:
    """The copies in which mutants live, each for one at a time."""

    free: SimpleQueue[Path] = field(default_factory=SimpleQueue)

    def lay_out(self, copies: int) -> None:
        shutil.rmtree(COPIES, ignore_errors=True)
        for number in range(copies):
            folder = COPIES / str(number)
            folder.mkdir(parents=True)
            for one in ROOT.iterdir():
                if one.name in _COPIED:
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(one, folder / one.name, ignore=ignored)
                elif one.name not in ("build", ".git", ".pytest_cache", ".hypothesis"):
                    (folder / one.name).symlink_to(one)
            self.free.put(folder)

    def passes(self, tests: Sequence[str], seconds: float, changed: Mutant | None = None) -> bool:
        folder = self.free.get()
        try:
            if changed is None:
                return _pass(folder, tests, seconds)
            path = folder / _SOURCE / changed.module
            path.write_text(changed.after)
            try:
                return _pass(folder, tests, seconds)
            finally:
                path.write_text(changed.before)
        finally:
            self.free.put(folder)


def _pass(folder: Path, tests: Sequence[str], seconds: float) -> bool:
    python = (str(ROOT / ".venv" / "bin" / "python"), "-B", "-m", "pytest")
    quiet = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow")
    try:
        done = subprocess.run(
            [*python, *quiet, *tests], cwd=folder, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def seconds_of(bench: Bench, tests: Sequence[str]) -> float:
    """How long the tests take without any change; they must pass."""
    started = time.monotonic()
    if not bench.passes(tests, _LONGEST):
        sys.exit(f"these fail without any change: {' '.join(tests)}")
    return time.monotonic() - started


_LONGEST = 600.0


@dataclass
class Trial:
    """What came of those that there was time for."""

    killed: Counter[str] = field(default_factory=Counter)
    survivors: list[Mutant] = field(default_factory=list)

    def note(self, one: Mutant, *, survived: bool) -> None:
        if survived:
            self.survivors.append(one)
            print(f"survived: {one.diff}\n", flush=True)
        else:
            self.killed[one.module] += 1

    def told(self, whole: int) -> str:
        survived = Counter(one.module for one in self.survivors)
        rows = [
            f"{name:32}{self.killed[name]:8}{survived[name]:10}"
            for name in sorted({*self.killed, *survived})
        ]
        total = f"{'together':32}{self.killed.total():8}{survived.total():10}   of {whole}"
        return "\n".join((f"{'module':32}{'killed':>8}{'survived':>10}", *rows, total))


def tried(bench: Bench, found: Iterable[Place], ends: float, jobs: int) -> Trial:
    """So many at once, until the time is over. One that hangs is killed, too."""
    trial = Trial()
    limits: dict[tuple[str, ...], float] = {}
    measuring = Lock()

    def one(place: Place) -> None:
        if time.monotonic() > ends or (changed := mutant(place)) is None:
            return
        tests = tests_of(place.module)
        with measuring:
            if tests not in limits:
                limits[tests] = 10 + 4 * seconds_of(bench, tests)
        survived = bench.passes(tests, limits[tests], changed)
        trial.note(changed, survived=survived)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, found))
    return trial


def main() -> None:
    parser = argparse.ArgumentParser(description="What the tests do not notice.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", default="", help="modules whose path has this in it")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    ends = time.monotonic() + 60 * wanted.minutes
    found = [place for module in modules(wanted.only) for place in places(module)]
    print(f"{len(found)} places to change; SEED={wanted.seed} takes them in this order", flush=True)
    Random(wanted.seed).shuffle(found)
    bench = Bench()
    bench.lay_out(wanted.jobs)
    print(tried(bench, found, ends, wanted.jobs).told(len(found)))


if __name__ == "__main__":
    main()
