"""How archives are asked: one HTTP client, tokens that no log sees, and patience with servers that are busy."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import tenacity

from rerad.cohorts.sources.remote import Token, shown
from rerad.core.errors import ReradError

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

TIMEOUT = httpx.Timeout(60.0, connect=20.0)
SHORT_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
# Attempts in a row that bring no new byte; every new byte starts the count anew.
ATTEMPTS = 8
WRONG_ATTEMPTS = 3
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
# A server that asks for more patience than this is better tried another day.
LONGEST_RETRY_AFTER_S = 900.0
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
LARGEST_ANSWER = 64 * 2**20
_in_a_hurry: ContextVar[bool] = ContextVar("in_a_hurry", default=False)


class AgainError(Exception):
    """An attempt failed in a way that another may mend."""

    def __init__(self, what: str, *, after_s: float | None = None, progressed: bool = False, wrong: bool = False):
        super().__init__(what)
        self.what, self.after_s, self.progressed, self.wrong = what, after_s, progressed, wrong


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """Ask once and briefly in this block: a dry run must not wait for an archive that cannot be reached."""
    token = _in_a_hurry.set(True)
    try:
        yield
    finally:
        _in_a_hurry.reset(token)


def open_client(workers: int = 1) -> httpx.Client:
    """Return a client that honours the proxy and certificate variables of the environment and follows redirects.

    Raises:
        ReradError: the proxy settings cannot be used.
    """
    for name in ("httpx", "httpcore"):
        # They write addresses after redirects (signed ones are keys) and, at the level DEBUG, headers.
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return httpx.Client(
            timeout=SHORT_TIMEOUT if _in_a_hurry.get() else TIMEOUT,
            follow_redirects=True,
            limits=httpx.Limits(max_connections=workers, max_keepalive_connections=workers),
            # A range of a compressed transfer is no range of the file.
            headers={"Accept-Encoding": "identity", "User-Agent": "rerad"},
            event_hooks={"request": [_keep_token_at_home]},
        )
    except (ValueError, ImportError) as error:
        raise ReradError(
            "the proxy settings cannot be used",
            where="HTTP_PROXY, HTTPS_PROXY, ALL_PROXY",
            remedy="Write http://host:port, and exceptions in NO_PROXY",
        ) from error


def build(
    client: httpx.Client, url: str, token: Token | None, headers: dict[str, str] | None = None, payload: Any = None
) -> httpx.Request:
    """Return a GET request, or a POST of ``payload`` as JSON, with the token's header if there is one.

    Raises:
        ReradError: the token is missing or has letters that no header may have.
    """
    if payload is None:
        request = client.build_request("GET", url, headers=headers)
    else:
        request = client.build_request("POST", url, headers=headers, json=payload)
    if token:
        request.headers[token.header] = token.prefix + _secret(token)
        request.extensions = {**request.extensions, "token": (token.header, _origin(request.url))}
    return request


def _secret(token: Token) -> str:
    value = os.environ.get(token.variable, "").strip()
    if not value:
        raise ReradError("no token is set", where=token.variable, remedy="Export the token under this name")
    if not (value.isascii() and value.isprintable() and " " not in value):
        # The HTTP library would quote the whole header in its own message.
        raise ReradError("the token has a letter that no token has", where=token.variable, remedy="Export it again")
    return value


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _keep_token_at_home(request: httpx.Request) -> None:
    # httpx takes Authorization off when a redirect leads elsewhere, but no other header (X-Auth-Token of the GDC).
    header, origin = request.extensions.get("token", ("", None))
    if header and _origin(request.url) != origin:
        request.headers.pop(header, None)


def check_status(response: httpx.Response, url: str, token: Token | None) -> None:
    """Return if the answer has content; say what is wrong with any other.

    Raises:
        AgainError: the server is busy or broken for now.
        ReradError: the address or the token is not accepted, or the server asks for too much patience.
    """
    code = response.status_code
    if code in (200, 206):
        return
    if code in BUSY:
        after = retry_after(response.headers.get("Retry-After", ""))
        if after is not None and after > LONGEST_RETRY_AFTER_S:
            raise ReradError(
                f"status {code}, to be tried again in {after / 60:.0f} minutes",
                where=shown(url),
                remedy="Start again later: what is there is kept",
            )
        raise AgainError(f"status {code}", after_s=after)
    if code in (401, 403):
        if token:
            what = f"status {code}: the token in {token.variable} is refused"
            remedy = "It may have expired: renew it; or the archive wants its terms to be accepted first"
        else:
            what, remedy = f"status {code}: access is refused", "The file may need a token, or terms to be accepted"
        raise ReradError(what, where=shown(url), remedy=remedy)
    raise ReradError(f"status {code}", where=shown(url), remedy="Check the address; the archive may have moved it")


def retry_after(text: str) -> float | None:
    """Return the seconds that ``Retry-After`` (seconds or a date, RFC 9110 section 10.2.3) asks to wait."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def persist(attempt: Callable[[], Answer], *, what: str, stop: threading.Event | None = None) -> Answer:
    """Return the answer of ``attempt``, tried again after ``AgainError``: after growing, random waits or as asked.

    Raises:
        ReradError: ``ATTEMPTS`` in a row without a new byte, or ``WRONG_ATTEMPTS`` with the wrong ones.
    """
    stop = stop or threading.Event()
    barren = wrong = 0

    def enough(state: tenacity.RetryCallState) -> bool:
        nonlocal barren, wrong
        error = _again(state)
        barren = 0 if error.progressed else barren + 1
        wrong += error.wrong
        return barren >= (1 if _in_a_hurry.get() else ATTEMPTS) or wrong >= WRONG_ATTEMPTS

    def wait(state: tenacity.RetryCallState) -> float:
        error = _again(state)
        grown = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** max(0, barren - 1))
        # Equal jitter: clients that were thrown off together must not return together.
        return tenacity.wait_random(0.5 * grown, grown)(state) if error.after_s is None else error.after_s

    def tell(state: tenacity.RetryCallState) -> None:
        log.warning("%s: %s; again in %.1f s", what, _again(state).what, state.upcoming_sleep)

    retrying = tenacity.Retrying(
        stop=enough,
        wait=wait,
        before_sleep=tell,
        retry=tenacity.retry_if_exception_type(AgainError),
        sleep=tenacity.sleep_using_event(stop),
        reraise=True,
    )
    try:
        return retrying(attempt)
    except AgainError as error:
        remedy = "Start again later: what is there is kept"
        if error.wrong:
            remedy = "The source has another file than it says: check address and checksum"
        raise ReradError(f"given up: {error.what}", where=what, remedy=remedy) from error


def _again(state: tenacity.RetryCallState) -> AgainError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, AgainError)
    return error


@contextlib.contextmanager
def connection(url: str, progressed: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Turn the errors of the HTTP library into ours.

    Raises:
        AgainError: the connection broke, or nobody answered.
        ReradError: the address or a redirect cannot be followed.
    """
    try:
        yield
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, httpx.TooManyRedirects) as error:
        # Not chained: the library's words may quote a header or a signed address.
        what = f"the address cannot be followed ({type(error).__name__})"
        raise ReradError(what, where=shown(url), remedy="Check the address") from None
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise AgainError(f"{type(error).__name__}: {error}", progressed=progressed()) from error


def ask_once(
    client: httpx.Client, url: str, *, token: Token | None = None, payload: Any = None, nothing: str = ""
) -> bytes:
    """Return an answer that fits into memory; ``nothing``: the words of an error that means an empty answer.

    Raises:
        AgainError: see :func:`check_status` and :func:`connection`.
        ReradError: it refuses, or answers more than 64 MiB.
    """
    content = bytearray()
    with connection(url):
        response = client.send(build(client, url, token, payload=payload), stream=True)
        try:
            if (
                nothing
                and response.status_code >= 500
                and next(response.iter_bytes(256), b"").strip() == nothing.encode()
            ):
                return b""
            check_status(response, url, token)
            for block in response.iter_bytes():
                content += block
                if len(content) > LARGEST_ANSWER:
                    raise ReradError("the answer is too long for a list", where=shown(url))
        finally:
            response.close()
    return bytes(content)


def read_json(
    client: httpx.Client, url: str, *, token: Token | None = None, payload: Any = None, nothing: str = ""
) -> Any:
    """Return what an archive's programming interface answers; None where it answers ``nothing`` (see `ask_once`).

    With a ``payload`` (sent as JSON) it is a POST. It must be a question: after a broken connection it is asked again.

    Raises:
        ReradError: it cannot be reached, refuses, or answers something else than JSON of at most 64 MiB.
    """
    text = persist(lambda: ask_once(client, url, token=token, payload=payload, nothing=nothing), what=shown(url))
    if nothing and not text.strip():
        return None
    try:
        return httpx.Response(200, content=text).json()
    except ValueError as error:
        raise ReradError("the answer is no JSON", where=shown(url), remedy="The archive may have changed") from error
