"""From a cProfile to shares by layer of the product.

Own time of our files and of each library counts for its layer. What has no layer of its own, the
standard library and built-in functions, counts for whoever called it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

#: File, line, function; built-in functions have the file "~".
Function = tuple[str, int, str]
#: Calls, primitive calls, own time, time with callees, and the same by caller.
Entry = tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]

#: Layer → parts of paths. The first that fits counts, so the particular stand before the general.
LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("rate limits", ("/limits/", "app/core/limits")),
    ("access token", ("/jwt/", "app/identity/tokens", "app/identity/sessions", "app/core/types")),
    ("Redis", ("/redis/", "app/core/redis", "healthcode/snapshots", "/async_timeout/")),
    (
        "codes and sealing",
        (
            *("/cryptography/", "cbor2", "healthcode/token", "healthcode/signing"),
            *("healthcode/base45", "app/core/crypto", "app/core/keys"),
        ),
    ),
    ("SQLAlchemy", ("/sqlalchemy/", "app/core/db")),
    ("psycopg", ("/psycopg/", "/psycopg_binary/")),
    ("metrics and logs", ("/prometheus_client/", "/structlog/", "app/core/metrics", "app/factory")),
    ("flask-smorest, marshmallow", ("flask_smorest", "/marshmallow/", "/webargs/", "/apispec/")),
    ("Flask, Werkzeug", ("/flask/", "/werkzeug/", "/blinker/", "/itsdangerous/")),
    ("guard and edge", ("/api/blueprints", "/api/guards", "/api/context", "/api/registry")),
    ("views and services", ("/api/", "/app/", "/healthcode/")),
)
WAITING = "waiting for PostgreSQL"
WAITING_REDIS = "waiting for Redis"
OTHER = "other"


@dataclass(frozen=True)
class Shares:
    """Where the time of one route goes."""

    label: str
    #: Microseconds of one request without the profiler: by the clock, and of the processor.
    wall: float
    processor: float
    statements: float
    #: Layer → share of the time, adding up to 1.
    layers: Mapping[str, float]


def names() -> list[str]:
    """Every layer, in the order of the table."""
    return [*(name for name, _ in LAYERS), WAITING, WAITING_REDIS, OTHER]


def shares(stats: Mapping[Function, Entry]) -> dict[str, float]:
    """Layer → share of all own time in `stats` (as `pstats.Stats.stats`)."""
    spent = dict.fromkeys(names(), 0.0)
    origins = _Origins(stats)
    for function, (_, _, own, _, callers) in stats.items():
        layer = layer_of(function)
        if layer is not None or not callers:
            spent[layer or OTHER] += own
            continue
        for caller, (_, _, part, _) in callers.items():
            for name, share in origins.of(caller).items():
                spent[name] += part * share
    total = sum(spent.values()) or 1.0
    return {name: value / total for name, value in spent.items()}


def layer_of(function: Function) -> str | None:
    """The layer a function belongs to by itself, if any."""
    file, _, name = function
    # psycopg awaits the server in compiled code, whose time falls to the function that enters it.
    if name == "wait" and "/psycopg/" in file:
        return WAITING
    # Redis alone is spoken to through a socket object while a request is served.
    if "_socket.socket" in name:
        return WAITING_REDIS
    where = name if file == "~" else file
    return next((layer for layer, parts in LAYERS if any(p in where for p in parts)), None)


class _Origins:
    """On behalf of which layers a function runs."""

    def __init__(self, stats: Mapping[Function, Entry]) -> None:
        self._stats = stats
        self._known: dict[Function, dict[str, float]] = {}

    def of(self, function: Function) -> dict[str, float]:
        """Layers with their shares. A function that calls itself in a circle counts as other."""
        if function not in self._known:
            self._known[function] = {OTHER: 1.0}
            self._known[function] = self._trace(function)
        return self._known[function]

    def _trace(self, function: Function) -> dict[str, float]:
        layer = layer_of(function)
        if layer is not None:
            return {layer: 1.0}
        callers = self._stats[function][4] if function in self._stats else {}
        total = sum(spent for _, _, _, spent in callers.values())
        if not total:
            return {OTHER: 1.0}
        found: dict[str, float] = {}
        for caller, (_, _, _, spent) in callers.items():
            for name, share in self.of(caller).items():
                found[name] = found.get(name, 0.0) + share * spent / total
        return found
