"""Identity documents: what a number of each kind says, and the masks shown to people. Pure."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

RESIDENT_ID: Final = "resident_id"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_EIGHTEEN = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
#: Nationality (three letters), place of application, YYMMDD, sequence, check.
_FIFTEEN = re.compile(r"[A-Z]{3}\d{4}\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{2}", re.ASCII)
_PASSPORT = re.compile(r"(?=[A-Z]*\d)[A-Z0-9]{5,15}", re.ASCII)
#: Nine characters for life; older cards append how often the card was renewed.
_HK_MACAU = re.compile(r"([HM]\d{8})(?:\d{2})?", re.ASCII)
#: Eight digits for life; older cards append how often the card was renewed.
_TAIWAN = re.compile(r"(\d{8})(?:\d{2})?", re.ASCII)
_HK_MACAU_RESIDENCE = ("810000", "820000")
_TAIWAN_RESIDENCE = ("830000",)
_FOREIGN = ("9",)
_DOTS = str.maketrans(dict.fromkeys("•・．‧∙⋅", "·"))


@dataclass(frozen=True)
class Document:
    """An identity document whose number has the form of its kind."""

    type: str
    #: As it is compared and kept: capitals, without what changes when a card is renewed.
    number: str
    #: None where the number does not tell it.
    birth_date: date | None = None
    #: GB/T 2261.1: 1 male, 2 female; None where the number does not tell it.
    sex: str | None = None


Parser = Callable[[str, date], Document | None]


def parse_document(document_type: str, text: str, today: date) -> Document | None:
    """What the number says, or None when no document of this kind has such a number."""
    parse = _KINDS.get(document_type)
    return parse(text.upper(), today) if parse and text.isascii() else None


def parse_resident_id(text: str, today: date) -> Document | None:
    """An 18-digit resident ID number (公民身份号码, GB 11643-1999).

    The first six digits are the division *at issue*, so retired codes are accepted: only form, a real
    birth date from 1900 to `today`, and the check character are judged.
    """
    if text.startswith((*_HK_MACAU_RESIDENCE, *_TAIWAN_RESIDENCE, *_FOREIGN)):
        return None
    return _eighteen(RESIDENT_ID, text.upper(), today)


def _eighteen(document_type: str, number: str, today: date) -> Document | None:
    if not _EIGHTEEN.fullmatch(number):
        return None
    digits = [int(digit) for digit in number[:17]]
    if _CHECK[sum(w * d for w, d in zip(_WEIGHTS, digits, strict=True)) % 11] != number[17]:
        return None
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    if not date(1900, 1, 1) <= born <= today:
        return None
    return Document(document_type, number, born, "1" if digits[16] % 2 else "2")


def _beginning(document_type: str, prefixes: tuple[str, ...]) -> Parser:
    def parse(number: str, today: date) -> Document | None:
        if not number.startswith(prefixes):
            return None
        return _eighteen(document_type, number, today)

    return parse


def _permanent_residence(number: str, today: date) -> Document | None:
    """The card of 2023 has eighteen digits; the older one does not say the century of birth."""
    if _FIFTEEN.fullmatch(number):
        return Document("foreign_permanent_residence", number)
    return _beginning("foreign_permanent_residence", _FOREIGN)(number, today)


def _silent(document_type: str, form: re.Pattern[str]) -> Parser:
    """A number that tells nothing of its holder. What is kept is the first group, if there is one."""

    def parse(number: str, _: date) -> Document | None:
        match = form.fullmatch(number)
        return Document(document_type, match[form.groups and 1]) if match else None

    return parse


_KINDS: Final[Mapping[str, Parser]] = {
    RESIDENT_ID: parse_resident_id,
    "hk_macau_residence_permit": _beginning("hk_macau_residence_permit", _HK_MACAU_RESIDENCE),
    "taiwan_residence_permit": _beginning("taiwan_residence_permit", _TAIWAN_RESIDENCE),
    "foreign_permanent_residence": _permanent_residence,
    "passport": _silent("passport", _PASSPORT),
    "hk_macau_travel_permit": _silent("hk_macau_travel_permit", _HK_MACAU),
    "taiwan_travel_permit": _silent("taiwan_travel_permit", _TAIWAN),
}
DOCUMENT_TYPES: Final = tuple(_KINDS)


def normalise_name(text: str) -> str:
    """One spelling of a name: NFC, single blanks, one kind of middle dot, Latin names in capitals."""
    name = unicodedata.normalize("NFC", " ".join(text.split())).translate(_DOTS)
    return name.upper() if name.isascii() else name


def mask_name(name: str) -> str:
    """张三 → 张*, 欧阳修 → 欧*修."""
    if len(name) <= 2:
        return name[:1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_document(number: str) -> str:
    """What the owner is shown: first three and last four characters, of short numbers one and two."""
    first, last = (3, 4) if len(number) >= 15 else (1, 2)
    return number[:first] + "*" * (len(number) - first - last) + number[-last:]


def mask_phone(phone: str) -> str:
    """+8613812341234 → 138****1234."""
    local = phone.removeprefix("+86")
    return local[:3] + "****" + local[-4:]
