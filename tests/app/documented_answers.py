"""Asks a service whatever its API document allows, or forbids, and tells where the answers are not as it says."""

import itertools
import warnings

import hypothesis
import requests
from hypothesis.errors import Unsatisfiable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    import schemathesis.checks
    from schemathesis.core.failures import Failure, FailureGroup

NOT_OURS = ["positive_data_acceptance"]
"""A rectangle, a token or a geometry may fit its schema and still be refused with the reason."""


def operations(document):
    """Return path, method and description of every operation."""
    return [(path, method, found) for path, methods in document["paths"].items() for method, found in methods.items()]


def without_credentials(document):
    """Return the document of what a client with a key of its own is asked to send besides."""
    document["components"].pop("securitySchemes")
    document.pop("security", None)
    for _, _, operation in operations(document):
        operation.pop("security", None)
    return document


def failures(document, mode, client, *, examples, base_url="http://testserver", **fixed):
    """Return what the service did against its document, the same each time.

    Parameters
    ----------
    document : dict
    mode : GenerationMode
        Whether what is asked fits the document.
    client : TestClient
    examples : int
        Requests of each operation.
    base_url : str
        What the paths of the document are below.
    **fixed
        Parameters of paths that are not made up.
    """
    schema = schemathesis.openapi.from_dict(document)
    told = [_broken(found.ok(), mode, client, examples, base_url, fixed) for found in schema.get_all_operations()]
    return "\n\n".join(itertools.chain.from_iterable(told))


def _broken(operation, mode, client, examples, base_url, fixed):
    def ask(case):
        answer = _send(client, case, base_url)
        assert answer.status_code < 500, answer.text
        case.validate_response(answer, excluded_checks=_not_ours())

    known = {name: value for name, value in fixed.items() if f"{{{name}}}" in operation.path}
    strategy = operation.as_strategy(generation_mode=mode, path_parameters=known or None)
    try:
        _repeatable(strategy, examples)(ask)()
    except FailureGroup as group:
        return [f"{operation.label}: {failure}" for failure in group.exceptions]
    except (Failure, AssertionError) as failure:
        return [f"{operation.label}: {failure}"]
    except Unsatisfiable:
        assert mode.is_negative, operation.label
    return []


def _send(client, case, base_url):
    """Send a case as it would go over the wire; the test client cannot encode every broken form itself."""
    arguments = case.as_transport_kwargs(base_url=base_url)
    known = {name: arguments.get(name) for name in ("method", "url", "params", "headers", "data", "json", "files")}
    wire = requests.Request(**known).prepare()
    return client.request(wire.method, wire.url, headers=dict(wire.headers), content=wire.body)


def _repeatable(strategy, examples):
    """Return the decorator that runs a test on a few examples, the same each time."""

    def decorate(test):
        settings = hypothesis.settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        return settings(hypothesis.given(strategy)(test))

    return decorate


def _not_ours():
    return [schemathesis.checks.CHECKS.get_one(name) for name in NOT_OURS]
