"""`gatewatch causes`: the catalogue in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import groupby
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from gatewatch.cli import complete, show
from gatewatch.cli.exits import UsageError
from gatewatch.cli.options import Format, OutputFormat
from gatewatch.diagnosis.causes import catalogue
from gatewatch.model import Layer
from gatewatch.pages.page import (
    CitedSource,
    Listed,
    OnTheWire,
    Page,
    catalogue_order,
    listing,
    page,
)
from gatewatch.pages.tree import Branch, tree
from gatewatch.pages.words import (
    OWNERS,
    apart,
    caller_phrase,
    listed,
    outcome_phrase,
    seen_phrase,
    status_phrase,
)

_COLOURS = {
    Layer.NETWORK: "magenta",
    Layer.EDGE: "cyan",
    Layer.ROUTING: "yellow",
    Layer.AUTH: "red",
    Layer.THROTTLE: "blue",
    Layer.REQUEST: "green",
    Layer.INTEGRATION: "bright_magenta",
    Layer.BACKEND: "bright_black",
}


def causes(
    cause_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="One cause: its page, in full.", autocompletion=complete.causes
        ),
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", "-l", help="Only the causes of this layer.")
    ] = None,
    as_tree: Annotated[
        bool, typer.Option("--tree", help="From an answer to its causes, and the next look.")
    ] = False,
    output: OutputFormat = Format.TEXT,
) -> None:
    """List every cause that Gatewatch knows, or show one in full: what it shows, what looks the
    same and how to tell them apart, how to confirm it and how to fix it.

    An unknown ID or layer ends with exit code 3.

    **Examples**

        gatewatch causes
        gatewatch causes --layer routing
        gatewatch causes api_key_missing
        gatewatch causes --tree
    """
    if as_tree:
        if cause_id is not None or layer is not None:
            raise UsageError("--tree shows every cause; leave out the ID and --layer")
        _show_tree(output)
    elif cause_id is not None:
        _show_one(cause_id, output)
    else:
        _show_all(_layer(layer) if layer else None, output)


def _layer(name: str) -> Layer:
    known = {cause.layer for cause in catalogue().values()}
    if name.lower() not in known:
        names = ", ".join(one for one in Layer if one in known)
        raise UsageError(f"no layer is named {name}; there are {names}")
    return Layer(name.lower())


def _show_all(layer: Layer | None, output: Format) -> None:
    chosen = [cause for cause in catalogue().values() if layer in (None, cause.layer)]
    listed_causes = listing(catalogue_order(chosen))
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(listed_causes))
    else:
        show.console().print(_table(listed_causes))


def _table(listed_causes: Iterable[Listed]) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    for title in ("cause", "layer", "gate", "what it is", "for"):
        table.add_column(title, overflow="fold")
    for cause in listed_causes:
        table.add_row(
            Text(cause.id, style="bold"),
            Text(cause.layer, style=_COLOURS.get(cause.layer, "")),
            Text(cause.gate, style="dim"),
            Text(cause.title),
            Text(cause.owner, style="dim"),
        )
    return table


def _show_one(cause_id: str, output: Format) -> None:
    cause = catalogue().get(cause_id)
    if cause is None:
        raise UsageError(_unknown(cause_id))
    cause_page = page(cause)
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(cause_page))
    else:
        show.put(show.console(), Group(*_page(cause_page)))


def _unknown(cause_id: str) -> str:
    near = get_close_matches(cause_id.lower().replace("-", "_"), catalogue(), n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else "; gatewatch causes lists them"
    return f"no cause is named {cause_id}{hint}"


def _page(cause_page: Page) -> Iterator[RenderableType]:
    yield Text(cause_page.id, style="bold")
    yield Text(f"{cause_page.title}.")
    yield Text.assemble(
        (cause_page.layer, _COLOURS.get(cause_page.layer, "")),
        (f" at the gate {cause_page.gate}, for {OWNERS[cause_page.owner]}", "dim"),
    )
    yield from _titled("What you see", _seen(cause_page))
    yield from _titled("On the wire", *map(_wire, cause_page.on_the_wire))
    if cause_page.never:
        yield _indented(Text(f"never this one where {' or where '.join(cause_page.never)}"))
    yield from _titled("What happened", *_prose(cause_page.happens))
    yield from _titled("Why it misleads", *_prose(cause_page.misleads))
    yield from _titled("What looks the same", *_alike(cause_page))
    yield from _titled("Confirm", *_prose(cause_page.confirm))
    yield from _titled("Fix", *_prose(cause_page.fix))
    yield from _titled("Known from", *(_source(source) for source in cause_page.sources))


def _titled(title: str, *content: RenderableType) -> Iterator[RenderableType]:
    yield Text(f"\n{title}", style="bold cyan")
    yield from (_indented(part) for part in content)


def _indented(content: RenderableType) -> RenderableType:
    uncut = isinstance(content, Text) and content.no_wrap
    return content if uncut else Padding(content, (0, 0, 0, 2))


def _seen(cause_page: Page) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("API", "a caller that sends", "gets"):
        table.add_column(title, overflow="fold", header_style="dim")
    for row in cause_page.shown:
        table.add_row(Text(row.api), Text(row.sends), Text(seen_phrase(row)))
    return table


def _wire(answer: OnTheWire) -> Text:
    status = status_phrase(answer.status)
    return Text.assemble(
        (f"{answer.api}  ", "dim"), f"{status}  {answer.sign}  ", (answer.body, "green")
    )


def _prose(text: str) -> Iterator[Text]:
    """Paragraphs are wrapped again; what may be copied is not."""
    for block in text.split("\n\n"):
        if block.startswith("    "):
            yield Text(block, style="bold", no_wrap=True, overflow="ignore")
        else:
            yield Text(" ".join(block.split("\n")))


def _alike(cause_page: Page) -> Iterator[RenderableType]:
    if not cause_page.look_alikes:
        yield Text("nothing: a whole answer of this kind has this cause")
    for look_alike in cause_page.look_alikes:
        yield Text.assemble(
            (look_alike.cause, "bold"),
            (f"  {look_alike.layer}  ", _COLOURS.get(look_alike.layer, "")),
            look_alike.title,
        )
        yield _indented(Text(f"both answer {listed(look_alike.shared)}", style="dim"))
        yield from (_indented(Text(sentence)) for sentence in apart(cause_page.id, look_alike))


def _source(source: CitedSource) -> Text:
    return Text(f"{source.basis}, {source.confirmed}: {source.reference}")


def _show_tree(output: Format) -> None:
    if output is Format.JSON:
        typer.echo(msgspec.json.encode(tree()))
        return
    out = show.console()
    for status, branches in groupby(tree(), key=lambda one: one.status):
        out.print(_status(status, list(branches)))


def _status(status: int, branches: list[Branch]) -> Tree:
    root = Tree(Text(status_phrase(status), style="bold"), guide_style="dim")
    for sign, of_sign in groupby(branches, key=lambda one: one.sign):
        header = root.add(Text(sign or "no telling header", style="cyan" if sign else "dim"))
        for answer, of_answer in groupby(of_sign, key=lambda one: (one.answer, one.api)):
            answer_node = header.add(Text.assemble((answer[0], "green"), (f"  {answer[1]}", "dim")))
            for branch in of_answer:
                _add(answer_node, branch)
    return root


def _add(answer_node: Tree, branch: Branch) -> None:
    names = [(cause.cause, _COLOURS.get(cause.layer, "")) for cause in branch.causes]
    joined = [part for name in names for part in (", ", name)][1:]
    caller_node = answer_node.add(Text.assemble((f"{caller_phrase(branch)}: ", "dim"), *joined))
    if branch.look:
        look_node = caller_node.add(Text(f"look at {branch.look}", style="italic"))
        for outcome in branch.outcomes:
            look_node.add(Text(outcome_phrase(outcome)))
