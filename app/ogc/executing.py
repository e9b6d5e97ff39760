"""Reading a request to execute a process, and handing its run to the queue."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from sqlalchemy.orm import Session

from app.analyses.kinds import first_fault, told_faults
from app.errors import InvalidInputError
from app.features.schemas import InputModel
from app.imports import service as imports
from app.imports.uploads import Upload, safe_file_name
from app.municipalities.context import MunicipalityContext
from app.ogc.processes import OUTPUTS, SUMMARY, ImportInputs, Process
from app.runs import service as runs
from app.runs.schemas import MAX_SEED
from app.runs.service import AnalysisRun

QUALIFIED = frozenset({"value", "mediaType", "encoding", "schema"})


class WantedOutput(InputModel):
    """How an output is wanted."""

    format: dict[str, Any] | None = Field(default=None, description="Media type; each output has one.")
    transmission_mode: Literal["value", "reference"] | None = Field(default=None, alias="transmissionMode")


class ExecuteRequest(InputModel):
    """A request to execute a process."""

    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, WantedOutput] | None = None
    response: Literal["raw", "document"] = "document"


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Attributes
    ----------
    inputs : dict
        Values by name.
    outputs : tuple of str or None
        The outputs that are wanted; None for all there are.
    raw : bool
        Whether the outputs are wanted as such, without a document around them.
    """

    inputs: dict[str, Any]
    outputs: tuple[str, ...] | None
    raw: bool


def read_execution(body: ExecuteRequest) -> Asked:
    """Return what is asked for.

    Raises
    ------
    InvalidInputError
        If an input refers to another address, or an output does not exist.
    """
    unknown = sorted(set(body.outputs or ()) - {SUMMARY, *OUTPUTS})
    if unknown:
        known = ", ".join((SUMMARY, *OUTPUTS))
        raise InvalidInputError(f"There is no output {unknown[0][:80]!r}.", f"Known are {known}.", pointer="outputs")
    inputs = {name: _value(name, given) for name, given in body.inputs.items()}
    return Asked(inputs, None if body.outputs is None else tuple(body.outputs), body.response == "raw")


def submit(
    session: Session,
    municipality: MunicipalityContext,
    process: Process,
    asked: Asked,
    account_id: int | None,
    uploads: Path,
) -> AnalysisRun:
    """Put the run of a process into the queue.

    Raises
    ------
    InvalidInputError
        An input is missing, unknown or cannot be used.
    ConflictError, TooManyRequestsError
        Too many runs wait already.
    """
    inputs = dict(asked.inputs)
    if process.kind == "import":
        return _submit_import(session, municipality, inputs, account_id, uploads)
    seed = inputs.pop("seed", None)
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED):
        raise InvalidInputError(
            "Input 'seed' is no whole number from 0 to 4,294,967,295.", "Leave it out, or correct it.", pointer="seed"
        )
    return runs.submit_run(session, municipality, process.kind, inputs, seed, requested_by=account_id)


def _submit_import(
    session: Session, municipality: MunicipalityContext, inputs: dict[str, Any], account_id: int | None, uploads: Path
) -> AnalysisRun:
    try:
        checked = ImportInputs.model_validate(inputs)
    except ValidationError as error:
        raise InvalidInputError(
            told_faults(error), "GET .../processes/import describes the inputs.", pointer=first_fault(error)
        ) from error
    upload = Upload(uploads / municipality.code / secrets.token_hex(12))
    upload.directory.mkdir(parents=True, mode=0o700)
    try:
        upload.path = upload.directory / safe_file_name(checked.file_name)
        upload.path.write_text(checked.file, encoding="utf-8")
        others = checked.model_dump(exclude={"file", "file_name"}, exclude_none=True)
        upload.fields.update({name: str(value) for name, value in others.items()})
        return imports.submit_import(session, municipality, upload, account_id)
    except BaseException:
        upload.discard()
        raise


def _value(name: str, given: Any) -> Any:
    """Return the value of an input, which may be given with its format."""
    if not isinstance(given, dict):
        return given
    if "href" in given:
        raise InvalidInputError(
            f"Input {name[:80]!r} refers to another address: Kvart fetches nothing.",
            f"Fetch it yourself and send what it holds: {{{name[:80]!r}: {{'value': ...}}}}. "
            "A file of more than a megabyte goes to POST /municipalities/{municipality}/imports.",
            pointer=name[:80],
        )
    return given["value"] if "value" in given and set(given) <= QUALIFIED else given
