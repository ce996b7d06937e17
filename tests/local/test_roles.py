import psycopg
import pytest

ROLES = ("huiban_owner", "huiban_app", "huiban_retention")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_log_in_and_has_no_power_over_the_server(shared, ask, role):
    url = shared.database_url("huiban", role)

    powers = "rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
    assert ask(url, f"SELECT {powers} FROM pg_roles WHERE rolname = current_user") is False


def test_the_owner_may_make_tables_and_the_others_may_not(shared, do):
    do(shared.addresses.owner_url, "CREATE TABLE made_by_owner (id int)")

    for role in ("huiban_app", "huiban_retention"):
        url = shared.database_url("huiban", role)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            do(url, "CREATE TABLE made_by_other (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            do(url, "SELECT * FROM made_by_owner")


@pytest.mark.parametrize("template", [None, "huiban"])
def test_every_new_database_belongs_to_the_owner_with_its_schema(shared, ask, template):
    shared.create_database("another", template=template)
    url = shared.database_url("another", "huiban_app")

    database = "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
    schema = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
    assert ask(url, database) == "huiban_owner"
    assert ask(url, schema) == "huiban_owner"
    shared.drop_database("another")


def test_a_role_outside_the_three_may_not_enter(shared, do):
    do(shared.addresses.admin_url, "CREATE ROLE stranger LOGIN")

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(shared.database_url("huiban", "stranger"))
