"""The documents as a browser sees them: offline, inert, readable, operable by keyboard."""

import re
from itertools import combinations

import pytest
from hostile_text import PAYLOAD
from map_frames import beats, context, danger_zones, density_cells, fixes, hot_spot_cells, lights

from app.maps.documents import beat_map, content_security_policy, density_map, hot_spot_map, lighting_map

pytestmark = pytest.mark.browser

NONCE = "dGVzdC1ub25jZQ"
DRAWINGS = {
    "hot spots": lambda about: hot_spot_map(hot_spot_cells(24), about),
    "density": lambda about: density_map(density_cells(24), about),
    "beats": lambda about: beat_map(beats(), about),
    "lighting": lambda about: lighting_map(
        hot_spot_cells(24), about, danger_zones=danger_zones(), lights=lights(200), fixes=fixes()
    ),
}

COLOURED_CANVAS = """() => {
    const canvas = document.querySelector('.map-canvas canvas');
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const seen = new Set();
    for (let at = 0; at < pixels.length; at += 4) { seen.add(pixels[at] << 16 | pixels[at + 1] << 8 | pixels[at + 2]); }
    return seen.size;
}"""
CONTRASTS = """() => {
    const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
    const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const poor = [];
    document.querySelectorAll('body *').forEach((element) => {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || element.closest('script, svg, .map-label') || !element.getClientRects().length) { return; }
        let behind = element;
        while (behind && (parse(getComputedStyle(behind).backgroundColor)[3] === 0)) { behind = behind.parentElement; }
        const back = behind ? parse(getComputedStyle(behind).backgroundColor) : [255, 255, 255];
        const [a, b] = [light(parse(getComputedStyle(element).color)), light(back)].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) { poor.push([element.className, element.textContent.trim().slice(0, 30), ratio]); }
    });
    return poor;
}"""


def without_policy(document):
    """The document without its own policy, so that only escaping stands between a payload and the page."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", document)


def boxes(page, *selectors):
    found = {selector: page.locator(selector).first.bounding_box() for selector in selectors}
    assert all(found.values()), found
    return found


def overlap(one, other):
    across = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
    down = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
    return across > 1 and down > 1


@pytest.mark.parametrize("name", DRAWINGS)
def test_linked_documents_work_under_a_strict_policy_and_ask_no_other_host(name, server, watched):
    address = server.publish(DRAWINGS[name](context(nonce=NONCE)), content_security_policy(NONCE))
    page = watched.open(address)
    assert watched.complaints == []
    assert watched.outside == []
    assert page.evaluate(COLOURED_CANVAS) > 5
    assert page.title() == "Hot spots of street crime"


@pytest.mark.parametrize("name", DRAWINGS)
def test_embedded_documents_open_by_double_click_and_ask_nothing(name, tmp_path, watched):
    file = tmp_path / "map.html"
    file.write_text(DRAWINGS[name](context(assets="embedded")), encoding="utf-8")
    page = watched.open(file.as_uri())
    assert watched.complaints == []
    assert [request for request in watched.requests if not request.startswith("data:")] == [file.as_uri()]
    assert page.evaluate(COLOURED_CANVAS) > 5


@pytest.mark.parametrize("assets", ["linked", "embedded"])
def test_documents_work_under_their_own_policy_without_a_nonce(assets, server, watched):
    watched.open(server.publish(DRAWINGS["beats"](context(assets=assets))))
    assert watched.complaints == []
    assert watched.outside == []


def test_embedded_documents_work_under_a_nonce_policy(server, watched):
    document = DRAWINGS["beats"](context(assets="embedded", nonce=NONCE))
    watched.open(server.publish(document, content_security_policy(NONCE)))
    assert watched.complaints == []


def test_the_operators_basemap_is_asked_and_nobody_else(server, watched):
    document = DRAWINGS["density"](context(basemap_url="https://tiles.example/{z}/{x}/{y}.png"))
    watched.open(server.publish(document))
    watched.page.wait_for_timeout(200)
    assert watched.outside
    assert all(address.startswith("https://tiles.example/") for address in watched.outside)


def poisoned_maps():
    about = context(
        title=PAYLOAD,
        period=PAYLOAD,
        excluded={PAYLOAD: 3},
        method=PAYLOAD,
        parameters={PAYLOAD: PAYLOAD},
        units=PAYLOAD,
        source=PAYLOAD,
        run_id=PAYLOAD,
        handling_mark=PAYLOAD,
        warnings=(PAYLOAD,),
        basemap_attribution=PAYLOAD,
        basemap_url="/tiles/{z}/{x}/{y}.png",
        software=PAYLOAD,
        assets="embedded",
    )
    area = beats().assign(beat_id=[f"{number} {PAYLOAD}" for number in range(14)], officer_id=PAYLOAD, reason=PAYLOAD)
    poison = dict.fromkeys(("category", "reported_by", "day_part", "description", "reported_at"), PAYLOAD)
    zones = danger_zones().assign(**poison)
    lamps = lights(30).assign(lamp_type=PAYLOAD, owner=PAYLOAD, out_from=PAYLOAD)
    works = fixes().assign(title=PAYLOAD, kind=PAYLOAD, owner=PAYLOAD, started_on=PAYLOAD)
    return {
        "hot spots": hot_spot_map(hot_spot_cells(12).assign(cell=PAYLOAD), about),
        "density": density_map(density_cells().assign(cell=PAYLOAD), about),
        "beats": beat_map(area.assign(within_bounds=False), about),
        "lighting": lighting_map(hot_spot_cells(12), about, danger_zones=zones, lights=lamps, fixes=works),
    }


@pytest.mark.parametrize("name", DRAWINGS)
def test_text_from_strangers_never_runs(name, server, watched):
    page = watched.open(server.publish(without_policy(poisoned_maps()[name])))
    page.locator("summary").click()
    page.wait_for_timeout(100)
    frame = page.locator(".map-canvas").bounding_box()
    for across in range(2, 19):
        for down in (3, 5, 7):
            page.mouse.move(frame["x"] + frame["width"] * across / 20, frame["y"] + frame["height"] * down / 10)
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert not [complaint for complaint in watched.complaints if "404" not in complaint]
    assert page.locator("img:not(.leaflet-tile), iframe, body script + svg").count() == 0
    assert page.locator("h1").inner_text().startswith('<img src=x onerror="window.ran=1"> ${window.ran=1}')


def test_tooltips_show_the_escaped_text_as_written(server, watched):
    cells = hot_spot_cells(10).assign(cell="<b>${1+1}</b> {{2+2}} `x` \\ '\"")
    page = watched.open(server.publish(without_policy(hot_spot_map(cells, context(boundary=None, streets=None)))))
    frame = page.locator(".map-canvas").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] / 2 + 8, frame["y"] + frame["height"] / 2 + 8)
    page.wait_for_selector(".map-tooltip")
    assert "<b>${1+1}</b> {{2+2}} `x` \\ '\"" in page.locator(".map-tooltip").inner_text()


def test_labels_show_the_escaped_text_as_written(server, watched):
    area = beats().assign(officer_id="<i>${7}</i>")
    page = watched.open(server.publish(without_policy(beat_map(area, context()))))
    assert "<i>${7}</i>" in page.locator(".map-label").first.inner_text()
    assert page.locator(".map-label i").count() == 0


@pytest.mark.parametrize("name", DRAWINGS)
def test_title_legend_scale_north_and_mark_are_visible(name, server, watched):
    page = watched.open(server.publish(DRAWINGS[name](context())))
    for selector in (
        "h1",
        ".handling-mark",
        ".legend",
        ".leaflet-control-scale-line",
        ".north-arrow",
        ".period",
        "summary",
    ):
        assert page.locator(selector).first.is_visible(), selector
    assert re.fullmatch(r"\d+ k?m", page.locator(".leaflet-control-scale-line").inner_text())
    placed = boxes(page, ".title-bar", ".map-frame", "aside", "summary")
    assert not any(overlap(*pair) for pair in combinations(placed.values(), 2))


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_phone_shows_one_column_without_overlaps(name, server, browser, watched):
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    watched.open(server.publish(DRAWINGS[name](context())))
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    placed = boxes(page, ".handling-mark", ".titles", ".facts", ".map-frame", "aside", "details")
    assert not any(overlap(*pair) for pair in combinations(placed.values(), 2))
    controls = boxes(page, ".leaflet-control-zoom", ".north-arrow", ".leaflet-control-scale")
    assert not any(overlap(*pair) for pair in combinations(controls.values(), 2))
    labels = [box for box in (label.bounding_box() for label in page.locator(".map-label:not(.no-room)").all()) if box]
    assert not any(overlap(*pair) for pair in combinations(labels, 2))
    sizes = page.evaluate(
        "[...document.querySelectorAll('aside *, header *, td')].map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 10


@pytest.mark.parametrize("name", DRAWINGS)
def test_text_has_the_contrast_of_wcag_aa(name, server, watched):
    page = watched.open(server.publish(DRAWINGS[name](context())))
    page.locator("summary").click()
    assert page.evaluate(CONTRASTS) == []


def test_everything_can_be_reached_and_used_by_keyboard(server, watched):
    page = watched.open(server.publish(DRAWINGS["beats"](context())))
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert reached[0] == "skip-link"
    assert any("map-canvas" in name for name in reached)
    assert "INPUT" in reached
    assert "SUMMARY" in reached
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(".table-scroll").is_visible()
    centre = "(() => { const map = window[document.querySelector('.map-canvas').id]; return map.getCenter().lng; })()"
    before = page.evaluate(centre)
    page.locator(".map-canvas").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert page.evaluate(centre) > before


def test_a_table_row_can_be_shown_on_the_map(server, watched):
    page = watched.open(server.publish(DRAWINGS["beats"](context())))
    page.locator("summary").click()
    page.get_by_label("Show row 3 on the map").press("Enter")
    place = page.get_by_label("Show row 3 on the map").get_attribute("data-longitude")
    centre = page.evaluate("window[document.querySelector('.map-canvas').id].getCenter().lng")
    assert centre == pytest.approx(float(place), abs=1e-3)


def test_the_legend_switches_layers_and_keeps_their_order(server, watched):
    page = watched.open(server.publish(DRAWINGS["lighting"](context())))
    before = page.evaluate(COLOURED_CANVAS)
    picture = page.locator(".map-canvas").screenshot()
    box = page.get_by_label("Hot and cold spots")
    box.press("Space")
    page.wait_for_timeout(100)
    assert page.evaluate(COLOURED_CANVAS) < before
    box.press("Space")
    page.locator("h1").click()
    page.wait_for_timeout(100)
    assert page.locator(".map-canvas").screenshot() == picture


def test_labels_leave_when_their_layer_does(server, watched):
    page = watched.open(server.publish(DRAWINGS["beats"](context())))
    assert page.locator(".map-label").count() == 14
    page.get_by_label("Labels").press("Space")
    page.wait_for_selector(".map-label", state="detached")


def test_ten_thousand_cells_are_drawn_in_time(server, watched):
    cells = hot_spot_cells(120, 66.0)
    assert len(cells) > 9_000
    page = watched.open(server.publish(hot_spot_map(cells, context())))
    redraw = "(() => { const map = window[document.querySelector('.map-canvas').id]; const start = performance.now(); "
    redraw += "map.setView(map.getCenter(), map.getZoom(), {reset: true}); return performance.now() - start; })()"
    assert page.evaluate(redraw) < 2_000
