"""Working days of the mainland: holidays and make-up days (调休) as the State Council announces them."""

from datetime import date, timedelta

import chinese_calendar

_DAY = timedelta(days=1)


def is_workday(day: date) -> bool:
    """Whether offices work; Monday to Friday where the calendar is not out yet."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def after(day: date, count: int) -> date:
    """The `count`-th working day after `day`."""
    while count:
        day += _DAY
        count -= is_workday(day)
    return day
