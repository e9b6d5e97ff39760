"""The calculator ``kvart evaluate counts``: figures of the worked example, JSON, guards, bad input."""

import json
import sys

import pytest

from app.cli import main

PAPER = [
    "--treated",
    "207",
    "110",
    "--control",
    "308",
    "318",
    "--displacement-treated",
    "178",
    "157",
    "--displacement-control",
    "150",
    "140",
]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run ``kvart evaluate counts`` in this process; return exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "200")

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["kvart", "evaluate", "counts", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run_command


def test_prints_the_figures_of_the_paper_and_every_guard(run):
    code, out, _ = run(*PAPER)
    assert code == 0
    for figure in ("-118.00", "39.60", "-2.98", "-195.61 to -40.39", "1.943", "1.469 to 2.569", "0.2582", "130.5"):
        assert figure in out
    for guard in ("regression to the mean", "overdispersion", "seasonality", "overlapping areas", "few counts"):
        assert guard in out


def test_json_holds_everything(run):
    code, out, _ = run(*PAPER, "--area-weights", 0.9, 1.2, 1.6, 1.5, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["difference"]["total"]["estimate"] == pytest.approx(-99.694, abs=0.0005)
    assert found["difference"]["total"]["standard_error"] == pytest.approx(35.428, abs=0.0005)
    assert found["relative_effect_size"]["estimate"] == pytest.approx(1.942916, abs=5e-7)
    assert found["quotient"]["quotient"] == pytest.approx(0.2582, abs=5e-5)
    assert {guard["outcome"] for guard in found["guards"]} == {"passed", "warning"}


def test_without_control_it_says_uncontrolled(run):
    code, out, _ = run("--treated", 1000, 718, "--time-weights", 12, 12)
    assert code == 0
    assert out.startswith("Uncontrolled: about 28 % fewer")
    assert "after over before" in out


def test_a_refused_claim_is_an_answer(run):
    code, out, _ = run("--treated", 200, 100, "--control", 200, 200, "--selected-on", "before")
    assert code == 0
    assert out.startswith("No effect can be claimed.")
    assert "refused: regression to the mean" in out


def test_a_quotient_that_is_not_defined_says_so(run):
    counts = [
        "--treated",
        "50",
        "90",
        "--control",
        "80",
        "80",
        "--displacement-treated",
        "10",
        "9",
        "--displacement-control",
        "9",
        "9",
    ]
    assert "not defined" in run(*counts)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--treated", 5, -3), "The count after is -3.0."),
        (("--treated", 0, 0), "There is no event"),
        (("--treated", 5, 3, "--control", 3, 3, "--displacement-treated", 1, 1), "Only one of the two"),
        (("--treated", 5, 3, "--dispersion", 0.2), "dispersion"),
    ],
)
def test_bad_input_gets_one_clear_message(run, arguments, message):
    code, out, errors = run(*arguments)
    assert code == 2
    assert message in errors
    assert not out
