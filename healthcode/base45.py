"""Base45 (RFC 9285), strict: every byte string has one spelling and every text at most one meaning."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
#: The 2,025 pairs of characters by value, lower place first, and back.
_PAIRS = [low + high for high in ALPHABET for low in ALPHABET]
_PAIR_VALUES = {pair: value for value, pair in enumerate(_PAIRS)}


def encode(data: bytes) -> str:
    """The Base45 text of `data`: three characters for two bytes, two for a last odd one."""
    text = []
    for start in range(0, len(data) - 1, 2):
        high, low = divmod(data[start] << 8 | data[start + 1], 2_025)
        text.append(_PAIRS[low] + ALPHABET[high])
    if len(data) % 2:
        text.append(_PAIRS[data[-1]])
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes `text` spells. Raises `ValueError` for anything `encode` does not write."""
    data = bytearray()
    try:
        for start in range(0, len(text), 3):
            number = _PAIR_VALUES[text[start : start + 2]]
            last = text[start + 2 : start + 3]
            if last:
                number += _VALUES[last] * 2_025
            data += number.to_bytes(2 if last else 1)
    except (KeyError, OverflowError):
        raise ValueError("not Base45") from None
    return bytes(data)
