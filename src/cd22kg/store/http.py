"""The one door of HTTP: connection, login, time-outs, retries, and what can go wrong, each with its own message.

Certificates are always checked, against the certificates of the system or those of ``SSL_CERT_FILE``. A proxy of the
environment (``HTTPS_PROXY``, ``NO_PROXY`` and so on) is used, but never for this machine itself. A redirect is followed
only by a request that changes nothing, and only to the same host and port, or from http to https at their usual ports.
"""

from __future__ import annotations

import errno
import math
import random
import re
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import httpx2
import tenacity

from cd22kg.errors import StoreError
from cd22kg.store.login import Login, is_loopback

#: Most that is read of the body of an error, in bytes, and most that is told of it, in characters.
_ERROR_BYTES, _ERROR_TEXT = 64 * 1024, 300
_BUSY = frozenset((429, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
#: Most seconds to wait for anything: the numbers of the system end not far beyond.
_LONGEST = 1e6
_PORTS = {"http": 80, "https": 443}
_HOPS = 5
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_TAG = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|</?[A-Za-z!][^<>]{0,500}>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """How long to wait and how often to try.

    Attributes:
        connect: Seconds until a connection must stand.
        read: Seconds between two pieces of an answer; a query may compute this long.
        attempts: How often a request that changes nothing is tried in all, >= 1.
        backoff: Seconds before the second attempt; doubled each time, with as much again at random.
        longest_wait: Most seconds between two attempts; where the server asks for more, there is none.
    """

    connect: float = 10.0
    read: float = 300.0
    attempts: int = 4
    backoff: float = 0.5
    longest_wait: float = 60.0


class Body(httpx2.SyncByteStream):
    """A file as the body of a request, from its start each time that it is sent."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(64 * 1024):
            yield piece


@dataclass(frozen=True)
class Call:
    """A request.

    Attributes:
        method: Such as ``POST``.
        url: Without parameters.
        parameters: For the URL.
        headers: Beside those of every request.
        content: The body.
        safe: Whether it changes nothing: it may be sent again, and redirected.
        repeatable: Whether it may be sent again, because twice is the same as once.
        deadline: Moment (`time.monotonic`) after which neither connection nor answer is waited for, and nothing is sent
            again; it takes the place of the seconds that the connection waits for an answer.
    """

    method: str
    url: str
    parameters: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | Body = b""
    safe: bool = False
    repeatable: bool = False
    deadline: float = math.inf

    @property
    def left(self) -> float:
        """Seconds until the deadline, never quite 0."""
        return max(self.deadline - time.monotonic(), 0.001)


class Reply:
    """The answer to a request, its body not yet read."""

    def __init__(self, response: httpx2.Response, tell: Callable[[Exception], StoreError]) -> None:
        self._response, self._tell = response, tell
        self.status = response.status_code
        self.headers = response.headers
        self.media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_framed(self) -> bool:
        """Whether the end of the body is marked, so that a cut one is noticed."""
        return "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces.

        Raises:
            StoreError: If it ends before its end.
        """
        try:
            yield from self._response.iter_bytes()
        except httpx2.HTTPError as error:
            raise self._tell(error) from None

    def complaint(self) -> str:
        """Return the first words of an error, without control characters and mark-up."""
        data = b""
        try:
            for piece in self._response.iter_bytes():
                data += piece
                if len(data) > _ERROR_BYTES:
                    break
        except httpx2.HTTPError:
            data += b" ..."
        text = data[:_ERROR_BYTES].decode("utf-8", errors="replace")
        if "html" in self.media_type:
            text = _TAG.sub(" ", text)
        lines = [" ".join(_CONTROL.sub(" ", line).split()) for line in text.splitlines()]
        told = " / ".join([line for line in lines if line][:3])
        return told if len(told) <= _ERROR_TEXT else told[:_ERROR_TEXT] + " ..."


class _Busy(Exception):  # noqa: N818  # never leaves this module
    """The server may answer later; `wait` are the seconds it asks for."""

    def __init__(self, fault: StoreError, wait: float = 0.0) -> None:
        super().__init__(str(fault.message))
        self.fault, self.wait = fault, wait


class _Challenged(httpx2.Auth):
    """Sends no login until the server asks for one, and then in the way it asks for: digest, else basic."""

    def __init__(self, login: Login, host: str) -> None:
        self._login, self._host = login, host
        self._chosen: httpx2.Auth | None = None

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if self._chosen is not None:
            yield from self._chosen.auth_flow(request)
            return
        response = yield request
        asked = [text.strip().lower() for text in response.headers.get_list("www-authenticate")]
        if response.status_code != 401 or not asked:
            return
        user, password = self._login.reveal()
        if any(re.search(r"(^|,\s*)digest\s", text) for text in asked):
            digest = httpx2.DigestAuth(user, password)
            flow = digest.auth_flow(request)
            next(flow)
            self._chosen = digest
            try:
                yield flow.send(response)
            except StopIteration:
                return
        elif any(re.search(r"(^|,\s*)basic\b", text) for text in asked):
            if request.url.scheme != "https" and not is_loopback(request.url.host):
                raise StoreError(
                    f"{self._host} asks for a password over a connection that is not encrypted",
                    hint="use its https:// address; the password was not sent",
                )
            self._chosen = httpx2.BasicAuth(user, password)
            yield from self._chosen.auth_flow(request)


class Connection:
    """Connections to one server."""

    def __init__(
        self,
        host: str,
        *,
        login: Login | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make ready; nothing is sent yet.

        Args:
            host: The machine of the server; the login goes to no other.
            login: For when the server asks.
            limits: Time-outs and attempts.
            sleep: Waits between attempts.

        Raises:
            StoreError: If the certificates or the proxies of the environment cannot be used.
        """
        self.host = host
        self._limits = limits or Limits()
        self._sleep = sleep
        self._has_login = login is not None
        try:
            self._client = httpx2.Client(
                auth=_Challenged(login, host) if login else None,
                trust_env=not is_loopback(host),
                verify=httpx2.create_ssl_context(),
                follow_redirects=False,
                # The answer as it is: a length that counts what arrives is how a cut one is told.
                headers={"User-Agent": "cd22kg", "Accept-Encoding": "identity"},
                event_hooks={"request": [self._bound]},  # also what an answer to a challenge may take
            )
        except (OSError, ValueError):  # their texts may hold the password of a proxy
            raise StoreError(
                "cannot use the certificates or the proxy of the environment",
                hint="look at SSL_CERT_FILE, SSL_CERT_DIR, HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
            ) from None

    def __repr__(self) -> str:
        return f"Connection({self.host!r})"

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    @contextmanager
    def send(self, call: Call) -> Iterator[Reply]:
        """Send a request and yield the answer, whatever its status but those that a later attempt may change.

        Raises:
            StoreError: If there is no answer, also after as many attempts as the request allows.
        """
        attempts = self._limits.attempts if call.safe or call.repeatable else 1

        def enough(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= attempts or state.upcoming_sleep >= call.left

        retrying = tenacity.Retrying(
            stop=enough,
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(_Busy),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            response = retrying(self._follow, call)
        except _Busy as busy:
            fault, tried = busy.fault, retrying.statistics["attempt_number"]
            raise (_tried(fault, tried) if tried > 1 and not busy.wait else fault) from None
        try:
            self._bound(response.request)  # what is left for the body
            yield Reply(response, lambda error: self._tell(error, call))
        finally:
            response.close()

    def _wait(self, state: tenacity.RetryCallState) -> float:
        raised = state.outcome.exception() if state.outcome else None
        asked = raised.wait if isinstance(raised, _Busy) else 0.0
        step = float(self._limits.backoff * 2 ** (state.attempt_number - 1))
        return max(asked, min(step + random.uniform(0, step), self._limits.longest_wait))  # noqa: S311  # no secret

    def _follow(self, call: Call) -> httpx2.Response:
        """Send once, and follow redirects where that is allowed."""
        method, url, content = call.method, call.url, call.content
        for _ in range(_HOPS):
            response = self._once(call, method, url, content)
            if response.status_code not in _REDIRECTS:
                return response
            location = response.headers.get("location", "")
            if response.status_code == 303:
                method, content = "GET", b""
            response.close()
            if not call.safe:
                raise StoreError(
                    f"{self.host} redirects a request that writes",
                    hint="give the address it redirects to, if you trust it",
                )
            url = self._redirected(url, location)
        raise StoreError(f"{self.host} redirects in a circle", hint="is this the address of a SPARQL endpoint?")

    def _bound(self, request: httpx2.Request) -> None:
        """Set how long may be waited for a request that is about to be sent, or for the rest of its answer."""
        call: Call = request.extensions["call"]
        connect, read = self._limits.connect, self._limits.read
        if call.deadline < math.inf:
            read = min(call.left, _LONGEST)
            connect = min(connect, read)
        request.extensions["timeout"] = httpx2.Timeout(read, connect=connect).as_dict()

    def _redirected(self, url: str, location: str) -> str:
        """Return where a redirect leads; the login must not come to another server, be it on the same machine."""
        try:
            target = urljoin(url, location)
            before, after = urlsplit(url), urlsplit(target)
            old, new = ((parts.scheme, parts.port or _PORTS.get(parts.scheme)) for parts in (before, after))
        except ValueError:
            raise StoreError(
                f"{self.host} redirects to what is no URL", hint="is this the address of a SPARQL endpoint?"
            ) from None
        if after.hostname != before.hostname or after.scheme not in _PORTS:
            raise StoreError(
                f"{self.host} redirects to another host, which is not followed", hint="give the address itself"
            )
        if before.scheme == "https" and after.scheme != "https":
            raise StoreError(
                f"{self.host} redirects to a connection that is not encrypted", hint="give its https:// address"
            )
        if old != new and (old, new) != (("http", 80), ("https", 443)):
            raise StoreError(
                f"{self.host} redirects to another port, which is not followed", hint="give the address itself"
            )
        return target

    def _once(self, call: Call, method: str, url: str, content: bytes | Body) -> httpx2.Response:
        headers = dict(call.headers)
        if isinstance(content, Body):
            headers["Content-Length"] = str(content.size)
        try:
            request = self._client.build_request(
                method,
                url,
                params=call.parameters or None,
                headers=headers,
                content=content or None,
                extensions={"call": call},
            )
            response = self._client.send(request, stream=True)
        except httpx2.HTTPError as error:
            fault = self._tell(error, call)
            if _may_pass(error):
                raise _Busy(fault) from None
            raise fault from None
        except (httpx2.InvalidURL, NotImplementedError):  # the second: a digest of a kind that the library lacks
            raise StoreError(
                f"cannot speak with {self.host}", hint="check the address and the login it wants"
            ) from None
        if response.status_code in _BUSY:
            wait = _retry_after(response.headers.get("retry-after", ""))
            fault = self.refusal(Reply(response, lambda error: self._tell(error, call)))
            response.close()
            if wait > self._limits.longest_wait:
                fault.hint = f"the server asks to come back in {wait:.0f} s"
                raise fault
            raise _Busy(fault, wait)
        return response

    def refusal(self, reply: Reply) -> StoreError:
        """Return what to say of a status that is no success."""
        said = reply.complaint()
        tail = f": {said}" if said else ""
        match reply.status:
            case 401 if self._has_login:
                return StoreError(f"{self.host} does not accept the login (401)", hint="check user and password")
            case 401:
                return StoreError(
                    f"{self.host} asks for a login (401)",
                    hint="set CD22KG_STORE_USER and CD22KG_STORE_PASSWORD, or write it to ~/.netrc",
                )
            case 403:
                return StoreError(
                    f"{self.host} forbids this (403){tail}", hint="ask for the right, or use another user"
                )
            case 404:
                return StoreError(
                    f"{self.host} has nothing at this address (404){tail}", hint="check path and data set"
                )
            case 413:
                return StoreError(f"{self.host} takes no request this large (413){tail}", hint="raise its limit")
            case 405 | 501:
                return StoreError(
                    f"{self.host} cannot do this ({reply.status}){tail}", hint="is the kind of server before `+` right?"
                )
            case status if status in _BUSY:
                return StoreError(f"{self.host} is busy or out of order ({status}){tail}", hint="try again later")
            case status:
                return StoreError(f"{self.host} failed ({status}){tail}", hint="look into the log of the server")

    def _tell(self, error: Exception, call: Call) -> StoreError:
        """Return what to say of a request without an answer; never what the library says, which may hold too much."""
        causes = list(_causes(error))
        if any(
            isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(cause) for cause in causes
        ):
            return StoreError(
                f"the certificate of {self.host} is not trusted",
                hint="let SSL_CERT_FILE name the certificate of its authority; checking cannot be switched off",
            )
        if any(isinstance(cause, ssl.SSLError) or "[SSL" in str(cause) for cause in causes):
            return StoreError(f"no encrypted connection with {self.host}", hint="does it speak https at this port?")
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return StoreError(f"no host is called {self.host}", hint="check the address")
        if isinstance(error, httpx2.ProxyError):
            return StoreError(f"the proxy does not lead to {self.host}", hint="look at HTTPS_PROXY and NO_PROXY")
        if isinstance(error, httpx2.TimeoutException) and call.deadline <= time.monotonic():
            return StoreError(f"{self.host} does not answer in time", hint="simplify the query, or wait longer")
        if isinstance(error, httpx2.ConnectTimeout):
            seconds = f"{self._limits.connect:g} s"
            return StoreError(f"{self.host} does not answer within {seconds}", hint="is it running, and within reach?")
        if isinstance(error, httpx2.TimeoutException):
            return StoreError(
                f"{self.host} was silent for {self._limits.read:g} s", hint="simplify the query, or wait longer"
            )
        if any(getattr(cause, "errno", None) == errno.ECONNREFUSED for cause in causes):
            return StoreError(f"{self.host} refuses the connection", hint="is the server running at this port?")
        if isinstance(error, httpx2.ConnectError):
            return StoreError(f"cannot reach {self.host}", hint="check the address and the network")
        return StoreError(f"{self.host} cut its answer short", hint="look into the log of the server; try again")


def _tried(fault: StoreError, attempts: int) -> StoreError:
    return StoreError(f"{fault.message}; tried {attempts} times", hint=fault.hint)


def _may_pass(error: httpx2.HTTPError) -> bool:
    """Return whether another attempt may go better: not after a time-out, which would only double the load."""
    if isinstance(
        error, httpx2.ReadTimeout | httpx2.WriteTimeout | httpx2.UnsupportedProtocol | httpx2.LocalProtocolError
    ):
        return False
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) or "[SSL" in str(cause):
            return False
        if isinstance(cause, socket.gaierror):
            return cause.errno == socket.EAI_AGAIN
    return True


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _retry_after(text: str) -> float:
    """Return the seconds that a server asks to wait: a number, or a date."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
