"""The access matrix: every route × every kind of actor × own, foreign and unknown object.

What must come out is derived from the route table alone: audience, level, roles. A stranger's object
answers exactly like one that does not exist.
"""

import re
from itertools import product

from guards.matrix import GATE, Caller, expected, own_foreign_unknown, path_of, without_trace
from guards.objects import (
    BODIES,
    EVERYBODYS,
    NAMED_INSIDE,
    NOBODYS,
    NOBODYS_INSIDE,
    NOTHING_YET,
    OBJECTS,
    Place,
)
from support import make_person

from api import guards
from app.core.ids import new_id


def test_every_route_lets_in_exactly_whom_the_table_names(lines, callers, call):
    tried, refused = 0, 0
    for (method, rule, names, line), (name, caller) in product(lines, callers.items()):
        path = path_of(rule, [new_id() for _ in names])
        status, body = call(method, path, caller, json={})
        code = body.get("code") if body.get("code") in GATE else None
        assert code == expected(line, caller), f"{method} {rule} as {name}: {status} {code}"
        assert status < 500 or status == 503, f"{method} {rule} as {name}: {status}"
        tried, refused = tried + 1, refused + (code is not None)
    print(f"\nn = {tried} calls: {len(lines)} routes x {len(callers)} actors, {refused} refused")
    assert tried == len(lines) * len(callers)


def test_every_parameter_has_an_example_or_a_reason(lines):
    named = {name for _, _, names, _ in lines for name in names}
    assert named == set(OBJECTS) | set(NOBODYS)
    unused = set(BODIES) - {(method, rule) for method, rule, _, _ in lines}
    assert not unused


def test_a_strangers_object_answers_exactly_like_an_unknown_one(
    lines, callers, call, core, client, stubs
):
    place, tried = Place(core, client), 0
    stranger, someone = make_person(core), make_person(core)
    for method, rule, names, line in lines:
        if not names or names[-1] in NOBODYS:
            continue
        make, body = OBJECTS[names[-1]], BODIES.get((method, rule), {})
        for name, caller in callers.items():
            gate = expected(line, caller)
            owner = caller.person if gate is None else someone
            paths = own_foreign_unknown(rule, names, make, place, owner, stranger)
            own, foreign, unknown = (call(method, path, caller, json=body) for path in paths)
            tried += 3
            where = f"{method} {rule} as {name}"
            if gate is not None:
                for status, answer in (own, foreign, unknown):
                    assert answer["code"] == gate, f"{where}: {status} {answer}"
                assert without_trace(own[1]) == without_trace(foreign[1]), where
                continue
            found = own[0] not in (401, 403, 404, 422, 500)
            assert found or (method, rule) in NOTHING_YET, f"{where}: {own}"
            assert unknown[0] == 404, f"{where}: {unknown}"
            if names[-1] not in EVERYBODYS:
                assert foreign[0] == 404, f"{where}: {foreign}"
                assert without_trace(foreign[1]) == without_trace(unknown[1]), where
    print(f"\nn = {tried} calls with own, foreign and unknown objects")
    assert tried > 300


def test_objects_named_in_a_query_or_body_are_kept_apart_too(
    lines, callers, call, core, client, stubs
):
    place, tried = Place(core, client), 0
    stranger = make_person(core)
    table = {(method, rule): line for method, rule, _, line in lines}
    for (method, rule, where), (field, make, more) in NAMED_INSIDE.items():
        foreign = make(place, stranger)
        for name, caller in callers.items():
            gate = expected(table[method, rule], caller)
            answers = []
            own = make(place, caller.person) if gate is None else new_id()
            for value in (foreign, new_id(), own):
                sent = {**more, field: [str(value)] if field.endswith("_ids") else str(value)}
                in_body = {"json": sent}
                in_query = {"query_string": sent, "json": BODIES.get((method, rule), {})}
                key = Caller(caller.kind, {**caller.headers, "Idempotency-Key": new_id().hex})
                answers.append(
                    call(method, rule, key, **(in_query if where == "query" else in_body))
                )
                tried += 1
            (status, body), (_, unknown), (mine, answer) = answers
            assert without_trace(body) == without_trace(unknown), f"{method} {rule} as {name}"
            assert status == 404 if gate is None else body["code"] == gate, f"{rule} {name} {body}"
            assert gate or mine not in (401, 403, 404), f"{method} {rule} as {name}: {answer}"
    print(f"\nn = {tried} calls with objects named inside")


def test_every_id_in_a_query_or_body_has_an_example_or_a_reason(client):
    document = client.get("/openapi.json").get_json()
    schemas = document["components"]["schemas"]
    found = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters" or path.startswith(("/oauth", "/callbacks")):
                continue
            where = (method.upper(), path)
            query = [each for each in operation.get("parameters", []) if each["in"] == "query"]
            found |= {(*where, "query", each["name"]) for each in query}
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            properties = schemas.get(body.rpartition("/")[2], {}).get("properties", {})
            found |= {(*where, "body", name) for name in properties}
    ids = {each for each in found if re.search(r"_ids?$", each[3])}
    known = {(*where, field) for where, (field, _, _) in NAMED_INSIDE.items()}
    assert {each for each in ids if each[3] not in NOBODYS_INSIDE} == known


def test_the_matrix_would_notice_a_route_that_lets_anybody_in(lines, callers, call, monkeypatch):
    """So that it does not hold because nothing is compared."""
    monkeypatch.setattr(guards, "_as_officer", lambda session, route: None)
    method, rule, _, line = next(each for each in lines if each[3].roles == ("system_admin",))
    status, body = call(method, rule, callers["audit_admin"], json={})
    assert expected(line, callers["audit_admin"]) == "role_required"
    assert body.get("code") != "role_required", status
