"""What payers and WeChat were told, written down when they were told it, against what is stored.

Three keep records: we (the database), WeChat Pay and the department (both at the stand-ins). Nothing
anybody was told may be missing from them, nothing may stand in them twice, and they must agree.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import psycopg

from scripts.story.telling import Client

Telling = Literal["ordered", "opened", "acknowledged", "paid", "settled", "receipt"]


@dataclass(frozen=True)
class Told:
    """One answer. `what` is the bill of `ordered`, the number at WeChat of `opened` and of
    `acknowledged` (said to WeChat), the number of a `receipt`. Fen where there is an amount.
    """

    client: str
    told: Telling
    order: str = ""
    what: str = ""
    amount: int = 0


class Journal:
    """A file for each client, which writes a line as soon as it has been told something."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self.lines = 0

    def write(self, told: Told) -> None:
        """Keep it. Clients write at the same time."""
        with self._lock:
            self.lines += 1
            with (self._folder / f"{told.client}.jsonl").open("a") as file:
                file.write(json.dumps(asdict(told)) + "\n")

    def read(self) -> list[Told]:
        """Everything all clients were told."""
        files = sorted(self._folder.glob("*.jsonl"))
        return [
            Told(**json.loads(line)) for file in files for line in file.read_text().splitlines()
        ]


class Order(NamedTuple):
    """Ours."""

    id: str
    number: str
    status: str
    amount: int


class Line(NamedTuple):
    """Ours: one bill of an order."""

    id: str
    order: str
    bill: str
    amount: int
    status: str


class Attempt(NamedTuple):
    """Ours: what WeChat was asked for."""

    id: str
    order: str
    trade: str
    amount: int
    transaction: str | None


class Posting(NamedTuple):
    """Ours: the ledger's entries by account."""

    id: str
    kind: str
    reference: str
    order: str
    entries: tuple[tuple[str, int], ...]


class Receipt(NamedTuple):
    """Ours."""

    number: str
    line: str
    audience: str
    amount: int


class Booking(NamedTuple):
    """The department's."""

    bill: str
    order_number: str
    amount: int
    transaction: str


class Payment(NamedTuple):
    """WeChat's; the amount is 0 until it is paid."""

    trade: str
    transaction: str
    amount: int


class Finding(NamedTuple):
    """Something that is not as it should be, and about what."""

    what: str
    about: str


@dataclass(frozen=True)
class Records:
    """Everything that is stored, at one quiet moment."""

    orders: tuple[Order, ...]
    lines: tuple[Line, ...]
    attempts: tuple[Attempt, ...]
    postings: tuple[Posting, ...]
    receipts: tuple[Receipt, ...]
    bookings: tuple[Booking, ...]
    payments: tuple[Payment, ...]


def read_records(owner_url: str, stubs: Client) -> Records:
    """Read all three. `owner_url` is the database's."""
    with psycopg.connect(owner_url) as connection:

        def rows(statement: str) -> list[tuple[Any, ...]]:
            return connection.execute(statement).fetchall()

        entries = defaultdict(list)
        for posting, account, amount in rows(
            "SELECT posting_id::text, account, amount FROM ledger_entries ORDER BY account, amount"
        ):
            entries[posting].append((account, amount))
        attempts = tuple(
            Attempt(*row)
            for row in rows(
                "SELECT id::text, order_id::text, out_trade_no, amount, transaction_id"
                " FROM payment_attempts"
            )
        )
        return Records(
            tuple(
                Order(*row) for row in rows("SELECT id::text, number, status, amount FROM orders")
            ),
            tuple(
                Line(*row)
                for row in rows(
                    "SELECT id::text, order_id::text, bill_id::text, amount, status"
                    " FROM order_lines"
                )
            ),
            attempts,
            tuple(
                Posting(*row, tuple(entries[row[0]]))
                for row in rows(
                    "SELECT id::text, kind, reference::text, order_id::text FROM ledger_postings"
                )
            ),
            tuple(
                Receipt(*row)
                for row in rows("SELECT number, line_id::text, audience, amount FROM receipts")
            ),
            tuple(_bookings(stubs)),
            tuple(_payments(stubs, attempts)),
        )


def compare(journal: Iterable[Told], records: Records) -> list[Finding]:
    """Everything that was lost, happened twice, or does not agree; empty when all is well."""
    return [
        *_lost(journal, records),
        *_twice(records),
        *_money(records),
        *_at_the_department(records),
    ]


def _lost(journal: Iterable[Told], records: Records) -> Iterator[Finding]:
    """What somebody was told and is not so."""
    lines = {(each.order, each.bill, each.amount) for each in records.lines}
    opened = {(each.order, each.trade, each.amount) for each in records.attempts}
    posted = {each.reference for each in records.postings if each.kind == "payment"}
    acknowledged = {each.trade for each in records.attempts if each.id in posted}
    status = {each.id: each.status for each in records.orders}
    receipts = {(each.number, each.amount) for each in records.receipts}
    for each in journal:
        holds = {
            "ordered": (each.order, each.what, each.amount) in lines,
            "opened": (each.order, each.what, each.amount) in opened,
            "acknowledged": each.what in acknowledged,
            "paid": status.get(each.order) in ("paid", "settled"),
            "settled": status.get(each.order) == "settled",
            "receipt": (each.what, each.amount) in receipts,
        }
        if not holds[each.told]:
            yield Finding(f"{each.told} was told and is lost", each.what or each.order)


def _twice(records: Records) -> Iterator[Finding]:
    counted = {
        "posted twice": Counter((each.kind, each.reference) for each in records.postings),
        "a bill paid in two orders": Counter(
            each.bill for each in records.lines if each.status in ("paid", "settled")
        ),
        "a receipt issued twice": Counter((each.line, each.audience) for each in records.receipts),
        "booked twice at the department": Counter(each.bill for each in records.bookings),
    }
    for what, times in counted.items():
        for about, number in times.items():
            if number > 1:
                yield Finding(what, str(about))


def _money(records: Records) -> Iterator[Finding]:
    """The ledger in itself, and against WeChat."""
    debits = sum(fen for each in records.postings for _, fen in each.entries if fen > 0)
    credited = sum(fen for each in records.postings for _, fen in each.entries if fen < 0)
    if debits != -credited:
        yield Finding("debits are not credits", f"{debits} {credited}")
    for each in records.postings:
        if sum(fen for _, fen in each.entries) != 0:
            yield Finding("a posting does not balance", each.id)
        if any(account == "owed:payer" for account, _ in each.entries):
            yield Finding("money is owed to a payer", each.id)
    came = Counter[str]()
    for each in records.postings:
        came[each.reference] += sum(
            fen for account, fen in each.entries if account.startswith("provider:")
        )
    at_wechat = {each.trade: each for each in records.payments}
    for attempt in records.attempts:
        paid = at_wechat[attempt.trade]
        if came[attempt.id] != paid.amount:
            yield Finding("WeChat has taken what the ledger does not say", attempt.trade)
        elif paid.amount and paid.transaction != attempt.transaction:
            yield Finding("another transaction than WeChat's", attempt.trade)
    lines = Counter[str]()
    for line in records.lines:
        lines[line.order] += line.amount
    for order in records.orders:
        if lines[order.id] != order.amount:
            yield Finding("an order is not the sum of its lines", order.id)


def _at_the_department(records: Records) -> Iterator[Finding]:
    """Each settled line is booked, posted and receipted; nothing else is booked."""
    number = {each.id: each.number for each in records.orders}
    paid_by = {
        each.order: each.transaction for each in records.attempts if each.transaction is not None
    }
    booked = set(records.bookings)
    posted = {each.reference for each in records.postings if each.kind == "settlement"}
    receipted = {(each.line, each.audience) for each in records.receipts}
    expected = set()
    for line in records.lines:
        if line.status != "settled":
            continue
        booking = Booking(
            line.bill, number.get(line.order, ""), line.amount, paid_by.get(line.order, "")
        )
        expected.add(booking)
        if booking not in booked:
            yield Finding("settled and not booked at the department", line.bill)
        if line.id not in posted:
            yield Finding("settled and not posted", line.bill)
        for audience in ("payer", "beneficiary"):
            if (line.id, audience) not in receipted:
                yield Finding("settled without a receipt", line.bill)
    for booking in booked - expected:
        yield Finding("booked at the department and not settled", booking.bill)


def _bookings(stubs: Client) -> Iterator[Booking]:
    for each in stubs.get("/departments/bookings")["items"]:
        yield Booking(each["bill_id"], each["order_number"], each["amount"], each["transaction_id"])


def _payments(stubs: Client, attempts: Iterable[Attempt]) -> Iterator[Payment]:
    for attempt in attempts:
        shown = stubs.get(f"/wechatpay/orders?out_trade_no={attempt.trade}")["items"]
        paid = [each for each in shown if each["trade_state"] == "SUCCESS"]
        amount = sum(each["amount"] for each in paid)
        yield Payment(attempt.trade, paid[0]["transaction_id"] if paid else "", amount)
