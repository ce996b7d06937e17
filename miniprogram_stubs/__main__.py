"""`python -m miniprogram_stubs --port 8001 --world demo/world.json`."""

import argparse
import sys
from functools import partial

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from miniprogram_stubs.application import RefusesProductionError, create_app, refuse_production
from miniprogram_stubs.world import load_world

#: Not an option: the stand-ins accept anybody who can reach them.
_ADDRESS = "127.0.0.1"


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    parser = argparse.ArgumentParser(prog="miniprogram_stubs", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--world", default="demo/world.json")
    options = parser.parse_args()
    try:
        refuse_production()
        load_world(options.world)
    except (RefusesProductionError, OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"miniprogram_stubs: {error}\n")
        return 1
    # One worker, because all state is in its memory; threads, because calls may hang on demand.
    server = Server(
        "miniprogram_stubs",
        address=_ADDRESS,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=16,
        workers_kill_timeout=5,
        log_level=LogLevels.error,
    )
    try:
        server.serve(target_loader=partial(create_app, options.world), wrap_loader=False)
    except RuntimeError as error:
        # The port is taken; granian's message carries its whole stack.
        sys.stderr.write(f"miniprogram_stubs: {str(error).splitlines()[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
