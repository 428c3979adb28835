#!/usr/bin/env python3
"""Measures the program beside its peers: the same work in one run, alternating, on one tree.

Usage: cargo build --release && python3 benches/beside_peers.py TREE [ROUNDS]

Prints medians of CPU seconds (user and system, children too) and wall seconds, and the ratio of
the program's CPU to each peer's. Peers that are not installed are left out by name. MARKERBED
names another binary. Everything is written below one temporary folder, on the tree's terms: give
TMPDIR on the same disk.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

OURS = "markerbed"
# operation → (peer, what runs it), ours first; the folder is the working directory
WORK = {
    "cold snapshot with contents": [
        (OURS, "{ours} snap --no-ignore tree"),
        ("tar+zstd", "tar cf - tree | zstd -q -1 -T0 -f -o tree.zst"),
        ("borg", "borg create repository.borg::one tree"),
        ("restic", "restic backup -r repository.restic tree"),
    ],
    "unchanged snapshot": [
        (OURS, "{ours} snap --no-ignore tree"),
        ("git", "cd tracked && git status"),
        ("restic", "restic backup -r repository.restic tree"),
    ],
    "read and check all": [
        (OURS, "{ours} check --read-data"),
        ("restic", "restic check --read-data -r repository.restic"),
    ],
    "restore": [
        (OURS, "{ours} restore @ restored"),
        ("cp", "cp -a tree copied"),
        ("restic", "restic restore -r repository.restic latest --target restic.out"),
    ],
}
PROGRAM_OF = {"tar+zstd": "zstd"}
FRESH = {
    "borg": "borg init -e none repository.borg",
    "restic": "restic init -r repository.restic",
}


def main():
    if len(sys.argv) not in (2, 3) or not os.path.isdir(sys.argv[1]):
        sys.exit(__doc__)
    tree, rounds = os.path.abspath(sys.argv[1]), int((sys.argv[2:] or ["5"])[0])
    ours = os.path.abspath(os.environ.get("MARKERBED", "target/release/markerbed"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, ours)
        bench.prepare(tree)
        for _ in range(rounds):
            bench.round()
        bench.print()


class Bench:
    def __init__(self, folder, ours):
        self.folder, self.ours = folder, ours
        self.times = {}
        at = lambda name: os.path.join(folder, name)
        self.environment = dict(
            os.environ,
            MARKERBED_STORE=at("store/.markerbed"),
            XDG_CONFIG_HOME=at("config"),
            XDG_CACHE_HOME=at("cache"),
            BORG_BASE_DIR=at("borg"),
            BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes",
            RESTIC_PASSWORD="bench",
        )

    def prepare(self, tree):
        """Copies the tree, so that all read the same files, and lets git track another copy."""
        shutil.copytree(tree, self.at("tree"), symlinks=True)
        if shutil.which("git"):
            shutil.copytree(tree, self.at("tracked"), symlinks=True)
            author = "git -c user.name=bench -c user.email=bench commit -q -m tree"
            self.run(f"cd tracked && rm -rf .git && git init -q && git add -A -f && {author}")

    def round(self):
        for name in os.listdir(self.folder):
            if name not in ("tree", "tracked"):
                path = self.at(name)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        os.mkdir(self.at("store"))
        self.run(f"{self.ours} init store")
        for peer, command in FRESH.items():
            if shutil.which(peer):
                self.run(command)
        for operation, contenders in WORK.items():
            for peer, command in contenders:
                if peer == OURS or shutil.which(PROGRAM_OF.get(peer, peer)):
                    command = command.format(ours=self.ours)
                    self.times.setdefault((operation, peer), []).append(self.run(command))

    def run(self, command):
        """Runs a command in the folder; gives its CPU and wall seconds."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = os.times().elapsed
        subprocess.run(
            command,
            shell=True,
            check=True,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
        )
        wall = os.times().elapsed - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return cpu, wall

    def print(self):
        print(f"{'operation':30} {'program':10} {'CPU s':>7} {'wall s':>7} {'ours/its CPU':>13}")
        for operation, contenders in WORK.items():
            ours = self.median(operation, OURS)
            for peer, _ in contenders:
                if (operation, peer) not in self.times:
                    print(f"{operation:30} {peer:10} is not installed")
                    continue
                cpu, wall = self.median(operation, peer)
                print(f"{operation:30} {peer:10} {cpu:7.2f} {wall:7.2f} {ours[0] / cpu:13.2f}")

    def median(self, operation, peer):
        cpu, wall = zip(*self.times[operation, peer])
        return statistics.median(cpu), statistics.median(wall)

    def at(self, name):
        return os.path.join(self.folder, name)


if __name__ == "__main__":
    main()
