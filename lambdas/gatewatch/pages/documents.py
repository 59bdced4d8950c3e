"""The generated documents: path below docs/, and text."""

from __future__ import annotations

from gatewatch.diagnosis.causes import catalogue
from gatewatch.pages import cost
from gatewatch.pages.markdown import index, markdown, ways
from gatewatch.pages.page import catalogue_order, listing, page
from gatewatch.pages.picture import picture
from gatewatch.pages.tree import misleading, tree


def documents() -> dict[str, str]:
    causes = catalogue_order(list(catalogue().values()))
    return {
        "cost.md": cost.cost_page(),
        "decision-tree.md": ways(tree()),
        "decision-tree.svg": picture(misleading()),
        "causes/README.md": index(listing(causes)),
        **{f"causes/{one.id}.md": markdown(page(one)) for one in causes},
    }
