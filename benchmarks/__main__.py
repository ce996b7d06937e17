"""`make bench`: fill, load, report."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import Progress

from app.core.runtime import Core
from app.payments.bills import DEPARTMENT
from benchmarks import payments, report
from benchmarks.layers import Shares
from benchmarks.load import PROCESSES, LoadFailed
from benchmarks.measuring import ROUNDS, WARM_UP, Measured, Plan, Run
from benchmarks.notifies import Notifies, read_platform
from benchmarks.orders import AMOUNT, add_orders, read_open
from benchmarks.payments import CALLBACK
from benchmarks.people import Citizen, add_citizens, add_staff, read_citizens, read_staff
from benchmarks.report import Facts, Grid
from benchmarks.server import MeasuredStack, opened_core
from benchmarks.targets import all_targets, callback, gather
from scripts.environment import ROOT, stub_keys
from scripts.local_services import LocalServicesError
from scripts.stack import StackError

NAMES = (
    *("bare", "guarded", "menu-304", "menu-200", "open", "open-no-redis"),
    *("scan", "refresh", "login", CALLBACK),
)
#: Staff and venues added, so many that nobody comes near the limit of calls a minute and person.
STAFF, VENUES = 1_000, 100

#: Characters a line when the output is not a terminal.
WIDTH = 150

SPEED = (
    "Speed",
    (
        "Medians of the rounds. The last three columns are processor time of one request: in the web "
        "processes, in PostgreSQL and in the load generator, which all share the cores."
    ),
)
SHARES = (
    "Where the time goes",
    (
        "One thread, one request at a time, without a server. The clock measures without a profiler; "
        "the shares are cProfile's, which favours few large calls over many small ones."
    ),
)


def main() -> int:
    """Measure as the arguments say. Returns the exit status."""
    options = _parser().parse_args()
    options.load_before = os.getloadavg()[0]
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    try:
        stack = MeasuredStack()
        with stack, opened_core(stack) as core:
            _fill(console, stack, core, options)
            _measure(console, stack, core, options)
    except (StackError, LocalServicesError, LoadFailed) as error:
        console.print(f"\n{error}", style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _measure(
    console: Console, stack: MeasuredStack, core: Core, options: argparse.Namespace
) -> None:
    citizens, staff = read_citizens(core), read_staff(core)
    measured, grids = Measured(), list[tuple[str, str, Grid]]()
    if options.seconds:
        with console.status("…") as status:
            plan = Plan(options.seconds, options.connections)
            run = Run(stack, core, citizens, plan, tell=status.update)
            crowd = gather(core, citizens, staff)
            targets = [*all_targets(core, crowd, stack.url), callback(_notifies(stack, core))]
            if options.without_worker:
                stack.kill_part("worker")
            measured = run.measure([each for each in targets if _wanted(each.name, options.only)])
        lines = list(measured.lines.values())
        grids.append((*SPEED, report.speed_grid(lines, measured.lines.get("bare"))))
    # A callback is good once, so it is not among the routes that are called again and again.
    profiled = [name for name in options.only if name != CALLBACK]
    if options.profile and (profiled or not options.only):
        grids.append((*SHARES, report.shares_grid(_profile(stack, profiled))))
    for title, _, grid in grids:
        report.show(console, title, grid)
    facts = _facts(stack, core, options, (citizens, len(staff), measured))
    for sentence in facts.sentences():
        console.print(f"  {sentence}", markup=False, highlight=False)
    if options.write:
        report.write(facts, grids)
        console.print(f"  {report.EVIDENCE.relative_to(ROOT)}")
    if measured.scans_stored != measured.scans_acknowledged:
        raise LoadFailed("acknowledged scans and stored rows differ")
    if payments.differ(measured):
        raise LoadFailed("acknowledged payments, stored postings or the ledger's two sides differ")


def _fill(console: Console, stack: MeasuredStack, core: Core, options: argparse.Namespace) -> None:
    accounts, orders = options.accounts, options.orders
    with Progress(console=console) as progress:
        task = progress.add_task("虚构账号 invented accounts", total=accounts)
        add_citizens(core, accounts, lambda number: progress.advance(task, number))
        citizens = read_citizens(core)
        add_staff(core, citizens[:STAFF], VENUES)
        if options.seconds and _wanted(CALLBACK, options.only):
            laying = progress.add_task("虚构订单 invented orders", total=orders)
            ref = read_platform(stub_keys(stack.layout.home), DEPARTMENT).merchant_ref
            add_orders(core, citizens, orders, ref, lambda number: progress.advance(laying, number))
    # Otherwise it would happen by itself in the middle of a measurement.
    with psycopg.connect(stack.services.addresses.owner_url, autocommit=True) as owner:
        owner.execute("VACUUM (ANALYZE)")


def _notifies(stack: MeasuredStack, core: Core) -> Notifies:
    platform = read_platform(stub_keys(stack.layout.home), DEPARTMENT)
    return Notifies(platform, read_open(core), AMOUNT)


def _profile(stack: MeasuredStack, only: list[str]) -> list[Shares]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "shares.json"
        command = [sys.executable, "-m", "benchmarks.profiling", str(out), *only]
        done = subprocess.run(
            command, cwd=ROOT, env=stack.environment(), capture_output=True, text=True
        )
        if done.returncode:
            raise LoadFailed(f"profile: {done.stderr[-2_000:]}")
        return [Shares(**each) for each in json.loads(out.read_text())]


def _facts(
    stack: MeasuredStack,
    core: Core,
    options: argparse.Namespace,
    found: tuple[list[Citizen], int, Measured],
) -> Facts:
    citizens, staff, measured = found
    with psycopg.connect(stack.services.addresses.owner_url) as owner:
        shown = [owner.execute(f"SHOW {name}").fetchone() for name in _SETTINGS]
    version, fsync, commit, buffers = [row[0] if row else "?" for row in shown]
    return Facts(
        command=f"make bench ARGS={' '.join(sys.argv[1:])!r}",
        load_before=options.load_before,
        accounts=len(citizens),
        staff=staff,
        plan=(
            f"each target {ROUNDS} × {options.seconds / ROUNDS:g} s after {WARM_UP:g} s warm-up, the "
            f"second round in reverse order; {options.connections} keep-alive connections from "
            f"{PROCESSES} processes, closed loop"
        ),
        server=f"{stack.layout.workers} Granian workers × 4 threads, database pool 4 each",
        postgres=(
            f"{version.split()[0]}: fsync {fsync}, synchronous_commit {commit}, "
            f"shared_buffers {buffers}"
        ),
        redis="on a unix socket, nothing on disk; killed for the target without it",
        scans_acknowledged=measured.scans_acknowledged,
        scans_stored=measured.scans_stored,
        payments=payments.sentences(measured, options.orders, worker=not options.without_worker),
    )


_SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers")


def _wanted(name: str, only: list[str]) -> bool:
    return not only or name in only or name == "bare"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=20_000, help="that await payment")
    parser.add_argument(
        "--seconds",
        type=float,
        default=6.0,
        help="of each target, both rounds together; 0 measures nothing",
    )
    parser.add_argument("--connections", type=int, default=32, help="in total")
    parser.add_argument("--only", action="append", default=[], choices=NAMES, help="and bare")
    parser.add_argument(
        "--without-worker", action="store_true", help="nobody does the jobs meanwhile"
    )
    parser.add_argument("--profile", action="store_true", help="also show where the time goes")
    parser.add_argument("--write", action="store_true", help="write docs/evidence/bench.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
