#!/usr/bin/env python3
"""Records a command in a terminal as a moving picture, an SVG without scripts.

    cluster-tests/src/harness/demo-picture/record.py [--out demo.svg] [-- ./kdelta demo]

Runs the command in a pseudo-terminal, notes when each line was complete, and draws the lines as one
tall text behind a window that jumps upwards as they come. What a terminal may be told is understood
as far as kdelta tells it: colours of SGR, a return to the start of the line, the erasure of the rest
of it. A picture never shows a wait of more than --longest seconds: that of a build, or of three
nodes that start. Who wants no motion gets the last window.

A command that fails, or says what is not understood here, makes no picture: exit code 1.
"""

import argparse
import codecs
import fcntl
import os
import pathlib
import pty
import re
import struct
import sys
import termios
import time
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parents[4]
HERE = pathlib.Path(__file__).resolve().parent
ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
# Pixels of a character cell, of the frame around the text and of the bar above it.
CELL, LINE, MARGIN, BAR = 8.4, 18, 14, 30
STYLES = {1: "b", 2: "d", 31: "r", 32: "g", 33: "y", 34: "u", 35: "m", 36: "c"}


class Lines:
    """The lines of a terminal without end: each a list of (character, styles), and when it came."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.times = []
        self.column = 0
        self.style = frozenset()
        self.rest = ""

    def feed(self, text, now):
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = ESCAPE.match(text, at)
                if not found:
                    if len(text) - at > 16:
                        raise ValueError("cannot draw %r" % text[at : at + 16])
                    self.rest = text[at:]
                    return
                self.control(found.group(1), found.group(2))
                at = found.end()
                continue
            self.put(text[at], now)
            at += 1

    def control(self, numbers, letter):
        if letter == "m":
            for number in [int(n or 0) for n in numbers.split(";")]:
                if number == 0:
                    self.style = frozenset()
                elif number in STYLES:
                    self.style |= {STYLES[number]}
                else:
                    raise ValueError("cannot draw the colour %d" % number)
        elif letter == "K":
            del self.rows[-1][self.column :]
        else:
            raise ValueError("cannot draw ESC [ %s %s" % (numbers, letter))

    def put(self, character, now):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.end(now)
        else:
            if self.column == self.columns:
                self.end(now)
            row = self.rows[-1]
            row[self.column : self.column + 1] = [(character, self.style)]
            self.column += 1

    def end(self, now):
        self.times.append(now)
        self.rows.append([])
        self.column = 0


def record(command, columns, rows):
    """Runs the command; its lines, with the seconds since its start at which each was complete."""
    lines = Lines(columns)
    lines.feed("\x1b[2m$\x1b[0m %s\r\n" % " ".join(command), 0.0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.environ["TERM"] = "xterm-256color"
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    begun = time.monotonic()
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # the end of a pseudo-terminal
            break
        if not read:
            break
        sys.stdout.buffer.write(read)
        sys.stdout.flush()
        lines.feed(decoder.decode(read), time.monotonic() - begun)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        sys.exit("record: %s ended with %d: no picture" % (" ".join(command), code))
    if not lines.rows[-1]:
        lines.rows.pop()
    lines.times += [time.monotonic() - begun] * (len(lines.rows) - len(lines.times))
    return lines


def shortened(times, longest):
    """The same times with no wait longer than that."""
    told, before, shown = [], 0.0, 0.0
    for now in times:
        shown += min(now - before, longest)
        before = now
        told.append(shown)
    return told


def drawn(row):
    """A line as tspans, a run of characters of one style each."""
    parts, at = [], 0
    while at < len(row):
        to = at
        while to < len(row) and row[to][1] == row[at][1]:
            to += 1
        text = escape("".join(c for c, _ in row[at:to]))
        style = " ".join(sorted(row[at][1]))
        parts.append('<tspan class="%s">%s</tspan>' % (style, text) if style else text)
        at = to
    return "".join(parts)


def picture(lines, columns, rows, longest, rest):
    times = shortened(lines.times, longest)
    length = times[-1] + rest
    width, height = columns * CELL + 2 * MARGIN, rows * LINE + MARGIN + BAR
    moves, appear = [], []
    for index, row in enumerate(lines.rows):
        share = 100 * times[index] / length
        # A line below the window is not seen; one of the first window has to be hidden until it comes.
        if index >= rows:
            moves.append((share, index - rows + 1))
        elif row:
            appear.append((share, index))
    steps = ["0%{transform:translateY(0)}"]
    for number, (share, lines_up) in enumerate(moves):
        if number + 1 < len(moves) and moves[number + 1][0] - share < 0.02:
            continue  # lines that came together
        steps.append("%.2f%%{transform:translateY(%dpx)}" % (share, -lines_up * LINE))
    last = max(0, len(lines.rows) - rows) * LINE
    steps.append("100%%{transform:translateY(%dpx)}" % -last)
    css = [
        "text{font:14px 'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#d8dee9;white-space:pre}",
        ".b{font-weight:bold;fill:#fff}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#7ee787}",
        ".y{fill:#f2cc60}.u{fill:#79c0ff}.m{fill:#d2a8ff}.c{fill:#76e3ea}",
        "@keyframes up{%s}" % "".join(steps),
        "#t{animation:up %.2fs step-end infinite}" % length,
    ]
    for share, index in appear:
        css.append(
            "@keyframes l%d{0%%{opacity:0}%.2f%%{opacity:1}100%%{opacity:1}}" % (index, share)
            + "#l%d{animation:l%d %.2fs step-end infinite}" % (index, index, length)
        )
    css.append(
        "@media(prefers-reduced-motion){#t,#t text{animation:none}#t{transform:translateY(%dpx)}}" % -last
    )
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">'
        % (width, height, width, height),
        "<title>%s</title>" % escape("kdelta demo: three nodes, one cut off, writes on both sides, healed"),
        "<style>%s</style>" % "\n".join(css),
        '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
        '<circle cx="18" cy="15" r="5" fill="#ff5f57"/><circle cx="36" cy="15" r="5" fill="#febc2e"/>'
        '<circle cx="54" cy="15" r="5" fill="#28c840"/>',
        '<svg x="%d" y="%d" width="%d" height="%d"><g id="t">'
        % (MARGIN, BAR, columns * CELL + 1, rows * LINE + 4),
    ]
    hidden = {index for _, index in appear}
    for index, row in enumerate(lines.rows):
        if row:
            name = ' id="l%d"' % index if index in hidden else ""
            out.append(
                '<text%s y="%d" textLength="%.1f" lengthAdjust="spacingAndGlyphs">%s</text>'
                % (name, index * LINE + 14, len(row) * CELL, drawn(row))
            )
    out.append("</g></svg></svg>\n")
    return "\n".join(out)


def main():
    arguments = argparse.ArgumentParser(description="Records a command as a moving SVG.")
    arguments.add_argument("--out", default=str(HERE / "demo.svg"))
    arguments.add_argument("--columns", type=int, default=108)
    arguments.add_argument("--rows", type=int, default=30)
    arguments.add_argument("--longest", type=float, default=3.5, help="seconds of a wait that are shown")
    arguments.add_argument("--rest", type=float, default=8, help="seconds that the end stays")
    arguments.add_argument("command", nargs="*", default=["./kdelta", "demo"])
    given = arguments.parse_args()
    lines = record(given.command, given.columns, given.rows)
    drawing = picture(lines, given.columns, given.rows, given.longest, given.rest)
    pathlib.Path(given.out).write_text(drawing, encoding="utf-8")
    print("record: %s, %d lines, %d bytes" % (given.out, len(lines.rows), len(drawing.encode())))


if __name__ == "__main__":
    main()
