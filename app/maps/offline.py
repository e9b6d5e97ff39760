"""A Folium figure that knows only the files we serve and refuses every other.

Folium links to six public content networks by default. Here each link is either a vendored file, linked below
``/static`` or written into the document, or the document is not made at all.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from itertools import count
from typing import Any

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.features import GeoJsonTooltip
from folium.template import Template

from app.maps.assets import Asset, tile_origin, vendored_assets
from app.maps.context import Assets


class ForeignAssetError(RuntimeError):
    """A map element wants a file that Kvart does not serve."""


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
            if not isinstance(element, JavascriptLink | CssLink) or name not in vendored_assets():
                raise ForeignAssetError(
                    f"The map element {name!r} adds {getattr(element, 'url', 'markup')!r} to the head of the page, "
                    "which Kvart does not serve. Use elements that need Leaflet only."
                )
            assets.append(vendored_assets()[name])
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
