"""Choosing a region, from the province down to a village."""

import pytest

pytestmark = pytest.mark.usefixtures("imported")


@pytest.fixture
def below(client):
    def ask(parent=None):
        answer = client.get("/api/v1/regions", query_string={"parent": parent} if parent else None)
        assert answer.status_code == 200
        return answer.get_json()["items"]

    return ask


def test_without_a_parent_there_is_the_province(below):
    (province,) = below()
    assert (province["code"], province["name"], province["level"]) == ("420000000000", "湖北省", 2)
    assert province["parent_code"] is None
    assert province["has_children"] is True


def test_the_province_has_its_17_cities(below):
    cities = below("420000000000")
    assert len(cities) == 17
    assert {city["level"] for city in cities} == {3}
    both = {city["name"] for city in cities if city["acts_as_county"]}
    assert both == {"仙桃市", "潜江市", "天门市", "神农架林区"}
    assert all(city["has_children"] is not city["acts_as_county"] for city in cities)


def test_all_103_counties_are_below_the_cities(below):
    cities = below("420000000000")
    counties = [county for city in cities for county in below(city["code"])]
    real = [county for county in counties if not county["demonstration"]]
    assert len(real) + sum(city["acts_as_county"] for city in cities) == 103


def test_a_retired_county_is_no_longer_offered(below):
    names = {county["name"] for county in below("421000000000")}
    assert "监利市" in names
    assert "监利县" not in names


def test_the_demonstration_county_leads_down_to_its_villages(below):
    demo = [county for county in below("420100000000") if county["demonstration"]]
    assert [county["name"] for county in demo] == ["演示县"]
    towns = below(demo[0]["code"])
    villages = [village for town in towns for village in below(town["code"])]
    assert (len(towns), len(villages)) == (2, 4)
    assert all(place["demonstration"] for place in towns + villages)
    assert not any(village["has_children"] for village in villages)


def test_a_village_has_nothing_below_and_an_unknown_parent_is_not_found(below, client):
    assert below("420199100200") == []
    answer = client.get("/api/v1/regions?parent=429999000000")
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "region_not_found"


def test_the_list_costs_at_most_two_statements(below, count_sql):
    with count_sql() as statements:
        below("420100000000")
    assert len(statements) == 1
    with count_sql() as statements:
        below("420199100200")
    assert len(statements) == 2
