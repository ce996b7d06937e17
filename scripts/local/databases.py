"""Roles and databases of a running server, over its superuser's address.

Usable without LocalServices: a pytest worker that was only handed the address clones with it.
"""

from pathlib import Path
from urllib.parse import urlsplit

DATABASE = "huiban"
OWNER, APP, RETENTION = "huiban_owner", "huiban_app", "huiban_retention"
ROLES = (OWNER, APP, RETENTION)


def url(private: Path, database: str, role: str) -> str:
    return f"postgresql://{role}@/{database}?host={private}"


def prepare(admin_url: str) -> None:
    """Make roles and database where they are missing: a first start may have been cut short."""
    import psycopg

    with psycopg.connect(admin_url, autocommit=True) as connection:
        roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            if role not in roles:
                connection.execute(_quoted("CREATE ROLE {} LOGIN", role))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(_quoted("CREATE DATABASE {} OWNER {}", DATABASE, OWNER))
    _hand_over(admin_url, DATABASE)


def create_database(admin_url: str, name: str, template: str | None = None) -> None:
    """A database of huiban_owner that the two other roles may enter."""
    import psycopg

    statement = _quoted(
        "CREATE DATABASE {} OWNER {} TEMPLATE {}", name, OWNER, template or "template1"
    )
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(statement)
    _hand_over(admin_url, name)


def _hand_over(admin_url: str, name: str) -> None:
    """Rights on a database are not cloned with it, so they are given to each one anew."""
    import psycopg

    with psycopg.connect(_at(admin_url, name), autocommit=True) as connection:
        connection.execute(_quoted("REVOKE ALL ON DATABASE {} FROM PUBLIC", name))
        connection.execute(_quoted("GRANT CONNECT ON DATABASE {} TO {}, {}", name, APP, RETENTION))
        connection.execute(_quoted("ALTER SCHEMA public OWNER TO {}", OWNER))


def drop_database(admin_url: str, name: str) -> None:
    import psycopg

    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(_quoted("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))


def _quoted(statement: str, *names: str) -> bytes:
    """Names only ever come quoted; bytes because psycopg takes no composed str as a query."""
    return statement.format(*('"' + name.replace('"', '""') + '"' for name in names)).encode()


def _at(address: str, database: str) -> str:
    return urlsplit(address)._replace(path=f"/{database}").geturl()
