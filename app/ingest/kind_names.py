"""The kinds of files that Kvart takes in, named as in the command line and over HTTP."""

from __future__ import annotations

from typing import Literal, get_args

ImportKind = Literal[
    "areal-units",
    "streets",
    "incidents",
    "reports",
    "danger-zones",
    "street-lights",
    "street-light-outages",
    "fixes",
    "officers",
    "beats",
]
"""Kinds of rows that belong to a municipality."""

IMPORT_KINDS = ("municipalities", *get_args(ImportKind))
