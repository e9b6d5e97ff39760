import folium
import pytest
from folium.plugins import HeatMap
from map_frames import context, hot_spot_cells

from app.errors import InvalidInputError
from app.maps.documents import content_security_policy, hot_spot_map, static_directories
from app.maps.offline import ForeignAssetError, Inline, OfflineFigure, OfflineMap


def test_every_served_file_exists():
    directories = static_directories()
    assert (directories["/static/leaflet"] / "leaflet.js").is_file()
    assert (directories["/static/maps"] / "maps.js").is_file()


def figure_with(element):
    figure = OfflineFigure("linked")
    drawn = OfflineMap(figure, zoom_snap=1.0)
    element.add_to(drawn)
    return figure


def test_an_element_that_links_to_other_files_is_refused():
    with pytest.raises(ForeignAssetError, match="does not serve"):
        figure_with(HeatMap([[41.3, 19.8, 1.0]])).render_parts()


def test_markup_of_an_elements_own_in_the_head_is_refused():
    figure = figure_with(folium.Circle([41.3, 19.8], radius=5))
    figure.header.add_child(folium.Element("<style>a { color: red }</style>"), name="own")
    with pytest.raises(ForeignAssetError, match="markup"):
        figure.render_parts()


@pytest.mark.parametrize(
    "element",
    [
        folium.Marker([41.3, 19.8], icon=folium.Icon()),
        folium.Marker([41.3, 19.8], icon=folium.DivIcon(html="<b>")),
        folium.Circle([41.3, 19.8], radius=5, popup="text"),
        folium.Circle([41.3, 19.8], radius=5, tooltip="${alert(1)}"),
    ],
    ids=["icon", "div icon", "popup", "tooltip"],
)
def test_elements_that_need_images_or_do_not_escape_are_refused(element):
    with pytest.raises(ForeignAssetError, match="unescaped"):
        figure_with(element).number_elements()


def test_linked_documents_name_our_own_paths_only():
    document = hot_spot_map(hot_spot_cells(12), context(nonce="abc123"))
    assert 'src="/static/leaflet/leaflet.js" nonce="abc123"' in document
    assert "http://" not in document.replace("http://www.w3.org", "")
    assert "https://" not in document


def test_linked_documents_follow_the_mount_point():
    document = hot_spot_map(hot_spot_cells(12), context(static_url="/kvart/static"))
    assert 'href="/kvart/static/maps/maps.css"' in document


def test_embedded_documents_hold_leaflet_and_no_reference():
    document = hot_spot_map(hot_spot_cells(12), context(assets="embedded"))
    assert "L.map(" in document
    assert " src=" not in document
    assert "sourceMappingURL" not in document
    assert "url(" not in document.partition("<script")[0]


def test_no_inline_handler_and_no_style_attribute():
    document = hot_spot_map(hot_spot_cells(12), context())
    head, _, rest = document.partition("<script>")
    assert ' style="' not in head
    assert " onload=" not in head
    assert " style=" not in rest.rpartition("</script>")[2]


def test_the_policy_allows_no_unsafe_source():
    policy = content_security_policy("abc", "https://{s}.tiles.example/{z}/{x}/{y}.png")
    assert "unsafe" not in policy
    assert "img-src 'self' data: https://*.tiles.example;" in policy


def test_a_hash_source_is_that_of_the_standard():
    assert Inline("doSomething();").source == "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='"


def test_the_operators_basemap_is_the_only_outside_host():
    address = "https://tiles.example/{z}/{x}/{y}.png"
    document = hot_spot_map(hot_spot_cells(12), context(basemap_url=address, basemap_attribution="<b>Survey</b>"))
    assert address in document
    assert "img-src 'self' data: https://tiles.example;" in document
    assert "<b>Survey" not in document


@pytest.mark.parametrize(
    "address",
    [
        "javascript:{x}{y}{z}",
        '/{z}/{x}/{y}"><script>',
        "https://tiles.example/tile.png",
        "ftp://a/{x}/{y}/{z}",
        "/{z}/{x}/{y}/{{7*7}}",
    ],
)
def test_a_basemap_that_is_no_tile_address_is_refused(address):
    with pytest.raises(InvalidInputError, match="XYZ tile address"):
        hot_spot_map(hot_spot_cells(12), context(basemap_url=address))
