import contextlib
import os
import signal
import time
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from scripts.local_services import LocalServices, LocalServicesError

KEEP = "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS answer"


def test_both_servers_answer_at_the_addresses_given(shared, ask):
    addresses = shared.addresses

    assert ask(addresses.database_url, "SELECT current_user") == "huiban_app"
    assert ask(addresses.owner_url, "SELECT current_user") == "huiban_owner"
    with Redis.from_url(addresses.redis_url) as redis:
        assert redis.ping()


def test_the_database_is_utf8_in_c_order_and_in_utc(shared, ask):
    url = shared.addresses.database_url

    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SHOW timezone") == "UTC"
    assert ask(url, "SHOW max_connections") == "200"
    query = "SELECT datcollate FROM pg_database WHERE datname = 'huiban'"
    assert ask(url, query) == "C"


def test_nothing_listens_on_the_network_and_only_the_owner_enters_the_socket_directory(shared, ask):
    private = Path(shared.addresses.database_url.partition("host=")[2])

    assert ask(shared.addresses.admin_url, "SHOW listen_addresses") == ""
    assert private.stat().st_mode & 0o777 == 0o700
    with Redis.from_url(shared.addresses.redis_url) as redis:
        wanted = {"port": "0", "save": "", "appendonly": "no", "maxmemory-policy": "allkeys-lru"}
        for name, value in wanted.items():
            assert redis.config_get(name) == {name: value}


def test_a_durable_server_forces_data_to_the_disk_and_a_volatile_one_does_not(home, shared, ask):
    settings = ("fsync", "full_page_writes", "synchronous_commit")

    with LocalServices(home, redis=False) as durable:
        url = durable.addresses.database_url
        assert [ask(url, f"SHOW {name}") for name in settings] == ["on", "on", "on"]
    url = shared.addresses.database_url
    assert [ask(url, f"SHOW {name}") for name in settings] == ["off", "off", "on"]


def test_stopping_removes_the_sockets_and_keeps_the_data(home, ask, do):
    services = LocalServices(home, durable=False, redis=False)
    first = services.start()
    do(first.owner_url, KEEP)
    services.stop()
    assert not Path(first.database_url.partition("host=")[2]).exists()

    with services:
        again = services.addresses
        assert again.database_url != first.database_url
        assert ask(again.owner_url, "SELECT answer FROM kept") == 42


def test_stopping_twice_and_stopping_what_never_started_do_no_harm(home):
    services = LocalServices(home, durable=False, redis=False)
    services.stop()
    with services:
        services.stop()


def test_a_second_starter_on_the_same_home_is_refused_at_once(services, home):
    second = LocalServices(home)

    with pytest.raises(LocalServicesError, match="is in use by another process"):
        second.start()
    services.create_database("still_works")


def test_servers_come_back_at_the_same_address_after_being_killed(home, ask, do):
    with LocalServices(home, durable=False) as services:
        addresses = services.addresses
        do(addresses.owner_url, KEEP)

        services.kill_postgres()
        services.kill_redis()
        services.start_postgres()
        services.start_redis()

        assert services.addresses == addresses
        assert ask(addresses.owner_url, "SELECT answer FROM kept") == 42
        with Redis.from_url(addresses.redis_url) as redis:
            assert redis.ping()


def test_servers_that_something_else_killed_start_again_though_a_connection_was_open(home, ask):
    with LocalServices(home, durable=False) as services:
        record = services.home.record()
        with contextlib.closing(psycopg.connect(services.addresses.owner_url)):
            os.kill(record.postgres.pid, signal.SIGKILL)
            os.kill(record.redis.pid, signal.SIGKILL)
            while record.postgres.alive() or record.redis.alive():
                time.sleep(0.01)

            services.start_postgres()
            services.start_redis()

        assert ask(services.addresses.database_url, "SELECT 1") == 1


def test_a_clone_holds_what_its_template_held_and_dropping_it_leaves_the_template(shared, ask, do):
    shared.create_database("template_here")
    template = shared.database_url("template_here", "huiban_owner")
    do(template, KEEP)

    shared.create_database("clone_here", template="template_here")
    clone = shared.database_url("clone_here", "huiban_owner")
    assert ask(clone, "SELECT answer FROM kept") == 42

    shared.drop_database("clone_here")
    assert ask(template, "SELECT answer FROM kept") == 42
    shared.drop_database("template_here")
