"""The part of the invented world beside its residents: holders of other documents, organisations."""

from datetime import date, timedelta
from typing import Any

Entry = dict[str, Any]

NEVER_ASSIGNED_REGION = "429999"


def make_other_documents(ingredients: list[Entry]) -> list[Entry]:
    """Holders of documents that the exit-entry administration knows, not the population database.

    Their numbers are never given out: sequence 000, country 999, the first of a series.
    """
    holders = []
    for place, holder in enumerate(ingredients, 1):
        born = date(1980, 1, 1) + timedelta(days=397 * place)
        number = holder.get("number") or with_check(holder["body"].format(born=f"{born:%Y%m%d}"))
        if len(number) == 15:
            number = f"{number[:7]}{born:%y%m%d}{number[13:]}"
        entry = {"key": f"x{place:03d}", "document_type": holder["type"]}
        entry |= {"document_number": number, "name": holder["name"], "sex": "2"}
        entry |= {"birth_date": born.isoformat(), "phone": f"1990008{place:04d}"}
        entry["note"] = "持其他证件：实名认证由出入境管理机构核验"
        holders.append(entry)
    return holders


def with_check(body: str) -> str:
    """Seventeen digits and the GB 11643 check character."""
    weighted = sum(int(digit) * (2 ** (17 - i) % 11) for i, digit in enumerate(body))
    return body + "10X98765432"[weighted % 11]


def make_organisations(people: dict[str, Entry], ingredients: Entry) -> list[Entry]:
    """Companies of residents from r101 on. Their codes lie in the division never assigned."""
    organisations: list[Entry] = []
    for kind, names in ingredients.items():
        for name in names:
            place = len(organisations) + 1
            owner = people[f"r{100 + place:03d}"]
            owner["note"] += f"；{name}的法定代表人"
            organisations.append(
                {
                    "uscc": credit_code(kind if kind.isdigit() else "91", place),
                    "name": name,
                    "status": "active" if kind.isdigit() else kind,
                    "representative": owner["key"],
                }
            )
    return organisations


def credit_code(kind: str, place: int) -> str:
    """A unified social credit code (GB 32100) around an organisation code (GB 11714)."""
    organisation = f"HB9{place:05d}"
    values = ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(each) for each in organisation]
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * value for weight, value in zip(weights, values, strict=True))
    body = f"{kind}{NEVER_ASSIGNED_REGION}{organisation}{'0123456789X0'[11 - total % 11]}"
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(each) * 3**i for i, each in enumerate(body))
    return body + alphabet[-total % 31]
