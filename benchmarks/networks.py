"""Density along streets, against the same sums written plainly with networkx."""

from __future__ import annotations

from functools import partial

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely

from analysis.networks.network_density import EqualSplit, NetworkDensity, network_density
from analysis.networks.street_network import StreetNetwork, street_network
from benchmarks.report import Row, Section, Timing, measure, peak_mb

SIDE, BLOCK_M = 80, 100.0
EVENTS, TIMED_EVENTS = 20_000, 40
RADIUS_M, LIXEL_M = 300.0, 20.0


def run() -> Section:
    """Measure both equal-split kernels, and the building of the network."""
    streets = irregular_streets()
    network = street_network(streets)
    random = np.random.default_rng(2)
    on = shapely.line_interpolate_point(
        network.geometry[random.integers(0, network.n, EVENTS)], random.random(EVENTS), normalized=True
    )
    x, y = shapely.get_x(on), shapely.get_y(on)
    what = f"{EVENTS:,} events, {network.n:,} segments ({network.length_m.sum() / 1000:,.0f} km), radius {RADIUS_M:g} m"
    rows = [Row(f"network of {len(streets):,} lines", measure(lambda: street_network(streets), runs=3))]
    for split in ("discontinuous", "continuous"):
        ours = partial(_density, x, y, network, split)
        timing, memory = measure(ours, runs=3), peak_mb(ours)
        peer, note = _peer(x, y, network) if split == "discontinuous" else (None, "keeps all of the events")
        name = "plain networkx, extrapolated" if peer else ""
        rows.append(Row(f"{split}: {what}", timing, None, name, peer, memory, note))
    return Section(
        "networks",
        "Density along streets",
        f"An irregular net of streets, quartic kernel, lixels of {LIXEL_M:g} m. The peer walks every way from every "
        "event through a networkx graph and evaluates the kernel at the centre of each lixel.",
        tuple(rows),
    )


def _density(x: np.ndarray, y: np.ndarray, network: StreetNetwork, split: EqualSplit) -> NetworkDensity:
    """Return our density."""
    return network_density(x, y, network, radius_m=RADIUS_M, lixel_m=LIXEL_M, equal_split=split)


def _peer(x: np.ndarray, y: np.ndarray, network: StreetNetwork) -> tuple[Timing, str]:
    """Time the plain walk over some events, and compare."""
    found = _density(x[:TIMED_EVENTS], y[:TIMED_EVENTS], network, "discontinuous")
    events = list(zip(found.snapped.segment.tolist(), found.snapped.position_m.tolist(), strict=True))
    theirs = partial(_plain_density, _graph(network), network, events, np.bincount(found.segment))
    error = np.abs(theirs() - found.density_per_km).max() / found.density_per_km.max()
    some = measure(theirs, runs=2, warm=0)
    timing = Timing(tuple(seconds * x.size / TIMED_EVENTS for seconds in some.seconds))
    note = f"peer timed on {TIMED_EVENTS} events and multiplied; differs by {error:.0e} of the peak, ours being means"
    return timing, note


def irregular_streets() -> gpd.GeoSeries:
    """Return the streets between shaken crossings of a square town, a sixth of them missing."""
    random = np.random.default_rng(1)
    places = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), axis=-1) * BLOCK_M
    places = places + random.uniform(-30.0, 30.0, places.shape)
    along = np.stack([places[:-1], places[1:]], axis=2).reshape(-1, 2, 2)
    across = np.stack([places[:, :-1], places[:, 1:]], axis=2).reshape(-1, 2, 2)
    lines = shapely.linestrings(np.concatenate([along, across]))
    return gpd.GeoSeries(lines[random.random(lines.size) > 1 / 6], crs="EPSG:32616")


def _graph(network: StreetNetwork) -> nx.MultiGraph:
    """Return the network as a graph."""
    graph = nx.MultiGraph()
    for segment, (start, end) in enumerate(network.ends.tolist()):
        graph.add_edge(start, end, key=segment, length=float(network.length_m[segment]))
    return graph


def _plain_density(
    graph: nx.MultiGraph, network: StreetNetwork, events: list[tuple[int, float]], lixels: np.ndarray
) -> np.ndarray:
    """Walk every way from every event, discontinuous equal-split, quartic; per km at the centre of each lixel."""
    density = [np.zeros(count) for count in lixels]

    def lay(segment: int, forward: bool, before: float, share: float) -> None:
        length = network.length_m[segment]
        centres = (np.arange(lixels[segment]) + 0.5) * length / lixels[segment]
        u = (before + (centres if forward else length - centres)) / RADIUS_M
        density[segment] += share * np.where(u < 1.0, 15 / 16 * (1 - u**2) ** 2, 0.0) * 1000.0 / RADIUS_M

    def walk(node: int, came: int, distance: float, share: float) -> None:
        ways = [(other, key, data["length"]) for _, other, key, data in graph.edges(node, keys=True, data=True)]
        for other, key, length in ways:
            if key == came:
                continue
            part = share / (len(ways) - 1)
            lay(key, network.ends[key, 0] == node, distance, part)
            if distance + length < RADIUS_M:
                walk(other, key, distance + length, part)

    for segment, position in events:
        start, end = network.ends[segment].tolist()
        length = float(network.length_m[segment])
        centres = (np.arange(lixels[segment]) + 0.5) * length / lixels[segment]
        u = np.abs(centres - position) / RADIUS_M
        density[segment] += np.where(u < 1.0, 15 / 16 * (1 - u**2) ** 2, 0.0) * 1000.0 / RADIUS_M
        walk(start, segment, position, 1.0)
        walk(end, segment, length - position, 1.0)
    return np.concatenate(density)
