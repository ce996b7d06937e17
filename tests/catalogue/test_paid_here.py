"""Entries whose bills can be paid here say so, where they are handled; all others lead to a window."""

import pytest

from app.catalogue.services import import_catalogue
from app.payments.bills import SCHEMES

PROVINCE, WUHAN, JIANGAN, DEMO_VILLAGE = (
    *("420000000000", "420100000000", "420102000000", "420199100200"),
)
#: 医保缴费（个人）, 医保代缴（为他人缴费）, and the aliases of both.
PAID = {"ZZ95261C75A0", "ZZD4B94B7368", "ZZ8C959A4730", "ZZ30AAA5053A"}


@pytest.fixture
def actions(client):
    """`actions(region)`: code → (action, online) of every entry of the menu."""

    def ask(region):
        themes = client.get(f"/api/v1/menu?region={region}").json["themes"]
        cards = [card for theme in themes for card in theme["matters"]]
        return {card["code"]: (card["action"], card["online"]) for card in cards}

    return ask


def matter(client, code, region):
    answer = client.get(f"/api/v1/matters/{code}?region={region}")
    assert answer.status_code == 200, answer.json
    return answer.json


@pytest.mark.parametrize("region", [PROVINCE, WUHAN, JIANGAN, DEMO_VILLAGE])
def test_the_menu_offers_to_pay_what_can_be_paid_here_and_nothing_else(imported, actions, region):
    found = actions(region)
    assert {code for code, said in found.items() if said == ("pay", True)} == PAID
    assert {said for code, said in found.items() if code not in PAID} == {("window", False)}


@pytest.mark.parametrize("code", sorted(PAID))
def test_an_entry_to_be_paid_says_of_which_scheme_the_bills_are(client, imported, code):
    shown = matter(client, code, WUHAN)
    assert (shown["action"], shown["pay_scheme"]) == ("pay", "resident_medical")
    assert shown["pay_scheme"] in SCHEMES


def test_an_entry_of_several_schemes_leads_to_the_window(client, imported):
    shown = matter(client, "ZZ4DEA9FF34B", WUHAN)
    assert (shown["name"], shown["action"], shown["pay_scheme"]) == (
        "社保缴费（个人）",
        "window",
        None,
    )


def test_where_it_is_handled_only_below_there_is_nothing_to_pay(
    client, session, folder, edit, actions
):
    def of_the_counties(rows):
        for row in rows:
            if row["base_code"] in PAID:
                row["level"] = "县级"

    edit("matters.csv", of_the_counties)
    import_catalogue(session, folder)
    assert {actions(WUHAN)[code][0] for code in PAID} == {"window"}
    assert {actions(JIANGAN)[code][0] for code in PAID} == {"pay"}
    assert matter(client, "ZZ95261C75A0", WUHAN)["pay_scheme"] is None
    assert matter(client, "ZZ95261C75A0", JIANGAN)["pay_scheme"] == "resident_medical"


def test_what_is_taken_from_the_table_is_no_longer_offered(session, folder, edit, actions):
    import_catalogue(session, folder)
    edit("paid_here.csv", lambda rows: rows.clear())
    import_catalogue(session, folder)
    assert set(actions(WUHAN).values()) == {("window", False)}
