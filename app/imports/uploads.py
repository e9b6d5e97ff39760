"""A multipart body written to disk as it arrives, so that no upload is held in memory."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from anyio import to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import InvalidInputError, TooLargeError, UnsupportedFormatError
from app.files.storage import storing

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE_FIELD = "file"
MAX_FIELD_BYTES = 256 * 1024
MAX_FIELDS = 20
MAX_NAME = 120


@dataclass
class Upload:
    """What a multipart body held.

    Attributes
    ----------
    directory : Path
        Holds nothing but the file; whoever is done with the file removes it.
    path : Path or None
        The file, None if there was none.
    fields : dict of str to str
        The other parts, by name.
    """

    directory: Path
    path: Path | None = None
    fields: dict[str, str] = field(default_factory=dict)

    def discard(self) -> None:
        """Remove the file and its directory."""
        shutil.rmtree(self.directory, ignore_errors=True)


async def receive_upload(request: Request, uploads: Path) -> Upload:
    """Write the file of a multipart body below ``uploads`` and return it with the other parts.

    Raises
    ------
    UnsupportedFormatError
        If the body is no multipart form.
    InvalidInputError
        If the form is broken, or a part has no name or comes twice.
    TooLargeError
        If a part other than the file is too long.
    StorageError
        If the disk does not take it.
    """
    upload = Upload(uploads / secrets.token_hex(12))
    try:
        receiver = _Receiver(upload, _boundary(request))
        with storing("The file"):
            await receiver.receive(request.stream())
    except BaseException:
        await to_thread.run_sync(upload.discard)
        raise
    return upload


def _boundary(request: Request) -> bytes:
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type != b"multipart/form-data":
        raise UnsupportedFormatError("The body has to be a multipart form.", "Send Content-Type: multipart/form-data.")
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 200:
        raise InvalidInputError("The multipart form names no boundary.", "Let your HTTP library write the header.")
    return boundary


class _Receiver:
    """Turns the parser's events into a file and fields."""

    def __init__(self, upload: Upload, boundary: bytes) -> None:
        self._upload = upload
        self._parser = MultipartParser(boundary, _callbacks(self))
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name = ""
        self._text = bytearray()
        self._file: IO[bytes] | None = None
        self._ended = False

    async def receive(self, chunks: AsyncIterable[bytes]) -> None:
        """Take in the body; parsing and writing stay out of the event loop."""
        await to_thread.run_sync(lambda: self._upload.directory.mkdir(parents=True, mode=0o700))
        try:
            async for chunk in chunks:
                await to_thread.run_sync(self._parser.write, chunk)
            self._parser.finalize()
        except FormParserError as error:
            raise InvalidInputError("The multipart form is broken.", "Send it again.") from error
        finally:
            if self._file is not None:
                self._file.close()
        if not self._ended:
            raise InvalidInputError("The multipart form ends too early.", "Send it again.")

    def on_part_begin(self) -> None:
        """Begin a part."""
        self._disposition, self._text = b"", bytearray()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """Take in a piece of a header's name."""
        self._header[0].extend(data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """Take in a piece of a header's value."""
        self._header[1].extend(data[start:end])

    def on_header_end(self) -> None:
        """Keep the header that names the part."""
        if bytes(self._header[0]).lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def on_headers_finished(self) -> None:
        """Open the file, or begin a field."""
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        taken = self._name in self._upload.fields or (self._name == FILE_FIELD and self._upload.path is not None)
        if not self._name or taken or len(self._upload.fields) >= MAX_FIELDS:
            raise _bad_part(self._name, "comes more than once" if taken else "has no name of this form")
        if self._name == FILE_FIELD:
            file_name = options.get(b"filename", b"").decode("utf-8", "replace")
            self._upload.path = self._upload.directory / safe_file_name(file_name)
            self._file = self._upload.path.open("wb")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take in a piece of the part."""
        if self._file is not None:
            self._file.write(data[start:end])
            return
        self._text.extend(data[start:end])
        if len(self._text) > MAX_FIELD_BYTES:
            raise TooLargeError(f"Part '{self._name[:80]}' is longer than {MAX_FIELD_BYTES:,} bytes.", "Shorten it.")

    def on_part_end(self) -> None:
        """Close the file, or keep the field."""
        if self._file is not None:
            self._file.close()
            self._file = None
            return
        try:
            self._upload.fields[self._name] = self._text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _bad_part(self._name, "is not UTF-8") from error

    def on_end(self) -> None:
        """Note that the form came whole."""
        self._ended = True


def _callbacks(receiver: _Receiver) -> MultipartCallbacks:
    return {
        "on_part_begin": receiver.on_part_begin,
        "on_part_data": receiver.on_part_data,
        "on_part_end": receiver.on_part_end,
        "on_header_field": receiver.on_header_field,
        "on_header_value": receiver.on_header_value,
        "on_header_end": receiver.on_header_end,
        "on_headers_finished": receiver.on_headers_finished,
        "on_end": receiver.on_end,
    }


def _bad_part(name: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"Part '{name[:80]}' {reason}.", "Send each part once, as UTF-8.", pointer=name[:80])


def discard_uploads(uploads: Path, kept: set[str], older_than_seconds: float) -> int:
    """Remove the uploads in a directory that are not ``kept`` (by name) and have not been written to of late.

    Returns how many there were.
    """
    if not uploads.is_dir():
        return 0
    removed = 0
    for directory in uploads.iterdir():
        written = max((path.stat().st_mtime for path in (directory, *directory.iterdir())), default=0.0)
        if directory.name not in kept and time.time() - written > older_than_seconds:
            Upload(directory).discard()
            removed += 1
    return removed


def safe_file_name(name: str) -> str:
    """Return the last part of a file name with nothing but letters, digits, dots, hyphens and underscores."""
    last = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[^\w.-]", "_", last)[-MAX_NAME:].lstrip(".") or "upload"
