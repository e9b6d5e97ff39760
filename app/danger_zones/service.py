"""Use cases of danger zones, for routers, commands and other domains.

Reports come in by `take_report` and `me_too`; `find_similar` offers what was reported nearby
before (`near_zones`: with exact places, for staff). A status changes by
`take_step` alone, and every change is written down with the sentence that the public reads: plans and fixes use
`advance_zones`, merging is undone by `restore`. `history` has the changes, `public_sentence` says one of them.
"""

from __future__ import annotations

from app.danger_zones.gathering import Gathered, zones_from_reports
from app.danger_zones.lifecycle import MERGEABLE, TRANSITIONS, possible_steps
from app.danger_zones.models import ZoneStatus
from app.danger_zones.moderating import (
    Decision,
    ZoneSummary,
    advance_zones,
    history,
    list_reports,
    merge,
    restore,
    split,
    take_step,
    verify,
    zones_by_ids,
)
from app.danger_zones.reporting import (
    NEARBY_M,
    Question,
    Sender,
    Taken,
    find_similar,
    me_too,
    near_zones,
    public_id_of,
    take_report,
)
from app.danger_zones.repository import DANGER_ZONES as COLLECTION
from app.danger_zones.telling import public_sentence

__all__ = [
    "COLLECTION",
    "MERGEABLE",
    "NEARBY_M",
    "TRANSITIONS",
    "Decision",
    "Gathered",
    "Question",
    "Sender",
    "Taken",
    "ZoneStatus",
    "ZoneSummary",
    "advance_zones",
    "find_similar",
    "history",
    "list_reports",
    "me_too",
    "merge",
    "near_zones",
    "possible_steps",
    "public_id_of",
    "public_sentence",
    "restore",
    "split",
    "take_report",
    "take_step",
    "verify",
    "zones_by_ids",
    "zones_from_reports",
]
