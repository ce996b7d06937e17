"""The core of one process, made once and handed down: there are no globals."""

from dataclasses import dataclass, field

from app.core.db import Database, Session
from app.core.freshness import Freshness
from app.core.keys import KeyRing, read_all, read_key_file
from app.core.limits import FirstLine
from app.core.redis import Cache
from app.settings import Settings


@dataclass(frozen=True)
class Core:
    """What services reach through `session.core`."""

    settings: Settings
    database: Database
    keys: KeyRing
    cache: Cache
    freshness: Freshness
    first_line: FirstLine = field(default_factory=FirstLine)

    def session(self) -> Session:
        """A new session on the pool. Use `app.core.db.unit_of_work` unless you only read."""
        return self.database.session(self)

    def load_keys(self) -> None:
        """Read the key rings from the database."""
        with self.session() as session:
            self.keys.load(read_all(session))

    def start(self) -> None:
        """Begin to follow changes; the keys come with the first read, whenever the database is up."""
        self.freshness.start()

    def close(self) -> None:
        """Give back everything that holds a connection or a thread."""
        self.freshness.close()
        self.cache.close()
        self.database.engine.dispose()


def build_core(settings: Settings, database: Database | None = None) -> Core:
    """Make the core, on `database` if its limits are to differ. Opens no connection yet."""
    database = database or Database(settings.database_url, pool_size=settings.database_pool)
    master = read_key_file(settings.master_key_file, production=settings.production)
    keys = KeyRing(master)

    def reload_keys() -> None:
        core.load_keys()

    freshness = Freshness(settings.database_url, on_keys_changed=reload_keys)
    core = Core(settings, database, keys, Cache(settings.redis_url), freshness)
    return core
