# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""As much of GraphQL as the shop's API needs: reads a question, gives back the fields that it asks for and no other.

Source: https://spec.graphql.org/October2021/ (documents, selection sets, arguments, variables, inline fragments).
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_TOKENS = re.compile(r'\.\.\.|[A-Za-z_][A-Za-z0-9_]*|-?\d+|"(?:[^"\\]|\\.)*"|[!$(){}\[\]:=,]')
MAX_DEPTH = 20


class AskedWronglyError(Exception):
    """The question is not one that the API understands; ``args`` are the code and the message."""


@dataclasses.dataclass(frozen=True)
class Field:
    """A field that is asked for; ``on`` = only of objects of that type."""

    name: str
    arguments: Mapping[str, Any]
    fields: tuple[Field, ...]
    on: str | None = None


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, Any]):
        self._tokens = _TOKENS.findall(text)
        self._place = 0
        self._variables = variables

    def peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if not token or (wanted is not None and token != wanted):
            raise AskedWronglyError("parse_error", f"{wanted or 'more'} expected, not {token or 'the end'}")
        self._place += 1
        return token

    def document(self) -> tuple[str, tuple[Field, ...]]:
        kind = self.take() if self.peek() != "{" else "query"
        if kind not in ("query", "mutation"):
            raise AskedWronglyError("parse_error", f"{kind} is no question")
        if self.peek() not in ("{", "("):
            self.take()
        if self.peek() == "(":
            self._declarations()
        return kind, tuple(self.selection(0))

    def _declarations(self) -> None:
        depth = 0
        while True:
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token, 0)
            if token == "$" and self.peek() not in self._variables:
                self._variables = {**self._variables, self.peek(): None}
            if not depth:
                return

    def selection(self, depth: int, on: str | None = None) -> Iterator[Field]:
        if depth > MAX_DEPTH:
            raise AskedWronglyError("parse_error", "nested too deeply")
        self.take("{")
        while self.peek() != "}":
            if self.peek() == "...":
                self.take()
                self.take("on")
                yield from self.selection(depth + 1, self.take())
                continue
            name = self.take()
            arguments = self._arguments() if self.peek() == "(" else {}
            fields = tuple(self.selection(depth + 1)) if self.peek() == "{" else ()
            yield Field(name, arguments, fields, on)
        self.take("}")

    def _arguments(self) -> dict[str, Any]:
        found = {}
        self.take("(")
        while self.peek() != ")":
            name = self.take()
            self.take(":")
            found[name] = self._value()
            if self.peek() == ",":
                self.take()
        self.take(")")
        return found

    def _value(self) -> Any:
        token = self.take()
        if token == "$":
            name = self.take()
            if name not in self._variables:
                raise AskedWronglyError("parse_error", f"${name} is not declared")
            return self._variables[name]
        if token == "{":
            found = {}
            while self.peek() != "}":
                name = self.take()
                self.take(":")
                found[name] = self._value()
                if self.peek() == ",":
                    self.take()
            self.take("}")
            return found
        if token.startswith('"'):
            return json.loads(token)
        if token in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token]
        return int(token) if token.lstrip("-").isdigit() else token


def read(text: str, variables: Mapping[str, Any] | None = None) -> tuple[str, tuple[Field, ...]]:
    """Return the kind of a question (query, mutation) and the fields that it asks for.

    :raises AskedWronglyError: it cannot be read.
    """
    return _Reader(text, variables or {}).document()


def answer(fields: tuple[Field, ...], thing: Any) -> Any:
    """Return of ``thing`` what is asked for; a value that is a function is called with the arguments.

    :raises AskedWronglyError: a field does not exist, or is asked for without saying what of it.
    """
    if thing is None:
        return None
    if isinstance(thing, list):
        return [answer(fields, each) for each in thing]
    if not isinstance(thing, Mapping):
        raise AskedWronglyError("selectionMismatch", "a plain value has no fields")
    found = {}
    for field in fields:
        if field.on and thing.get("__typename") != field.on:
            continue
        if field.name not in thing:
            raise AskedWronglyError("undefinedField", f"Field '{field.name}' doesn't exist")
        value = thing[field.name]
        if callable(value):
            value = value(**field.arguments)
        if field.fields:
            value = answer(field.fields, value)
        elif isinstance(value, Mapping) or (
            isinstance(value, list) and value and isinstance(value[0], Mapping)
        ):
            raise AskedWronglyError("selectionMismatch", f"'{field.name}' must have selections")
        found[field.name] = value
    return found


def cost(fields: tuple[Field, ...], times: int = 1) -> int:
    """Return what a question may cost: a point for each object that it could give back, 0 for plain values.

    Source: https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits (an object 1, a list by its size).
    """
    total = 0
    for field in fields:
        if not field.fields or field.name == "pageInfo":
            continue
        size = field.arguments.get("first")
        inner = times * size if isinstance(size, int) else times
        # The list itself is no object; its entries are counted as nodes, or here where it has no pages.
        paged = any(each.name == "nodes" for each in field.fields)
        total += (0 if paged else inner) + cost(field.fields, inner)
    return total
