# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The errors that the hub raises: typed by cause, with a stable code of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .error_catalogue import CODES, CodeInfo, ErrorClass, fill

__all__ = [
    "AuthorizationError",
    "BusinessError",
    "ContractError",
    "ErrorClass",
    "IntegrationError",
    "MissingReferenceError",
    "TransientError",
    "error",
]

# An outside system's text must not grow an error row without bound.
MAX_PARAM_CHARACTERS = 300
MAX_DETAIL_CHARACTERS = 4000


class IntegrationError(Exception):
    """An expected failure.

    ``code``    key into the catalogue.
    ``detail``  for the engineer; never shown to the public, never holds a secret or a payload.
    ``params``  fill the sentences; texts, shortened to MAX_PARAM_CHARACTERS.
    ``retry_after_seconds``  how long the other side asks us to wait, None where it does not say.

    :raises ValueError: the code is not in the catalogue or belongs to another class than this subclass.
    """

    allowed_class: ClassVar[ErrorClass | None] = None

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        params: Mapping[str, object] | None = None,
        retry_after_seconds: int | None = None,
    ):
        info = CODES.get(code)
        if info is None:
            raise ValueError(f"unknown error code {code!r}")
        if self.allowed_class is not None and info.error_class is not self.allowed_class:
            raise ValueError(
                f"code {code!r} is of class {info.error_class.value}, not of {type(self).__name__}"
            )
        super().__init__(code, detail)
        self.code = code
        self.detail = detail[:MAX_DETAIL_CHARACTERS]
        self.params = {name: _shorten(str(value)) for name, value in (params or {}).items()}
        self.retry_after_seconds = retry_after_seconds

    @property
    def info(self) -> CodeInfo:
        """The catalogue's entry for this code."""
        return CODES[self.code]

    @property
    def error_class(self) -> ErrorClass:
        return self.info.error_class

    @property
    def sentence(self) -> str:
        """What happened, in English, for an accountant."""
        return fill(self.info.sentence, self.params)

    @property
    def next_step(self) -> str:
        """What that person should do now, in English."""
        return fill(self.info.next_step, self.params)

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence}" + (f" [{self.detail}]" if self.detail else "")

    def __reduce__(self):
        return _rebuild, (type(self), self.code, self.detail, self.params, self.retry_after_seconds)


class TransientError(IntegrationError):
    """Passes by itself; the retry policy decides when to try again."""

    allowed_class = ErrorClass.TRANSIENT


class ContractError(IntegrationError):
    """The other side broke what was agreed about form or content."""

    allowed_class = ErrorClass.CONTRACT


class MissingReferenceError(IntegrationError):
    """Master data, a mapping or a part of the set-up is missing here."""

    allowed_class = ErrorClass.REFERENCE


class BusinessError(IntegrationError):
    """A rule of the books refuses, or a person must decide."""

    allowed_class = ErrorClass.BUSINESS


class AuthorizationError(IntegrationError):
    """A sender, receiver or user is not allowed."""

    allowed_class = ErrorClass.AUTHORIZATION


_SUBCLASSES = {
    subclass.allowed_class: subclass
    for subclass in (TransientError, ContractError, MissingReferenceError, BusinessError, AuthorizationError)
}


def error(
    code: str,
    detail: str = "",
    *,
    params: Mapping[str, object] | None = None,
    retry_after_seconds: int | None = None,
) -> IntegrationError:
    """Return the error of the right subclass for ``code``; for callers that hold a code as data.

    :raises ValueError: the code is not in the catalogue.
    """
    info = CODES.get(code)
    if info is None:
        raise ValueError(f"unknown error code {code!r}")
    return _SUBCLASSES[info.error_class](code, detail, params=params, retry_after_seconds=retry_after_seconds)


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_PARAM_CHARACTERS else text[: MAX_PARAM_CHARACTERS - 1] + "…"


def _rebuild(subclass, code, detail, params, retry_after_seconds):
    return subclass(code, detail, params=params, retry_after_seconds=retry_after_seconds)
