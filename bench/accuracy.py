"""How right the diagnosis is on recorded responses. Usage: accuracy.py [CORPUS.jsonl] [--misses]

Runs `gatewatch explain --format jsonl` over the corpus and holds each diagnosis against the
established cause (`truth.cause`) and its look-alikes (`truth.cannot_be_told_from`).

What people pasted is measured with it where it is at hand: in the directory that GATEWATCH_PASTES
names, or in `shared/pastes` beside the checkout. It has `truth.jsonl`, and for each id of it the
paste itself, the exchange that it shows (`ID.clean.jsonl`) and looks together (`ID.group.jsonl`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewatch.diagnosis.causes import catalogue

Json = dict[str, Any]
CORPUS = Path(__file__).parent.parent / "tests" / "corpus" / "observed.jsonl"


@dataclass(frozen=True)
class Row:
    """One recorded response: what is true of it, and what was said of it."""

    id: str
    truth: str
    layer: str
    look_alikes: frozenset[str]
    said: Json

    @property
    def candidates(self) -> list[str]:
        return [one["cause"] for one in self.said["candidates"]]

    @property
    def is_covered(self) -> bool:
        """Whether the catalogue has the true cause so far."""
        return self.truth == "ok" or self.truth in catalogue()

    @property
    def possible(self) -> frozenset[str]:
        return self.look_alikes | {self.truth}

    @property
    def names_truth(self) -> bool:
        return self.truth in self.candidates

    @property
    def first_is_possible(self) -> bool:
        return self.said["cause"] in self.possible

    @property
    def layer_is_right(self) -> bool:
        return self.said["layer"] in (self.layer, "ambiguous")

    @property
    def is_confidently_wrong(self) -> bool:
        sure = self.said["confidence"] in ("certain", "likely")
        return sure and self.said["cause"] != self.truth

    @property
    def is_certain_with_look_alike(self) -> bool:
        return self.said["confidence"] == "certain" and bool(self.look_alikes)

    @property
    def excluded_but_named(self) -> list[str]:
        return [cause for cause in self.candidates if cause not in self.possible]


def rows(corpus: Path) -> list[Row]:
    """Every row of a corpus with its diagnosis, by the command that users run."""
    recorded = _lines(corpus.read_text())
    return [_row(one, answer) for one, answer in zip(recorded, explained(corpus), strict=True)]


def _row(recorded: Json, said: Json, name: str = "") -> Row:
    return Row(
        id=name or str(recorded.get("id")),
        truth=recorded["truth"]["cause"],
        layer=recorded["truth"]["layer"],
        look_alikes=frozenset(recorded["truth"]["cannot_be_told_from"]),
        said=said,
    )


def _lines(text: str) -> list[Json]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def explained(*files: Path) -> list[Json]:
    """What the command says of files, one answer for each thing that it found in them."""
    command = [sys.executable, "-m", "gatewatch", "explain", *map(str, files), "--format", "jsonl"]
    return _lines(subprocess.run(command, capture_output=True, text=True, check=False).stdout)


def pastes_directory() -> Path | None:
    """Where what people pasted lies, if it is at hand."""
    named = os.environ.get("GATEWATCH_PASTES")
    beside = [parent / "shared" / "pastes" for parent in CORPUS.parents[3:6]]
    places = [Path(named)] if named else beside
    return next((place for place in places if (place / "truth.jsonl").is_file()), None)


def pastes(directory: Path) -> dict[str, list[Row]]:
    """The pastes by the form in which they are told, each with its diagnosis.

    Of a text that shows several exchanges, the last counts: it is the one that was asked about. A
    text that tells too little to be read, or to say anything, is no row.
    """
    truths = {one["id"]: one for one in _lines((directory / "truth.jsonl").read_text())}
    found: dict[str, list[Row]] = {"exchanges": [], "groups": [], "texts": []}
    for file in sorted(directory.glob("fx-*")):
        form = {"clean.jsonl": "exchanges", "group.jsonl": "groups"}.get(
            file.name.partition(".")[2], "texts"
        )
        answers = explained(file)[-1:]
        told = [one for one in answers if form != "texts" or one["candidates"]]
        truth = truths[file.name.partition(".")[0]]
        found[form] += [_row(truth, one, file.name) for one in told]
    return found


def report(found: Iterable[Row], title: str) -> str:
    counted = list(found)
    total = len(counted) or 1

    def line(name: str, number: float, share: bool = True) -> str:
        shown = f"{number:>5}  {number / total:6.1%}" if share else f"{number:>5}"
        return f"  {name:<46}{shown}"

    return "\n".join(
        (
            f"{title}: {len(counted)} rows",
            line("true cause among candidates", sum(row.names_truth for row in counted)),
            line("first candidate true or a look-alike", sum(r.first_is_possible for r in counted)),
            line("layer right or honestly ambiguous", sum(row.layer_is_right for row in counted)),
            line("confidently wrong", sum(row.is_confidently_wrong for row in counted), False),
            line(
                "certain although a look-alike exists",
                sum(row.is_certain_with_look_alike for row in counted),
                False,
            ),
            line(
                "candidates that are excluded, per row",
                round(sum(len(row.excluded_but_named) for row in counted) / total, 2),
                False,
            ),
        )
    )


def main(arguments: list[str]) -> None:
    files = [Path(argument) for argument in arguments if not argument.startswith("--")]
    found = rows(files[0] if files else CORPUS)
    print(report(found, "all rows"))
    covered = [row for row in found if row.is_covered]
    if len(covered) < len(found):
        print(report(covered, "rows whose cause the catalogue has"))
    directory = None if files else pastes_directory()
    if directory is not None:
        forms = pastes(directory)
        for form, pasted in forms.items():
            print(report(pasted, f"pastes as {form}"))
        found += [row for pasted in forms.values() for row in pasted]
        print(report(found, "rows and pastes"))
    if "--misses" in arguments:
        for row in found:
            if not (row.names_truth and row.first_is_possible and row.layer_is_right):
                print(row.id, row.truth, "->", row.said["layer"], row.candidates)


if __name__ == "__main__":
    main(sys.argv[1:])
