"""Outputs of a process as such, without a document around them (OGC 18-062r2, 7.11.4)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from app.ogc.answers import JSON

Output = Mapping[str, Any]


def raw_answer(outputs: Mapping[str, Output]) -> Response:
    """Return one value as it is, links in the header ``Link``, and values beside links as parts of one answer."""
    values = {name: output["value"] for name, output in outputs.items() if "value" in output}
    if not values:
        links = ", ".join(f'<{link["href"]}>; rel="{name}"; type="{link["type"]}"' for name, link in outputs.items())
        return Response(status_code=204, headers={"Link": links} if links else {})
    if len(outputs) == 1:
        return JSONResponse(*values.values())
    boundary = secrets.token_hex(12)
    parts = [_part(name, output) for name, output in outputs.items()]
    content = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"
    return Response(content, media_type=f"multipart/related; boundary={boundary}")


def _part(name: str, output: Output) -> str:
    """Return the header and the content of one part; what is elsewhere has its place in the header."""
    if "value" in output:
        return f"Content-ID: <{name}>\r\nContent-Type: {JSON}\r\n\r\n{json.dumps(output['value'], ensure_ascii=False)}"
    return f"Content-ID: <{name}>\r\nContent-Type: {output['type']}\r\nContent-Location: {output['href']}\r\n\r\n"
