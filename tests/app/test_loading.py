"""What the service and the commands load at their start: nothing that draws, computes or reads tables."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.deferred import Deferred

REPOSITORY = Path(__file__).parents[2]
TABLES = {"geopandas", "pandas", "pyarrow", "pyogrio"}
NUMBERS = {"esda", "libpysal", "numba", "scipy", "sklearn", "spopt", "statsmodels"}
DRAWINGS = {"branca", "contourpy", "folium", "matplotlib"}
HEAVY = TABLES | NUMBERS | DRAWINGS
COMMANDS = "from app.commands import build_program; build_program()"


def loaded_by(statement: str) -> set[str]:
    """Return the names of the modules that a fresh process has loaded after a statement."""
    script = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=REPOSITORY)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import app.main, app.serving", HEAVY | {"redis"}),
        ("import app.jobs.worker, app.jobs.child", HEAVY | {"fastapi"}),
        (COMMANDS, HEAVY | {"fastapi", "numpy", "sqlalchemy"}),
    ],
)
def test_a_start_loads_no_heavy_library(statement, heavy):
    assert not loaded_by(statement) & heavy


def test_a_deferred_module_is_loaded_when_something_of_it_is_used():
    used = "from app.deferred import Deferred; colours = Deferred('colorsys')"
    assert "colorsys" not in loaded_by(used)
    assert "colorsys" in loaded_by(f"{used}; colours.rgb_to_hsv(0, 0, 0)")


def test_a_deferred_module_has_no_more_than_the_module():
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = Deferred("colorsys").no_such_thing
