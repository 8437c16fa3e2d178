"""Which Debian archive a machine is configured for."""

from devtools import apt_sources

ONE_LINE = """
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # the archive
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] https://mirror.example/security bookworm-security main
deb-src http://mirror.example/debian bookworm main
deb https://tools.example/apt cloud-sdk-bookworm main
"""

STANZAS = """
Types: deb deb-src
# a comment inside
URIs: http://one.example/debian http://two.example/debian
Suites: trixie trixie-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb
URIs: https://node.example/node_20.x
Suites: nodistro
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_the_one_line_format():
    """Options, comments and source packages are told apart."""
    sources = apt_sources.parse_one_line(ONE_LINE)
    assert [source.uri for source in sources] == [
        "http://mirror.example/debian",
        "https://mirror.example/security",
        "https://tools.example/apt",
    ]
    assert sources[0].components == ("main", "contrib")
    assert sources[1].signed_by == "/usr/share/keyrings/k.gpg"


def test_the_stanza_format():
    """Several addresses, folded fields, switched-off stanzas, keys written inline."""
    sources = apt_sources.parse_deb822(STANZAS)
    assert [source.uri for source in sources] == [
        "http://one.example/debian",
        "http://two.example/debian",
        "http://off.example/debian",
        "https://node.example/node_20.x",
    ]
    assert sources[0].suites == ("trixie", "trixie-updates")
    assert sources[0].components == ("main", "contrib")
    assert [source.enabled for source in sources] == [True, True, False, True]
    assert sources[3].signed_by == ""


def test_only_the_archive_itself_is_used():
    """Not the security archive, not a vendor's, not one that is switched off."""
    sources = apt_sources.parse_one_line(ONE_LINE)
    assert [source.uri for source in apt_sources.archive_sources(sources, "bookworm")] == [
        "http://mirror.example/debian"
    ]
    stanzas = apt_sources.parse_deb822(STANZAS)
    assert [source.uri for source in apt_sources.archive_sources(stanzas, "trixie")] == [
        "http://one.example/debian",
        "http://two.example/debian",
    ]
    assert apt_sources.archive_sources(stanzas, "bookworm") == []
