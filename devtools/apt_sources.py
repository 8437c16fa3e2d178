"""Read which Debian archive this machine is configured for, from apt's own files."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from . import processes

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE_ALIASES = frozenset({"stable", "testing", "unstable", "sid", "oldstable", "oldoldstable"})
NOT_THE_ARCHIVE = re.compile(r"security|backports|cdrom:|/ubuntu")


@dataclass(frozen=True)
class Source:
    """One configured package source."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    enabled: bool = field(default=True)


def parse_one_line(text: str) -> list[Source]:
    """Read the one-line format (``*.list``)."""
    found = []
    pattern = re.compile(
        r"^\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>.*)$"
    )
    for line in text.splitlines():
        match = pattern.match(line.split("#", 1)[0])
        if not match:
            continue
        options = dict(part.split("=", 1) for part in (match["options"] or "").split() if "=" in part)
        found.append(
            Source(
                match["uri"], (match["suite"],), tuple(match["rest"].split()), options.get("signed-by", "")
            )
        )
    return found


def parse_deb822(text: str) -> list[Source]:
    """Read the stanza format (``*.sources``)."""
    found = []
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split():
            continue
        enabled = fields.get("enabled", "yes").lower() not in {"no", "false", "0"}
        signed_by = fields.get("signed-by", "")
        found.extend(
            Source(
                uri,
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                signed_by if signed_by.startswith("/") else "",
                enabled,
            )
            for uri in fields.get("uris", "").split()
        )
    return found


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1].isspace() and name:
            fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def archive_sources(sources: list[Source], codename: str) -> list[Source]:
    """Those that serve the Debian archive itself: the same mirror serves ``sid`` as well."""
    wanted = SUITE_ALIASES | ({codename} if codename else set())
    seen = set()
    result = []
    for source in sources:
        fits = source.enabled and "main" in source.components and wanted.intersection(source.suites)
        if fits and not NOT_THE_ARCHIVE.search(source.uri) and source.uri not in seen:
            seen.add(source.uri)
            result.append(source)
    return result


def configured_sources() -> list[Source]:
    """Everything apt is configured for on this machine."""
    output = processes.run(
        ["apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"]
    ).stdout.decode()
    places = dict(part.split("=", 1) for part in shlex.split(output))
    files = [Path(places["LIST"])] if places.get("LIST") else []
    if places.get("PARTS"):
        files += sorted(Path(places["PARTS"]).glob("*.list")) + sorted(
            Path(places["PARTS"]).glob("*.sources")
        )
    sources = []
    for file in files:
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            sources += parse_deb822(text) if file.suffix == ".sources" else parse_one_line(text)
    return sources


def codename() -> str:
    """The release name of this machine, for example ``bookworm``."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
    match = re.search(r"(?m)^VERSION_CODENAME=\"?(\w+)", text)
    return match[1] if match else ""
