"""Where an entry shows, seen from each kind of region."""

import pytest

from app.catalogue import availability

PROVINCIAL, COUNTY, EVERYWHERE = [2], [4], [2, 3, 4]


@pytest.mark.parametrize("depth", [2, 3, 4, 5, 6])
def test_the_provinces_own_matters_show_everywhere(depth):
    assert availability.show(PROVINCIAL, depth) == 1
    assert availability.show(EVERYWHERE, depth) == 1


@pytest.mark.parametrize(("depth", "shown"), [(2, 2), (3, 2), (4, 1), (5, 1), (6, 1)])
def test_a_countys_matters_show_from_the_county_down_and_are_below_above_it(depth, shown):
    assert availability.show(COUNTY, depth) == shown


def test_a_unit_under_the_province_is_city_and_county_at_once():
    assert availability.depth(3, acts_as_county=True) == 4
    assert availability.depth(3, acts_as_county=False) == 3
    assert availability.depth(6, acts_as_county=False) == 6
