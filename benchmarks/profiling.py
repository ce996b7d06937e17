"""Where the time of each route goes: the served application in one thread of this process.

A program of its own, because the application reads the environment when it is imported:
`python -m benchmarks.profiling OUT` with the environment of a running product. Each route is timed
first without and then with cProfile; the profile gives the shares, the clock the time.
"""

import cProfile
import io
import json
import pstats
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

from sqlalchemy import event

from app.core.redis import Cache
from app.core.runtime import Core
from benchmarks.layers import Shares, shares
from benchmarks.people import read_citizens, read_staff
from benchmarks.targets import Target, all_targets, gather
from benchmarks.wsgi import application, product
from healthcode import queries, snapshots

#: Requests a route: before anything is timed, timed, profiled.
FIRST, TIMED, PROFILED = 200, 1_000, 1_000
#: People asked for; the more, the less any cache of the machine helps.
PEOPLE = FIRST + TIMED + PROFILED

Call = Callable[[WSGIEnvironment], None]


def main(out: Path, names: list[str]) -> None:
    """Profile the targets called `names` (all without) and write their shares to `out` as JSON."""
    world = product.extensions["huiban"]
    core: Core = world.core
    crowd = gather(core, read_citizens(core)[:PEOPLE], read_staff(core))
    _fill_redis(core, [each.person_id for each in crowd.citizens])
    targets = all_targets(core, crowd, core.settings.public_url)
    with _statements(core) as statements:
        found = [
            _profile(world, target, statements)
            for target in targets
            if not names or target.name in names
        ]
    out.write_text(json.dumps([asdict(each) for each in found]))
    world.close()


def _profile(world: Any, target: Target, statements: list[str]) -> Shares:
    present = world.core.cache
    if target.redis == "absent":
        # The core is frozen for the product; a measurement may take Redis away from it.
        object.__setattr__(world.core, "cache", Cache(None))
    try:
        numbers = count()
        _repeat(target, numbers, FIRST, _plain)
        statements.clear()
        wall, processor = time.perf_counter(), time.thread_time()
        _repeat(target, numbers, TIMED, _plain)
        wall, processor = time.perf_counter() - wall, time.thread_time() - processor
        sent = len(statements) / TIMED
        profiler = cProfile.Profile()
        _repeat(target, numbers, PROFILED, lambda environ: profiler.runcall(_plain, environ))
    finally:
        object.__setattr__(world.core, "cache", present)
    stats = cast(Any, pstats.Stats(profiler)).stats
    return Shares(
        label=target.label,
        wall=1e6 * wall / TIMED,
        processor=1e6 * processor / TIMED,
        statements=sent,
        layers=shares(stats),
    )


def _repeat(target: Target, numbers: Iterator[int], times: int, call: Call) -> None:
    for _ in range(times):
        call(_environ(target.request(next(numbers))))


def _plain(environ: WSGIEnvironment) -> None:
    answer = application(environ, cast(StartResponse, _start_response))
    for _ in answer:
        pass
    close = getattr(answer, "close", None)
    if close is not None:
        close()


def _start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
    if not status.startswith(("200", "304")):
        raise SystemExit(f"unexpected status {status}")


def _environ(request: bytes) -> WSGIEnvironment:
    """The WSGI environment a server makes of these bytes."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, protocol = first.split(" ")
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": protocol,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for line in lines:
        name, _, value = line.partition(": ")
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def _fill_redis(core: Core, people: list[Any]) -> None:
    with core.session() as session:
        for person_id in people:
            status = queries.current_status(session, person_id)
            if status is not None:
                snapshots.keep(core, person_id, snapshots.snapshot(status))


@contextmanager
def _statements(core: Core) -> Iterator[list[str]]:
    """Collects the SQL statements sent."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(core.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(core.database.engine, "before_cursor_execute", note)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
