"""The medical-insurance department tells bills and books each payment once."""

from datetime import UTC, date, datetime

import pytest

BILLS = "/exchange/medical-insurance/bills"
BOOKINGS = "/exchange/medical-insurance/bookings"


@pytest.fixture
def exchange(client, moved, exchange_headers):
    def call(path, body, party="medical_insurance"):
        answer = client.post(path, json=body, headers=exchange_headers(party, moved.time))
        assert answer.status_code == 200
        return answer.json

    return call


@pytest.fixture
def bills_of(exchange):
    def call(person, **changed):
        body = {"ZJLX": "10", "ZJHM": person["document_number"], "XM": person["name"], **changed}
        return exchange(BILLS, body)

    return call


@pytest.fixture
def father(people):
    return people["p001"]


@pytest.fixture
def booking(bills_of, father):
    """A payment for the father's bill; fields given replace others."""

    def make(**changed):
        bill = bills_of(father)["data"][0]
        return {
            "JFDH": bill["JFDH"],
            "client_ref": "0199b1c2-0000-7000-8000-000000000001",
            "JFDDH": "HB20270001",
            "JE": "40000",
            "JFSJ": "2026-10-08T09:30:00+08:00",
            "ZFLSH": "4200001234202610080000000001",
        } | changed

    return make


def test_a_matching_name_and_number_give_the_bill_of_the_year(bills_of, father, moved):
    answer = bills_of(father)
    assert (answer["code"], len(answer["data"])) == ("200", 1)
    bill = answer["data"][0]
    assert father["document_number"] not in bill["JFDH"]
    assert (bill["XZ"], bill["CBND"], bill["YJJE"], bill["ZT"]) == ("390", "2027", "40000", "1")
    assert "演示" in bill["BZ"]
    assert bill["LXDH"] == "+8619900090001"
    today = datetime.fromtimestamp(moved.time, UTC).date()
    assert date.fromisoformat(bill["JFKS"]) < today < date.fromisoformat(bill["JFJZ"])
    assert bills_of(father, CBND="2027") == answer


def test_the_department_knows_the_phone_of_those_who_have_one(bills_of, people):
    mother = people["p002"]
    assert bills_of(mother)["data"][0]["LXDH"] == "+86" + mother["phone"]


def test_anything_else_gives_no_bill(bills_of, father, people):
    nothing = {"code": "200", "message": "成功", "data": []}
    assert bills_of(father, XM="王小二") == nothing
    assert bills_of(father, ZJHM="11010519491231002X") == nothing
    assert bills_of(father, ZJLX="20") == nothing
    assert bills_of(father, CBND="2026") == nothing
    assert bills_of(people["s001"]) == nothing


def test_every_resident_parent_and_child_has_one_bill_of_its_own(bills_of, people):
    bills = {}
    for key, person in people.items():
        if person["role"] in ("resident", "parent", "child"):
            (bill,) = bills_of(person)["data"]
            bills[key] = bill
    assert len({bill["JFDH"] for bill in bills.values()}) == len(bills)
    payable = [key for key, bill in bills.items() if bill["ZT"] == "1"]
    assert sum(key.startswith("p") for key in payable) >= 40
    assert sorted(set(bills) - set(payable)) == [f"r{n}" for n in range(101, 111)]
    assert "已在别处缴纳" in people["r101"]["note"]


@pytest.mark.parametrize("month", range(1, 13))
def test_the_payment_period_contains_every_day(bills_of, father, moved, month):
    for day in (1, 28):
        moved.time = datetime(2027, month, day, 12, tzinfo=UTC).timestamp()
        bill = bills_of(father)["data"][0]
        begins, ends = date.fromisoformat(bill["JFKS"]), date.fromisoformat(bill["JFJZ"])
        assert begins < date(2027, month, day) < ends
        assert begins.day == 1
        assert 80 < (ends - begins).days < 125


def test_a_payment_is_booked_once_and_seen(exchange, booking, bills_of, father, client, moved):
    first = exchange(BOOKINGS, booking())
    assert first["code"] == "200"
    assert first["data"]["JZLSH"]
    moved.forward(60)
    assert exchange(BOOKINGS, booking()) == first
    assert bills_of(father)["data"][0]["ZT"] == "2"
    ours = booking()["client_ref"]
    items = client.get(f"/departments/bookings?bill_id={ours}").json["items"]
    assert items == [
        {
            "department": "medical_insurance",
            "bill_id": ours,
            "bill_number": booking()["JFDH"],
            "booking_number": first["data"]["JZLSH"],
            "order_number": "HB20270001",
            "amount": 40000,
            "paid_at": "2026-10-08T09:30:00+08:00",
            "transaction_id": "4200001234202610080000000001",
            "booked_at": items[0]["booked_at"],
        }
    ]
    assert client.get("/departments/bookings").json["items"] == items
    assert client.get("/departments/bookings?bill_id=other").json == {"items": []}
    assert client.get("/departments/bookings?order=x").status_code == 422


@pytest.mark.parametrize("field", ["client_ref", "JFDDH", "JFSJ", "ZFLSH"])
def test_a_second_payment_of_a_booked_bill_is_refused(exchange, booking, field):
    exchange(BOOKINGS, booking())
    other = "2026-10-08T09:30:01+08:00" if field == "JFSJ" else "other"
    assert exchange(BOOKINGS, booking(**{field: other}))["code"] == "409"


def test_a_bill_paid_elsewhere_cannot_be_booked(exchange, booking, client, father, bills_of):
    body = {"document_number": father["document_number"]}
    assert client.post("/medical-insurance/simulate/paid-elsewhere", json=body).json["ZT"] == "2"
    assert bills_of(father)["data"][0]["ZT"] == "2"
    assert exchange(BOOKINGS, booking())["code"] == "410"
    assert client.get("/departments/bookings").json == {"items": []}


def test_only_an_open_bill_can_be_paid_elsewhere(exchange, booking, client, father):
    exchange(BOOKINGS, booking())
    path = "/medical-insurance/simulate/paid-elsewhere"
    body = {"document_number": father["document_number"]}
    assert client.post(path, json=body).status_code == 409
    assert client.post(path, json={"document_number": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"JFDH": "YB2027nothing"}, "404"),
        ({"JE": "39999"}, "422"),
        ({"JE": "400.00"}, "422"),
        ({"JE": 40000}, "400"),
        ({"JFSJ": "2026-10-08 09:30:00"}, "400"),
        ({"ZFLSH": ""}, "400"),
        ({"client_ref": None}, "400"),
    ],
)
def test_a_booking_that_does_not_fit_is_refused(exchange, booking, client, changed, code):
    assert exchange(BOOKINGS, booking(**changed))["code"] == code
    assert client.get("/departments/bookings").json == {"items": []}


def test_its_callers_are_checked_like_all_of_the_exchange(exchange, booking, father):
    body = {"ZJLX": "10", "ZJHM": father["document_number"], "XM": father["name"]}
    assert exchange(BILLS, body, party="population")["code"] == "401"
    assert exchange(BOOKINGS, booking(), party="population")["code"] == "401"
    assert exchange(BILLS, body | {"CBND": 2027})["code"] == "400"
