"""What is measured: for each target the requests, what every answer must be, and the state of Redis."""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast
from urllib.request import Request, urlopen

from app.core import clock
from app.core.ids import new_id
from app.core.runtime import Core
from app.core.types import Actor, Level
from app.identity.tokens import issue_access
from benchmarks.logins import logins, refreshes
from benchmarks.notifies import Notifies
from benchmarks.people import Citizen, Member
from benchmarks.wsgi_paths import BARE, GUARDED
from healthcode.signing import sign_code
from healthcode.token import Claims

OPEN = "/api/v1/health-code"
SCAN = "/api/v1/verifier/scans"
MENU = "/api/v1/menu"
#: Codes are signed beforehand, so these live longer than the product's own.
CODE_LIFE = timedelta(hours=2)

#: Codes laid down for signing in; each serves once.
LOGINS = 20_000

Redis = Literal["as is", "warm", "absent"]


@dataclass(frozen=True)
class Target:
    """One line of the result."""

    name: str
    label: str
    request: Callable[[int], bytes]
    status: int
    holds: bytes
    #: `warm`: the status of everybody asked for is in Redis; `absent`: there is no Redis.
    redis: Redis = "as is"
    #: What each good answer stands for one stored row of.
    stores: Literal["scan", "payment"] | None = None
    #: How many different requests there are, when none may be sent twice.
    limit: int = 1_000_000_000
    #: Requests that must be made shortly before they are sent.
    notifies: Notifies | None = None


@dataclass(frozen=True)
class Crowd:
    """Who asks: for each citizen and each member of staff the header lines that say so."""

    citizens: Sequence[Citizen]
    staff: Sequence[Member]
    as_citizen: Sequence[bytes]
    as_staff: Sequence[bytes]


def gather(core: Core, citizens: Sequence[Citizen], staff: Sequence[Member]) -> Crowd:
    """Sign everybody in with tokens by the product's own function."""
    at = clock.now()
    return Crowd(
        citizens=citizens,
        staff=staff,
        as_citizen=[
            _who(number, _token(core, each, "real_name", at))
            for number, each in enumerate(citizens)
        ],
        as_staff=[
            _who(number, _token(core, each, each.level, at)) for number, each in enumerate(staff)
        ],
    )


def all_targets(core: Core, crowd: Crowd, url: str) -> list[Target]:
    """Every target, in the order of the first round."""
    menus = _menus(url)
    return [
        Target("bare", "bare Flask route", _get(BARE, crowd.as_citizen), 200, b'"ok"'),
        Target("guarded", "empty guarded route", _get(GUARDED, crowd.as_citizen), 200, b'"ok"'),
        Target("menu-304", "menu, unchanged (304)", _menu(menus, crowd, known=True), 304, b""),
        Target("menu-200", "menu, whole (200, gzip)", _menu(menus, crowd, known=False), 200, b""),
        Target(
            "open", "open a code", _get(OPEN, crowd.as_citizen), 200, b'"code":"HB1:', redis="warm"
        ),
        Target(
            "open-no-redis",
            "open a code, Redis absent",
            _get(OPEN, crowd.as_citizen),
            200,
            b'"code":"HB1:',
            redis="absent",
        ),
        *_storing(core, crowd),
    ]


def _storing(core: Core, crowd: Crowd) -> list[Target]:
    """What leaves a row behind, so that no request may be sent twice."""
    sign_ins = min(LOGINS, len(crowd.citizens))
    return [
        Target(
            "scan",
            "verify + durable scan",
            _scans(crowd, _codes(core, crowd.citizens)),
            200,
            b'"verdict":"pass"',
            stores="scan",
            limit=len(crowd.citizens),
        ),
        Target(
            "refresh",
            "continue a session (refresh)",
            refreshes(core, crowd.citizens),
            200,
            b'"access_token":"',
            limit=len(crowd.citizens),
        ),
        Target(
            "login",
            "sign in by code",
            logins(core, sign_ins),
            201,
            b'"access_token":"',
            limit=sign_ins,
        ),
    ]


def callback(notifies: Notifies) -> Target:
    """A payment confirmed by WeChat Pay: each order once."""
    return Target(
        "callback",
        "payment callback, durable",
        notifies.request,
        204,
        b"",
        stores="payment",
        limit=len(notifies),
        notifies=notifies,
    )


def _token(core: Core, who: Citizen | Member, level: str, at: datetime) -> str:
    actor = Actor(
        "citizen",
        citizen_id=who.account_id,
        person_id=who.person_id,
        session_id=who.session_id if isinstance(who, Citizen) else new_id(),
        level=cast(Level, level),
    )
    return issue_access(core.keys, actor, at)


def _who(number: int, token: str) -> bytes:
    """Header lines of one person at an address of their own."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return f"Authorization: Bearer {token}\r\nX-Forwarded-For: {address}\r\n".encode()


def _get(path: str, who: Sequence[bytes]) -> Callable[[int], bytes]:
    head, people = f"GET {path} HTTP/1.1\r\nHost: bench\r\n".encode(), len(who)
    return lambda number: head + who[number % people] + b"\r\n"


def _menu(menus: list[tuple[str, str]], crowd: Crowd, *, known: bool) -> Callable[[int], bytes]:
    heads = [
        (
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n"
            + (f"If-None-Match: {etag}\r\n" if known else "")
        ).encode()
        for path, etag in menus
    ]
    who, people, regions = crowd.as_citizen, len(crowd.as_citizen), len(heads)
    return lambda number: heads[number % regions] + who[number % people] + b"\r\n"


def _menus(url: str) -> list[tuple[str, str]]:
    """Path and ETag of the menus of the province's cities."""
    province = _json(f"{url}/api/v1/regions")["items"][0]["code"]
    cities = _json(f"{url}/api/v1/regions?parent={province}")["items"]
    paths = [f"{MENU}?region={city['code']}" for city in cities]
    return [(path, _etag(url + path)) for path in paths]


def _json(url: str) -> dict[str, list[dict[str, str]]]:
    with urlopen(url, timeout=5) as answer:  # noqa: S310 our own
        found: dict[str, list[dict[str, str]]] = json.load(answer)
    return found


def _etag(url: str) -> str:
    asked = Request(url, headers={"Accept-Encoding": "gzip"})  # noqa: S310 our own
    with urlopen(asked, timeout=5) as answer:  # noqa: S310
        return str(answer.headers["ETag"])


def _codes(core: Core, citizens: Sequence[Citizen]) -> list[str]:
    """A code of each citizen, signed with the current key."""
    at = clock.now().replace(microsecond=0)
    return [
        sign_code(core.keys, Claims(each.status_id, "green", at, at + CODE_LIFE))
        for each in citizens
    ]


def _scans(crowd: Crowd, codes: Sequence[str]) -> Callable[[int], bytes]:
    head = f"POST {SCAN} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n".encode()
    who, staff, run = crowd.as_staff, crowd.staff, uuid.uuid4().hex[:8]

    def request(number: int) -> bytes:
        place = number % len(staff)
        body = json.dumps(
            {
                "code": codes[number],
                "venue_id": str(staff[place].venue_id),
                "client_scan_id": f"{run}-{number}",
            }
        ).encode()
        return head + who[place] + b"Content-Length: %d\r\n\r\n" % len(body) + body

    return request
