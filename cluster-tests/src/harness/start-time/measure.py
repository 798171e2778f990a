#!/usr/bin/env python3
"""Times one-shot commands as ratios to a bare start of the JVM, in turns within one run.

    cluster-tests/src/harness/start-time/measure.py [--runs 21] [--port 7878]

Starts a node in memory on that port, writes one document, and runs by turns: a class with an empty
main in a jar, with the flags of the launcher; commands with the AOT caches that the launcher makes;
without them. Prints medians of wall time and of CPU time (which a busy machine bends less), and their
ratios to the bare start. The times of commands are those of the whole launcher.
"""

import argparse
import os
import pathlib
import resource
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[4]
KDELTA = ROOT / "kdelta"
FLAGS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]


def java_home():
    """The JDK that the launcher takes, if KDELTA_JAVA_HOME names it; else JAVA_HOME, else PATH."""
    home = os.environ.get("KDELTA_JAVA_HOME") or os.environ.get("JAVA_HOME")
    return pathlib.Path(home) / "bin" if home else pathlib.Path("")


def run(command, environment):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(
        command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1e3, cpu * 1e3


def median(values):
    return sorted(values)[len(values) // 2]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=21)
    options.add_argument("--port", type=int, default=7878)
    options = options.parse_args()
    with_cache = dict(os.environ, KDELTA_SERVER=f"127.0.0.1:{options.port}")
    without = dict(with_cache, KDELTA_AOT="off")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "Bare.java").write_text(
            "class Bare { public static void main(String[] words) {} }"
        )
        subprocess.run([str(java_home() / "javac"), "-d", folder, f"{folder}/Bare.java"], check=True)
        subprocess.run(
            [str(java_home() / "jar"), "cf", f"{folder}/bare.jar", "-C", folder, "Bare.class"], check=True
        )
        node = subprocess.Popen(
            [str(KDELTA), "start", "--in-memory", "--port", str(options.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            while "ready in" not in (line := node.stdout.readline()):
                if not line:
                    raise SystemExit("the node did not start; is the port free?")
            subprocess.run([str(KDELTA), "-q", "put", "t/k", "1"], env=without, check=True)
            get = [str(KDELTA), "get", "t/k"]
            subprocess.run(get, env=with_cache, check=True, stdout=subprocess.DEVNULL)
            deadline = time.time() + 120
            target = ROOT / "node/target"
            while time.time() < deadline and (
                len(list(target.glob("kdelta-*.aot"))) < 2 or any(target.glob("*.making"))
            ):
                time.sleep(0.2)
            bare = [str(java_home() / "java"), *FLAGS, "-cp", f"{folder}/bare.jar", "Bare"]
            commands = {
                "get": get,
                "get --meta": [*get, "--meta"],
                "put": [str(KDELTA), "put", "t/p", '{"a":1}'],
                "ls": [str(KDELTA), "ls", "t"],
                "log": [str(KDELTA), "log", "t/k"],
            }
            cases = {"bare JVM": (bare, without)}
            for name, command in commands.items():
                cases[f"{name}, AOT cache"] = (command, with_cache)
                cases[name] = (command, without)
            times = {name: [] for name in cases}
            for turn in range(options.runs + 1):
                for name, case in cases.items():
                    measured = run(*case)
                    # The first turn reads files that the others find in memory.
                    if turn > 0:
                        times[name].append(measured)
        finally:
            node.terminate()
            node.wait()
    wall0 = median([wall for wall, _ in times["bare JVM"]])
    cpu0 = median([cpu for _, cpu in times["bare JVM"]])
    print(f"{'':24}{'wall ms':>9}{'ratio':>7}{'CPU ms':>9}{'ratio':>7}   ({options.runs} runs)")
    for name, measured in times.items():
        wall = median([w for w, _ in measured])
        cpu = median([c for _, c in measured])
        print(f"{name:24}{wall:9.0f}{wall / wall0:7.1f}{cpu:9.0f}{cpu / cpu0:7.1f}")


if __name__ == "__main__":
    main()
