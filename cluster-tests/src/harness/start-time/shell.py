#!/usr/bin/env python3
"""Types into `kdelta shell` on a terminal as a person does, and tells how long a get takes.

    cluster-tests/src/harness/start-time/shell.py [--shells 3] [--gets 100] [--pause 0.25] [--port 7878]

Starts a node in memory on that port and writes one document. Each shell is a new process on a
pseudo-terminal; the person reads the first prompt for two seconds, types `timing on`, and then a get at
every pause. Prints what the shell itself says in the end, for each shell: the first against a node that
has just started.
"""

import argparse
import fcntl
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

ROOT = pathlib.Path(__file__).resolve().parents[4]
KDELTA = str(ROOT / "kdelta")


class Terminal:
    """A shell on a pseudo-terminal."""

    def __init__(self, environment):
        self.heard = b""
        self.process, self.end = pty.fork()
        if self.process == 0:
            os.execvpe(KDELTA, [KDELTA, "shell"], environment)
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))

    def listen(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.end], [], [], left)[0]:
                try:
                    self.heard += os.read(self.end, 65536)
                except OSError:
                    return

    def await_text(self, text, seconds=30):
        until = time.monotonic() + seconds
        while text not in self.heard:
            if time.monotonic() > until:
                sys.exit(f"no {text!r} in {self.heard!r}")
            self.listen(0.05)

    def type(self, line):
        os.write(self.end, line.encode() + b"\r")

    def close(self):
        self.type("exit")
        self.listen(2)
        os.waitpid(self.process, 0)
        os.close(self.end)


def measure(environment, gets, pause):
    shell = Terminal(environment)
    shell.await_text(b"> ")
    shell.listen(2)
    shell.type("timing on")
    shell.listen(pause)
    for _ in range(gets):
        shell.type("get a/b")
        shell.listen(pause)
    shell.type("timing")
    shell.await_text(b"commands: p50")
    shell.listen(0.2)
    found = re.search(rb"\d+ commands: p50 [0-9.]+ ms, p99 [0-9.]+ ms", shell.heard)
    shell.close()
    return found.group().decode()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--shells", type=int, default=3)
    options.add_argument("--gets", type=int, default=100)
    options.add_argument("--pause", type=float, default=0.25)
    options.add_argument("--port", type=int, default=7878)
    options = options.parse_args()
    environment = dict(os.environ, KDELTA_SERVER=f"127.0.0.1:{options.port}", TERM="xterm")
    node = subprocess.Popen(
        [KDELTA, "start", "--in-memory", "--port", str(options.port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            put = [KDELTA, "put", "a/b", '{"name":"Alice"}']
            if subprocess.run(put, env=environment, capture_output=True).returncode == 0:
                break
            time.sleep(0.2)
        for number in range(options.shells):
            print(f"shell {number + 1}: {measure(environment, options.gets, options.pause)}")
    finally:
        node.terminate()
        node.wait()


if __name__ == "__main__":
    main()
