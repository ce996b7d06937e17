"""Names, numbers, phones, tokens and codes of people who use everything, rightly and wrongly, are looked
for in all that a thief of the machine would find: the files of the database with its write-ahead log (so
every job row that ever was), its rows as a dump writes them, Redis, logs and kept files.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql

from scripts.environment import read_world
from scripts.stack import Layout, Stack
from scripts.story.telling import Client, open_http

pytestmark = pytest.mark.timeout(600)

N, THREADS = 50, 4
HEALTHY = {"temperature_c": 36.5, "symptoms": [], "contact": "no", "risk_area": "low"}


class Resident:
    """One person, and what of them must be found nowhere."""

    def __init__(self, person):
        self.person = person
        self.named = {key: person[key] for key in ("name", "document_type", "document_number")}
        self.secrets = {
            "name": person["name"],
            "phone": person["phone"],
            "document": person["document_number"],
            "device": f"机主{person['key']}的私人手机",
        }

    def use_everything(self, client, stubs):
        """Sign in, prove, declare, look up a bill; then put the secrets where they do not belong."""
        self._sign_in(client, stubs)
        proved = client.send("POST", "/api/v1/me/real-name", self.named, 200)
        client.token = self.secrets["second access token"] = proved["access_token"]
        declared = {**HEALTHY, "confirmed_true": True}
        shown = client.send("PUT", "/api/v1/health-code/declaration", declared, 200)
        if shown["code"]:
            self.secrets["health code"] = shown["code"]
        wanted = {**self.named, "scheme": "resident_medical"}
        client.send("POST", "/api/v1/bills/lookup", wanted, 200)
        for method, path, options in self._misplaced():
            assert client.call(method, path, **options).status_code < 500, path

    def _sign_in(self, client, stubs):
        phone = self.person["phone"]
        client.send("POST", "/api/v1/auth/codes", {"phone": phone, "purpose": "login"}, 202)
        device = {
            "id": f"leak-{self.person['key']}",
            "name": self.secrets["device"],
            "platform": "ios",
        }
        body = {"phone": phone, "code": self._code(stubs), "device": device}
        opened = client.send("POST", "/api/v1/auth/sessions", body, 201)
        first = {"refresh_token": opened["refresh_token"]}
        renewed = client.send("POST", "/api/v1/auth/sessions/refresh", first, 200)
        client.token = renewed["access_token"]
        self.secrets["access token"] = opened["access_token"]
        self.secrets["refresh token"] = opened["refresh_token"]
        self.secrets["next refresh token"] = renewed["refresh_token"]

    def _code(self, stubs):
        for _ in range(300):
            messages = stubs.get(f"/sms/messages?phone={self.person['phone']}")
            if messages:
                return messages[0]["code"]
            time.sleep(0.1)
        raise AssertionError("no text message")

    def _misplaced(self):
        phone, name, number = (self.secrets[key] for key in ("phone", "name", "document"))
        token = self.secrets["refresh token"]
        key = {"Idempotency-Key": f"{number}-{phone}"}
        heads = {"User-Agent": name.encode(), "Referer": f"http://{number}.example/"}
        return [
            ("POST", "/api/v1/auth/codes", {"json": {"phone": number, "purpose": "login"}}),
            ("POST", "/api/v1/auth/codes", {"content": f'{{"phone": "{phone}", '.encode()}),
            ("POST", "/api/v1/me/real-name", {"json": {**self.named, "name": f"不是{name}"}}),
            ("POST", "/api/v1/me/real-name", {"json": {**self.named, "extra": number}}),
            ("POST", "/api/v1/orders", {"json": {"bill_ids": [number]}, "headers": key}),
            ("GET", f"/api/v1/orders/{number}", {}),
            ("GET", f"/api/v1/matters/{number}", {}),
            ("GET", "/api/v1/matters", {"params": {"q": f"{name}{number}"}}),
            ("GET", "/api/v1/notices", {"params": {"phone": phone}}),
            ("GET", f"/nothing/{number}/{phone}", {"headers": heads}),
            ("GET", "/api/v1/me", {"headers": {"Authorization": f"Bearer {token}{number}"}}),
        ]


class Spoils:
    """Everything a thief of this machine would carry away, place by place."""

    def __init__(self, stack):
        self.stack, self.addresses = stack, stack.services.addresses

    def places(self) -> Iterator[tuple[str, bytes]]:
        """(where, content) of each file, table and key."""
        with psycopg.connect(self.addresses.admin_url, autocommit=True) as admin:
            admin.execute("CHECKPOINT")
            (data,) = admin.execute("SHOW data_directory").fetchone()
        yield from self._files("database", Path(data))
        yield from self._tables()
        yield from self._redis()
        for part in ("web", "worker"):
            log = self.stack.layout.logs / f"{part}.log"
            yield f"log {part}", log.read_bytes()
        yield from self._files("kept", self.stack.layout.home / "files")

    def _files(self, what, folder):
        for path in sorted(folder.rglob("*")):
            try:
                if path.is_file() and path.stat().st_size:
                    yield f"{what} {path.relative_to(folder)}", path.read_bytes()
            except FileNotFoundError:
                continue

    def _tables(self):
        with psycopg.connect(self.addresses.owner_url) as owner:
            tables = owner.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind IN ('r', 'p')"
            ).fetchall()
            for (table,) in tables:
                rows = sql.SQL("SELECT {0}::text FROM {0}").format(sql.Identifier(table))
                text = "\n".join(row for (row,) in owner.execute(rows))
                yield f"table {table}", text.encode()

    def _redis(self):
        kept = redis.Redis.from_url(self.addresses.redis_url)
        for key in kept.scan_iter(count=1_000):
            yield f"redis {key.decode()}", key + b" " + kept.dump(key)


def spellings(secret, where):
    """How a secret may stand there: plain, in JSON, in a table as a dump's hexadecimal."""
    plain = secret.encode()
    hexadecimal = {plain.hex().encode()} if where.startswith("table") else set()
    return {plain, json.dumps(secret)[1:-1].encode()} | hexadecimal


def search(places, residents):
    """(who, what, where) of every secret found, and how much was looked through."""
    wanted = [
        (each.person["key"], what, secret)
        for each in residents
        for what, secret in each.secrets.items()
    ]
    found, looked = [], 0
    for where, content in places:
        looked += len(content)
        found += [
            (who, what, where)
            for who, what, secret in wanted
            if any(spelling in content for spelling in spellings(secret, where))
        ]
    return found, looked


@pytest.fixture
def stack(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    with Stack(Layout(home=tmp_path, durable=False, logs=logs)) as running:
        yield running


def plant(stack, residents):
    """Leave one secret in each kind of place, as a careless change would."""
    secret = residents[0].secrets
    with psycopg.connect(stack.services.addresses.owner_url) as owner:
        owner.execute("CREATE TABLE careless (note bytea)")
        owner.execute("INSERT INTO careless VALUES (%s)", [secret["document"].encode()])
    kept = redis.Redis.from_url(stack.services.addresses.redis_url)
    kept.set("careless", secret["phone"])
    with (stack.layout.logs / "web.log").open("a") as log:
        log.write(json.dumps({"event": "careless", "who": secret["name"]}) + "\n")
    files = stack.layout.home / "files"
    files.mkdir(exist_ok=True)
    (files / "careless").write_text(secret["device"])


def test_what_a_thief_of_the_machine_would_find_names_nobody(stack):
    people = [each for each in read_world()["people"] if each["key"].startswith("r")][:N]
    residents = [Resident(person) for person in people]
    with open_http() as http, ThreadPoolExecutor(THREADS) as pool:
        stubs = Client(stack.stubs_url, http)
        list(pool.map(lambda it: it.use_everything(Client(stack.url, http), stubs), residents))
    found, looked = search(Spoils(stack).places(), residents)
    secrets = sum(len(each.secrets) for each in residents)
    print(f"n = {len(residents)} people, {secrets} secrets, {looked / 1e6:.0f} MB looked through")
    assert found == []
    assert secrets >= 9 * N
    plant(stack, residents)
    again, _ = search(Spoils(stack).places(), residents[:1])
    planted = {(what, where.split()[0]) for _, what, where in again}
    assert planted >= {
        ("document", "database"),
        ("document", "table"),
        ("phone", "redis"),
        ("name", "log"),
        ("device", "kept"),
    }
