"""Open311 documents as JSON and XML: lists, objects and errors, from plain dictionaries."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from xml.etree import ElementTree as ET

Format = Literal["xml", "json"]
MEDIA_TYPES: dict[str, str] = {"xml": "text/xml; charset=utf-8", "json": "application/json"}
ADDRESS = re.compile(r"/municipalities/[^/]+/open311/.*?(?:\.(?P<format>xml|json))?/?", re.DOTALL)
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ITEM_NAMES = {
    "service_requests": "request",
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
    "updates": "update",
}
"""What one element of each list is called."""


def written(root: str, content: Mapping[str, Any] | Sequence[Any], form: Format) -> str:
    """Return a document: lists of the standard are bare arrays in JSON, and elements under ``root`` in XML.

    Parameters
    ----------
    root : str
        Name of the XML document, for example ``service_requests``.
    content : mapping or sequence
        None is null in JSON and an empty element in XML.
    form : {"xml", "json"}
    """
    if form == "json":
        return json.dumps(content, ensure_ascii=False, allow_nan=False)
    element = ET.Element(root)
    _fill(element, content)
    return ET.tostring(element, encoding="unicode", xml_declaration=False).join(
        ['<?xml version="1.0" encoding="utf-8"?>\n', "\n"]
    )


def error_at(path: str, status: int, description: str) -> tuple[str, str] | None:
    """Return an error as GeoReport v2 writes it, with its media type; None for addresses of something else."""
    address = ADDRESS.fullmatch(path)
    if address is None:
        return None
    form: Format = "json" if address["format"] == "json" else "xml"
    return written("errors", [{"code": status, "description": description}], form), MEDIA_TYPES[form]


def _fill(element: ET.Element, content: Any) -> None:
    if isinstance(content, Mapping):
        for name, value in content.items():
            _fill(ET.SubElement(element, name), value)
    elif isinstance(content, Sequence) and not isinstance(content, str):
        for value in content:
            _fill(ET.SubElement(element, ITEM_NAMES[element.tag]), value)
    elif content is not None:
        told = str(content).lower() if isinstance(content, bool) else str(content)
        element.text = NOT_IN_XML.sub("", told)
