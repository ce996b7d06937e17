"""Base45 (RFC 9285), strict: every byte string has one spelling and every text at most one meaning."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """The Base45 text of `data`: three characters for two bytes, two for a last odd one."""
    text = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        rest = int.from_bytes(pair)
        for _ in range(len(pair) + 1):
            rest, value = divmod(rest, 45)
            text.append(ALPHABET[value])
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes `text` spells. Raises `ValueError` for anything `encode` does not write."""
    data = bytearray()
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        try:
            number = sum(_VALUES[character] * 45**place for place, character in enumerate(group))
        except KeyError:
            raise ValueError("not a Base45 character") from None
        size = len(group) - 1
        if size == 0 or number >= 256**size:
            raise ValueError("not a Base45 group")
        data += number.to_bytes(size)
    return bytes(data)
