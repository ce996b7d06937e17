"""Unified social credit codes (统一社会信用代码). Pure."""

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def is_uscc(text: str) -> bool:
    """Whether both check characters of a 统一社会信用代码 hold (GB 32100-2015, GB 11714 inside)."""
    if len(text) != 18 or any(character not in _USCC_ALPHABET for character in text):
        return False
    total = sum(_USCC_ALPHABET.index(text[i]) * pow(3, i, 31) for i in range(17))
    if _USCC_ALPHABET[(31 - total % 31) % 31] != text[17]:
        return False
    organisation = text[8:17]
    total = sum(
        weight * _ORGANISATION_ALPHABET.index(character)
        for weight, character in zip(_ORGANISATION_WEIGHTS, organisation, strict=False)
    )
    return "0123456789X0"[11 - total % 11] == organisation[8]
