"""Drawings in place of photos: places before and after their fix. No real place and nobody is in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (640, 400)
COLOURS = 32
NIGHT, DUSK, ASPHALT, WALL, HEDGE = "#12151f", "#8fa3b8", "#3a3d45", "#b9b0a2", "#1f4d2b"
GLOW, LAMP, PAINT = "#6b6a55", "#fff6cf", "#e9ecef"

Draw = ImageDraw.ImageDraw


def write_drawings(folder: Path) -> None:
    """Write each drawing as a PNG named by the fix and the stage, as ``kvart fix-photos`` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWINGS.items():
        image = Image.new("RGB", SIZE, NIGHT)
        pen = ImageDraw.Draw(image)
        draw(pen)
        _label(pen)
        image.quantize(COLOURS).save(folder / f"{name}.png", optimize=True)


def _label(pen: Draw) -> None:
    pen.rectangle((0, 382, 640, 400), fill="#ffffff")
    pen.text((8, 386), "Drawing, no photo: Lindenkvart does not exist.", "#222222", ImageFont.load_default_imagefont())


def _car_park(pen: Draw, *, lit: bool) -> None:
    pen.rectangle((0, 190, 640, 400), fill="#585c66" if lit else "#1c1e26")
    for left in range(40, 600, 90):
        pen.line((left, 400, left + 40, 230), fill=PAINT if lit else "#2c2f38", width=3)
    for left, colour in ((85, "#7b2d26"), (265, "#2b4c7e"), (445, "#5b5b5b")):
        _car(pen, left, 270, colour if lit else "#14161d")
    height = 40 if lit else 120
    pen.rectangle((0, 200 - height, 640, 200), fill=HEDGE if lit else "#0d1f13")
    for left in (110, 300, 490):
        if lit:
            pen.polygon([(left + 6, 62), (left - 90, 250), (left + 100, 250)], fill=GLOW)
        pen.line((left, 230, left, 60), fill="#9aa0aa" if lit else "#262a33", width=5)
        pen.ellipse((left - 10, 50, left + 22, 66), fill=LAMP if lit else "#20242d")


def _car(pen: Draw, left: int, top: int, colour: str) -> None:
    pen.rounded_rectangle((left, top + 22, left + 110, top + 56), 10, fill=colour)
    pen.polygon([(left + 22, top + 24), (left + 36, top), (left + 78, top), (left + 94, top + 24)], fill=colour)
    for wheel in (left + 14, left + 76):
        pen.ellipse((wheel, top + 44, wheel + 22, top + 66), fill="#000000")


def _old_works(pen: Draw, *, secured: bool) -> None:
    pen.rectangle((0, 0, 640, 240), fill=DUSK)
    pen.rectangle((0, 240, 640, 400), fill="#7d8a63")
    pen.polygon([(90, 120), (190, 70), (190, 120), (330, 70), (330, 120), (470, 70), (470, 120), (560, 120)], fill=WALL)
    pen.rectangle((90, 120, 560, 300), fill=WALL)
    for left in range(110, 520, 80):
        pen.rectangle((left, 150, left + 46, 206), fill="#a87c4f" if secured else "#22252b")
        if not secured:
            pen.line((left, 150, left + 46, 206), fill="#c9d4dd", width=2)
    pen.rectangle((290, 226, 350, 300), fill="#a87c4f" if secured else "#111318")
    if secured:
        for post in range(10, 640, 42):
            pen.line((post, 262, post, 352), fill="#4b5158", width=5)
        for rail in (278, 308, 338):
            pen.line((0, rail, 640, rail), fill="#4b5158", width=2)
    else:
        pen.line((130, 262, 220, 286), fill="#d1495b", width=9)
        pen.line((380, 250, 500, 282), fill="#3d5a80", width=9)
        for left in (60, 250, 420):
            pen.ellipse((left, 330, left + 46, 356), fill="#3d3d3d")


def _underpass(pen: Draw) -> None:
    pen.rectangle((0, 0, 640, 400), fill="#2a2d35")
    pen.rectangle((0, 60, 640, 92), fill="#4c4f57")
    pen.polygon([(130, 400), (230, 150), (410, 150), (510, 400)], fill="#090a0e")
    pen.ellipse((230, 100, 410, 200), fill="#090a0e")
    pen.polygon([(240, 400), (300, 190), (340, 190), (400, 400)], fill="#15171d")
    pen.line((40, 250, 160, 236), fill="#6a3d3d", width=8)
    pen.line((500, 240, 610, 262), fill="#3d566a", width=8)


def _speed_cushions(pen: Draw, *, laid: bool) -> None:
    pen.rectangle((0, 0, 640, 190), fill="#a9c3d6")
    pen.rectangle((0, 150, 640, 400), fill="#5f7f4f")
    pen.polygon([(0, 400), (250, 190), (390, 190), (640, 400)], fill=ASPHALT)
    for top, bottom in ((205, 225), (250, 282), (320, 372)):
        pen.polygon([(318, top), (322, top), (324, bottom), (316, bottom)], fill=PAINT)
    if laid:
        for top, reach in ((228, 38), (300, 84)):
            for side in (-1, 1):
                near, far = 320 + side * reach // 3, 320 + side * reach
                slope = side * 8
                pen.polygon(
                    [(near, top), (far, top), (far + slope, top + 16), (near + slope, top + 16)], fill="#b5523b"
                )
        pen.polygon([(560, 130), (520, 200), (600, 200)], fill="#ffffff", outline="#b2182b", width=8)


DRAWINGS: dict[str, Callable[[Draw], None]] = {
    "FX-01_before": lambda pen: _car_park(pen, lit=False),
    "FX-01_after": lambda pen: _car_park(pen, lit=True),
    "FX-02_before": _underpass,
    "FX-07_before": lambda pen: _old_works(pen, secured=False),
    "FX-07_after": lambda pen: _old_works(pen, secured=True),
    "FX-10_before": lambda pen: _speed_cushions(pen, laid=False),
    "FX-10_after": lambda pen: _speed_cushions(pen, laid=True),
}
"""Name of the file to what is drawn."""
