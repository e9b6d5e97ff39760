"""Pairings are as cheap as the dense optimum, whatever kinds, named pairs and impossible pairs there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array

from analysis.beats.pairing import cheapest_pairing


def dense_costs(cost, kind, named):
    """Return the cost of every row with every column."""
    dense = cost[:, kind].copy()
    row, column = named.coords
    dense[row, column] = named.data
    return dense


def as_good_as_the_dense_optimum(cost, kind, named):
    """Check a pairing against the dense optimum: as many pairs, no column twice, no dearer."""
    dense = dense_costs(cost, kind, named)
    found = cheapest_pairing(cost, kind, named)
    paired = np.flatnonzero(found >= 0)
    assert len(set(found[paired].tolist())) == len(paired)
    rows, columns = dense.shape
    price = np.hstack([np.where(np.isfinite(dense), dense, 1e9), np.full((rows, rows), 1e6)])
    best_row, best_column = linear_sum_assignment(price)
    real = best_column < columns
    real[real] = np.isfinite(dense[best_row[real], best_column[real]])
    assert len(paired) == real.sum()
    best = dense[best_row[real], best_column[real]].sum()
    assert dense[paired, found[paired]].sum() == pytest.approx(best, abs=1e-4)


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(0, 12),
    columns=st.integers(1, 12),
    possible=st.sampled_from([0.2, 0.6, 1.0]),
    share_named=st.sampled_from([0.0, 0.1, 0.5]),
    whole=st.booleans(),
)
def test_pairing_is_the_dense_optimum(seed, rows, columns, possible, share_named, whole):
    rng = np.random.default_rng(seed)
    kinds = int(rng.integers(1, columns + 1))
    kind = rng.permutation(np.concatenate([np.arange(kinds), rng.integers(0, kinds, columns - kinds)]))
    cost = rng.integers(-3, 4, (rows, kinds)).astype(float) if whole else rng.normal(0, 1000, (rows, kinds))
    cost[rng.uniform(size=cost.shape) > possible] = np.inf
    row, column = np.nonzero((rng.uniform(size=(rows, columns)) < share_named) & np.isfinite(cost[:, kind]))
    worth = rng.integers(0, 5, len(row)) if whole else rng.uniform(0, 5000, len(row))
    named = coo_array((cost[row, kind[column]] - worth, (row, column)), shape=(rows, columns))
    as_good_as_the_dense_optimum(cost, kind, named)


@pytest.mark.parametrize("columns", [21, 28, 60, 300])
@pytest.mark.parametrize("stations", [7, 1000])
def test_towns_of_officers_are_paired_as_well_as_by_the_dense_optimum(columns, stations):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        rows = 25 if columns < 100 else 300
        place, beat = rng.uniform(0, 30, (stations, 2)), rng.uniform(0, 30, (rows, 2))
        traits = np.column_stack([rng.integers(0, stations, columns), rng.choice([0.0, 0.5], columns)])
        alike, kind = np.unique(traits, axis=0, return_inverse=True)
        at = place[alike[:, 0].astype(int)]
        cost = 20 * np.hypot(beat[:, :1] - at[:, 0], beat[:, 1:] - at[:, 1])
        cost += rng.uniform(300, 700, rows)[:, None] * alike[:, 1]
        holders = rng.permutation(columns)[: min(rows, columns) * 2 // 3]
        known = rng.permutation(rows)[: len(holders)]
        worth = rng.uniform(3000, 7000, len(holders))
        named = coo_array((cost[known, kind[holders]] - worth, (known, holders)), shape=(rows, columns))
        as_good_as_the_dense_optimum(cost, kind.ravel(), named)


@pytest.mark.parametrize("share", [0.1, 0.7, 0.95, 1.0])
@pytest.mark.parametrize("columns", [150, 120, 180])
def test_officers_with_homes_who_mostly_hold_beats_are_paired_as_by_the_dense_optimum(monkeypatch, share, columns):
    monkeypatch.setattr("analysis.beats.pairing.FEW_KINDS", 20)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        rows = 150
        home, beat = rng.uniform(0, 30, (columns, 2)), rng.uniform(0, 30, (rows, 2))
        cost = 20 * np.hypot(beat[:, :1] - home[:, 0], beat[:, 1:] - home[:, 1])
        cost += rng.uniform(300, 700, rows)[:, None] * rng.choice([0.0, 0.5], columns)
        held = rng.permutation(min(rows, columns))[: int(share * min(rows, columns))]
        known = rng.permutation(rows)[: len(held)]
        worth = rng.choice([50.0, 5000.0], len(held)) * rng.uniform(0.5, 1.5, len(held))
        named = coo_array((cost[known, held] - worth, (known, held)), shape=(rows, columns))
        as_good_as_the_dense_optimum(cost, np.arange(columns), named)


def test_where_nothing_can_be_paired_all_stay_alone():
    nobody = np.zeros(0, np.int64)
    assert cheapest_pairing(np.zeros((2, 0)), nobody).tolist() == [-1, -1]
    assert cheapest_pairing(np.zeros((0, 1)), np.array([0, 0])).tolist() == []
    assert cheapest_pairing(np.full((2, 1), np.inf), np.array([0, 0])).tolist() == [-1, -1]


@pytest.mark.parametrize("possible", [0.3, 1.0])
def test_rows_that_are_offered_few_kinds_at_first_find_the_dense_optimum_too(monkeypatch, possible):
    monkeypatch.setattr("analysis.beats.pairing.FIRST_OFFERS", 1)
    monkeypatch.setattr("analysis.beats.pairing.FEW_KINDS", 3)
    rng = np.random.default_rng(0)
    for _ in range(150):
        rows, columns = rng.integers(1, 25, 2)
        kinds = int(rng.integers(1, columns + 1))
        kind = rng.permutation(np.concatenate([np.arange(kinds), rng.integers(0, kinds, columns - kinds)]))
        cost = rng.uniform(0, 100, (rows, 1)) + rng.uniform(0, 1000, kinds) + rng.gamma(0.5, 50, (rows, kinds))
        cost[rng.uniform(size=cost.shape) > possible] = np.inf
        row, column = np.nonzero((rng.uniform(size=(rows, columns)) < 0.1) & np.isfinite(cost[:, kind]))
        named = coo_array((cost[row, kind[column]] - 500.0, (row, column)), shape=(rows, columns))
        as_good_as_the_dense_optimum(cost, kind, named)
