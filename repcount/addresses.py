"""Addresses of streams: what is connected to, and the only thing of them that may be shown.

An address often holds a password: before the host, in the path, in the query. Whatever reaches a terminal, a file, the
history or an exception has passed `shown` or `hide`, or is the `shown` of an `Address`.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from repcount.errors import RepcountError, brief, printable

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "tcp": 0, "udp": 0}
"""The schemes that are read, each with its default port; 0: it has none, and the address must name one."""

_MAX_PORT: Final = 65535

_ADDRESS: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?:(?P<login>[^/?#]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[\w.-]*)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    # An @ further on means that name or password hold a /, ? or #, so that what looks like the host is part of them.
    r"(?P<target>[/?][^@#]*)?(?:#[^@]*)?",
    re.IGNORECASE,
)

_ADDRESS_LIKE: Final = re.compile(
    r"\s*(?:"
    r"[a-z][a-z0-9+.-]+:[/\\]"  # http:/, which paths make of http://; one letter is a drive of Windows
    r"|(?:" + "|".join(DEFAULT_PORTS) + r")\s*(?::|[/\\]{2})."  # http:host, http//host
    r"|(?:[a-z][a-z0-9+.-]+)?\s*:\s*[/\\]{2}"  # with spaces, or without the scheme
    r"|[/\\]*[^/\\]*:.*@"  # name:password@host
    r"|[^/\\\s]*[/\\]{2}[^/\\]*:.*@"  # http//name:password@host, a scheme that was mistyped
    r"|[/\\]{0,2}[\w.-]+(?::[0-9]+)?/[^?]*\?.*="  # host/video?key=secret
    r"|(?:.+@)?[\w.-]+:[0-9]+(?:[/?]|\s*$)"  # host:8080/video, key@host:8080/video
    r")",
    re.IGNORECASE | re.DOTALL,
)

_KNOWN: Final = re.compile(
    r"\W*(?:url\W+)?(?:https?|h264|rtsp[stu]?|rtp|udp|tcp|ftps?|sftp|rtmp\w*|srt|mms\w*|wss?|onvif|mjpe?g)\b\s*[^\w\s.,()-]",
    re.IGNORECASE,
)
"""A scheme of streams at the beginning, whatever stands between it and the host."""

_ODD: Final = re.compile(
    r"[:@?#;|\u2044\u2215]|//|/.*=|(?:pass|pwd|token|secret)\w*=|/.*\\|\\.*/", re.IGNORECASE | re.DOTALL
)
"""What names of files hold less often than addresses do."""

_WORDS: Final = re.compile(
    r"[\w.'()-]+(?:(?:[:;?]? | #)[\w.'()-]+)*\??|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE
)
"""Words, with signs only where sentences and names have them, or an e-mail address: `Anna #2`, `anna@example.org`."""

_FILE: Final = re.compile(
    r"\.(?:mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|mts|m2ts|wmv|flv|3gp|gif|wav|csv|json|html?|svg|png|jpe?g|pdf|sqlite3|toml|"
    r"parquet|task|fit|txt)\s*\Z",
    re.IGNORECASE,
)
"""The ending of a file that is named here."""

_MAX_PATH: Final = 4096
"""No path is longer: Linux allows 4096 bytes, macOS 1024. On text without end the patterns would take for ever."""

_HARMLESS: Final = re.compile(
    r"\s*(?:[a-z][a-z0-9+.-]*:[/\\]*|[0-9]{1,3}(?:\.[0-9]{1,3}){3}:[0-9]{1,5}|[0-9.:]+)\s*", re.IGNORECASE
)
"""A scheme alone, which a message may well hold as an example of how to write an address, a number of a host with a
port, or a time: `name:12345` may be a password, these are none."""

_OPTION: Final = re.compile(r"--?[a-z][a-z-]*", re.IGNORECASE)
"""The name of an option."""

_HOW_TO_WRITE: Final = (
    "write it as http://192.168.1.20:8080/video or http://NAME:PASSWORD@192.168.1.20/video, without spaces; in name, "
    "password and path write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, [ as %5B and % as %25"
)


class AddressError(RepcountError):
    """An address that cannot be read. The message shows no part of it that might be secret."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a stream. Its `str` and `repr` may be shown; the other fields but scheme, host and port not."""

    scheme: str
    """One of DEFAULT_PORTS."""
    host: str
    """Name or number, of IPv6 without brackets; empty only for udp: any address of this machine."""
    port: int
    user: str | None = field(repr=False)
    password: str = field(repr=False)
    target: str = field(repr=False)
    """Path and query, as written; empty or beginning with / or ?."""

    def __str__(self) -> str:
        return f"{self.origin}{'/...' if self.target.strip('/') else ''}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, without what may be secret."""
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.location}{port}"

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme in ("https", "rtsps")

    @property
    def location(self) -> str:
        """The host as it stands in an address, of IPv6 in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host


def parse(text: str) -> Address:
    """The address that `text` is. Raises AddressError."""
    from urllib.parse import unquote

    found = _ADDRESS.fullmatch(text.strip())
    if found is None or not text.strip().isprintable() or " " in text.strip():
        raise AddressError(f"{_malformed(text)} cannot be read: {_HOW_TO_WRITE}")
    scheme = found["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise AddressError(f"only addresses of {', '.join(DEFAULT_PORTS)} can be read: {_HOW_TO_WRITE}")
    port = int(found["port"] or DEFAULT_PORTS[scheme])
    host = found["host"].strip("[]")
    if not 0 < port <= _MAX_PORT or (not host and scheme != "udp"):
        missing = "names no host" if not host else "needs a port between 1 and 65535, such as :8080"
        raise AddressError(f"{scheme}://... {missing}: {_HOW_TO_WRITE}")
    user, colon, password = (found["login"] or "").partition(":")
    has_login = bool(user or colon)
    return Address(scheme, host, port, unquote(user) if has_login else None, unquote(password), found["target"] or "")


def is_address(text: str) -> bool:
    """Whether `text` is, or was meant to be, the address of a stream and no path of a file that is there."""
    return any(map(_ADDRESS_LIKE.match, (text, _normal(text)))) and not _is_there(text)


def may_be_address(text: str) -> bool:
    """Whether `text` may hold what is secret: an address, or what is more like one than like the name of a file."""
    if len(text) > _MAX_PATH:
        return True
    plain = _normal(text)
    odd = _KNOWN.match(plain) or (_ODD.search(plain) and not (_FILE.search(plain) or _WORDS.fullmatch(plain)))
    # A file that is yet to be written stands in a folder that is there.
    return is_address(text) or (bool(odd) and not _is_there(text) and not _is_there(os.path.dirname(text)))


def shown(text: str) -> str:
    """What may be shown of a text that may be an address, well-formed or not; any other text as it is."""
    if not may_be_address(text):
        return text
    try:
        return str(parse(text))
    except AddressError:
        return _malformed(text)


def hide(message: str, arguments: Sequence[str]) -> str:
    """`message` with every address among `arguments`, also as the value of an option, replaced by what may be shown."""
    values: set[str] = set()
    for argument in arguments:
        name, _, value = argument.partition("=")
        values |= {value} if _OPTION.fullmatch(name) else {argument, value}
    written: dict[str, str] = {}
    for value in filter(_may_be_secret, values):
        # As a message may hold it: as it stands, as a path, within one, from the root on, and the folders of that path.
        path = os.path.normpath(value)
        folders = filter(_may_be_secret, map(str, Path(path).parents))
        within = (re.sub("/+", "/", each) for each in (value, path))
        forms = [value, path, *within, os.path.abspath(value.replace("\0", "")), *folders]
        forms += [escaped for form in forms for escaped in (repr(form)[1:-1], printable(form))]
        written |= dict.fromkeys([*forms, brief(value)], shown(value))
    for text in sorted(written, key=len, reverse=True):
        message = message.replace(text, written[text])
    return message


def _may_be_secret(text: str) -> bool:
    return may_be_address(text) and not _HARMLESS.fullmatch(text)


def _normal(text: str) -> str:
    """What is meant by a text with characters that look or stand for others, or that nobody sees."""
    from urllib.parse import unquote

    return "".join(
        character
        for character in unicodedata.normalize("NFKC", unquote(unquote(text)))
        if character.isprintable() or character.isspace()
    )


def _is_there(path: str) -> bool:
    """Whether there is a file or folder of that name; the current folder and the root of the disk say nothing."""
    return bool(path.strip("/\\.")) and os.path.lexists(path.partition("\0")[0])


def _malformed(text: str) -> str:
    """What may be shown of an address in which no one can tell what is secret."""
    scheme, colon, _ = text.strip().lower().partition(":")
    return f"{scheme}://..." if colon and scheme in DEFAULT_PORTS else "the address"
