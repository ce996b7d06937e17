"""Lists, details and the first search over HTTP."""

import pytest
from sqlalchemy import update

from app.catalogue.models import Matter

ALIAS, CANONICAL = "ZZBAE327166A", "114200000110432093200076302300002"
BIRTH = "11420000011043372A2422023073W0001"

pytestmark = pytest.mark.usefixtures("imported")


@pytest.fixture
def page(client):
    def ask(**query):
        answer = client.get("/api/v1/matters", query_string=query)
        assert answer.status_code == 200, answer.get_json()
        return answer.get_json()

    return ask


@pytest.fixture
def everything(page):
    def ask(**query):
        items, cursor = [], {}
        while True:
            body = page(limit=100, **query, **cursor)
            items += body["items"]
            if body["next_cursor"] is None:
                return items
            cursor = {"cursor": body["next_cursor"]}

    return ask


def names(body):
    return [item["name"] for item in body["items"]]


def test_paging_visits_every_entry_once(everything):
    codes = [item["code"] for item in everything()]
    assert len(codes) == len(set(codes)) == 918 - 41 + 305


def test_the_menus_entries_come_before_further_hubei_items(everything):
    found = [len(item["code"]) for item in everything()]
    assert set(found[-305:]) == {33}


def test_a_list_narrows_by_theme_and_audience(everything):
    items = everything(theme="110", audience="person")
    assert items
    assert {item["theme"] for item in items} == {"110"}
    assert all("person" in item["audience"] for item in items)
    assert everything(theme="999") == []


def test_a_list_is_seen_from_the_chosen_region(everything):
    assert 2 in {item["show"] for item in everything(region="420100000000")}
    assert {item["show"] for item in everything(region="420102000000")} == {1}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("新生儿入户", "新生儿入户"),
        ("护照换发", "普通护照换发"),
        ("出生医学证明", "出生医学证明办理"),
        ("ＥＴＣ", "ETC申办"),
        ("etc", "ETC申办"),
        ("退休", "退休一件事"),
        ("422023073w00", "出生医学证明办理"),
        ("社保 缴费", "社保缴费（个人）"),
        ("《社保缴费》", "社保缴费（个人）"),
    ],
)
def test_search_finds_and_the_best_hit_comes_first(page, query, first):
    assert names(page(q=query))[0] == first


def test_one_character_is_looked_for_too(page):
    assert all("驾" in name for name in names(page(q="驾")))


def test_an_item_is_found_by_its_own_name(page):
    (first, *_) = page(q="产前检查费支付")["items"]
    assert first["item_name"] == "产前检查费支付"


def test_searching_for_an_alias_finds_the_entry_it_stands_for_once(page):
    found = page(q="出入境记录查询")["items"]
    assert found[0]["code"] == CANONICAL
    codes = [item["code"] for item in found]
    assert len(codes) == len(set(codes))
    assert ALIAS not in codes


@pytest.mark.parametrize("query", ["龘龘龘", "!!!", "——", "%", "_", "xyzxyz"])
def test_what_does_not_exist_is_an_empty_list(page, query):
    assert page(q=query) == {"items": [], "next_cursor": None}


def test_a_search_pages_in_a_stable_order_without_repeats(page, everything):
    whole = [item["code"] for item in everything(q="登记")]
    assert len(whole) == len(set(whole)) > 60
    pages, cursor = [], {}
    while True:
        body = page(q="登记", limit=7, **cursor)
        pages += [item["code"] for item in body["items"]]
        if body["next_cursor"] is None:
            break
        cursor = {"cursor": body["next_cursor"]}
    assert pages == whole


def test_a_search_narrows_by_theme(page):
    assert {item["theme"] for item in page(q="登记", theme="303")["items"]} == {"303"}


def test_a_detail_tells_codes_and_leaves_null_what_is_unknown(client):
    body = client.get(f"/api/v1/matters/{BIRTH}").get_json()
    assert body["name"] == "出生医学证明办理"
    assert body["codes"] == {
        "base": "422023073W00",
        "implementation": "11420000011043372A2422023073W00",
        "transact": BIRTH,
    }
    assert (body["code_origin"], body["origin"], body["levels"]) == ("hubei", "hubei", [2])
    for field in ("legal_days", "promise_days", "days_origin", "handling", "visits", "alias_of"):
        assert body[field] is None


def test_days_say_that_they_are_not_confirmed(client):
    body = client.get("/api/v1/matters/114200000110433137200016415400102").get_json()
    assert (body["legal_days"], body["promise_days"], body["handling"]) == (20, 5, "承诺件")
    assert body["days_origin"] == "sample"


def test_an_entry_without_a_real_code_says_so(client):
    body = client.get("/api/v1/matters/ZZ4DEA9FF34B").get_json()
    assert body["code_origin"] == "artificial"
    assert body["codes"] == {"base": "ZZ4DEA9FF34B", "implementation": None, "transact": None}


def test_an_alias_answers_with_the_entry_it_stands_for(client):
    body = client.get(f"/api/v1/matters/{ALIAS}").get_json()
    assert (body["code"], body["alias_of"], body["requested_code"]) == (CANONICAL, CANONICAL, ALIAS)
    assert body["aliases"] == [{"code": ALIAS, "name": "出入境记录查询"}]
    direct = client.get(f"/api/v1/matters/{CANONICAL}").get_json()
    assert direct["alias_of"] is None
    assert direct["aliases"] == body["aliases"]


def test_every_code_of_the_menu_has_a_detail_in_two_statements(client, count_sql):
    menu = client.get("/api/v1/menu").get_json()
    codes = [card["code"] for theme in menu["themes"] for card in theme["matters"]]
    for code in codes[::40]:
        with count_sql() as statements:
            answer = client.get(f"/api/v1/matters/{code}?region=420102000000")
        assert answer.status_code == 200
        assert len(statements) == 2


def test_lists_and_searches_cost_two_statements(page, count_sql):
    for query in ({}, {"q": "身份证"}, {"theme": "102", "limit": 100}):
        with count_sql() as statements:
            page(**query)
        assert len(statements) == 2


def test_a_withdrawn_entry_is_neither_listed_nor_shown(client, everything, session):
    gone = update(Matter).where(Matter.code == BIRTH)
    session.execute(gone.values(withdrawn_at="2026-01-01T00:00:00Z"))
    session.commit()
    assert client.get(f"/api/v1/matters/{BIRTH}").status_code == 404
    assert BIRTH not in {item["code"] for item in everything()}
    assert BIRTH not in {item["code"] for item in everything(q="出生医学证明办理")}
