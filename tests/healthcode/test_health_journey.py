"""From a declaration to a door, over HTTP."""

from app.identity.documents import mask_name


def test_a_healthy_person_passes_the_door(declare, open_code, new_door, invent):
    person = invent()
    assert open_code(person)["state"] == "none"
    declared = declare(person)
    assert (declared["state"], declared["colour"]) == ("active", "green")
    opened = open_code(person)
    assert opened["code"].startswith("HB1:")
    verdict = new_door().scan(opened["code"])
    assert (verdict["verdict"], verdict["colour"], verdict["action"]) == ("pass", "green", "none")
    assert verdict["reasons"] == []
    assert verdict["holder"] == {"masked_name": mask_name(person.name)}
