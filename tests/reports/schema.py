"""Checks reports against their published schemas; see schemas/README.md."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import xmlschema
from jsonschema import Draft4Validator, FormatChecker

_SCHEMAS = Path(__file__).parent / "schemas"


@cache
def _sarif() -> Draft4Validator:
    text = (_SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text()
    return Draft4Validator(json.loads(text), format_checker=FormatChecker())


@cache
def _junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(_SCHEMAS / "junit-10.xsd")


def problems_of_sarif(text: str) -> list[str]:
    return [error.message for error in _sarif().iter_errors(json.loads(text))]


def problems_of_junit(text: str) -> list[str]:
    return [str(error.reason) for error in _junit().iter_errors(text)]


def parsed(text: str) -> Element:
    return ElementTree.fromstring(text)  # noqa: S314  our own
