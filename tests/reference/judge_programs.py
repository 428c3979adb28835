"""Judges what random programs gave: the same judges as for vectors.

Reads one case a line, `{"file", "case", "outcome", "seed"}`, and fails at the first on which the
reference says otherwise. Run by `cargo xtask cross-target` and by CI.
"""

import json
import sys
from collections import Counter

from judge import judge


def judged(file, case):
    outcome = judge(file, case)
    if "state_ids" in outcome:
        # A program sees the state after its last entry only.
        outcome["last_state_id"] = outcome["state_ids"][-1]
    return outcome


def main():
    counts = Counter()
    for line in sys.stdin:
        said = json.loads(line)
        wanted, found = said["outcome"], judged(said["file"], said["case"])
        agrees = ("error" in wanted) == ("error" in found)
        if not agrees or any(found.get(name) != value for name, value in wanted.items()):
            shown = {name: found.get(name) for name in {**wanted, "error": None}}
            sys.exit(
                f"program {said['seed']}: {said['file']}: the engine says {wanted}, "
                f"the reference {shown}, of {json.dumps(said['case'])[:2000]}"
            )
        counts[said["file"]] += 1
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
