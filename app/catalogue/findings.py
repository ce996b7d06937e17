"""What is wrong with a row, said so that its editor can mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong. `row` is the line in the file, the header being line 1."""

    file: str
    row: int
    column: str
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row} [{self.column}] {self.zh} {self.en}"
