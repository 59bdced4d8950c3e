"""Finds and reads the files that a configuration on somebody's machine includes.

Only regular files in the configuration's own folder, or below it, so that whoever reviews that
folder has seen them all. What cannot be searched or read is said: a file that is passed over would
leave its APIs unwatched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePath

from gatewatch.config.document import MOST_CHARACTERS
from gatewatch.config.lookups import Files, Included, Missing

_MOST_FILES = 1_000
_MOST_BYTES = 4 * MOST_CHARACTERS + 4
"""More than any accepted file has, so that an endless one is refused as too long."""
_ANY_DEPTH = "**"


def included(main: Path) -> Files:
    """The files that a path or a pattern of `main` names, sorted. `*`, `?` and `[…]` stand for
    characters of a name that does not begin with a dot, `**` for folders at any depth."""

    def find(pattern: str) -> tuple[Included, ...] | Missing:
        steps = PurePath(pattern).parts
        if PurePath(pattern).is_absolute() or ".." in steps or not steps:
            return Missing(f"expected a path or pattern within the folder of {main.name}")
        try:
            found = sorted(set(_matching(main.parent, steps)))
        except OSError as error:
            return Missing(_told(error, main.parent))
        if not found:
            return Missing("matches no file")
        if len(found) > _MOST_FILES:
            return Missing(f"matches {len(found):,} files; expected at most {_MOST_FILES:,}")
        return tuple(_included(one, main) for one in found)

    return find


def _matching(folder: Path, steps: Sequence[str]) -> Iterator[Path]:
    """Raises OSError for a folder that cannot be searched."""
    if not steps:
        yield folder
        return
    step, rest = steps[0], steps[1:]
    if step == _ANY_DEPTH and rest[:1] == (_ANY_DEPTH,):
        yield from _matching(folder, rest)
    elif step == _ANY_DEPTH:
        yield from _matching(folder, rest or ("*",))
        for below in _folders(folder):
            yield from _matching(below, steps)
    elif any(sign in step for sign in "*?["):
        for name in _names(folder):
            if fnmatchcase(name, step) and not (name.startswith(".") and step[0] != "."):
                yield from _matching(folder / name, rest)
    elif _is_there(folder / step):
        yield from _matching(folder / step, rest)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(one.name for one in folder.iterdir())
    except (NotADirectoryError, FileNotFoundError):
        return []


def _folders(folder: Path) -> list[Path]:
    """Links are not followed: one may lead back."""
    found = (folder / name for name in _names(folder) if not name.startswith("."))
    return [one for one in found if one.is_dir() and not one.is_symlink()]


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _included(path: Path, main: Path) -> Included:
    """By the name of the file itself, so that links to it are no second one."""
    shown = path.relative_to(main.parent).as_posix()
    try:
        real, folder = path.resolve(strict=True), main.parent.resolve()
        if reason := _refusal(real, folder, main):
            return Included(shown, lambda: Missing(f"{shown}: {reason}"))
    except (OSError, RuntimeError) as error:
        reason = f"{shown}: {_reason(error)}"
        return Included(shown, lambda: Missing(reason))
    return Included(real.relative_to(folder).as_posix(), partial(_read, real, shown))


def _refusal(real: Path, folder: Path, main: Path) -> str | None:
    if not real.is_relative_to(folder):
        return f"it leads out of the folder of {main.name}"
    if real == main.resolve():
        return "it is this file itself"
    if real.is_dir():
        return "a folder; expected files, such as with *.yaml"
    return None if real.is_file() else "expected a regular file"


def _read(file: Path, shown: str) -> str | Missing:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES).decode("utf-8")
    except OSError as error:
        return Missing(f"{shown}: {_reason(error)}")
    except UnicodeDecodeError:
        return Missing(f"{shown}: not UTF-8 text")


def _reason(error: Exception) -> str:
    return error.strerror or "unreadable" if isinstance(error, OSError) else "links in a circle"


def _told(error: OSError, folder: Path) -> str:
    where = Path(error.filename or folder)
    shown = where.relative_to(folder).as_posix() if where.is_relative_to(folder) else str(where)
    return f"{shown}: {_reason(error)}"
