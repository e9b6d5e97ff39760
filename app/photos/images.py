"""Images from strangers: read under caps, and made anew, so that nothing but pixels is kept."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import InvalidInputError, TooLargeError

FORMATS = ("JPEG", "PNG", "WEBP")
"""Formats whose decoders are opened at all: those that telephones and browsers send."""

MOST_BYTES = 8 * 1024**2
MOST_PIXELS = 50_000_000
"""More than any telephone takes; an image that unfolds beyond it is refused from its header, before it unfolds."""

LONGEST_SIDE = 1600
QUALITY = 82


@dataclass(frozen=True)
class CleanPhoto:
    """A photo made anew.

    Attributes
    ----------
    content : bytes
        JPEG without metadata.
    width, height : int
        Pixels.
    """

    content: bytes
    width: int
    height: int


def clean_photo(sent: bytes) -> CleanPhoto:
    """Return a photo as a new JPEG: turned upright, at most 1600 pixels a side, without EXIF or any other metadata.

    Parameters
    ----------
    sent : bytes
        What a stranger sent; neither its name nor its declared type is believed.

    Raises
    ------
    TooLargeError
        If it has too many bytes or unfolds to too many pixels.
    InvalidInputError
        If it is no JPEG, PNG or WebP, or is damaged.
    """
    if len(sent) > MOST_BYTES:
        raise TooLargeError(
            f"The photo is larger than {MOST_BYTES // 1024**2} MB.",
            "Send it smaller.",
            reason="photo_too_large",
            most_mb=MOST_BYTES // 1024**2,
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(sent), formats=FORMATS) as image:
                return _made_anew(image)
    except TooLargeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        raise InvalidInputError(
            "The file is no photo that can be read.", "Send a JPEG, PNG or WebP.", reason="no_photo"
        ) from error


def _made_anew(image: Image.Image) -> CleanPhoto:
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels()
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    pixels = Image.new("RGB", upright.size, "white")
    shown = upright.convert("RGBA")
    pixels.paste(shown, mask=shown.getchannel("A"))
    written = io.BytesIO()
    pixels.save(written, "JPEG", quality=QUALITY, optimize=True)
    return CleanPhoto(written.getvalue(), pixels.width, pixels.height)


def _too_many_pixels() -> TooLargeError:
    return TooLargeError(
        f"The photo has more than {MOST_PIXELS // 1_000_000} megapixels.",
        "Send it smaller.",
        reason="photo_too_large",
        most_mb=MOST_BYTES // 1024**2,
    )
