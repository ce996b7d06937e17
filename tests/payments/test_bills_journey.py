"""The real adapter and the stand-in of the department: found, ordered, booked."""

import json
import threading
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen

import pytest
from sqlalchemy import select

from app.connectors.medical_insurance import BookingRefused, ExchangeMedicalInsurance, PaidBill
from app.core import clock
from app.core.http import PartyUnavailable
from app.payments import jobs_orders
from app.payments.models import Bill, LookupNotice
from scripts.environment import read_world


@dataclass(frozen=True)
class Resident:
    """One of the invented people."""

    name: str
    document_number: str
    phone: str | None


def residents(*keys):
    by_key = {each["key"]: each for each in read_world()["people"]}
    return [
        Resident(by_key[key]["name"], by_key[key]["document_number"], by_key[key]["phone"])
        for key in keys
    ]


@pytest.fixture
def department(core, stubs):
    """The real adapter, talking to the stand-in."""
    adapter = ExchangeMedicalInsurance(
        "medical_insurance", core.settings.medical_insurance, waiters=2
    )
    yield adapter
    adapter.close()


def get(url):
    with urlopen(url) as answer:
        return json.load(answer)


def paid(bill, **changes):
    first = PaidBill(
        number=bill.department_number,
        client_ref=str(bill.id),
        order_number="HB2026112200000000018",
        amount=bill.amount,
        paid_at=clock.now(),
        transaction_id="4200000001",
    )
    return replace(first, **changes)


def test_a_parents_bill_is_found_ordered_and_booked_once(department, payer, invent, session, stubs):
    (father,) = residents("p049")
    daughter = payer(invent())
    (item,) = daughter.look_up(father).json["items"]
    assert (item["scheme"], item["period"], item["status"]) == (
        "resident_medical",
        "2027",
        "payable",
    )
    assert item["amount"] == {"amount": 40_000, "currency": "CNY"}
    assert daughter.order(item["id"]).status_code == 201
    bill = session.scalars(select(Bill)).one()
    first = paid(bill)
    number = department.book(first)
    assert department.book(first) == number
    with pytest.raises(BookingRefused) as refused:
        department.book(replace(first, transaction_id="4200000002"))
    assert refused.value.because == "booked_otherwise"
    (booked,) = get(f"{stubs}/departments/bookings?bill_id={item['id']}")["items"]
    assert (booked["booking_number"], booked["amount"]) == (number, 40_000)
    assert payer(invent()).look_up(father).json == {"items": []}


def test_names_and_numbers_that_do_not_belong_together_find_nothing(payer, invent):
    father, other = residents("p047", "p045")
    for name in (other.name, f"{father.name}甲"):
        assert payer(invent()).look_up(father, name=name).json == {"items": []}
    assert len(payer(invent()).look_up(father).json["items"]) == 1


def test_what_was_paid_at_a_counter_is_not_found_and_not_booked(department, payer, invent):
    (resident,) = residents("r101")
    assert payer(invent()).look_up(resident).json == {"items": []}
    (bill,) = department.bills(resident.name, "resident_id", resident.document_number)
    assert bill.paid
    request = PaidBill(bill.number, "x", "HB1", bill.amount, clock.now(), "4200000003")
    for changes, because in (
        ({}, "paid_elsewhere"),
        ({"amount": 1}, "amount_differs"),
        ({"number": "YB0"}, "unknown_bill"),
    ):
        with pytest.raises(BookingRefused) as refused:
            department.book(replace(request, **changes))
        assert refused.value.because == because


def test_a_parent_with_a_phone_is_told_by_text_message(payer, invent, session, world, stubs):
    (mother,) = residents("p050")
    daughter = invent()
    payer(daughter).found(mother)
    jobs_orders.tell_looked_up.run(world, notice_id=str(session.scalar(select(LookupNotice.id))))
    newest = get(f"{stubs}/sms/messages?phone={mother.phone}")[0]["text"]
    assert daughter.name[0] + "*" + daughter.name[-1] in newest
    assert "城乡居民基本医疗保险" in newest
    for secret in (daughter.name, mother.name, mother.document_number):
        assert secret not in newest


GOOD = {
    "JFDH": "YB1",
    "XZ": "390",
    "CBND": "2027",
    "YJJE": "40000",
    "JFKS": "2026-09-01",
    "JFJZ": "2026-12-31",
    "ZT": "1",
}


@pytest.fixture
def party(core):
    """An adapter whose party answers `says["body"]` with status `says["status"]`."""
    says = {"status": 200, "body": b""}

    class Says(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(says["status"])
            self.send_header("Content-Length", str(len(says["body"])))
            self.end_headers()
            self.wfile.write(says["body"])

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Says)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    adapter = ExchangeMedicalInsurance(
        "medical_insurance", replace(core.settings.medical_insurance, url=url), waiters=1
    )
    yield adapter, says
    adapter.close()
    server.shutdown()
    thread.join()
    server.server_close()


def data(*bills):
    return json.dumps({"code": "200", "data": list(bills)}).encode()


def test_a_bill_is_read_as_agreed_and_other_schemes_are_left_out(party):
    adapter, says = party
    says["body"] = data(GOOD, {**GOOD, "XZ": "110"})
    (bill,) = adapter.bills("张三", "resident_id", "11010519491231002X")
    assert (bill.number, bill.amount, bill.paid, bill.phone) == ("YB1", 40_000, False, None)
    says["body"] = data({**GOOD, "ZT": "2", "LXDH": "+8613912345678"})
    (bill,) = adapter.bills("张三", "resident_id", "11010519491231002X")
    assert (bill.paid, bill.phone) == (True, "+8613912345678")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"code": "200"}'),
        (200, b'{"code": "200", "data": null}'),
        (200, b'{"code": "500", "message": "x", "data": null}'),
        (200, b'{"code": 200, "data": []}'),
        (503, data(GOOD)),
        *[
            (200, data({**GOOD, **wrong}))
            for wrong in (
                {"YJJE": "0"},
                {"YJJE": "-5"},
                {"YJJE": "400.00"},
                {"JFDH": ""},
                {"CBND": None},
                {"JFKS": "2026/09/01"},
                {"JFJZ": "2026-08-31"},
                {"ZT": "9"},
                {"ZT": []},
            )
        ],
        (200, data({"XZ": "390"})),
        (200, data("bill")),
    ],
)
def test_what_is_not_as_agreed_counts_as_no_answer(party, status, body):
    adapter, says = party
    says["status"], says["body"] = status, body
    with pytest.raises(PartyUnavailable):
        adapter.bills("张三", "resident_id", "11010519491231002X")


def test_a_refusal_that_may_pass_is_no_final_one(party):
    adapter, says = party
    says["body"] = b'{"code": "401", "message": "x", "data": null}'
    request = PaidBill("YB1", "x", "HB1", 1, clock.now(), "4200000004")
    with pytest.raises(PartyUnavailable):
        adapter.book(request)
    says["body"] = b'{"code": "200", "data": {}}'
    with pytest.raises(PartyUnavailable):
        adapter.book(request)
