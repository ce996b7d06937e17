"""Scopes and levels as other people's standards name them."""

from app.core.types import LEVELS, Level

#: What the consent page says a client will know. `openid` alone is a pseudonym.
SCOPES = ("openid", "profile", "phone", "real_name", "organisation", "offline_access")
#: Sensitive: agreed to by itself, never ticked beforehand.
SEPARATE = frozenset({"real_name"})
#: Goes up when the words of the consent page change their meaning; people are then asked again.
NOTICE_VERSION = "2026-11"

ACR_PREFIX = "urn:huiban:"
ACR_VALUES = tuple(ACR_PREFIX + level for level in LEVELS)


def level_of(acr: str) -> Level | None:
    """The level an acr value names; None for one that is not ours."""
    return LEVELS[ACR_VALUES.index(acr)] if acr in ACR_VALUES else None


def least_level(scopes: frozenset[str], acr_values: tuple[str, ...]) -> Level:
    """What somebody must have proved before this request can be answered.

    Any of the acr values will do, so the lowest counts; a name, and what somebody stands for, can
    only be told of those whose name is known.
    """
    known = [level for acr in acr_values if (level := level_of(acr))]
    least = min((LEVELS.index(level) for level in known), default=0)
    if scopes & {"real_name", "organisation"}:
        least = max(least, LEVELS.index("real_name"))
    return LEVELS[least]


def answered_acr(level: Level, acr_values: tuple[str, ...]) -> str:
    """The highest of the values asked for that `level` reaches; without any, the level itself."""
    reached = LEVELS[: LEVELS.index(level) + 1]
    good = [wished for acr in acr_values if (wished := level_of(acr)) in reached and wished]
    return ACR_PREFIX + max(good, key=LEVELS.index, default=level)
