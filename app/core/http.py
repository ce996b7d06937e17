"""The one way to call an outside party: time limits, a bulkhead, a size limit, no redirects.

At most `waiters` threads of a process may wait for one party; the next caller waits half a second for
a place and is then refused, so a slow party can never hold all threads for long.
"""

import ssl
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import structlog

from app.core import metrics
from app.core.errors import Unavailable
from app.parties import ASKED_WITHOUT_A_FORM, NAMES, UNNAMED

log = structlog.get_logger()

CONNECT_SECONDS = 0.5
TOTAL_SECONDS = 1.5
#: How long a caller waits for the place of another before it is refused.
WAIT_SECONDS = 0.5
MAX_BYTES = 1_000_000


class PartyUnavailable(Unavailable):
    """An outside party did not answer as agreed. Fact: `party`, one of our own short names."""

    code = "party_unavailable"
    zh = "{name}暂时没有应答，{lost}请稍后再试。"
    en = "{name} does not answer now. {lost}Please try again shortly."

    def __init__(self, party: str) -> None:
        super().__init__(retry_after=5, party=party)
        self.party = party

    def words(self, language: str) -> str:
        """The explanation, which calls the party what people call it."""
        zh, en = NAMES.get(self.party, UNNAMED)
        form = self.party not in ASKED_WITHOUT_A_FORM
        if language == "en":
            return self.en.format(name=en, lost="What you entered was not submitted. " * form)
        return self.zh.format(name=zh, lost="您填写的内容没有提交，" * form)


class PartyRefused(PartyUnavailable):
    """The party answered, but this one request it does not accept: others may well go through."""


@dataclass(frozen=True)
class Answer:
    """What a party sent back."""

    status: int
    body: bytes
    headers: httpx.Headers


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """Read once: it takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


class Party:
    """One outside party: its address, its bulkhead and its connection pool."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        waiters: int = 1,
        total: float = TOTAL_SECONDS,
        most_bytes: int = MAX_BYTES,
    ) -> None:
        self.name = name
        self._most_bytes = most_bytes
        self._url = url.rstrip("/")
        self._total = total
        self._places = threading.BoundedSemaphore(waiters)
        self._client = httpx.Client(
            timeout=httpx.Timeout(total, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=waiters),
            follow_redirects=False,
            trust_env=False,
            verify=_trusted_authorities(),
            # A compressed answer could unpack to more than the limit below.
            headers={"Accept-Encoding": "identity"},
        )

    @property
    def host(self) -> str:
        """Host (and port, unless the default) as the Host header carries it."""
        return httpx.URL(self._url).netloc.decode()

    def request(self, method: str, path: str, **options: Any) -> Answer:
        """Send one request. Raises `PartyUnavailable` when no complete answer came in time.

        Any HTTP status is an answer; what it means is the adapter's business.
        """
        if not self._places.acquire(timeout=WAIT_SECONDS):
            metrics.OUTBOUND.labels(self.name, "refused_busy").observe(0)
            raise PartyUnavailable(self.name)
        started = time.monotonic()
        outcome = "error"
        try:
            answer = self._send(method, self._url + path, started, options)
            outcome = f"{answer.status // 100}xx"
            return answer
        except httpx.HTTPError as error:
            log.warning("party_unreachable", party=self.name, error=type(error).__name__)
            raise PartyUnavailable(self.name) from None
        finally:
            self._places.release()
            metrics.OUTBOUND.labels(self.name, outcome).observe(time.monotonic() - started)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _send(self, method: str, url: str, started: float, options: dict[str, Any]) -> Answer:
        with self._client.stream(method, url, **options) as response:
            body = b""
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > self._most_bytes or time.monotonic() - started > self._total:
                    raise httpx.ReadTimeout("answer too long or too slow")
            return Answer(response.status_code, body, response.headers)
