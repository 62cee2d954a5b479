# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m tests.bench): run the benchmark, print its figures, and write them with a chart to docs/benchmarks/."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Iterator

from tests.bench import chart, report
from tests.bench.figures import Figures, judge
from tests.bench.runs import Failure, Sample, Setting, running

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
KINDS = ("uri", "role", "limit", "modules", "hosts")
FURTHER = 3  # profiles of the second run of the playbook of today: what each one after the first costs
LARGE = 5000
AS_HOSTS = 10  # profiles that are hosts, beside the same number in one list

Step = tuple[str, int]


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--profiles", type=numbers, default=[1, 100, 1000], help="sizes (default: 1,100,1000)")
    parser.add_argument("--large", action="store_true", help="%d profiles too, once" % LARGE)
    parser.add_argument(
        "--latency",
        type=numbers,
        default=[0, 50],
        help="how long the service takes for an answer, in ms (default: 0,50)",
    )
    parser.add_argument("--repeat", type=int, default=3, help="how often (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=7, help="how often the modules take turns (default: %(default)s)")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=list(KINDS), help="only some of: %s" % ",".join(KINDS)
    )
    parser.add_argument(
        "--creating",
        type=float,
        default=0.2,
        help="seconds that the service takes to create a profile (default: %(default)s)",
    )
    parser.add_argument(
        "--interval",
        type=float,
        default=0.25,
        help="seconds between two looks of the playbook, and the first pause of the role "
        "(default: %(default)s, which is the role's)",
    )
    parser.add_argument(
        "--concurrency",
        type=int,
        default=8,
        help="calls that the limit has under way at once (default: %(default)s, which is the role's)",
    )
    parser.add_argument(
        "--zones", type=int, default=1, help="DNS zones to spread the profiles over (default: %(default)s)"
    )
    parser.add_argument(
        "--ask-dns",
        action="store_true",
        help="have verifications ask the name server, which takes the simulator longer than all else",
    )
    parser.add_argument(
        "--collections",
        type=Path,
        default=BUILD / "bench" / "collections",
        help="where smtpd.email is installed (default: where 'make bench' puts it)",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks", help="where the report is written")
    return parser


def collections_path(installed: Path) -> str:
    """Where Ansible is to look for the collections, the role's and the one that nsupdate is in."""
    others = BUILD / "collections"
    if not (installed / "ansible_collections" / "smtpd" / "email").is_dir():
        sys.exit("The collection smtpd.email is not installed in %s: run this by 'make bench'." % installed)
    if not (others / "ansible_collections" / "community" / "general").is_dir():
        sys.exit(
            "The collection community.general is missing, which the playbook of today needs. To install it:\n"
            "python tests/tools/ensure-collections community.general"
        )
    return os.pathsep.join([str(installed.resolve()), str(others)])


def steps(arguments: argparse.Namespace) -> Iterator[list[Step]]:
    """What to run at each latency: rounds in which those that are compared take turns."""
    sizes = arguments.profiles
    with_hosts = sorted({*sizes, AS_HOSTS}) if "hosts" in arguments.only else sizes
    common = {
        "uri": [1, FURTHER],
        "role": with_hosts,
        "limit": sizes,
        "modules": [arguments.turns],
        "hosts": [AS_HOSTS],
    }
    for _number in range(arguments.repeat):
        yield [(kind, count) for kind in arguments.only for count in common[kind]]
    if arguments.large:
        yield [(kind, LARGE) for kind in arguments.only if kind in ("role", "limit")]


def measure(arguments: argparse.Namespace) -> tuple[list[Sample], list[str]]:
    """All samples, and the first lines of what went wrong."""
    samples: list[Sample] = []
    failures: list[str] = []
    for latency in arguments.latency:
        setting = setting_of(arguments, latency)
        for number, batch in enumerate(steps(arguments), start=1):
            for kind, count in batch:
                try:
                    with running(setting) as bench:
                        taken = getattr(bench, kind)(count)
                except Failure as failure:
                    print("FAILED: %s" % failure, flush=True)
                    failures.append(str(failure).partition("\n")[0])
                else:
                    show(number, taken if kind != "modules" else [])
                    samples += taken
                    keep(samples)
    return samples, failures


def show(number: int, samples: list[Sample]) -> None:
    for sample in samples:
        print(
            "%3.0f ms, round %d: %-5s %5d profiles %8.2f s %8.2f s CPU %5.0f MB  %s"
            % (
                1000 * sample.latency,
                number,
                sample.case,
                sample.profiles,
                sample.seconds,
                sample.cpu,
                sample.peak_mb,
                " ".join("%s=%d" % call for call in sorted(sample.calls.items())),
            ),
            flush=True,
        )


def setting_of(arguments: argparse.Namespace, latency: int) -> Setting:
    return Setting(
        latency / 1000,
        arguments.creating,
        arguments.interval,
        arguments.concurrency,
        arguments.zones,
        arguments.ask_dns,
        collections_path(arguments.collections),
    )


def write_report(arguments: argparse.Namespace, samples: list[Sample], failures: list[str], load: float) -> bool:
    """Print the report, and write it with its chart. False if a target is missed."""
    figures = Figures(samples)
    verdicts = judge(figures)
    date = datetime.date.today().isoformat()
    how = report.Circumstances(setting_of(arguments, 0), date, arguments.repeat, arguments.large, failures, load)
    text = report.render(figures, verdicts, how)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / (date + ".md")).write_text(text, encoding="utf-8")
    (arguments.out / (date + ".svg")).write_text(chart.render(figures), encoding="utf-8")
    print("\n" + text)
    return all(verdict.passed is not False for verdict in verdicts)


def keep(samples: list[Sample]) -> None:
    """Write the samples as they are, for those who want to look closer."""
    path = BUILD / "bench" / "samples.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([dataclasses.asdict(sample) for sample in samples]), encoding="utf-8")


def main() -> None:
    # So that the servers are stopped however the benchmark is ended.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    arguments = make_parser().parse_args()
    started, load = time.monotonic(), os.getloadavg()[0]
    samples, failures = measure(arguments)
    if not samples:
        sys.exit("Nothing was measured.")
    is_met = write_report(arguments, samples, failures, load)
    print(
        "Done in %.0f s. %s"
        % (
            time.monotonic() - started,
            "All targets that were measured are met." if is_met else "Some targets are missed.",
        )
    )
    if failures:
        sys.exit("%d runs failed." % len(failures))


if __name__ == "__main__":
    main()
