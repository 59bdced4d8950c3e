"""How right the diagnosis is on recorded responses. Usage: accuracy.py [CORPUS.jsonl] [--misses]

Runs `gatewatch explain --format jsonl` over the corpus and holds each diagnosis against the
established cause (`truth.cause`) and its look-alikes (`truth.cannot_be_told_from`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gatewatch.causes import catalogue

CORPUS = Path(__file__).parent.parent / "tests" / "corpus" / "observed.jsonl"


@dataclass(frozen=True)
class Row:
    """One recorded response: what is true of it, and what was said of it."""

    id: str
    truth: str
    layer: str
    look_alikes: frozenset[str]
    said: dict[str, object]

    @property
    def candidates(self) -> list[str]:
        return [one["cause"] for one in self.said["candidates"]]  # type: ignore[index,union-attr]

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
    command = [sys.executable, "-m", "gatewatch", "explain", str(corpus), "--format", "jsonl"]
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    said = [json.loads(line) for line in out.splitlines()]
    recorded = [json.loads(line) for line in corpus.read_text().splitlines() if line.strip()]
    return [
        Row(
            id=str(one.get("id")),
            truth=one["truth"]["cause"],
            layer=one["truth"]["layer"],
            look_alikes=frozenset(one["truth"]["cannot_be_told_from"]),
            said=answer,
        )
        for one, answer in zip(recorded, said, strict=True)
    ]


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
    if "--misses" in arguments:
        for row in found:
            if not (row.names_truth and row.first_is_possible and row.layer_is_right):
                print(row.id, row.truth, "->", row.said["layer"], row.candidates)


if __name__ == "__main__":
    main(sys.argv[1:])
