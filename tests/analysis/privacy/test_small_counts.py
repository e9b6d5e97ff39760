"""Small counts: an attacker with every sum and an integer program learns none of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.errors import EmptyInputError, ParameterError
from analysis.privacy.small_counts import NOT_SHOWN, suppress_list, suppress_table

tables = st.integers(1, 4).flatmap(
    lambda rows: st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.one_of(st.integers(0, 6), st.integers(0, 40)), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
)


def reconstructed(shown, cell):
    """The least and the greatest number that a cell can have, given all that is shown and the rule."""
    rows, columns = shown.shape
    low, high = np.zeros(shown.shape), np.full(shown.shape, 10_000.0)
    for place, value in np.ndenumerate(shown):
        if value == "<5":
            low[place], high[place] = 1, 4
        elif value != NOT_SHOWN:
            low[place] = high[place] = value
    lines = []
    for i in range(rows):
        line = np.zeros(shown.shape)
        line[i, :-1], line[i, -1] = 1, -1
        lines.append(line.ravel())
    for j in range(columns):
        line = np.zeros(shown.shape)
        line[:-1, j], line[-1, j] = 1, -1
        lines.append(line.ravel())
    target = np.zeros(shown.shape)
    target[cell] = 1
    return tuple(
        round(
            milp(
                sign * target.ravel(),
                integrality=np.ones(target.size),
                bounds=Bounds(low.ravel(), high.ravel()),
                constraints=LinearConstraint(np.array(lines), 0, 0),
            ).x[np.ravel_multi_index(cell, shown.shape)]
        )
        for sign in (1, -1)
    )


@settings(max_examples=60, deadline=None)
@given(tables)
def test_no_small_count_can_be_reconstructed(counts):
    table = np.array(counts)
    found = suppress_table(table)
    whole = np.column_stack([table, table.sum(axis=1)])
    whole = np.vstack([whole, whole.sum(axis=0)])
    for cell, value in np.ndenumerate(whole):
        shown = found.shown[cell]
        if 0 < value < 5:
            assert shown in {"<5", NOT_SHOWN}
            low, high = reconstructed(found.shown, cell)
            assert low < high
        elif shown != NOT_SHOWN:
            assert shown == value
            assert isinstance(shown, int)


def test_a_usual_table_hides_little_and_gives_the_whole_range():
    random = np.random.default_rng(3)
    counts = random.poisson(30, (12, 8))
    counts[3, 2], counts[7, 5] = 2, 4
    found = suppress_table(counts)
    assert found.small.sum() == 2
    assert found.hidden.sum() <= 6
    assert not found.hidden[-1].any()
    assert not found.hidden[:, -1].any()
    assert reconstructed(found.shown, (3, 2)) == (1, 4)
    assert reconstructed(found.shown, (7, 5)) == (1, 4)
    assert found.counts.shape == (12, 8)


def test_two_small_counts_that_sum_to_eight_are_not_safe_in_each_others_company():
    found = suppress_table([[4, 4, 0, 50], [20, 20, 20, 20]])
    low, high = reconstructed(found.shown, (0, 0))
    assert low < high


def test_where_no_rectangle_protects_nothing_is_shown():
    found = suppress_table([[4, 0], [0, 1]])
    assert (found.shown == NOT_SHOWN).all()
    assert found.hidden.all()


def test_large_counts_stay_as_they_are():
    assert suppress_table([[10, 20], [0, 5]]).shown.tolist() == [[10, 20, 30], [0, 5, 5], [10, 25, 35]]
    assert suppress_list([10, 0]) == (10, 0, 10)


def test_lists_and_single_numbers():
    assert suppress_list([2, 30, 40]) == ("<5", NOT_SHOWN, 40, 72)
    assert suppress_list([3]) == (NOT_SHOWN, NOT_SHOWN) or suppress_list([3]) == ("<5", "<5")
    assert suppress_table([[3, 0], [0, 0]]).shown[0, 0] in {"<5", NOT_SHOWN}


@pytest.mark.parametrize(
    ("counts", "options", "error"),
    [
        ([], {}, EmptyInputError),
        ([[1.5]], {}, ParameterError),
        ([[-1]], {}, ParameterError),
        ([["a"]], {}, ParameterError),
        ([[[1]]], {}, ParameterError),
        ([[np.nan]], {}, ParameterError),
        ([[9]], {"small": 2}, ParameterError),
    ],
)
def test_impossible_tables_are_refused(counts, options, error):
    with pytest.raises(error):
        suppress_table(counts, **options)


def test_a_table_is_no_list():
    with pytest.raises(ParameterError, match="no list"):
        suppress_list([[1, 2]])
