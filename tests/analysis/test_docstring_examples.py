"""The examples in the docstrings of the analysis run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import analysis

MODULES = [module.name for module in pkgutil.walk_packages(analysis.__path__, "analysis.") if not module.ispkg]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_module(name):
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = sum(len(test.examples) for name in MODULES for test in finder.find(importlib.import_module(name)))
    assert examples > 100
