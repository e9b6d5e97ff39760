"""Errors of the service and the one table from error to HTTP status and to problem document (RFC 9457).

::

    KvartError
    ├── BadParameterError        a query parameter is unknown, repeated or cannot be read
    ├── NotFoundError            no such municipality, run, zone ...
    ├── InvalidInputError        the request or file cannot be used; nothing was stored
    │   └── ImportRefusedError   a file as a whole cannot be imported
    ├── TooLargeError            more bytes, vertices or features than a request may hold
    ├── UnsupportedFormatError   a file type that Kvart does not read or write
    ├── ConflictError            the state does not allow it (a frozen plan, a run under way)
    ├── PreconditionFailedError  somebody else changed it meanwhile
    ├── UnauthenticatedError     no credential, or one that is not (or no longer) valid
    ├── ForbiddenError           the caller's role has no right to this
    │   └── PurposeRequiredError exact data, and no purpose of use given
    ├── TooManyRequestsError     more requests or attempts than one caller may make
    ├── IdentityProviderUnavailableError  the issuer of tokens does not answer, and its keys are not known
    ├── DatabaseUnavailableError no PostGIS, or it does not answer
    └── StorageError             the service cannot write a file, or read it again
        └── FullStorageError     its disk is full
    analysis.errors.AnalysisError   see there; answered like InvalidInputError
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

from analysis.errors import AnalysisError


class KvartError(Exception):
    """Base of the service's errors.

    Parameters
    ----------
    message : str
        What is wrong, naming file, line, column, parameter or unit.
    hint : str
        What to do about it.
    details : dict, optional
        Machine-readable members that are added to the problem document.
    """

    code: ClassVar[str] = "kvart_error"

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint
        self.details = details


class BadParameterError(KvartError):
    """A query parameter is unknown, repeated or cannot be read; ``parameter`` names it in the problem document."""

    code = "bad_parameter"

    def __init__(self, parameter: str, reason: str, hint: str = "") -> None:
        super().__init__(f"Query parameter '{parameter}' {reason}", hint, parameter=parameter)
        self.parameter = parameter


class NotFoundError(KvartError):
    """What was asked for does not exist."""

    code = "not_found"


class InvalidInputError(KvartError):
    """The request or file cannot be used; nothing was stored."""

    code = "invalid_input"


class ImportRefusedError(InvalidInputError):
    """A file as a whole cannot be imported; nothing was stored."""

    code = "import_refused"


class TooLargeError(KvartError):
    """More bytes, vertices or features than one request may hold."""

    code = "too_large"


class UnsupportedFormatError(KvartError):
    """A file type that Kvart does not read or write."""

    code = "unsupported_format"


class ConflictError(KvartError):
    """The present state does not allow this."""

    code = "conflict"


class PreconditionFailedError(KvartError):
    """Somebody else changed it since the caller looked."""

    code = "precondition_failed"


class UnauthenticatedError(KvartError):
    """No credential was given, or one that is not (or no longer) valid; the message never says which."""

    code = "unauthenticated"


class ForbiddenError(KvartError):
    """The caller's role has no right to this; the message never says what exists."""

    code = "forbidden"


class PurposeRequiredError(ForbiddenError):
    """Exact personal data was asked for without a purpose of use."""

    code = "purpose_required"


class TooManyRequestsError(KvartError):
    """More requests or attempts than one caller may make; ``retry_after`` is the wait in whole seconds."""

    code = "too_many_requests"

    def __init__(self, message: str, hint: str = "", *, retry_after: int) -> None:
        super().__init__(message, hint, retry_after=retry_after)
        self.retry_after = retry_after


class IdentityProviderUnavailableError(KvartError):
    """The issuer of tokens does not answer, and its keys are not known."""

    code = "identity_provider_unavailable"


class DatabaseUnavailableError(KvartError):
    """There is no usable PostGIS, or it does not answer."""

    code = "database_unavailable"


class StorageError(KvartError):
    """The service cannot write a file or read it again; nothing of it is left."""

    code = "storage_failed"


class FullStorageError(StorageError):
    """The disk of the service is full, or what it may use of it."""

    code = "insufficient_storage"


STATUS_OF_ERROR: dict[type[Exception], HTTPStatus] = {
    BadParameterError: HTTPStatus.BAD_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedFormatError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ConflictError: HTTPStatus.CONFLICT,
    PreconditionFailedError: HTTPStatus.PRECONDITION_FAILED,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
    IdentityProviderUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    FullStorageError: HTTPStatus.INSUFFICIENT_STORAGE,
    StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
    AnalysisError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def status_of(error: Exception) -> HTTPStatus:
    """Return the HTTP status of an error: that of its nearest ancestor in ``STATUS_OF_ERROR``."""
    for ancestor in type(error).__mro__:
        if ancestor in STATUS_OF_ERROR:
            return STATUS_OF_ERROR[ancestor]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_document(error: KvartError | AnalysisError) -> dict[str, Any]:
    """Return the problem document (RFC 9457) of an error."""
    details = getattr(error, "details", {})
    return build_problem(status_of(error), error.code, error.message, hint=error.hint, **details)


def build_problem(status: HTTPStatus, code: str, detail: str, **members: Any) -> dict[str, Any]:
    """Return a problem document with further ``members``, of which the empty ones are left out."""
    return {
        "type": f"urn:kvart:problem:{code}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        **{name: value for name, value in members.items() if value not in (None, "", [], {})},
    }
