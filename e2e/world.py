"""What surrounds the emulated account: the time that its alarms go by, and faults. All of it is
files in one folder, which the run writes and the emulator's processes read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import time_ns


@dataclass(frozen=True, slots=True)
class World:
    folder: Path

    @classmethod
    def of_process(cls) -> World:
        return cls(Path(os.environ["WORLD"]))

    @property
    def authority(self) -> Path:
        """The certificate that the watched API's is signed with."""
        return self.folder / "authority.pem"

    def now(self) -> datetime:
        """What was set, or else the clock's."""
        try:
            return datetime.fromisoformat((self.folder / "now").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return datetime.now(UTC)

    def set_now(self, at: datetime) -> None:
        self._write("now", at.isoformat())

    def crash(self, times: int) -> None:
        """So many processes die while they look up a watched API."""
        for number in range(times):
            self._write(f"crash-{number}", "")

    @property
    def crashes_left(self) -> int:
        return len(list(self.folder.glob("crash-*")))

    @contextmanager
    def cut_off(self, host: str) -> Iterator[None]:
        """Nobody answers there."""
        with self._while_there(f"cut-off-{host}"):
            yield

    @contextmanager
    def throttled(self) -> Iterator[None]:
        """DynamoDB takes no writes."""
        (self.folder / "refused").unlink(missing_ok=True)
        with self._while_there("throttled"):
            yield

    def refuses_writes(self) -> bool:
        return (self.folder / "throttled").exists()

    def has_refused(self) -> bool:
        return (self.folder / "refused").exists()

    def note_refusal(self) -> None:
        self._write("refused", "")

    @contextmanager
    def refusing_messages(self) -> Iterator[None]:
        """Whoever takes messages over HTTPS answers 503."""
        with self._while_there("refuses-messages"):
            yield

    def refuses_messages(self) -> bool:
        return (self.folder / "refuses-messages").exists()

    def note_message(self, text: str) -> None:
        self._write(f"message-{time_ns():020}", text)

    def messages(self) -> list[str]:
        """What came over HTTPS, the first one first."""
        return [one.read_text(encoding="ascii") for one in sorted(self.folder.glob("message-*"))]

    @contextmanager
    def _while_there(self, name: str) -> Iterator[None]:
        self._write(name, "")
        try:
            yield
        finally:
            (self.folder / name).unlink()

    def _write(self, name: str, text: str) -> None:
        """At once, so that nobody reads half of it."""
        draft = self.folder / f".{name}"
        draft.write_text(text, encoding="ascii")
        draft.rename(self.folder / name)
