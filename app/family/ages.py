"""Ages that the law gives a meaning to. Pure.

The day somebody turns eighteen is the anniversary of their birth; whoever was born on 29 February has
none in most years. A period of years ends with the last day of the month then (Civil Code, 202:
没有对应日的，月末日为期间的最后一日), so the next one begins on 1 March.
"""

from datetime import date, timedelta
from typing import Final

#: From here on a child may act alone too (PIPL 31: below it a guardian must agree).
ACTS_ALONE: Final = 14
#: From here on nobody has a guardian (Civil Code, 17).
OF_AGE: Final = 18


def turns(born: date, years: int) -> date:
    """The first day on which somebody born on `born` is `years` old."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def is_at_least(born: date, years: int, today: date) -> bool:
    """Whether somebody is `years` old today."""
    return today >= turns(born, years)


def last_day_of_childhood(born: date) -> date:
    """The last day on which somebody has a guardian."""
    return turns(born, OF_AGE) - timedelta(days=1)
