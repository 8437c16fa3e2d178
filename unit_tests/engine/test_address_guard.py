# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The usual ways round an address check are closed."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.address_guard import Target, check_address, check_url
from odoo.addons.finance_integration.engine.errors import AuthorizationError

FORBIDDEN_IPV4 = [
    *["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255"],  # noqa: S104 - no socket is bound
    *["192.168.1.1", "169.254.169.254", "169.254.170.2", "169.254.0.1", "100.64.0.1", "100.100.100.200"],
    *["168.63.129.16", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"],
    *["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
    *["169.254.170.23", "169.254.0.23", "169.254.42.42", "192.80.8.124"],
]
PUBLIC_IPV4 = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "192.169.0.1"]


def refused(function, *arguments):
    with pytest.raises(AuthorizationError) as caught:
        function(*arguments)
    assert caught.value.code == "address_forbidden"
    return caught.value.params["reason"]


@pytest.mark.parametrize("address", PUBLIC_IPV4)
def test_public_addresses_are_permitted_in_every_form(address):
    check_address(address)
    check_address(f"::ffff:{address}")
    check_address(f"64:ff9b::{address}")


@pytest.mark.parametrize("address", ["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001::1"])
def test_public_ipv6_addresses_are_permitted(address):
    check_address(address)


@pytest.mark.parametrize("address", FORBIDDEN_IPV4)
def test_inner_addresses_are_refused_in_every_form(address):
    refused(check_address, address)
    refused(check_address, f"::ffff:{address}")
    refused(check_address, f"64:ff9b::{address}")
    refused(check_address, f"::{address}")
    number = int(ipaddress.IPv4Address(address))
    refused(check_address, f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1")
    for isatap in ("0:5efe", "200:5efe"):
        refused(check_address, f"2606:4700::{isatap}:{number >> 16:x}:{number & 0xFFFF:x}")


@pytest.mark.parametrize(
    "address",
    [
        *[
            "::1",
            "::",
            "fe80::1",
            "fe80::1%eth0",
            "fc00::1",
            "fd12::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            "ff02::1",
            "fec0::1",
        ],
        *[
            "2001:db8::1",
            "2001::1",
            "2001:0:808:808::",
            "100::1",
            "64:ff9b:1::808:808",
            "3fff::1",
            "::8.8.8.8",
        ],
        *["2606:4700::1%1", "5f00::1"],
    ],
)
def test_inner_ipv6_addresses_are_refused(address):
    refused(check_address, address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "1.2.3.4.5",
        " 8.8.8.8",
        "8.8.8.8/32",
    ],
)
def test_what_is_no_address_is_refused(text):
    refused(check_address, text)


@given(st.ip_addresses())
def test_what_passes_is_global(address):
    try:
        check_address(str(address))
    except AuthorizationError:
        return
    carrier = address.version == 6 and (
        address.ipv4_mapped or address in ipaddress.ip_network("64:ff9b::/96")
    )
    assert carrier or address.is_global
    assert not address.is_multicast


@given(st.text(max_size=60))
def test_checking_raises_nothing_else(text):
    for function in (check_address, check_url):
        try:
            function(text)
        except AuthorizationError as error:
            assert error.code == "address_forbidden"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (
            "https://api.stripe.com/v1/charges?limit=1",
            Target("https", "api.stripe.com", 443, allowed_by_name=False),
        ),
        ("https://API.Stripe.com:8443", Target("https", "api.stripe.com", 8443, allowed_by_name=False)),
        (
            "https://xn--bcher-kva.example/",
            Target("https", "xn--bcher-kva.example", 443, allowed_by_name=False),
        ),
        ("HTTPS://a.example/#x", Target("https", "a.example", 443, allowed_by_name=False)),
    ],
)
def test_public_https_is_permitted(url, target):
    assert check_url(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "http://api.stripe.com/",
        "ftp://api.stripe.com/",
        "file:///etc/passwd",
        "gopher://a.example/",
        "//a.example/",
        "a.example",
        "",
        "https://",
        "https:///path",
        "https://:443/",
        "https://user@a.example/",
        "https://user:word@a.example/",
        "https://a.example@127.0.0.1/",
        "https://127.0.0.1/",
        "https://8.8.8.8/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[2606:4700::1111]/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[nonsense]/",
        "https://[1.2.3.4]/",
        "https://2130706433/",
        "https://127.0.0.1.:443/",
        "https://127.0.0.1%00.example/",
        "https://%31%32%37.0.0.1/",
        "https://127。0。0。1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://१२७.0.0.1/",
        "https://０x7f.1/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1%eth0]/",
        "https://0/",
        "https://00000177.1/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://169.254.43518/",
        "https://metadata/",
        "https://kubernetes.default.svc.cluster.local/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://a.example.1/",
        "https://a.example.0x1/",
        "https://localhost/",
        "https://foo.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://intranet/",
        "https://1.0.0.127.in-addr.arpa/",
        "https://a.example./",
        "https://localhost./",
        "https://a..example/",
        "https://-a.example/",
        "https://a_b.example/",
        "https://bücher.example/",
        "https://ⓛocalhost/",
        "https://a.example:0/",
        "https://a.example:/",
        "https://a.example:65536/",
        "https://a.example:443x/",
        "https://a.example:+443/",
        "https://a.example:80:443/",
        "https://a.example\\@127.0.0.1/",
        "https://a.example /",
        "https://a.example/\r\nHost: b",
        "https://a.example\t/",
        " https://a.example/",
        "https://" + "a." * 130 + "example/",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_everything_else_is_refused(url):
    refused(check_url, url)


def test_a_host_may_be_allowed_by_name():
    allowed = {"simulator.local", "127.0.0.1", "::1", "Bank"}
    assert check_url("http://simulator.local:8099/in", allowed) == Target(
        "http", "simulator.local", 8099, allowed_by_name=True
    )
    assert check_url("http://127.0.0.1/", allowed).port == 80
    assert check_url("https://[::1]/", allowed).host == "::1"
    assert check_url("https://[0:0:0:0:0:0:0:1]/", allowed).host == "::1"
    assert check_url("https://bank/", allowed).allowed_by_name
    for other in (
        "http://sub.simulator.local/",
        "http://127.0.0.2/",
        "http://user@127.0.0.1/",
        "ftp://127.0.0.1/",
    ):
        refused(check_url, other, allowed)


def test_a_refusal_never_repeats_credentials():
    with pytest.raises(AuthorizationError) as caught:
        check_url("https://user:hunter2@a.example/")
    assert "hunter2" not in str(caught.value)
