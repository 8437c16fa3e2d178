# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""XML of strangers: what it says is read, what it could do is refused (C4)."""

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.formats.xml_guard import XmlLimits, parse_xml, read_xml_stream

CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><lolz>&i;</lolz>"
)


def refused(content, code="file_corrupt", limits=None):
    with pytest.raises(ContractError) as caught:
        parse_xml(content, "x.xml", limits)
    assert caught.value.code == code
    return caught.value.params["problem"]


def test_what_it_says_is_read():
    root = parse_xml(
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT}"><Amt Ccy="EUR">10.00</Amt>'
        "<Nm>M&#252;ller &amp; S&#xF6;hne</Nm><!-- x --><?pi y?><Ntry><![CDATA[<a>]]></Ntry></Document>".encode(),
        "x.xml",
    )
    assert root.tag == f"{{{CAMT}}}Document"
    amount = root.find(f"{{{CAMT}}}Amt")
    assert (amount.text, amount.get("Ccy")) == ("10.00", "EUR")
    assert root.findtext(f"{{{CAMT}}}Nm") == "Müller & Söhne"
    assert root.findtext(f"{{{CAMT}}}Ntry") == "<a>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings_that_xml_declares(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>Grün</a>'
    assert parse_xml(text.encode(encoding), "x.xml").text == "Grün"
    assert read_xml_stream(io.BytesIO(text.encode(encoding)), "x.xml").text == "Grün"


@pytest.mark.parametrize(
    "content",
    [
        LAUGHS,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "http://169.254.169.254/latest/meta-data/">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/evil.dtd"> %p;]><a/>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/evil.dtd"><a/>',
        '<!DOCTYPE a PUBLIC "-//x" "http://127.0.0.1/x"><a/>',
        "<!DOCTYPE a><a/>",
        f'<!DOCTYPE a [<!ENTITY x "{"x" * 1000}">]><a>{"&x;" * 1000}</a>',
        "<a>&undeclared;</a>",
        "<a><b></a>",
        "<a/><b/>",
        "",
        "text",
        '<a b="1" b="2"/>',
        "<a>\x00</a>",
        '<?xml version="1.0" encoding="utf-7"?><a/>',
        '<?xml version="1.0" encoding="no such"?><a/>',
        "<x:a/>",
    ],
)
def test_what_it_could_do_is_refused_at_once(content):
    begin = time.monotonic()
    refused(content.encode())
    assert time.monotonic() - begin < 1


def test_bytes_that_are_not_what_they_say():
    refused(b'<?xml version="1.0" encoding="UTF-8"?><a>\xff\xfe</a>')
    refused(b"\x1f\x8b\x08\x00")


def test_it_is_bounded():
    limits = XmlLimits(max_bytes=5000, max_depth=5, max_elements=50, max_attributes=3, max_text=100)
    assert parse_xml(b"<a>" * 5 + b"</a>" * 5, "x", limits).tag == "a"
    for content in (
        b"<a>" * 6 + b"</a>" * 6,
        b"<r>" + b"<a/>" * 50 + b"</r>",
        b'<a b="1" c="2" d="3" e="4"/>',
        b"<a>" + b"x" * 101 + b"</a>",
        b'<a b="' + b"x" * 101 + b'"/>',
        b"<a>" + b" " * 6000,
    ):
        refused(content, "file_too_large", limits)


def test_a_text_in_many_pieces_is_one_text():
    limits = XmlLimits(max_text=100)
    refused(b"<a>" + b"x&amp;" * 60 + b"</a>", "file_too_large", limits)
    assert len(parse_xml(b"<a>" + b"x&amp;" * 40 + b"</a>", "x", limits).text) == 80


def test_a_stream_is_read_no_further_than_its_limit():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"<a>" + b" " * (size - 3) if self.given == size else b" " * size

    stream = Endless()
    with pytest.raises(ContractError) as caught:
        read_xml_stream(stream, "x", XmlLimits(max_bytes=200_000, max_text=10**9))
    assert caught.value.code == "file_too_large"
    assert stream.given <= 300_000


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    for text in (content, b"<a>" + content + b"</a>"):
        try:
            parse_xml(text, "x")
        except ContractError as error:
            assert error.code in ("file_corrupt", "file_too_large")
