"""Somebody who asks every route about everything, and what must not stand in any answer."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.core.db import Session

Secrets = dict[str, str]

#: Everything that has an id somebody could come by.
TABLES = (
    *("persons", "accounts", "session_families", "mandates", "bills", "orders", "order_lines"),
    *("payment_attempts", "receipts", "notices", "health_statuses", "scans"),
)
#: What the account itself may end, sign or pay: asking for that would change the story.
MINE = """
    SELECT id FROM orders WHERE payer_account_id = :account
    UNION SELECT id FROM mandates WHERE holder_account_id = :account
    UNION SELECT id FROM session_families WHERE account_id = :account
    UNION SELECT bill_id FROM bill_grants WHERE account_id = :account
    UNION SELECT bills.id FROM bills JOIN mandates ON principal_index = beneficiary_index
        WHERE holder_account_id = :account AND mandates.status = 'active'
    UNION SELECT bills.id FROM bills JOIN accounts ON accounts.person_id = bills.person_id
        WHERE accounts.id = :account
    UNION SELECT person_id FROM accounts WHERE id = :account
    UNION SELECT id FROM accounts WHERE id = :account
"""
PATH_ID = re.compile(r"\{\w+\}")
#: Letters and digits drawn by lot, in which a short secret may stand by chance.
DRAWN = re.compile(r"\b([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,})\b")
#: Good bodies, so that what is refused is refused for whose it is.
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/orders/{order_id}/payments": {"provider": "wechatpay", "channel": "h5"},
    "/api/v1/health-code/declaration": {
        "temperature_c": 36.5,
        "symptoms": [],
        "contact": "no",
        "risk_area": "low",
        "confirmed_true": True,
    },
}


@dataclass(frozen=True)
class Answer:
    """What was told: when in the story, to which request, and the whole of it."""

    stage: str
    request: str
    status: int
    said: str


class Watch:
    """Walks every route as one person and keeps every answer."""

    def __init__(self, app: Any, client: Any, person: Any) -> None:
        self.client, self.person = client, person
        self.stage = ""
        self.answers: list[Answer] = []
        self.operations = _operations(app, client)

    def keep(self, answer: Any) -> Any:
        """An answer the person got outside of the walk counts as well."""
        said = f"{answer.get_data(as_text=True)}\n{answer.headers}"
        asked = f"{answer.request.method} {answer.request.full_path}"
        self.answers.append(Answer(self.stage, asked, answer.status_code, said))
        return answer

    def everywhere(self, session: Session, stage: str) -> int:
        """Each route with each id there is, in its path, query and body. Answers how often."""
        self.stage, before = stage, len(self.answers)
        ids, mine = every_id(session), ids_of(session, self.person.actor.account)
        for method, path, parameters in self.operations:
            if path.endswith("/sessions/current") and method == "DELETE":
                continue
            for address, body, of in self._forms(path, parameters, ids):
                if method != "GET" and of in mine:
                    continue
                self._send(method, address, None if method == "GET" else body)
            if method == "GET":
                self._send(method, path, None, {"Accept-Language": "en"})
        return len(self.answers) - before

    def found(self, secrets: Secrets, allowed: dict[str, Collection[str]] | None = None) -> set:
        """(stage, kind, request) of each secret in an answer, but for the kinds a stage allows."""
        return {
            (answer.stage, kind, answer.request)
            for answer in self.answers
            for kind in _kinds_in(answer.said, secrets)
            if kind not in (allowed or {}).get(answer.stage, ())
        }

    def _forms(
        self, path: str, parameters: Iterable[str], ids: Iterable[uuid.UUID]
    ) -> Iterator[tuple[str, dict[str, Any], uuid.UUID | None]]:
        body = BODIES.get(path, {})
        if "{" not in path:
            yield path, {}, None
        for each in ids:
            if "{" in path:
                yield PATH_ID.sub(str(each), path), body, each
            if path == "/api/v1/orders":
                yield path, {"bill_ids": [str(each)]}, each
            for name in parameters:
                yield f"{path}?{name}={each}", body, each

    def _send(self, method: str, path: str, body: Any, more: Any = None) -> None:
        headers = {**self.person.headers, "Idempotency-Key": uuid.uuid4().hex, **(more or {})}
        self.keep(self.client.open(path, method=method, json=body, headers=headers))


def every_id(session: Session) -> list[uuid.UUID]:
    """Ids of everything, whether or not anybody could know them."""
    each = " UNION ".join(f"SELECT id FROM {table}" for table in TABLES)
    return list(session.scalars(text(each)))


def ids_of(session: Session, account: uuid.UUID) -> set[uuid.UUID | None]:
    """Of the account itself, and of what it may act on."""
    return set(session.scalars(text(MINE), {"account": account}))


def identity_of(person: Any) -> Secrets:
    """Spellings of who somebody is; the account's id too, which nobody else needs."""
    return {
        "name": person.name,
        "given name": person.name[1:],
        "escaped name": json.dumps(person.name)[1:-1],
        "number": person.document_number,
        "end of number": person.document_number[-6:],
        "phone": person.phone[3:],
        "end of phone": person.phone[-8:],
        "account": str(person.actor.citizen_id),
    }


def _kinds_in(said: str, secrets: Secrets) -> Iterator[str]:
    plain = DRAWN.sub("-", said)
    for kind, secret in secrets.items():
        if secret in (said if DRAWN.fullmatch(secret) else plain):
            yield kind


def _operations(app: Any, client: Any) -> list[tuple[str, str, list[str]]]:
    """(method, path, names of query fields that take an id) of every route under /api/v1."""
    paths = client.get("/openapi.json").json["paths"]
    listed = [
        (
            method.upper(),
            path,
            [
                field["name"]
                for field in operation.get("parameters", ())
                if field["in"] == "query" and field["schema"].get("format") == "uuid"
            ],
        )
        for path, operations in paths.items()
        if path.startswith("/api/v1/")
        for method, operation in operations.items()
        if method != "parameters"
    ]
    routes = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    methods = [app.view_functions[rule.endpoint].huiban_route.methods for rule in routes]
    assert len(listed) == sum(map(len, methods)), "the document leaves a route out"
    return listed
