"""The published keys, and what happens when one is killed."""

import base64
import json
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt import PyJWS

from app.core import clock
from app.core.freshness import Mark
from app.core.keys import KeyRefused, StoredKey, add_key, write_key_file
from healthcode import keys, token
from healthcode.models import VerifierKeySet

URL = "/api/v1/health-code/keys"
ROOT = bytes(range(32))


@pytest.fixture(autouse=True)
def _ring_as_before(base_core):
    """The ring is the whole process's; the keys a test made are rolled back."""
    yield
    base_core.load_keys()


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def current(core):
    return core.keys.current("health_codes").kid


def test_without_a_published_set_the_answer_is_503(client):
    answer = client.get(URL)
    assert (answer.status_code, answer.json["code"]) == (503, "keys_not_published")
    assert answer.headers["Retry-After"]


def test_the_set_is_signed_by_the_root_key_and_checks_our_codes(client, session, declare, invent):
    keys.publish(session, ROOT)
    session.commit()
    answer = client.get(URL).json
    root = Ed25519PrivateKey.from_private_bytes(ROOT).public_key()
    payload = json.loads(PyJWS().decode(answer["signature"], root, algorithms=["EdDSA"]))
    assert set(payload) == {"keys", "issued_at", "next_update"}
    assert payload["keys"] == answer["keys"]
    (jwk,) = payload["keys"]
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert jwk["status"] == "current"
    public = Ed25519PublicKey.from_public_bytes(unpadded(jwk["x"]))
    code = declare(invent())["code"]
    lookup = {jwk["kid"]: public}.get
    assert token.verify(code, lookup, clock.now()).colour == "green"


def test_the_set_may_be_cached_for_a_minute_and_asked_for_by_etag(client, session):
    keys.publish(session, ROOT)
    session.commit()
    first = client.get(URL)
    assert first.headers["Cache-Control"] == "public, max-age=60"
    again = client.get(URL, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_the_secret_half_is_never_published(client, session, core):
    keys.publish(session, ROOT)
    session.commit()
    text = client.get(URL).get_data(as_text=True)
    secret = core.keys.current("health_codes").secret
    for spelled in (secret.hex(), base64.b64encode(secret).decode(), '"d"'):
        assert spelled not in text


def test_a_killed_key_is_refused_and_leaves_the_set(
    client, session, core, declare, new_door, invent
):
    door, person = new_door(), invent()
    code = declare(person)["code"]
    killed = current(core)
    keys.kill(session, killed, ROOT)
    session.commit()
    assert session.get(Mark, ("keys", "*")) is not None
    core.load_keys()
    answer = door.scan(code)
    assert (answer["verdict"], answer["reasons"]) == ("refuse", ["unknown_key"])
    assert answer["holder"] is None
    assert killed not in {jwk["kid"] for jwk in client.get(URL).json["keys"]}


def test_the_killed_key_has_a_successor_at_once(session, core, declare, new_door, invent):
    keys.kill(session, current(core), ROOT)
    session.commit()
    core.load_keys()
    assert new_door().scan(declare(invent())["code"])["verdict"] == "pass"


def test_the_waiting_key_succeeds_if_there_is_one(session, core):
    waiting = add_key(session, "health_codes", "next").kid
    keys.kill(session, current(core), ROOT)
    session.commit()
    core.load_keys()
    assert current(core) == waiting


def test_a_key_that_is_not_current_is_killed_without_successor(session, core):
    waiting, staying = add_key(session, "health_codes", "next").kid, current(core)
    keys.kill(session, waiting, ROOT)
    session.commit()
    core.load_keys()
    assert current(core) == staying
    assert session.get(StoredKey, ("health_codes", waiting)).state == "killed"


@pytest.mark.parametrize("kid", ["", "nothing", "*", "DROP"])
def test_only_a_living_health_code_key_can_be_killed(session, core, kid):
    with pytest.raises(KeyRefused):
        keys.kill(session, kid, ROOT)
    foreign = core.keys.current("access_tokens").kid
    with pytest.raises(KeyRefused):
        keys.kill(session, foreign, ROOT)


@pytest.fixture
def root_file(tmp_path):
    file = tmp_path / f"{uuid.uuid4().hex}.json"
    write_key_file(file, origin="demonstration")
    return file


def run(app, *arguments):
    # `flask` gives its commands the application's context; the test runner leaves that to us.
    with app.app_context():
        return app.test_cli_runner().invoke(args=["health-keys", *map(str, arguments)])


def test_the_operator_publishes_and_kills_from_the_command_line(app, core, session, root_file):
    done = run(app, "publish", "--root-key", root_file)
    assert done.exit_code == 0, done.output
    killed = current(core)
    done = run(app, "kill", killed, "--root-key", root_file)
    assert done.exit_code == 0, done.output
    assert session.query(VerifierKeySet).count() == 2
    assert session.get(StoredKey, ("health_codes", killed)).state == "killed"
    core.load_keys()


def test_a_wrong_kid_or_a_missing_root_key_is_said_plainly(app, session, root_file, tmp_path):
    wrong = run(app, "kill", "nothing", "--root-key", root_file)
    assert wrong.exit_code == 1
    assert "no living health code key" in wrong.output
    missing = run(app, "publish", "--root-key", tmp_path / "absent")
    assert missing.exit_code == 1
    assert session.query(VerifierKeySet).count() == 0
