"""Addresses: what may be shown of well-formed and malformed ones, and what is connected to."""

from __future__ import annotations

import contextlib
import random
import re
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repcount import addresses
from repcount.addresses import AddressError

SIGNS = ["", "#", "/", "?", "[", "]", "@", ":", "%40", "%", " ", "\\", "\n", "\x1b[31m", "\0", "'", '"', "&", "=", "ü"]
SECRETS = [f"s3{sign}cret" for sign in SIGNS] + ["8080/s3cret", "8080#s3cret"]
FORMS = [
    "{scheme}://me:{secret}@camera.example/video",
    "{scheme}://me:{secret}@camera.example:8080/video?a=b#c",
    "{scheme}://{secret}:me@camera.example:8080",
    "{scheme}://me:{secret}@[::1]:8080/x",
    "{scheme}://me:{secret}@[::1/x",
    "{scheme}://me:{secret}@camera.example:99999/video",
    "{scheme}://me:{secret}@camera.example:port/video",
    "{scheme}://me:{secret}@",
    "{scheme}://camera.example:{secret}/video",
    "{scheme}://camera.example:8080/{secret}/video",
    "{scheme}://camera.example:8080/video?user=me&password={secret}",
    "{scheme}://camera.example:8080?{secret}",
    "{scheme}://camera.example:8080/#{secret}",
    "{scheme}:/me:{secret}@camera.example/video",
    "{scheme}:me:{secret}@camera.example/video",
    "{scheme}:\\\\me:{secret}@camera.example\\video",
    " {scheme}://me:{secret}@camera.example/video ",
    "//me:{secret}@camera.example/video",
    "{scheme}//me:{secret}@camera.example/video",
    "{scheme};//me:{secret}@camera.example/video",
    "{scheme}\N{FULLWIDTH COLON}//me:{secret}@camera.example/video",
    "me:{secret}@camera.example/video",
    "camera.example/video?password={secret}",
    "{secret}@camera.example:8080/video",
    "camera.example:8080/{secret}",
]
SCHEMES = ["http", "https", "rtsp", "rtsps", "udp", "tcp", "HTTP", "ftp", "rtmp", "srt", "x-y"]
TABLE = [
    form.format(scheme=scheme, secret=secret)
    for form, scheme, secret in product(FORMS, SCHEMES, SECRETS)
    if not ("example:{secret}" in form and "@" in secret)  # which is well-formed, and has another host
]


def display(text: str) -> str:
    """All that is told about an address."""
    try:
        address = addresses.parse(text)
    except AddressError as error:
        return f"{addresses.shown(text)} {error}"
    # What is taken for the host, and looked up, is never a part of a password.
    assert address.host in ("camera.example", "::1"), text
    return f"{addresses.shown(text)} {address} {address!r}"


def test_nothing_secret_is_shown_of_any_form() -> None:
    assert len(TABLE) > 4000
    found = [
        text for text in TABLE if "s3" in display(text) or "cret" in display(text) or not display(text).isprintable()
    ]
    assert found == []


@given(
    st.sampled_from(FORMS[:8]),
    st.sampled_from(SCHEMES),
    st.text(max_size=12).map(lambda text: f"q7{text}zx"),
)
def test_nothing_secret_is_shown_whatever_it_holds(form: str, scheme: str, secret: str) -> None:
    text = form.format(scheme=scheme, secret=secret)
    shown = addresses.shown(text)
    assert "q7" not in shown
    assert "zx" not in shown
    for argument in (text, f"--camera={text}"):
        message = addresses.hide(f"no such thing: {argument} and {argument!r}", [argument])
        assert "q7" not in message
        assert "zx" not in message


SEPARATORS = (
    "://", ":/", ":", "//", ":///", "::/", "; //", "://://", ":\\\\", ": //", " //", ":|//", "'://", ".//", "/:/",
    "=//", "%3A%2F%2F", ":%2F%2F", ":\u2044\u2044", ":\u2215\u2215", "\uff1a\uff0f\uff0f", "\u200b:\u200b//",
)  # fmt: skip
LOGINS = (
    "me:{}@", "{}@", "{}:x@", ":{}@", "me:{}@@", "a@b:{}@", "me;{}@", "home\\me:{}@", "me%3A{}@", "me:{}%40", "me/{}@",
    "me {}@", "me: {} @", "me:{}\uff20",
)  # fmt: skip
HOST_NAMES = (
    "camera.example",
    "192.168.1.20:8080",
    "[fe80::1%25eth0]",
    "::1",
    "camera:port",
    "m\xfcnchen.example",
    "0x7f.1",
)
TARGETS = (
    "?token={}", "/v#{}", "/v;{}", "/user=me&password={}&channel=1", "/user=me_password={}_channel=1", "\\{}\\video",
    "//{}//x", "/..%2f{}", "/a@{}", "/x.cgi?loginuse=me&loginpas={}",
)  # fmt: skip
UNUSUAL = ("rtmps", "dahua", "x-y", "h264+tcp", "file", "data")


def mutated(rng: random.Random) -> str:
    """An address with a secret in it, and up to three slips of somebody who types it."""
    secret = rng.choice(("hunter2", "%68unter2", "h%75nter2"))
    login, target = rng.choice([*((login, "/video") for login in LOGINS), *(("", target) for target in TARGETS)])
    text = rng.choice(SCHEMES + list(UNUSUAL)) + rng.choice(SEPARATORS)
    text += login.format(secret) + rng.choice(HOST_NAMES) + target.format(secret)
    for _ in range(rng.randrange(4)):
        place = rng.choice([index for index in range(len(text) + 1) if not secret_at(text, index)])
        sign = rng.choice("\t\n\\/:@#?%&= '\"<>()[].-|;,*\u200b\u202e\ufeff\uff0f\0\x1b")
        text = text[:place] + sign + text[place:]
    return text


def secret_at(text: str, index: int) -> bool:
    """Whether a sign at that place would part the secret."""
    return any(found.start() < index < found.end() for found in re.finditer("(?:h|%68)(?:u|%75)nter2", text))


def test_nothing_secret_is_shown_of_addresses_that_were_mistyped() -> None:
    """But where it has come to stand in the place of the host, which is what is connected to."""
    rng = random.Random(19)
    found = []
    for _ in range(5000):
        text = mutated(rng)
        try:
            host = addresses.parse(text).host
        except AddressError:
            host = ""
        told = [
            addresses.shown(text),
            *(addresses.hide(f"no {each} or {each!r}", [each]) for each in (text, f"--a={text}")),
        ]
        if "nter2" in "".join(told) and "nter2" not in host:
            found.append((text, told))
    assert found == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("rest", ["me:s3cret@camera.example:8080/video", "camera.example/a/b?key=s3cret", "s3cret"])
def test_what_may_be_shown_of_an_address_stays_as_it_is(scheme: str, rest: str) -> None:
    text = f"{scheme}://{rest}"
    message = f"{addresses.shown(text)} gives no picture; http://192.168.1.20:8080/video or --camera 1 may"
    assert addresses.hide(message, ["--camera", text, f"--camera={text}", "--csv", "a/b.csv"]) == message


@given(st.text(max_size=60))
def test_any_text_is_an_address_with_a_host_or_an_error(text: str) -> None:
    for each in (text, f"http://{text}"):
        with contextlib.suppress(AddressError):
            address = addresses.parse(each)
            assert 0 < address.port < 65536
            assert str(address) == addresses.shown(each)


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_name_and_password_come_through_when_written_with_escapes(user: str, password: str) -> None:
    try:
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    except UnicodeEncodeError:  # half of a character
        return
    address = addresses.parse(f"rtsp://{login}@192.168.1.20/stream?channel=1")
    assert (address.user, address.password) == (user, password)
    assert (address.scheme, address.host, address.port, address.target) == (
        "rtsp", "192.168.1.20", 554, "/stream?channel=1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://192.168.1.20:8080/video", "http://192.168.1.20:8080/..."),
        ("http://192.168.1.20:8080/", "http://192.168.1.20:8080"),
        ("HTTP://Camera:80", "http://Camera"),
        ("https://[fe80::1]:444/x", "https://[fe80::1]:444/..."),
        ("http://me:p@ss@camera/video", "http://camera/..."),
        ("udp://@:5000", "udp://:5000"),
        ("udp://@239.0.0.1:5000", "udp://239.0.0.1:5000"),
        ("tcp://camera:5000?x", "tcp://camera:5000/..."),
    ],
)
def test_scheme_host_and_port_are_shown(text: str, shown: str) -> None:
    assert addresses.shown(text) == shown == str(addresses.parse(text))


PATHS = [
    "0",
    "/dev/video0",
    "clip.mp4",
    "C:\\clips\\a.mp4",
    "C:/a.mp4",
    "a/b.mp4",
    "-",
    "",
    "clip@home.mp4",
    "10:30.mp4",
]


def test_an_address_within_a_path_is_hidden_however_its_slashes_were_joined() -> None:
    assert addresses.hide("no /home/-y=/me:s3cret@camera", ["-y=//me:s3cret@camera/"]) == "no /home/-y=the address"


NAMES = [
    "clips\\set",
    "\\\\server\\share",
    "a/../../b",
    "../../clips (2)/x",
    "take [1080p].mp4",
    "clip #3.mp4",
    "dir//clip.mp4",
    "what?.mov",
    "50%",
    "O'Brien",
    "Anna #2",
    "Room 3: Bo",
    "anna@example.org",
    "Tom & Jerry",
    "full_deg=60",
    "clips/*",
    "2026-11-02..2026-11-05",
    "https-clips/a",
    "h264 (2).mp4",
    "花子",
]


@pytest.mark.parametrize("text", [*PATHS, *NAMES])
def test_paths_and_numbers_are_shown_as_they_are(text: str) -> None:
    assert addresses.shown(text) == text


def test_a_file_that_is_there_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "me:2026@home.mp4"
    assert addresses.is_address(name)
    Path(name).touch()
    assert not addresses.is_address(name)
    assert addresses.shown(name) == name


@pytest.mark.parametrize("sign", ["/", "\\", "pass", "@", ":", "a@", "/a"])
def test_text_without_end_takes_no_time(sign: str) -> None:
    assert "s3cret" not in addresses.shown(sign * 1_000_000 + "s3cret")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http://me:pass#word@camera/video", "http://... cannot be read: write it as"),
        ("http://camera:99999/video", "needs a port between 1 and 65535"),
        ("tcp://camera", "needs a port between 1 and 65535"),
        ("http:///video", "names no host"),
        ("rtmp://camera/live", "only addresses of http, https, rtsp, rtsps, tcp, udp can be read"),
    ],
)
def test_what_is_wrong_is_said_with_how_to_write_it(text: str, message: str) -> None:
    with pytest.raises(AddressError, match="%40") as error:
        addresses.parse(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
