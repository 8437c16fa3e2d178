# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Requests to object stores are signed as Amazon's examples are, and answers mean what its reference says."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import object_store
from odoo.addons.finance_integration.engine.errors import AuthorizationError, TransientError
from odoo.addons.finance_integration.engine.object_store import Bucket, Listed
from odoo.addons.finance_integration.engine.signatures.aws_v4 import encoded, signed_headers

# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples: Signature Calculations"
EXAMPLE = {
    "key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "region": "us-east-1",
    "now": dt.datetime(2013, 5, 24, tzinfo=dt.timezone.utc),
}
HOST = "https://examplebucket.s3.amazonaws.com"
PAGE = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>%s</IsTruncated>%s
<Contents><Key>in/a.csv</Key><Size>12</Size><ETag>"1"</ETag></Contents>
<CommonPrefixes><Prefix>in/done/</Prefix></CommonPrefixes></ListBucketResult>"""


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "signature"),
    [
        (
            "GET",
            f"{HOST}/test.txt",
            {"Range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            f"{HOST}/test%24file.text",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            f"{HOST}?lifecycle",
            {},
            b"",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            f"{HOST}?max-keys=2&prefix=J",
            {},
            b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_examples_of_the_reference(method, url, headers, body, signature):
    proof = signed_headers(method, url, headers, body, **EXAMPLE)
    assert proof["authorization"].endswith(f"Signature={signature}")
    assert "host" not in proof


@given(st.text(min_size=1, max_size=40))
def test_any_name_is_encoded_so_that_nothing_of_it_means_something_else(name):
    assert set(encoded(name)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")


def test_addresses():
    bucket = Bucket("https://store.example", "bank-files", "eu-1")
    assert bucket.url("in/a b.csv") == "https://store.example/bank-files/in/a%20b.csv"
    assert bucket.copy_source("in/a.csv") == "/bank-files/in/a.csv"
    assert "prefix=in%2F" in bucket.listing_url("in/")
    assert "continuation-token=x" in bucket.listing_url("in/", "x")
    assert object_store.endpoint_of("", "eu-1") == "https://s3.eu-1.amazonaws.com"
    assert object_store.endpoint_of("https://store.example/", "eu-1") == "https://store.example"


@pytest.mark.parametrize("name", ["bank-files", "a.b-c.d", "123"])
def test_names_of_buckets(name):
    assert object_store.BUCKET.fullmatch(name)


@pytest.mark.parametrize("name", ["", "ab", "Bank", "-bank", "bank-", "a..b", "a/b", "a" * 64, "bank files"])
def test_what_is_no_name_of_a_bucket(name):
    assert not object_store.BUCKET.fullmatch(name)


def test_a_listing_is_read_page_by_page():
    row = Listed("in/a.csv", 12, '"1"')
    assert object_store.read_listing(PAGE % (b"false", b"")) == ([row], "")
    more = b"<NextContinuationToken>next</NextContinuationToken>"
    assert object_store.read_listing(PAGE % (b"true", more)) == ([row], "next")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>We are down</html>",
        b"<ListBucketResult>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult>&a;</ListBucketResult>',
        b"\x00\x01",
    ],
)
def test_an_answer_that_is_no_listing_passes_and_is_asked_for_again(body):
    with pytest.raises(TransientError) as caught:
        object_store.read_listing(body)
    assert caught.value.code == "source_unavailable"


@pytest.mark.parametrize(
    ("status", "code", "kind", "wanted"),
    [
        (403, "SignatureDoesNotMatch", AuthorizationError, "credential_refused"),
        (403, "InvalidAccessKeyId", AuthorizationError, "credential_refused"),
        (400, "AuthorizationHeaderMalformed", AuthorizationError, "credential_refused"),
        (403, "AccessDenied", AuthorizationError, "file_forbidden"),
        (404, "NoSuchBucket", AuthorizationError, "file_forbidden"),
        (404, "", AuthorizationError, "file_forbidden"),
        (301, "PermanentRedirect", AuthorizationError, "file_forbidden"),
        (307, "", AuthorizationError, "file_forbidden"),
        (412, "PreconditionFailed", TransientError, "source_unavailable"),
        (429, "SlowDown", TransientError, "source_unavailable"),
        (500, "InternalError", TransientError, "source_unavailable"),
        (503, "", TransientError, "source_unavailable"),
    ],
)
def test_what_a_refusal_means(status, code, kind, wanted):
    body = f"<Error><Code>{code}</Code></Error>".encode() if code else b"<html>"
    error = object_store.refusal(status, body, "a.csv")
    assert (type(error), error.code) == (kind, wanted)


def test_a_copy_counts_when_its_answer_says_so():
    assert object_store.is_copied(b"<CopyObjectResult><ETag>x</ETag></CopyObjectResult>")
    assert not object_store.is_copied(b"<Error><Code>InternalError</Code></Error>")
    assert not object_store.is_copied(b"")
