"""`make run`: the whole demonstration, until Ctrl-C."""

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from scripts import frontend
from scripts.environment import ROOT, read_world
from scripts.local_services import LocalServicesError
from scripts.stack import Layout, Stack, StackError

HOME = ROOT / ".local" / "run"


def main() -> int:
    """Start, tell what to try, keep everything running. Returns the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    began = time.monotonic()
    print("汇办正在启动… Huiban is starting…", flush=True)
    try:
        layout = Layout(
            home=Path(os.environ.get("HUIBAN_HOME", HOME)),
            port=_port("PORT", 8000),
            stubs_port=_port("STUBS_PORT", 8001),
            host="localhost" if os.environ.get("HUIBAN_HOST") == "localhost" else "127.0.0.1",
        )
        with frontend.building(), Stack(layout) as stack:
            print(welcome(stack, time.monotonic() - began), flush=True)
            _watch(stack)
    except (StackError, LocalServicesError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n汇办已停止，数据保留在 Huiban has stopped; its data stays in", layout.home)
    return 0


def _port(variable: str, usual: int) -> int:
    said = os.environ.get(variable, str(usual))
    if not (said.isascii() and said.isdigit() and 0 < int(said) < 65_536):
        raise StackError(
            f"{variable}={said}：应为 1 至 65535 的端口号。\n"
            f"{variable}={said} is no port; use a number from 1 to 65535"
        )
    return int(said)


def welcome(stack: Stack, seconds: float) -> str:
    """What a newcomer needs to know, on one screen."""
    world = read_world()
    by_key = {person["key"]: person for person in world["people"]}
    venue = world["venue_staff"][0]
    staff = by_key[venue["person"]]
    resident = by_key["r001"]
    officers = ", ".join(officer["login"] for officer in world["officers"])
    return f"""
  汇办已就绪 Huiban is ready ({seconds:.0f} s)

    {stack.url}/app/            居民应用 the resident's app
    {stack.url}/scanner/        扫码核验 the door scanner
    {stack.url}/desk/           工作人员 the officers' desk
    {stack.url}/docs/           接口文档 the API's description
    {stack.url}/ops/status      运行状态 status
    {stack.stubs_url}/demo/accounts   演示人物 the invented people
    {stack.stubs_url}/sms/messages    已发短信 text messages sent

  演示人物（全部虚构）People to try (all invented)
    居民 resident     {resident["name"]}  {resident["phone"]}  {resident["document_number"]}
    场所人员 staff     {staff["name"]}  {staff["phone"]}  venue {venue["venue_id"]}
    工作人员 officers  {officers}
                       密码与动态口令密钥 passwords and secrets: {stack.stubs_url}/demo/accounts

  试一试 Try
    curl '{stack.url}/api/v1/menu?region=420100000000&audience=person'
    curl -X POST {stack.url}/api/v1/auth/codes -H 'Content-Type: application/json' \\
         -d '{{"phone": "{resident["phone"]}", "purpose": "login"}}'
    curl '{stack.stubs_url}/sms/messages?phone={resident["phone"]}'
    make demo        整个流程自动演示 the whole story, step by step

  Ctrl-C 停止 to stop
"""


def _watch(stack: Stack) -> None:
    while True:
        time.sleep(1)
        for part in stack.fallen():
            print(f"{part} 意外退出，正在重启 ended unexpectedly, restarting", file=sys.stderr)
            stack.start_part(part)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
