"""The files that map documents are made of, and the policy under which browsers show them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

_MAPS_DIRECTORY = Path(__file__).parent


@dataclass(frozen=True)
class Asset:
    """A script or style sheet that the service holds itself.

    Attributes
    ----------
    url : str
        Address below the mount point of the static files.
    path : Path
        The file.
    """

    url: str
    path: Path

    @property
    def is_script(self) -> bool:
        """Whether it is JavaScript."""
        return self.path.suffix == ".js"

    def text(self) -> str:
        """Return the content without references to further files (images, source maps)."""
        content = self.path.read_text(encoding="utf-8")
        content = re.sub(r"(//# sourceMappingURL=|behavior:\s*url\(#)[^\n]*", "", content)
        return content if self.is_script else re.sub(r"url\((?!['\"]?data:)[^)]*\)", "none", content)


@cache
def _leaflet_directory() -> Path:
    return Path(str(files("xstatic.pkg.leaflet") / "data"))


def static_directories() -> dict[str, Path]:
    """Return what the service mounts for linked documents: address prefix to directory."""
    return {"/static/leaflet": _leaflet_directory(), "/static/maps": _MAPS_DIRECTORY / "static"}


@cache
def vendored_assets() -> dict[str, Asset]:
    """Return the files that documents link or hold, by the name that Folium gives them."""
    leaflet, own = _leaflet_directory(), _MAPS_DIRECTORY / "static"
    return {
        "leaflet": Asset("leaflet/leaflet.js", leaflet / "leaflet.js"),
        "leaflet_css": Asset("leaflet/leaflet.css", leaflet / "leaflet.css"),
        "kvart": Asset("maps/maps.js", own / "maps.js"),
        "kvart_css": Asset("maps/maps.css", own / "maps.css"),
    }


def tile_origin(basemap_url: str | None) -> str:
    """Return the origin of the operator's tiles for a Content-Security-Policy, empty for none or for our own host."""
    if basemap_url is None:
        return ""
    address = urlsplit(basemap_url.replace("{s}", "*"))
    return f"{address.scheme}://{address.netloc}" if address.netloc else ""


def content_security_policy(nonce: str, basemap_url: str | None = None) -> str:
    """Return the policy header under which a linked or embedded document works in full.

    Parameters
    ----------
    nonce : str
        The nonce that was given to the document's context.
    basemap_url : str, optional
        The operator's tile address, the only outside host.

    Notes
    -----
    There is no ``unsafe-inline``: the documents hold no inline handler and no style attribute; Leaflet positions its
    elements through the object model, which the policy does not restrict.
    """
    images = " ".join(part for part in ("'self'", "data:", tile_origin(basemap_url)) if part)
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src {images}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
