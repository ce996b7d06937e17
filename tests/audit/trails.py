"""Trails of audit rows and what somebody who owns the database may do to them."""

import random
import uuid

from sqlalchemy import create_engine, text

from app.audit import heads, sealing
from app.audit.services import Act, record
from app.audit.verifying import verify
from app.core.db import unit_of_work


def leave(core, rows, action="test.read"):
    """Leave so many audit rows, one transaction each ten."""
    for start in range(0, rows, 10):
        with unit_of_work(core) as session:
            for _ in range(min(10, rows - start)):
                record(session, Act(action, "citizen", uuid.uuid4(), uuid.uuid4()))


def seal(core, most=sealing.BATCH):
    """Seal all there is; answers how many rows."""
    total = 0
    while True:
        with unit_of_work(core) as session:
            sealed = sealing.seal_batch(session, most)
        total += sealed
        if sealed == 0:
            return total


def sign(core, path=None):
    """Sign the end of the chain and publish it."""
    with unit_of_work(core) as session:
        heads.sign_head(session)
    with unit_of_work(core) as session:
        heads.publish(session, path)


def report(core, path=None, **options):
    """What verification says."""
    published = heads.read_file(path) if path else []
    with unit_of_work(core) as session:
        return verify(session, published=published, **options)


def whats(core, path=None):
    """The kinds of findings."""
    return {finding.what for finding in report(core, path).findings}


def owner_of(core, role="huiban_owner"):
    """An engine of the role that owns the tables, or of another."""
    return create_engine(core.settings.database_url.replace("huiban_app@", f"{role}@"))


TABLES = ("audit_rows", "audit_seals", "audit_heads", "destruction_records")


class Attacker:
    """Somebody who owns the database, knows how the chain is made, and lacks the keys."""

    def __init__(self, core, seed):
        self.engine = owner_of(core)
        self.random = random.Random(seed)

    def run(self, name):
        """One attack in one transaction, past the triggers. Answers its name."""
        with self.engine.begin() as connection:
            for table in TABLES:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            getattr(self, name)(connection)
            for table in TABLES:
                connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        return name

    def one(self, connection, more=0):
        """A sealed row that is not among the last."""
        last = connection.scalar(text("SELECT max(seq) FROM audit_seals"))
        seq = self.random.randint(2, last - 2 - more)
        found = text("SELECT seq, row_day, row_id FROM audit_seals WHERE seq = :seq")
        return connection.execute(found, {"seq": seq}).one()

    def edit(self, connection):
        column = self.random.choice(
            (
                *("action = 'test.other'", "actor_id = gen_random_uuid()", "subject_id = NULL"),
                *("at = at - interval '1 microsecond'", "result = 'refused'", "reason = 'asked'"),
            )
        )
        row = self.one(connection)
        sql = text(f"UPDATE audit_rows SET {column} WHERE id = :id")
        assert connection.execute(sql, {"id": row.row_id}).rowcount == 1

    def delete(self, connection):
        sql = text("DELETE FROM audit_rows WHERE id = :id")
        assert connection.execute(sql, {"id": self.one(connection).row_id}).rowcount == 1

    def delete_with_link(self, connection):
        row = self.one(connection)
        connection.execute(text("DELETE FROM audit_rows WHERE id = :id"), {"id": row.row_id})
        connection.execute(text("DELETE FROM audit_seals WHERE seq = :seq"), {"seq": row.seq})

    def delete_and_close_up(self, connection):
        row = self.one(connection)
        self.delete_row_and_link(connection, row)
        later = text("UPDATE audit_seals SET seq = -seq WHERE seq > :seq")
        connection.execute(later, {"seq": row.seq})
        connection.execute(text("UPDATE audit_seals SET seq = -seq - 1 WHERE seq < 0"))

    def insert(self, connection):
        row = self.one(connection)
        sql = text(
            "INSERT INTO audit_rows (day, id, at, actor_kind, action, tx)"
            " SELECT day, gen_random_uuid(), at, 'citizen', 'test.invented', tx"
            " FROM audit_rows WHERE id = :id AND tx < (SELECT max(tx) FROM audit_seals)"
        )
        if connection.execute(sql, {"id": row.row_id}).rowcount == 0:
            self.edit(connection)

    def insert_with_link(self, connection):
        row = self.one(connection)
        connection.execute(
            text(
                "INSERT INTO audit_rows (day, id, at, actor_kind, action)"
                " VALUES (:day, :id, now(), 'citizen', 'test.invented')"
            ),
            {"day": row.row_day, "id": (new := uuid.uuid4())},
        )
        sql = text("UPDATE audit_seals SET row_id = :id WHERE seq = :seq")
        connection.execute(sql, {"id": new, "seq": row.seq})

    def swap_rows(self, connection):
        one, other = self.two(connection)
        for column in ("actor_id", "subject_id"):
            sql = text(
                f"UPDATE audit_rows a SET {column} = b.{column} FROM audit_rows b"
                " WHERE (a.id, b.id) IN ((:one, :other), (:other, :one))"
            )
            connection.execute(sql, {"one": one.row_id, "other": other.row_id})

    def swap_links(self, connection):
        one, other = self.two(connection)
        connection.execute(
            text("UPDATE audit_seals SET seq = -seq WHERE seq IN (:one, :other)"),
            {"one": one.seq, "other": other.seq},
        )
        connection.execute(
            text(
                "UPDATE audit_seals SET seq = CASE seq WHEN -:one THEN :other ELSE :one END"
                " WHERE seq < 0"
            ),
            {"one": one.seq, "other": other.seq},
        )

    def cut_tail(self, connection):
        last = connection.scalar(text("SELECT max(seq) FROM audit_seals"))
        after = {"seq": self.random.randint(last - 5, last - 1)}
        connection.execute(
            text(
                "DELETE FROM audit_rows WHERE id IN"
                " (SELECT row_id FROM audit_seals WHERE seq > :seq)"
            ),
            after,
        )
        connection.execute(text("DELETE FROM audit_seals WHERE seq > :seq"), after)
        connection.execute(text("DELETE FROM audit_heads WHERE seq > :seq"), after)

    def write_anew(self, connection):
        """Change a row and then the whole chain after it, heads too."""
        row = self.one(connection)
        sql = text("UPDATE audit_rows SET subject_id = gen_random_uuid() WHERE id = :id")
        connection.execute(sql, {"id": row.row_id})
        chain = connection.scalar(
            text("SELECT chain FROM audit_seals WHERE seq = :seq"), {"seq": row.seq - 1}
        )
        later = text("SELECT seq, row_id FROM audit_seals WHERE seq >= :seq ORDER BY seq")
        for seq, row_id in connection.execute(later, {"seq": row.seq}).all():
            found = connection.execute(
                text("SELECT * FROM audit_rows WHERE id = :id"), {"id": row_id}
            )
            digest = sealing.row_digest(found.mappings().one())
            chain = sealing.link(chain, seq, digest)
            connection.execute(
                text("UPDATE audit_seals SET row_digest = :d, chain = :c WHERE seq = :s"),
                {"d": digest, "c": chain, "s": seq},
            )
        connection.execute(
            text("UPDATE audit_heads h SET chain = s.chain FROM audit_seals s WHERE s.seq = h.seq")
        )

    def destroy_early(self, connection):
        row = self.one(connection)
        connection.execute(
            text(
                "INSERT INTO destruction_records (id, at, table_name, day, count, digest, rule)"
                " VALUES (gen_random_uuid(), now(), 'audit_rows', :day, 1, '', 'audit_rows')"
            ),
            {"day": row.row_day},
        )
        connection.execute(text("DELETE FROM audit_rows WHERE id = :id"), {"id": row.row_id})

    def delete_row_and_link(self, connection, row):
        connection.execute(text("DELETE FROM audit_rows WHERE id = :id"), {"id": row.row_id})
        connection.execute(text("DELETE FROM audit_seals WHERE seq = :seq"), {"seq": row.seq})

    def two(self, connection):
        one = self.one(connection, more=1)
        found = text("SELECT seq, row_day, row_id FROM audit_seals WHERE seq = :seq")
        return one, connection.execute(found, {"seq": one.seq + 1}).one()


ATTACKS = (
    *("edit", "delete", "delete_with_link", "delete_and_close_up", "insert", "insert_with_link"),
    *("swap_rows", "swap_links", "cut_tail", "write_anew", "destroy_early"),
)


def attack_and_mend(core, path, name, seed):
    """Attack, verify, and set the tables back. Answers the findings' kinds."""
    engine = owner_of(core)
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"CREATE TABLE kept_{table} AS TABLE {table}"))
    attacker = Attacker(core, seed)
    attacker.run(name)
    found = whats(core, path)
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"TRUNCATE {table}"))
            connection.execute(text(f"INSERT INTO {table} TABLE kept_{table}"))
            connection.execute(text(f"DROP TABLE kept_{table}"))
    for each in (attacker.engine, engine):
        each.dispose()
    return found
