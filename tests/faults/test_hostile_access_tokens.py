"""Twenty thousand access tokens made to be let in, over the whole application."""

import base64
import json
import random
import time
from collections import Counter

import jwt
import pytest
from test_sessions import hostile_tokens

from app.identity import tokens

N = 20_000


def encoded(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


class Mutations:
    """Ways to change a good token, or to make one without the key."""

    def __init__(self, core, people, rng):
        self.rng, self.keys = rng, core.keys
        self.good = [person.access_token for person in people]
        self.key = core.keys.current("access_tokens")
        self.header = {"typ": tokens.TYPE, "kid": self.key.kid}
        self.claims = [jwt.decode(each, options={"verify_signature": False}) for each in self.good]

    def __iter__(self):
        ways = (
            self.flipped_bits, self.cut, self.spliced, self.stranger_signed, self.claims_changed,
            self.header_changed, self.other_algorithm, self.doubled, self.noise, self.respelled,
        )  # fmt: skip
        while True:
            for way in ways:
                token = way()
                # A change that changes nothing would rightly be let in.
                if token not in self.good:
                    yield way.__name__, token

    def flipped_bits(self):
        parts = self.rng.choice(self.good).split(".")
        at = self.rng.randrange(3)
        raw = bytearray(base64.urlsafe_b64decode(parts[at] + "=="))
        for _ in range(self.rng.choice((1, 1, 2, 8))):
            place = self.rng.randrange(len(raw) * 8)
            raw[place // 8] ^= 1 << place % 8
        parts[at] = encoded(bytes(raw))
        return ".".join(parts)

    def cut(self):
        token = self.rng.choice(self.good)
        return token[: self.rng.randrange(1, len(token))]

    def spliced(self):
        one, other = self.rng.sample(self.good, 2)
        parts = [one.split("."), other.split(".")]
        return ".".join([parts[0][0], parts[0][1], parts[1][2]])

    def stranger_signed(self):
        secret = self.rng.choice(
            [self.rng.randbytes(32), b"x" * 32, self.key.kid.encode() * 4, self.key.secret[::-1]]
        )
        return jwt.encode(self.rng.choice(self.claims), secret, "HS256", headers=self.header)

    def claims_changed(self):
        """The good seal under other claims."""
        header, _, seal = self.rng.choice(self.good).split(".")
        claims = dict(self.rng.choice(self.claims))
        name = self.rng.choice([*claims, "adm", "scope"])
        claims[name] = self.rng.choice(
            [None, "", 0, -1, 2**63, 1e400, [], {}, "face", "root", "\x00", "😀" * 50]
        )
        return ".".join([header, encoded(claims), seal])

    def header_changed(self):
        """Signed by the right key over a header that is not as we write it."""
        change = self.rng.choice(
            [
                {"kid": self.rng.choice(["", "../keys", "' OR 1=1", None, 7, ["a"], "0" * 8])},
                {"typ": self.rng.choice(["JWT", "", None, "AT+JWT", "at+jwt "])},
                {"jku": "https://evil.example/keys"},
                {"jwk": {"kty": "oct", "k": "eA"}},
                {"x5u": "https://evil.example/cert"},
                {"crit": ["exp"], "b64": False},
                {"zip": "DEF"},
            ]
        )
        header = {"alg": "HS256", **self.header, **change}
        return self._seal(header, self.rng.choice(self.claims))

    def other_algorithm(self):
        algorithms = [
            "none",
            "None",
            "nOnE",
            "HS384",
            "HS512",
            "hs256",
            "RS256",
            "ES256",
            "EdDSA",
            "dir",
        ]
        header = {**self.header, "alg": self.rng.choice([*algorithms, "", None])}
        token = self._seal(header, self.rng.choice(self.claims))
        return self.rng.choice([token, token.rpartition(".")[0] + "."])

    def doubled(self):
        """Two values for one name: readers disagree which counts."""
        claims = json.dumps(self.rng.choice(self.claims))
        name, value = self.rng.choice(
            [("alg", '"none"'), ("kid", '"00000000"'), ("typ", '"JWT"'), ("kid", "null")]
        )
        header = json.dumps({"alg": "HS256", **self.header})[:-1] + f', "{name}": {value}}}'
        return self._seal(header.encode(), claims.encode())

    def noise(self):
        alphabet = "ABCabc019-_=.+/% \t{}\"'"
        length = self.rng.choice([1, 3, 40, 400, 4_000])
        return "".join(self.rng.choices(alphabet, k=length)).strip() or "."

    def respelled(self):
        """Padding after the seal is left out: it is let in, being the same token written otherwise."""
        token = self.rng.choice(self.good)
        header, body, seal = token.split(".")
        return self.rng.choice(
            [
                token + ".", "." + token, token + ".AAAA", f"{header}..{seal}", f"{header}.{body}.",
                f"{header} .{body}.{seal}", token.swapcase(),
                f"{header}.{body}", header, f"{body}.{header}.{seal}", token * 2,
            ]
        )  # fmt: skip

    def _seal(self, header, claims):
        first, second = encoded(header), encoded(claims)
        algorithm = jwt.get_algorithm_by_name("HS256")
        key = algorithm.prepare_key(self.key.secret)
        seal = algorithm.sign(f"{first}.{second}".encode(), key)
        return f"{first}.{second}.{encoded(seal)}"


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_no_hostile_access_token_is_let_in(core, client, invent, tell):
    rng, people = random.Random(7_519), [invent() for _ in range(4)]
    made = [
        (name, token)
        for name, token in hostile_tokens(core, people[0])
        if token != people[0].access_token
    ]
    for each in Mutations(core, people, rng):
        if len(made) >= N:
            break
        made.append(each)
    began, statuses, ways, wrong = time.perf_counter(), Counter(), Counter(), []
    for number, (name, token) in enumerate(made):
        # So many from one address within a minute would be refused for that alone.
        address = {"REMOTE_ADDR": f"203.0.{number // 1_000}.7"}
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.get("/api/v1/me", headers=headers, environ_base=address)
        statuses[answer.status_code] += 1
        ways[name.split()[0]] += 1
        if answer.status_code != 401 or answer.mimetype != "application/problem+json":
            wrong.append((name, answer.status_code, token[:300]))
    spent = time.perf_counter() - began
    for person in people:
        assert client.get("/api/v1/me", headers=person.headers).status_code == 200
    tell(
        "hostile access tokens",
        f"n = {len(made):,}, {len(ways)} ways, {len(wrong)} let in or failing,"
        f" answers {dict(statuses)}, {spent:.0f} s",
    )
    assert wrong == []
    assert len(made) == N
