"""Which maps there are of a municipality, by topic."""

from __future__ import annotations

from typing import Literal, cast, get_args

from sqlalchemy.orm import Session

from app.beats import service as beats
from app.errors import InvalidInputError
from app.municipalities.context import MunicipalityContext
from app.runs import service as runs
from app.runs.service import AnalysisRun

Topic = Literal[
    "hot-spots",
    "density",
    "change",
    "emerging-hot-spots",
    "hot-spot-history",
    "near-repeat",
    "clusters",
    "top-places",
    "street-density",
    "sensitivity",
    "beats",
    "lighting",
    "street-lighting",
    "fix-proposals",
    "fix-ranking",
    "fix-evaluation",
    "concern-mismatch",
]
KIND_OF_TOPIC: dict[Topic, str] = {
    "hot-spots": "getis-ord",
    "density": "kernel-density",
    "street-density": "network-density",
    "street-lighting": "lighting",
    **{
        topic: topic
        for topic in (
            "fix-proposals", "fix-ranking", "fix-evaluation", "concern-mismatch",
            "change", "emerging-hot-spots", "hot-spot-history", "near-repeat", "clusters", "top-places", "sensitivity",
        )
    },
}  # fmt: skip
"""Kind of run that each topic shows the latest of."""


def topic_of(name: str) -> Topic:
    """Return the topic of that name.

    Raises
    ------
    InvalidInputError
        There is none.
    """
    for topic in get_args(Topic):
        if topic == name:
            return cast("Topic", topic)
    raise InvalidInputError(f"There is no map {name[:40]!r}.", f"Maps: {', '.join(get_args(Topic))}.")


def latest_run_of(session: Session, municipality: MunicipalityContext, topic: Topic) -> AnalysisRun | None:
    """Return the run that the newest map of a topic shows; None for topics that show no run.

    Raises
    ------
    NotFoundError
        There is none yet.
    """
    if topic not in KIND_OF_TOPIC:
        return None
    return runs.latest_run(session, municipality, KIND_OF_TOPIC[topic])


def drawable_topics(session: Session, municipality: MunicipalityContext) -> set[Topic]:
    """Return the topics of which there is something to draw."""
    kinds = runs.kinds_with_result(session, municipality)
    topics: set[Topic] = {"lighting"}
    topics.update(topic for topic, kind in KIND_OF_TOPIC.items() if kind in kinds)
    if beats.has_plan(session, municipality):
        topics.add("beats")
    return topics
