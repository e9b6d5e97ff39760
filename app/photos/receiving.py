"""Photos over HTTP: the body of a request is the photo itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response

JPEG = "image/jpeg"
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
PHOTO_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": dict.fromkeys((JPEG, "image/png", "image/webp"), BINARY)}
}
"""What the API document says of a body that is a photo."""
PHOTO_CONTENT: dict[int | str, dict[str, Any]] = {200: {"description": "The photo.", "content": {JPEG: BINARY}}}


async def receive_photo(request: Request) -> bytes:
    """Return the body; how large it may be is decided before it arrives (`app.middleware.BodyCap`)."""
    return await request.body()


SentPhoto = Annotated[bytes, Depends(receive_photo)]


def photo_answer(content: bytes) -> Response:
    """Return a photo that is shown in its own right and never run, kept or framed by others."""
    return Response(content, media_type=JPEG, headers={"Content-Disposition": "inline", "Cache-Control": "no-store"})
