"""A `flask` command on the running demonstration: `python -m scripts.command openid client-list`."""

import json
import os
import subprocess
import sys
from pathlib import Path

from scripts.environment import ROOT
from scripts.run import HOME
from scripts.stack import ENVIRONMENT_FILE


def main() -> int:
    """Run the command beside `make run`. Returns its exit status."""
    home = Path(os.environ.get("HUIBAN_HOME", HOME))
    try:
        environment = json.loads((home / ENVIRONMENT_FILE).read_text())
    except FileNotFoundError:
        print("请先启动 start it first: make run", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "flask", "--app", "composition:command_app", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
