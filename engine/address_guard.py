# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which addresses the hub may call: public ones over TLS, others only when a person allowed them by name.

The caller resolves the host, checks *every* address with ``check_address`` and connects to the checked
address itself: checking the name alone is undone by a second DNS answer (OWASP, "Server-Side Request
Forgery Prevention Cheat Sheet").
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from .errors import AuthorizationError

MAX_URL_CHARACTERS = 2000
_PLAIN_URL = re.compile(r"[\x21-\x7e]+", re.ASCII)
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_PORT = re.compile(r"[1-9]\d{0,4}", re.ASCII)
# The last label of a public name holds a letter; "127.1", "2130706433" and "0x7f000001" do not get here.
_NUMERIC_LABEL = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.ASCII)
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".arpa")
_DEFAULT_PORTS = {"https": 443, "http": 80}

_NOT_PUBLIC = ("is_loopback", "is_link_local", "is_private", "is_multicast", "is_unspecified", "is_reserved")
# Beyond what the library's properties say: shared address space, documentation, benchmarking, relays.
_FORBIDDEN_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
# Cloud metadata services, some of which live in otherwise public or unique-local space.
_METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Google Cloud, Azure, Oracle, IBM, OpenStack and others
        "169.254.170.2",  # AWS: credentials of containers
        "169.254.170.23",  # AWS: identity of pods
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",  # Google Cloud
        "168.63.129.16",  # Azure, in public space
        "100.100.100.200",  # Alibaba
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "fd00:42::42",
        "192.80.8.124",  # Equinix Metal, in public space
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Interface identifiers that carry an IPv4 address (RFC 5214, 6.1).
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a permitted URL leads. ``allowed_by_name`` = a person allowed this host, private or not."""

    scheme: str
    host: str
    port: int
    allowed_by_name: bool


def check_url(url: str, allowed_hosts: Collection[str] = ()) -> Target:
    """Return where ``url`` leads, if the hub may call it.

    ``allowed_hosts`` are exact host names or addresses (lower case) that an administrator allowed: for them
    plain http, literal addresses and local names are permitted. Addresses behind a name are not looked up
    here; the caller checks each with ``check_address`` unless ``allowed_by_name``.

    :raises AuthorizationError: ``address_forbidden``.
    """
    if len(url) > MAX_URL_CHARACTERS or not _PLAIN_URL.fullmatch(url) or "\\" in url:
        raise _forbidden("", "the address holds unusual characters or is too long")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _forbidden("", "the address cannot be read") from error
    host, port_text, bracketed = _split_authority(parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS:
        raise _forbidden(host, "only https is permitted")
    allowed = host in {name.lower() for name in allowed_hosts}
    if parts.scheme == "http" and not allowed:
        raise _forbidden(host, "only https is permitted")
    port = _read_port(host, port_text, parts.scheme)
    if bracketed or _is_ipv4(host):
        if not allowed:
            raise _forbidden(host, "an address of numbers is permitted only by name")
    elif not allowed:
        _check_name(host)
    return Target(parts.scheme, host, port, allowed)


def check_address(address: str) -> None:
    """Refuse an IP ``address`` (text, as the resolver gave it) that is not public.

    Refused are private, loopback, link-local, multicast, unspecified, reserved and metadata addresses, IPv6
    forms that carry such an IPv4 address (mapped, 6to4, NAT64, ISATAP), and Teredo and IPv4-compatible ones at all.

    :raises AuthorizationError: ``address_forbidden``, also for a text that is no IP address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError as error:
        raise _forbidden(address[:64], "it is no IP address") from error
    reason = _refusal(parsed)
    if reason:
        raise _forbidden(str(parsed), reason)


def _refusal(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Return why ``address`` is not permitted, an empty text when it is."""
    if address in _METADATA_ADDRESSES:
        return "it is a metadata service"
    carried, complete = _carried(address)
    if carried is not None and (complete or _refusal(carried)):
        return _refusal(carried)
    if getattr(address, "scope_id", None) or any(getattr(address, quality) for quality in _NOT_PUBLIC):
        return "it is not public"
    if any(address.version == network.version and address in network for network in _FORBIDDEN_NETWORKS):
        return "it is not public"
    return ""


def _carried(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> tuple[ipaddress.IPv4Address | None, bool]:
    """Return the IPv4 address inside an IPv6 one, and whether it alone says where the packet goes."""
    if address.version == 4:
        return None, False
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped, True
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), True
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), False
    return address.sixtofour, False


def _split_authority(authority: str) -> tuple[str, str | None, bool]:
    """Return host (lower case), port text and whether the host is a bracketed IPv6 address."""
    if "@" in authority:
        raise _forbidden("", "an address must not hold a user or password")
    if authority.startswith("["):
        inside, closing, rest = authority[1:].partition("]")
        if not closing or (rest and not rest.startswith(":")):
            raise _forbidden("", "the address cannot be read")
        try:
            host = str(ipaddress.IPv6Address(inside))
        except ValueError as error:
            raise _forbidden("", "the address cannot be read") from error
        return host, rest[1:] if rest else None, True
    host, colon, port_text = authority.partition(":")
    if not host:
        raise _forbidden("", "the address names no host")
    return host.lower(), port_text if colon else None, False


def _read_port(host: str, port_text: str | None, scheme: str) -> int:
    if port_text is None:
        return _DEFAULT_PORTS[scheme]
    if not _PORT.fullmatch(port_text) or int(port_text) > 65535:
        raise _forbidden(host, "the port cannot be read")
    return int(port_text)


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _check_name(host: str) -> None:
    if host.endswith(".") or not _HOST_NAME.fullmatch(host):
        raise _forbidden(host[:64], "the host name cannot be read")
    labels = host.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        raise _forbidden(host, "an address of numbers is permitted only by name")
    if len(labels) == 1 or host.endswith(_LOCAL_SUFFIXES):
        raise _forbidden(host, "it is a local name")


def _forbidden(host: str, reason: str) -> AuthorizationError:
    return AuthorizationError("address_forbidden", params={"host": host, "reason": reason})
