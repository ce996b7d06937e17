"""The tables of moves, as drawn and as allowed."""

import itertools

import pytest

from app.payments.states import ATTEMPT, BOOKING, LINE, ORDER, MoveRefused, move
from scripts.render_states import DOCUMENT, drawn


def test_the_drawings_in_the_document_are_current():
    document = DOCUMENT.read_text(encoding="utf-8")
    assert drawn(document) == document, "run `python -m scripts.render_states`"
    assert document.count("stateDiagram-v2") == 4


@pytest.mark.parametrize("table", [ORDER, LINE, ATTEMPT, BOOKING])
def test_whatever_a_table_does_not_name_is_refused(table):
    states = {state for state, _ in table} | set(table.values())
    moves = {by for _, by in table}
    for state, by in itertools.product(states, moves):
        if (state, by) in table:
            assert move(table, state, by) == table[state, by]
            continue
        with pytest.raises(MoveRefused) as refused:
            move(table, state, by)
        assert (refused.value.state, refused.value.move) == (state, by)


def test_nothing_leads_out_of_paid_back_to_waiting():
    assert "awaiting_payment" not in ORDER.values()
    assert all(to == "paid" for (_, by), to in ATTEMPT.items() if by == "pay")
    assert not any(state == "paid" for state, _ in ATTEMPT)
