"""A Folium figure that knows only the files we serve and refuses every other.

Folium links to six public content networks by default. Here each link is either a vendored file, linked below
``/static`` or written into the document, or the document is not made at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.features import GeoJsonTooltip
from folium.template import Template

from app.maps.context import Assets

_MAPS_DIRECTORY = Path(__file__).parent


class ForeignAssetError(RuntimeError):
    """A map element wants a file that Kvart does not serve."""


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
def _vendored() -> dict[str, Asset]:
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


@dataclass(frozen=True)
class Inline:
    """A script or style written into the document."""

    text: str

    @property
    def source(self) -> str:
        """The policy source that allows exactly this text."""
        digest = base64.b64encode(hashlib.sha256(self.text.encode("utf-8")).digest()).decode("ascii")
        return f"'sha256-{digest}'"


class OfflineFigure(Figure):
    """A branca Figure that resolves every link to a vendored file and raises on any other.

    Parameters
    ----------
    assets : {"linked", "embedded"}
        Whether vendored files are linked or written into the document.
    """

    def __init__(self, assets: Assets) -> None:
        super().__init__()
        self.assets = assets
        self.header._children.clear()  # noqa: SLF001  branca's own meta tag; the template has it

    def number_elements(self) -> None:
        """Replace branca's random identifiers by numbers, so that the same input gives the same bytes.

        Raises
        ------
        ForeignAssetError
            Where an element needs images that we do not serve, or writes text into the page without escaping it.
        """
        numbers = count(1)

        def visit(element: Element) -> None:
            if isinstance(element, _REFUSED) and not isinstance(element, EscapedTooltip):
                raise ForeignAssetError(
                    f"The map element {type(element).__name__!r} needs images that Kvart does not serve, or writes "
                    "text into the page unescaped. Use app.maps.layers instead."
                )
            element._id = str(next(numbers))  # noqa: SLF001  branca has no public way to set it
            for child in element._children.values():  # noqa: SLF001
                visit(child)

        visit(self)

    def render_parts(self) -> FigureParts:
        """Render the elements and return the pieces of the page.

        Raises
        ------
        ForeignAssetError
            Where an element adds a link that is not vendored, or markup of its own, to the head.
        """
        for child in self._children.values():
            child.render()
        assets = []
        for name, element in self.header._children.items():  # noqa: SLF001
            if not isinstance(element, JavascriptLink | CssLink) or name not in _vendored():
                raise ForeignAssetError(
                    f"The map element {name!r} adds {getattr(element, 'url', 'markup')!r} to the head of the page, "
                    "which Kvart does not serve. Use elements that need Leaflet only."
                )
            assets.append(_vendored()[name])
        return FigureParts(
            assets=self.assets,
            vendored=tuple(sorted(assets, key=lambda asset: asset.is_script)),
            markup=self.html.render().strip(),
            script=f"\n{self.script.render().strip()}\n",
        )


@dataclass(frozen=True)
class FigureParts:
    """The rendered pieces of a figure, to be put into a page.

    Attributes
    ----------
    assets : {"linked", "embedded"}
        How the vendored files enter the page.
    vendored : tuple of Asset
        Style sheets first, then scripts in order.
    markup, script : str
        Element of the map, and the script that fills it.
    """

    assets: Assets
    vendored: tuple[Asset, ...]
    markup: str
    script: str

    @property
    def styles(self) -> tuple[Asset, ...]:
        """The style sheets."""
        return tuple(asset for asset in self.vendored if not asset.is_script)

    @property
    def scripts(self) -> tuple[Asset, ...]:
        """The scripts that come before the map's own."""
        return tuple(asset for asset in self.vendored if asset.is_script)

    def policy(self, basemap_url: str | None) -> str:
        """Return a Content-Security-Policy for the page's own meta element: hashes instead of a nonce."""
        own = "'self'" if self.assets == "linked" else ""
        embedded = self.assets == "embedded"
        scripts = [Inline(self.script).source, *(Inline(asset.text()).source for asset in self.scripts if embedded)]
        styles = [Inline(asset.text()).source for asset in self.styles if embedded]
        images = " ".join(part for part in (own, "data:", tile_origin(basemap_url)) if part)
        if basemap_url and not tile_origin(basemap_url):
            images += " 'self'"
        return (
            f"default-src 'none'; script-src {' '.join([own, *scripts]).strip()}; "
            f"style-src {' '.join([own, *styles]).strip()}; img-src {images}; base-uri 'none'; form-action 'none'"
        )


class OfflineMap(folium.Map):
    """A Folium map on the canvas renderer, without tiles, with a metric scale bar and nothing in the page's head."""

    default_js = [("leaflet", "leaflet/leaflet.js"), ("kvart", "maps/maps.js")]  # noqa: RUF012  as Folium declares it
    default_css = [("leaflet_css", "leaflet/leaflet.css"), ("kvart_css", "maps/maps.css")]  # noqa: RUF012

    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <div class="map-canvas" id={{ this.get_name()|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {{ this.options|tojavascript }});
            {{ this.get_name() }}.setView({{ this.location|tojson }}, 2);
            L.control.scale({imperial: false, maxWidth: 140}).addTo({{ this.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, figure: OfflineFigure, *, zoom_snap: float) -> None:
        super().__init__(
            location=(0.0, 0.0),
            tiles=None,
            prefer_canvas=True,
            attribution_control=False,
            zoom_snap=zoom_snap,
        )
        figure.add_child(self)


class EscapedTooltip(GeoJsonTooltip):
    """A GeoJsonTooltip that leaves its looks to the style sheet instead of adding a style element to the head.

    Its properties must have gone through :func:`app.maps.escaping.escape_text`.
    """

    def render(self, **kwargs: Any) -> str:
        """Render the script only."""
        MacroElement.render(self, **kwargs)  # type: ignore[no-untyped-call]
        return ""


_REFUSED = (folium.Icon, folium.DivIcon, folium.Popup, folium.GeoJsonPopup, folium.Tooltip, folium.GeoJsonTooltip)
