"""The codes of matters, offices and divisions, taken apart and checked. Pure.

基本编码 (12): scope 2 + type 2 + department 2 + serial 3 + sub-item 3.
实施编码 (31): the office's 统一社会信用代码 (18) + level 1 + 基本编码.
业务编码 (33): 实施编码 + number of the handling item 2.
An entry whose real code is unknown bears an artificial base code that begins with ZZ: no real one
has letters there.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from app.core.uscc import is_uscc

#: Scope of a base code: the national catalogue, or Hubei's own.
SCOPES = {"00": "national", "42": "hubei"}

#: The kinds of matters (事项类型) by the digits in the base code.
MATTER_TYPES = {
    "01": "行政许可",
    "02": "行政处罚",
    "03": "行政强制",
    "04": "行政征收",
    "05": "行政给付",
    "06": "行政检查",
    "07": "行政确认",
    "08": "行政奖励",
    "09": "行政裁决",
    "10": "其他行政权力",
    "20": "公共服务",
}

_BASE = re.compile(
    r"(?P<scope>\d{2})(?P<type>\d{2})(?P<department>\d{2})(?P<serial>\d{3})(?P<item>\d{3}|W\d{2})",
    re.ASCII,
)
_ARTIFICIAL = re.compile(r"ZZ[0-9A-F]{10}", re.ASCII)

#: GB 32100-2015: digits and letters without I, O, S, V, Z.
#: GB 11714: the organisation's own code within it knows all letters.


@dataclass(frozen=True)
class BaseCode:
    """基本编码: which matter it is, alike at all offices."""

    text: str
    scope: str
    type: str
    department: str
    serial: str
    #: Three digits for a national sub-item, `Wnn` for one split off locally.
    item: str

    @property
    def local_item(self) -> bool:
        """Whether the sub-item was split off locally."""
        return self.item.startswith("W")


@dataclass(frozen=True)
class ImplementationCode:
    """实施编码: the matter as one office carries it out."""

    text: str
    uscc: str
    #: 行使层级: 1 state, 2 province, 3 city, 4 county, 5 town, 6 village.
    level: int
    base: BaseCode


@dataclass(frozen=True)
class TransactCode:
    """业务编码: one handling item of an office's matter."""

    text: str
    implementation: ImplementationCode
    number: str


@dataclass(frozen=True)
class RegionCode:
    """A division's 12-digit code, in its parts; parts below its own level are zeros."""

    text: str
    #: 2 province, 3 city, 4 county, 5 town, 6 village.
    level: int

    @property
    def own_digits(self) -> str:
        """The digits that all divisions below it begin with."""
        return self.text[: {2: 2, 3: 4, 4: 6, 5: 9, 6: 12}[self.level]]


def parse_base(text: str) -> BaseCode | None:
    """The parts of a real base code, or None when it cannot be one."""
    match = _BASE.fullmatch(text)
    if match is None or match["scope"] not in SCOPES or match["type"] not in MATTER_TYPES:
        return None
    return BaseCode(text=text, **match.groupdict())


def parse_implementation(text: str) -> ImplementationCode | None:
    """The parts of an implementation code, or None when a part of it is wrong."""
    if len(text) != 31 or text[18] not in "123456" or not is_uscc(text[:18]):
        return None
    base = parse_base(text[19:])
    return ImplementationCode(text, text[:18], int(text[18]), base) if base else None


def parse_transact(text: str) -> TransactCode | None:
    """The parts of a transact code, or None when a part of it is wrong."""
    if len(text) != 33 or not (text[31:].isascii() and text[31:].isdigit()):
        return None
    implementation = parse_implementation(text[:31])
    return TransactCode(text, implementation, text[31:]) if implementation else None


def is_artificial(text: str) -> bool:
    """Whether this is a base code of ours for an entry without a real one."""
    return _ARTIFICIAL.fullmatch(text) is not None


def artificial_code(department: str, name: str, item_name: str, level: str) -> str:
    """A base code for an entry without a real one: the same entry always gets the same.

    It is written into the table once and stays there, so that a later correction of the name does
    not change the code that others have stored.
    """
    identity = "|".join(
        unicodedata.normalize("NFKC", part).strip() for part in (department, name, item_name, level)
    )
    return "ZZ" + hashlib.sha256(identity.encode()).hexdigest()[:10].upper()


def parse_region(text: str) -> RegionCode | None:
    """A division's code with the level its zeros say, or None when it is not 12 digits."""
    if len(text) != 12 or not (text.isascii() and text.isdigit()) or text[:2] == "00":
        return None
    level = 6
    for shorter, length in ((5, 9), (4, 6), (3, 4), (2, 2)):
        if text[length:].strip("0"):
            break
        level = shorter
    return RegionCode(text, level)
