"""The manner of all schemas: unknown fields refused, text bounded and printable."""

import unicodedata
from typing import Any

import marshmallow as ma


class Schema(ma.Schema):
    """Base of every schema: a field we do not know is an error, in bodies and in queries."""

    class Meta:
        unknown = ma.RAISE


class Text(ma.fields.String):
    """Text of 1 to `max_length` characters without control characters or broken code points."""

    def __init__(self, max_length: int, *, min_length: int = 1, **options: Any) -> None:
        own: list[Any] = [options.pop("validate")] if "validate" in options else []
        validators: list[Any] = [ma.validate.Length(min=min_length, max=max_length), _printable]
        super().__init__(validate=validators + own, **options)


def _printable(text: str) -> None:
    if any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in text):
        raise ma.ValidationError("含有无法识别的字符。 Contains characters that are not text.")


class Page(Schema):
    """Query of every list."""

    cursor = Text(200)
    limit = ma.fields.Integer(load_default=20, validate=ma.validate.Range(1, 100))
