"""Before which officer somebody may confirm a mandate. Pure, apart from reading the officer's posts."""

from collections.abc import Mapping

#: Digits of a county's code, which is all the population database tells of a household.
COUNTY = 6
#: Roles before which people confirm, the wider first.
ROLES = ("window_officer", "village_agent")


def covers(region: str, division: str) -> bool:
    """Whether a region of twelve digits covers a household's division, or is a part of it.

    A village lies within the division: no finer one is known of a household.
    """
    significant = region.rstrip("0")
    # Codes have two digits a level down to the county: 42, 4201, 420106.
    significant = significant.ljust(len(significant) + len(significant) % 2, "0")[:COUNTY]
    return bool(division and significant) and division.startswith(significant)


def acts_as(posts: Mapping[str, str], division: str) -> str | None:
    """The role in which an officer of these posts (role → region) may confirm for this household.

    Somebody whose document tells no household, such as a passport, confirms at a window.
    """
    for role in ROLES:
        region = posts.get(role)
        # An agent serves a county at most.
        if role == "village_agent" and region is not None and region[COUNTY - 2 : COUNTY] == "00":
            continue
        if region is not None and (covers(region, division) or _at_any_window(role, division)):
            return role
    return None


def _at_any_window(role: str, division: str) -> bool:
    return role == "window_officer" and not division
