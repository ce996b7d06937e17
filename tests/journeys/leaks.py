"""Residents who use everything, rightly and wrongly, and the places a thief of the machine looks at."""

import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import psycopg
import redis
from psycopg import sql

from scripts.story.telling import Client, open_http

THREADS = 4
#: People behind one address: few enough that no address sends too many messages.
PER_ADDRESS = 25
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


@dataclass
class At(Client):
    """A client at an address of its own."""

    address: str = "198.51.100.0"

    def call(self, method, path, **options):
        headers = {"X-Forwarded-For": self.address, **options.pop("headers", {})}
        return super().call(method, path, headers=headers, **options)


def live(stack, people):
    """All these people use everything; answers them."""
    residents = [Resident(person) for person in people]
    with open_http() as http, ThreadPoolExecutor(THREADS) as pool:
        stubs = Client(stack.stubs_url, http)

        def act(numbered):
            number, resident = numbered
            address = f"198.51.100.{number // PER_ADDRESS}"
            resident.use_everything(At(stack.url, http, address=address), stubs)

        list(pool.map(act, enumerate(residents)))
    return residents


def spellings(secret):
    """How a secret may stand somewhere: plain, in JSON, as the hexadecimal of a dump."""
    plain = secret.encode()
    return {plain, json.dumps(secret)[1:-1].encode(), plain.hex().encode()}


def search(places: Iterable[tuple[str, bytes]], residents):
    """(who, what, where) of every secret found, and how many bytes were looked through."""
    wanted = {
        spelling: (each.person["key"], what)
        for each in residents
        for what, secret in each.secrets.items()
        for spelling in spellings(secret)
    }
    found, looked = set(), 0
    for where, content in places:
        looked += len(content)
        found |= {(*wanted[spelling], where) for spelling in occurring(wanted, content)}
    return found, looked


def occurring(spellings: Iterable[bytes], content: bytes) -> set[bytes]:
    """Which of these occur; grep looks for all of them in one reading."""
    with NamedTemporaryFile() as patterns:
        patterns.write(b"\n".join(spellings))
        patterns.flush()
        done = subprocess.run(
            ["grep", "--text", "--only-matching", "--fixed-strings", "--file", patterns.name],
            input=content,
            capture_output=True,
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            check=False,
        )
    assert done.returncode in (0, 1), done.stderr
    return set(done.stdout.splitlines())


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
