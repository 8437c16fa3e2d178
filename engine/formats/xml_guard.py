# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reads XML of strangers: no document type, no entities but XML's own five, nothing fetched, everything bounded.

The parser is expat. A document type declaration ends reading at once, so that neither an internal entity that grows
("billion laughs") nor an external one (files of this server, addresses of its network) is ever looked at. Sources:
XML 1.0 (fifth edition) 2.8 and 4; OWASP, "XML External Entity Prevention Cheat Sheet"; defusedxml, "XML
vulnerabilities".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from .base import corrupt, too_large

CHUNK_BYTES = 65_536
# ElementTree's way of writing a name with its namespace: {namespace}name.
_SEPARATOR = "}"


@dataclasses.dataclass(frozen=True)
class XmlLimits:
    """What a document may be at most; ``max_text`` bounds the characters of one text or attribute."""

    max_bytes: int = 200_000_000
    max_depth: int = 64
    max_elements: int = 5_000_000
    max_attributes: int = 100
    max_text: int = 1_000_000


class _Guard:
    """Builds a tree and stops at whatever must not be there.

    :raises ContractError: ``file_corrupt``, ``file_too_large`` out of every callback.
    """

    def __init__(self, source: str, limits: XmlLimits, builder: TreeBuilder):
        self._source = source
        self._limits = limits
        self._builder = builder
        self._depth = 0
        self._elements = 0
        self._text = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        self._text = 0
        limits = self._limits
        if self._depth > limits.max_depth:
            raise too_large(self._source, f"more than {limits.max_depth} levels")
        if self._elements > limits.max_elements:
            raise too_large(self._source, f"more than {limits.max_elements} elements")
        if len(attributes) > limits.max_attributes:
            raise too_large(self._source, f"more than {limits.max_attributes} attributes on one element")
        if any(len(value) > limits.max_text for value in attributes.values()):
            raise too_large(self._source, f"an attribute of more than {limits.max_text} characters")
        self._builder.start(_named(name), {_named(key): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        self._depth -= 1
        self._text = 0
        self._builder.end(_named(name))

    def text(self, text: str) -> None:
        self._text += len(text)
        if self._text > self._limits.max_text:
            raise too_large(self._source, f"a text of more than {self._limits.max_text} characters")
        self._builder.data(text)

    def forbid(self, *_details: object) -> None:
        raise corrupt(self._source, "it declares a document type or entities, which are not read")


def _named(name: str) -> str:
    return "{" + name if _SEPARATOR in name else name


def parse_xml(content: bytes, source: str, limits: XmlLimits | None = None) -> Element:
    """Return the root element of a document; names carry their namespace as ElementTree writes it.

    :param source: names the document in errors.
    :raises ContractError: ``file_corrupt`` (not well-formed, a document type, another encoding than it says),
        ``file_too_large``.
    """
    return read_xml(iter([content]), source, limits)


def read_xml_stream(stream: BinaryIO, source: str, limits: XmlLimits | None = None) -> Element:
    """As ``parse_xml``, from an unpacked stream, read once; never more than ``max_bytes`` of it."""
    return read_xml(iter(lambda: stream.read(CHUNK_BYTES), b""), source, limits)


def read_xml(chunks: Iterator[bytes], source: str, limits: XmlLimits | None = None) -> Element:
    """As ``parse_xml``, from pieces."""
    limits = limits or XmlLimits()
    builder = TreeBuilder()
    parser = _parser(_Guard(source, limits, builder))
    total = 0
    try:
        for chunk in chunks:
            total += len(chunk)
            if total > limits.max_bytes:
                raise too_large(source, f"more than {limits.max_bytes} bytes")
            parser.Parse(chunk)
        parser.Parse(b"", 1)
    except expat.ExpatError as error:
        raise corrupt(source, f"line {error.lineno}: {expat.ErrorString(error.code)}") from None
    except (ValueError, LookupError) as error:  # an encoding that expat does not know
        raise corrupt(source, f"its encoding is not read ({type(error).__name__})") from None
    return builder.close()


def _parser(guard: _Guard) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    parser.CharacterDataHandler = guard.text
    for name in (
        "StartDoctypeDeclHandler",
        "EntityDeclHandler",
        "UnparsedEntityDeclHandler",
        "NotationDeclHandler",
        "ExternalEntityRefHandler",
        "SkippedEntityHandler",
    ):
        setattr(parser, name, guard.forbid)
    return parser
