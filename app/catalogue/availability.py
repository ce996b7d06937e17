"""Where an entry can be handled, seen from the region a person chose. Pure."""

from typing import Literal

#: 0 neither here nor below, 1 here, 2 not here but below (the 鄂汇办 client's own `show`).
Show = Literal[0, 1, 2]

PROVINCE, CITY, COUNTY, TOWN, VILLAGE = 2, 3, 4, 5, 6


def depth(level: int, *, acts_as_county: bool) -> int:
    """The lowest level whose offices serve a region of `level`.

    The units directly under the province (省直管) are city and county at once.
    """
    return max(level, COUNTY) if acts_as_county else level


def show(levels: list[int], depth: int) -> Show:
    """How an entry handled at `levels` appears in a region of `depth`.

    An office serves everything within its own area: a provincial one serves the whole province, a
    county's serves its towns and villages. 0 needs knowledge of single offices, which comes with the
    implementation lists; without them nothing is claimed to be absent.
    """
    return 1 if min(levels) <= depth else 2
