"""`make demo`: the story end to end on fresh data; exit status 0 only if every step held.

`KILL=web|worker|postgres|redis` kills that process after each step; the supervisor restarts it.
"""

import os
import shutil
import sys
import threading
import time

from rich.console import Console

from scripts.environment import ROOT, read_world
from scripts.local_services import LocalServicesError, clean
from scripts.stack import Layout, Stack, StackError
from scripts.story.door import Door
from scripts.story.family import Family
from scripts.story.telling import Client, DoesNotHold, Teller, open_http

HOME = ROOT / ".local" / "demo"
KILLABLE = ("web", "worker", "postgres", "redis")


def main() -> int:
    """Play the story. Returns the exit status."""
    console = Console(soft_wrap=True)
    kill = os.environ.get("KILL", "")
    if kill and kill not in KILLABLE:
        console.print(f"KILL 只能是 must be one of: {', '.join(KILLABLE)}", style="red")
        return 2
    clean(HOME / "services")
    shutil.rmtree(HOME, ignore_errors=True)
    layout = Layout(
        home=HOME,
        port=int(os.environ.get("PORT", "0")),
        stubs_port=int(os.environ.get("STUBS_PORT", "0")),
        quiet=True,
    )
    began = time.monotonic()
    console.print("正在准备全新的演示环境… preparing a fresh demonstration…")
    try:
        with Stack(layout) as stack:
            console.print(f"就绪 ready ({time.monotonic() - began:.1f} s) {stack.url}\n")
            told = play(stack, console, kill)
    except (StackError, LocalServicesError, DoesNotHold) as error:
        console.print(f"\n{error}", style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    words = f"，每步之后都杀掉 {kill} each followed by a kill of {kill}" if kill else ""
    console.print(f"\n[bold green]{told} 步全部成立 all {told} steps held[/]{words}")
    return 0


def play(stack: Stack, console: Console, kill: str) -> int:
    """Tell the story on a running stack. Returns the number of steps. Raises `DoesNotHold`."""
    world = read_world()
    people = {person["key"]: dict(person) for person in world["people"]}
    http = open_http()
    teller = Teller(console, after_step=lambda: destroy(stack, kill))
    stop = threading.Event()
    supervisor = threading.Thread(target=supervise, args=(stack, stop), daemon=True)
    supervisor.start()
    try:
        door = Door(
            api=stack.url,
            stubs=Client(stack.stubs_url, http),
            folder=stack.layout.home,
            resident=people["r001"],
            contact=people["r204"],
            staff=people[world["venue_staff"][0]["person"]],
        )
        door.tell(teller)
        contact_phones = world["medical_bills"]["contact_phones"]
        Family(
            api=stack.url,
            stubs=door.stubs,
            daughter=people["r001"],
            father=people["p001"],
            mother=people["p002"],
            father_phone=contact_phones["p001"],
        ).tell(teller)
    finally:
        stop.set()
        supervisor.join()
        http.close()
    return teller.told


def destroy(stack: Stack, kill: str) -> None:
    """kill -9 of the chosen process; `supervise` brings it back."""
    if kill == "postgres":
        stack.services.kill_postgres()
    elif kill == "redis":
        stack.services.kill_redis()
    elif kill == "web":
        stack.kill_part("web")
    elif kill == "worker":
        stack.kill_part("worker")


def supervise(stack: Stack, stop: threading.Event) -> None:
    """Start again, twice a second, whatever is not running."""
    while not stop.wait(0.5):
        stack.services.start_postgres()
        stack.services.start_redis()
        stack.start_part("worker")
        stack.start_part("web")


if __name__ == "__main__":
    sys.exit(main())
