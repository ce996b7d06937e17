"""`python -m miniprogram_stubs --port 8001 --world demo/world.json [--keys DIR]`."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from miniprogram_stubs import keys
from miniprogram_stubs.application import RefusesProductionError, create_app, refuse_production
from miniprogram_stubs.world import load_world

#: Not an option: the stand-ins accept anybody who can reach them.
_ADDRESS = "127.0.0.1"


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    parser = argparse.ArgumentParser(prog="miniprogram_stubs", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--world", default="demo/world.json")
    parser.add_argument("--keys", help="folder for payment and push keys, made at first start")
    parser.add_argument("--keys-only", action="store_true", help="make the keys and end")
    options = parser.parse_args()
    with ExitStack() as stack:
        try:
            refuse_production()
            folder = options.keys or stack.enter_context(tempfile.TemporaryDirectory())
            address = f"http://{_ADDRESS}:{options.port}"
            keys.ready(load_world(options.world), Path(folder), address)
        except (RefusesProductionError, OSError, ValueError, KeyError, TypeError) as error:
            sys.stderr.write(f"miniprogram_stubs: {error}\n")
            return 1
        if options.keys_only:
            return 0
        return _serve(options.port, partial(create_app, options.world, folder, address))


def _serve(port: int, application: Callable[[], Flask]) -> int:
    # One worker, because all state is in its memory; threads, because calls may hang on demand.
    server = Server(
        "miniprogram_stubs",
        address=_ADDRESS,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=16,
        workers_kill_timeout=5,
        log_level=LogLevels.error,
    )
    try:
        server.serve(target_loader=application, wrap_loader=False)
    except RuntimeError as error:
        # The port is taken; granian's message carries its whole stack.
        sys.stderr.write(f"miniprogram_stubs: {str(error).splitlines()[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
