"""What the demonstration writes: layers, tables, charts and maps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.analyses.run_files import WantedRunFiles, write_run_files
from app.beats import service as beats
from app.demonstration.sample import Tell
from app.files.spreadsheets import csv_text
from app.files.writing import OutputFiles
from app.hot_spots import service as hot_spots
from app.maps.service import Frame, latest_map, run_map
from app.municipalities.context import MunicipalityContext
from app.runs.service import AnalysisRun
from app.settings import MapSettings

RUN_FILES: dict[str, tuple[str, str | None, str | None]] = {
    "lighting": ("street_lighting", "waiting-streets", "light-and-dark"),
    "concern-mismatch": ("concern_mismatch", "mismatch-by-beat", "mismatch-by-beat"),
    "fix-proposals": ("fix_proposals", "fix-proposals", None),
    "fix-ranking": ("fix_ranking", "fix-ranking", "fix-ranking"),
    "fix-evaluation": ("fix_evaluation", "guards", "before-after"),
}
"""Kind of run to the name of its files, its table and its chart."""


def write_files(
    session: Session,
    municipality: MunicipalityContext,
    done: Mapping[str, AnalysisRun],
    plan: dict[str, Any],
    out: Path,
    settings: MapSettings,
    tell: Tell,
) -> tuple[Path, ...]:
    """Write everything into a directory and return the files."""
    layers = {
        "hot_spots": hot_spots.result_frame(session, municipality, "getis-ord", done["getis-ord"].id),
        "density": hot_spots.result_frame(session, municipality, "kernel-density", done["kernel-density"].id),
        "beats": beats.beat_frame(session, municipality, plan["id"]),
    }
    kinds = {"hot_spots": "getis-ord", "density": "kernel-density", "beats": "beat-allocation"}
    frame = Frame(settings, assets="embedded")
    step, steps = "write layers and maps", len(layers) + len(RUN_FILES) + 1
    with OutputFiles() as outputs:
        for number, (name, layer) in enumerate(layers.items()):
            tell(step, number / steps, name)
            working = layer.to_crs(municipality.working_crs)
            outputs.layer(working, out / f"{name}.geojson")
            outputs.layer(working, out / f"{name}.gpkg")
            outputs.text(run_map(session, municipality, done[kinds[name]], frame), out / "maps" / f"{name}.html")
        tell(step, len(layers) / steps, "lighting")
        outputs.text(latest_map(session, municipality, "lighting", frame), out / "maps" / "lighting.html")
        assignments = beats.unit_assignments(session, municipality, plan["id"])
        outputs.text(csv_text(assignments), out / "assignments.csv")
        report = json.dumps(plan["report"], ensure_ascii=False, indent=2, allow_nan=False)
        outputs.text(report + "\n", out / "beats_report.json")
        written = outputs.paths
    asked = [kind for kind in RUN_FILES if kind in done]
    for number, kind in enumerate(asked, start=len(layers) + 1):
        tell(step, number / steps, RUN_FILES[kind][0])
        written += write_run_files(session, municipality, done[kind], _wanted(kind, out))
    tell(step, 1.0, f"{len(written)} files in {out}")
    return written


def _wanted(kind: str, out: Path) -> WantedRunFiles:
    name, table, chart = RUN_FILES[kind]
    return WantedRunFiles(
        out / f"{name}.gpkg",
        () if table is None else (f"{table}={out / f'{name}.csv'}",),
        () if chart is None else (f"{chart}={out / 'charts' / f'{name}.png'}",),
        out / "maps" / f"{name}.html",
    )
