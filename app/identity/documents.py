"""Identity documents: the check of a resident ID and the masks shown to people. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_FORM = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_DOTS = str.maketrans(dict.fromkeys("•・．‧∙⋅", "·"))


@dataclass(frozen=True)
class ResidentId:
    """What an 18-digit resident ID number (公民身份号码, GB 11643-1999) says."""

    number: str
    birth_date: date
    #: GB/T 2261.1: 1 male, 2 female.
    sex: str


def parse_resident_id(text: str, today: date) -> ResidentId | None:
    """The number's content, or None when it cannot be one.

    The first six digits are the division *at issue*, so retired codes are accepted: only form, a real
    birth date from 1900 to `today`, and the check character are judged.
    """
    number = text.upper()
    if not _FORM.fullmatch(number):
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
    return ResidentId(number, born, "1" if digits[16] % 2 else "2")


def normalise_name(text: str) -> str:
    """One spelling of a name: NFC, no outer blanks, one kind of middle dot."""
    return unicodedata.normalize("NFC", text.strip()).translate(_DOTS)


def mask_name(name: str) -> str:
    """张三 → 张*, 欧阳修 → 欧*修."""
    if len(name) <= 2:
        return name[:1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_document(number: str) -> str:
    """First three and last four characters: what the owner is shown."""
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def mask_phone(phone: str) -> str:
    """+8613812341234 → 138****1234."""
    local = phone.removeprefix("+86")
    return local[:3] + "****" + local[-4:]
