"""The menu over HTTP: complete, seen from a region, and sent only when it changed."""

import gzip
import json

import pytest
from sqlalchemy import update

from app.catalogue.errors import RegionNotFound
from app.catalogue.models import Matter
from app.catalogue.prepared import KEPT, MenuShelf
from app.catalogue.services import import_catalogue
from app.core.db import Database, unit_of_work

PROVINCE, WUHAN, JIANGAN, XIANTAO = "420000000000", "420100000000", "420102000000", "429004000000"
DEMO_VILLAGE = "420199100200"

pytestmark = pytest.mark.usefixtures("imported")


@pytest.fixture
def menu(client):
    def ask(headers=None, **query):
        return client.get("/api/v1/menu", query_string=query, headers=headers)

    return ask


def cards(answer):
    return [card for theme in answer.get_json()["themes"] for card in theme["matters"]]


def test_all_918_entries_are_in_the_menu_each_under_its_theme(menu):
    answer = menu(region=PROVINCE)
    assert answer.status_code == 200
    body = answer.get_json()
    assert list(body) == ["region", "hot", "themes", "zones"]
    codes = [card["code"] for card in cards(answer)]
    assert len(codes) == len(set(codes)) == 918
    for theme in body["themes"]:
        assert {card["theme"] for card in theme["matters"]} == {theme["code"]}


def test_a_card_has_the_fields_of_the_contract(menu):
    card = cards(menu())[0]
    assert set(card) >= {
        *("code", "name", "department", "theme", "audience", "online", "show", "visits"),
        *("promise_days", "action"),
    }
    assert (card["online"], card["visits"], card["action"]) == (False, None, "window")


def test_each_audience_sees_its_own_entries_and_together_they_are_all(menu):
    person = {card["code"] for card in cards(menu(audience="person"))}
    organisation = {card["code"] for card in cards(menu(audience="organisation"))}
    assert len(person | organisation) == 918
    assert person - organisation
    assert organisation - person
    assert all("person" in card["audience"] for card in cards(menu(audience="person")))


def test_an_alias_names_the_entry_whose_action_it_shares(menu):
    by_code = {card["code"]: card for card in cards(menu())}
    aliases = [card for card in by_code.values() if card["alias_of"]]
    assert len(aliases) == 41
    assert all(by_code[card["alias_of"]]["alias_of"] is None for card in aliases)


def test_what_is_asked_for_most_comes_first_and_in_order(menu):
    hot = [card["name"] for card in menu(audience="person").get_json()["hot"]]
    assert len(hot) == 7
    assert hot[:2] == ["社保缴费（个人）", "医保查询"]


@pytest.mark.parametrize(
    ("region", "level", "here", "below"),
    [
        (PROVINCE, 2, 578, 340),
        (WUHAN, 3, 578, 340),
        (JIANGAN, 4, 918, 0),
        (XIANTAO, 3, 918, 0),
        (DEMO_VILLAGE, 6, 918, 0),
    ],
)
def test_show_depends_on_the_region(menu, region, level, here, below):
    answer = menu(region=region)
    shown = [card["show"] for card in cards(answer)]
    assert answer.get_json()["region"]["level"] == level
    assert (shown.count(1), shown.count(2), shown.count(0)) == (here, below, 0)


def test_an_unchanged_menu_is_not_sent_again(menu):
    first = menu(region=WUHAN)
    again = menu(region=WUHAN, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "public, max-age=60, stale-while-revalidate=600"
    assert "Accept-Encoding" in again.headers["Vary"]


def test_etags_are_strong_and_differ_by_region_audience_and_encoding(menu):
    tags = [
        menu(region=PROVINCE),
        menu(region=WUHAN),
        menu(region=WUHAN, audience="person"),
        menu(region=WUHAN, audience="organisation"),
        menu(region=WUHAN, headers={"Accept-Encoding": "gzip"}),
    ]
    found = {answer.headers["ETag"] for answer in tags}
    assert len(found) == len(tags)
    assert not any(tag.startswith("W/") for tag in found)
    english = menu(region=WUHAN, headers={"Accept-Language": "en"})
    assert english.headers["ETag"] == tags[1].headers["ETag"]


def test_another_regions_etag_does_not_stand_for_this_one(menu):
    other = menu(region=PROVINCE).headers["ETag"]
    assert menu(region=WUHAN, headers={"If-None-Match": other}).status_code == 200


def test_the_compressed_menu_says_the_same(menu):
    plain = menu(region=JIANGAN)
    zipped = menu(region=JIANGAN, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert "Content-Encoding" not in plain.headers
    refused = menu(region=JIANGAN, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


def test_the_menu_costs_two_statements_when_cold_and_none_when_warm(menu, count_sql):
    with count_sql() as cold:
        menu(region=WUHAN)
    assert len(cold) == 2
    with count_sql() as warm:
        menu(region=JIANGAN, audience="person")
        menu(region=WUHAN)
    assert warm == []


@pytest.mark.parametrize("region", ["429999000000", "421023000000", "000000000000"])
def test_an_unknown_or_retired_region_is_not_found(menu, region):
    answer = menu(region=region)
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "region_not_found"


class Ticks:
    """A clock the test turns."""

    now = 0.0

    def __call__(self):
        return self.now


def test_a_new_import_shows_after_a_second_and_changes_the_etag(session, folder, edit, count_sql):
    ticks = Ticks()
    shelf = MenuShelf(ticks)
    first = shelf.menu(session, WUHAN, None, zipped=False)
    edit("regions.csv", lambda rows: rows[1].update(name="武汉"))
    import_catalogue(session, folder)
    assert shelf.menu(session, WUHAN, None, zipped=False).etag == first.etag
    ticks.now = 1.5
    second = shelf.menu(session, WUHAN, None, zipped=False)
    assert second.etag != first.etag
    assert json.loads(second.body)["region"]["name"] == "武汉"
    ticks.now = 3
    with count_sql() as statements:
        shelf.menu(session, WUHAN, None, zipped=False)
    assert len(statements) == 1


def test_phones_keep_their_menu_while_the_database_is_away(core, session):
    ticks = Ticks()
    shelf = MenuShelf(ticks)
    before = shelf.menu(session, WUHAN, None, zipped=True)
    ticks.now = 2
    gone = Database("postgresql+psycopg://nobody@/none?host=/nowhere", pool_size=1)
    with gone.session(core) as dead:
        assert shelf.menu(dead, WUHAN, None, zipped=True) == before


def test_the_shelf_stays_small(session):
    shelf = MenuShelf(Ticks())
    for audience in (None, "person", "organisation"):
        shelf.menu(session, WUHAN, audience, zipped=True)
    snapshot = shelf._snapshot
    assert len(snapshot._shared) == 3
    for number in range(KEPT + 5):
        snapshot._compressed[(str(number), None)] = b""
    shelf.menu(session, JIANGAN, None, zipped=True)
    shelf.menu(session, XIANTAO, None, zipped=True)
    assert (XIANTAO, None) in snapshot._compressed


def test_an_empty_catalogue_has_no_regions_yet(live_core):
    with unit_of_work(live_core) as session, pytest.raises(RegionNotFound):
        MenuShelf(Ticks()).menu(session, WUHAN, None, zipped=False)


def test_a_withdrawn_entry_leaves_the_menu(session):
    session.execute(
        update(Matter)
        .where(Matter.code == "ZZ4DEA9FF34B")
        .values(withdrawn_at="2026-01-01T00:00:00Z")
    )
    menu = MenuShelf(Ticks()).menu(session, WUHAN, None, zipped=False)
    assert b"ZZ4DEA9FF34B" not in menu.body
