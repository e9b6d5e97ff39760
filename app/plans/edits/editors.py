"""The editors of the plans that were edited last, kept in memory: the database holds all that they know."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.beats.editor import PlanEditor
    from app.plans.edits.saving import PlanRows

MOST_EDITORS = 8


@dataclass
class OpenEditor:
    """A plan in memory.

    Attributes
    ----------
    tag : str or None
        Tag of the plan in the database that the editor stands for; None while it is ahead of it.
    editor : PlanEditor
    rows : PlanRows
        What the database holds of it.
    data : dict of str to (int or None)
        Versions of the tables that it is measured by, as they were before it was read.
    """

    tag: str | None
    editor: PlanEditor
    rows: PlanRows
    data: dict[str, int | None]


class Editors:
    """The editors of the plans that were edited last.

    An editor counts as long as its tag is that of the plan in the database: one whose transaction failed is read anew,
    and one of a plan that was edited through another process follows those edits. One whose units or events changed
    since is read anew too. Who holds the row lock of a plan is alone with its editor.

    Parameters
    ----------
    most : int
        Editors that are kept.
    """

    def __init__(self, most: int = MOST_EDITORS) -> None:
        self._most = most
        self._open: OrderedDict[tuple[int, int], OpenEditor] = OrderedDict()
        self._guard = threading.Lock()

    def find(self, key: tuple[int, int]) -> OpenEditor | None:
        """Return the editor of a plan, whatever it stands for; None where there is none or it is ahead of its plan."""
        with self._guard:
            opened = self._open.get(key)
            if opened is None or opened.tag is None:
                return None
            self._open.move_to_end(key)
            return opened

    def keep(self, key: tuple[int, int], opened: OpenEditor) -> None:
        """Keep an editor; the one that was not used for the longest time goes."""
        with self._guard:
            self._open[key] = opened
            self._open.move_to_end(key)
            while len(self._open) > self._most:
                self._open.popitem(last=False)
