"""An officer says who scans at the doors of their own division."""

from staffing import REGION

from healthcode.venues import NewVenue, register_venue

PHONE = "19900000077"


def venue_in(session, region):
    made = register_venue(session, NewVenue("楚风里", "shopping_mall", region, "梧桐路18号"))
    session.commit()
    return made


def test_somebody_may_scan_from_the_next_call_on_and_no_longer_after_the_end(
    client, session, invent_officer, invent
):
    officer, keeper = invent_officer("case_officer"), invent(level="phone")
    path = f"/api/v1/officer/venues/{venue_in(session, REGION)}/staff"
    mine = "/api/v1/verifier/venues"
    assert client.get(mine, headers=keeper.headers).status_code == 403
    body = {"phone": keeper.phone.removeprefix("+86")}
    added = client.post(path, json=body, headers=officer.headers)
    assert added.get_json() == {"account_id": str(keeper.actor.account)}
    assert client.get(mine, headers=keeper.headers).status_code == 200
    ended = f"{path}/{keeper.actor.account}"
    assert client.delete(ended, headers=officer.headers).status_code == 204
    assert client.get(mine, headers=keeper.headers).status_code == 403
    assert client.delete(ended, headers=officer.headers).status_code == 404


def test_a_venue_of_another_division_is_unknown(client, session, invent_officer):
    officer = invent_officer("case_officer")
    for region, status in (("420106005000", 201), ("420111000000", 404), ("429004000000", 404)):
        path = f"/api/v1/officer/venues/{venue_in(session, region)}/staff"
        answer = client.post(path, json={"phone": PHONE}, headers=officer.headers)
        assert answer.status_code == status, region
