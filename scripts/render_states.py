"""Draw the transition tables of payments into docs/payments.md: `python -m scripts.render_states`."""

import sys

from app.payments import states
from scripts.environment import ROOT

DOCUMENT = ROOT / "docs" / "payments.md"
BEGIN, END = "<!-- states: begin -->", "<!-- states: end -->"

#: Table and the state in which each of its things begins.
TABLES = {
    "Order 订单": (states.ORDER, "awaiting_payment"),
    "Line 订单明细": (states.LINE, "open"),
    "Attempt 支付尝试": (states.ATTEMPT, "preparing"),
    "Booking 部门入账": (states.BOOKING, "pending"),
}


def drawn(document: str) -> str:
    """The document with the drawings between its marks made anew."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    pictures = "\n\n".join(
        _picture(title, table, first) for title, (table, first) in TABLES.items()
    )
    return f"{before}{BEGIN}\n{pictures}\n{END}{after}"


def _picture(title: str, table: states.Table, first: str) -> str:
    moves = [f"    {state} --> {to}: {move}" for (state, move), to in table.items()]
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *moves, "```"]
    return f"### {title}\n\n" + "\n".join(lines)


def main() -> int:
    """Write the document."""
    DOCUMENT.write_text(drawn(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
