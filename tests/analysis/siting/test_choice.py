"""Choice of fixes: equal to brute force on small instances, within its time on large ones, and honest about benefit."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError, TooFewEventsError
from analysis.siting.catalogue import BenefitRange
from analysis.siting.choice import choose_fixes
from analysis.siting.problem import SitingProblem, siting_problem
from analysis.siting.rank_sensitivity import rank_sensitivity

CRS = "EPSG:32634"


def problem_of(seed, n_demand=12, n_candidates=7, share=0.3):
    random = np.random.default_rng(seed)
    covers = csr_array((random.random((n_demand, n_candidates)) < share).astype(float))
    return SitingProblem(
        covers,
        random.integers(0, 9, n_demand).astype(float),
        random.integers(1, 5, n_demand).astype(float),
        random.integers(0, 6, n_candidates).astype(float),
    )


def best_by_brute_force(problem, budget, weight):
    best = 0.0
    for choice in itertools.product([False, True], repeat=problem.n_candidates):
        chosen = np.array(choice)
        if problem.cost[chosen].sum() <= budget:
            best = max(best, float(weight[problem.served(chosen)].sum()))
    return best


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 20), st.sampled_from(["crime", "concern"]))
def test_the_choice_equals_brute_force(seed, budget, objective):
    problem = problem_of(seed)
    weight = getattr(problem, objective)
    if weight.sum() == 0:
        return
    found = choose_fixes(problem, budget, objective=objective)
    assert found.proven
    assert found.cost <= budget
    assert getattr(found, f"{objective}_served") == pytest.approx(best_by_brute_force(problem, budget, weight))


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 20))
def test_ranks_add_up_and_nothing_idle_is_bought(seed, budget):
    problem = problem_of(seed)
    if problem.crime.sum() == 0:
        return
    found = choose_fixes(problem, budget)
    bought = found.frame[found.frame["chosen"]].sort_values("rank")
    assert bought["rank"].tolist() == list(range(1, len(bought) + 1))
    assert found.frame.loc[~found.frame["chosen"], ["rank", "crime_added"]].isna().all().all()
    assert bought["crime_added"].sum() == pytest.approx(found.crime_served)
    assert bought["concern_added"].sum() == pytest.approx(found.concern_served)
    assert (bought["crime_alone"] > 0).all()


def test_crime_and_concern_are_two_figures_and_the_benefit_may_be_nothing():
    problem = SitingProblem(csr_array(np.eye(2)), np.array([100.0, 1]), np.array([1.0, 20]), np.array([5.0, 5]))
    crime, concern = choose_fixes(problem, 5), choose_fixes(problem, 5, objective="concern")
    assert (crime.chosen.tolist(), concern.chosen.tolist()) == ([True, False], [False, True])
    assert (crime.crime_served, crime.concern_served) == (100, 1)
    assert crime.crime_prevented == pytest.approx((0, 19, 36))
    assert choose_fixes(problem, 5, benefit=BenefitRange(0, 0, 0)).crime_prevented == (0, 0, 0)
    assert "may also change nothing" in crime.summary.reading
    nothing = choose_fixes(problem, 4)
    assert not nothing.chosen.any()
    assert nothing.proven


def town(seed=0, n_demand=2000, n_candidates=300):
    random = np.random.default_rng(seed)
    centres = np.array([500_000, 4_000_000]) + random.uniform(0, 4000, (40, 2))
    demand = centres[random.integers(0, 40, n_demand)] + random.normal(0, 150, (n_demand, 2))
    places = demand[random.choice(n_demand, n_candidates)] + random.normal(0, 30, (n_candidates, 2))
    cost = random.uniform(500, 5000, n_candidates).round(-2)
    crime = random.gamma(1, 3, n_demand).round(1)
    return siting_problem(
        demand[:, 0], demand[:, 1], shapely.points(places), crs=CRS, cost=cost, crime=crime, reach_m=100
    )


def test_a_town_is_solved_to_proof_and_the_same_twice():
    problem = town()
    found, again = choose_fixes(problem, 60_000), choose_fixes(problem, 60_000)
    assert found.proven
    assert found.chosen.tolist() == again.chosen.tolist()
    assert found.cost <= 60_000
    assert choose_fixes(problem, 120_000).crime_served >= found.crime_served


def test_without_time_the_answer_says_that_it_is_not_proven():
    found = choose_fixes(town(), 60_000, time_limit_s=1e-3)
    assert not found.proven
    assert found.cost <= 60_000
    assert [notice.code for notice in found.summary.warnings] == ["not_proven"]


def test_coverage_equals_distances():
    random = np.random.default_rng(2)
    x, y = random.uniform(500_000, 500_500, 60), random.uniform(4_000_000, 4_000_500, 60)
    shapes = [
        shapely.Point(500_100, 4_000_100),
        shapely.LineString([(500_000, 4_000_200), (500_500, 4_000_220)]),
        shapely.box(500_300, 4_000_300, 500_400, 4_000_400),
    ]
    problem = siting_problem(x, y, shapes, crs=CRS, cost=1, concern=np.ones(60), reach_m=[80, 20, 50])
    for j, (shape, reach) in enumerate(zip(shapes, [80, 20, 50], strict=True)):
        expected = shapely.distance(shapely.points(x, y), shape) <= reach
        assert (problem.covers.toarray()[:, j] == expected).all()
    assert (problem.n_demand, problem.n_candidates) == (60, 3)


def test_firm_choices_survive_chance_and_lucky_ones_do_not():
    problem = SitingProblem(csr_array(np.eye(4)), np.array([200.0, 5, 5, 5]), np.zeros(4), np.full(4, 10.0))
    found = rank_sensitivity(problem, 20, runs=40, budget_spread=0.1, cost_spread=0.05)
    assert found.frame["firmness"].tolist()[0] == "firm"
    assert (found.frame["share_chosen"][1:] < 0.8).all()
    again = rank_sensitivity(problem, 20, runs=40, budget_spread=0.1, cost_spread=0.05)
    assert found.frame.equals(again.frame)
    assert "nearly always chosen" in found.summary.reading


POINT = [shapely.Point(500_000, 4e6)]


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda: siting_problem([], [], POINT, crs=CRS, cost=1), EmptyInputError),
        (lambda: siting_problem([5e5], [4e6], [], crs=CRS, cost=1), EmptyInputError),
        (lambda: siting_problem([5e5], [4e6], [None], crs=CRS, cost=1), GeometryError),
        (lambda: siting_problem([5e5], [4e6], POINT, crs="EPSG:4326", cost=1), CoordinateError),
        (lambda: siting_problem([19, 20], [41, 41], POINT, crs=CRS, cost=1), CoordinateError),
        (lambda: siting_problem([5e5], [4e6], POINT, crs=CRS, cost=[1, 2]), ParameterError),
        (lambda: siting_problem([5e5], [4e6], POINT, crs=CRS, cost=-1), ParameterError),
        (lambda: choose_fixes(problem_of(0), -1), ParameterError),
        (lambda: choose_fixes(problem_of(0), 5, objective="both"), ParameterError),
        (lambda: choose_fixes(SitingProblem(csr_array(np.eye(1)), *np.zeros((3, 1))), 5), TooFewEventsError),
        (lambda: rank_sensitivity(problem_of(0), 5, runs=1), ParameterError),
        (lambda: rank_sensitivity(problem_of(0), 5, objective="both"), ParameterError),
        (lambda: BenefitRange(0.3, 0.2, 0.4), ParameterError),
    ],
)
def test_impossible_choices_are_refused(attempt, error):
    with pytest.raises(error):
        attempt()
