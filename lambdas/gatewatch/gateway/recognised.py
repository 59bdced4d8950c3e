"""The result of recognition: the answers that a response may be."""

from __future__ import annotations

from dataclasses import dataclass

from gatewatch.gateway.answers import Answer


@dataclass(frozen=True, slots=True)
class Recognition:
    """The answers that a response may be, by what supports them.

    `plain`: it has their signs. `weak`: only the absence of other signs supports them. `disguised`:
    only if the API's owner changed their status and text, and the headers that would show it were
    not seen.
    """

    plain: frozenset[Answer] = frozenset()
    weak: frozenset[Answer] = frozenset()
    disguised: frozenset[Answer] = frozenset()

    @property
    def all(self) -> frozenset[Answer]:
        return self.plain | self.weak | self.disguised


UNRECOGNISED = Recognition()


def plainly(*answers: Answer) -> Recognition:
    return Recognition(plain=frozenset(answers))
