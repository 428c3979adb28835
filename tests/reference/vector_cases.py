"""The cases of one vector file, each judged as it is added."""

from judge import judge


class Cases:
    """What must come out is stated; a case that is judged otherwise fails."""

    def __init__(self, file, spec, about):
        self.file, self.spec, self.about = file, spec, about
        self.cases = []
        self.names = set()

    def accept(self, name, rule, **inputs):
        outcome = self.add(name, rule, inputs)
        if "error" in outcome or "fault" in outcome:
            raise AssertionError(f"{self.file}: {name}: {outcome}")
        return outcome

    def refuse(self, name, rule, error, **inputs):
        outcome = self.add(name, rule, inputs)
        if outcome.get("error") != error:
            raise AssertionError(f"{self.file}: {name}: {outcome}, not {error}")

    def fault(self, name, rule, fault, **inputs):
        """As `refuse`, where what is wrong is no error of the engine."""
        outcome = self.add(name, rule, inputs)
        if outcome.get("fault") != fault:
            raise AssertionError(f"{self.file}: {name}: {outcome}, not {fault}")

    def add(self, name, rule, inputs):
        if name in self.names:
            raise AssertionError(f"{self.file}: two cases named {name!r}")
        self.names.add(name)
        rule = AT_LIMITS.get((self.file, name), rule)
        case = {"name": name, "rule": rule, **as_json(inputs)}
        outcome = judge(self.file, case)
        self.cases.append({**case, **outcome})
        return outcome


def as_json(value):
    """Bytes become hexadecimal text, tuples arrays."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value


# Cases of other rules that stand at a limit, or just beyond it: they name the limit.
AT_LIMITS = {
    ("names.json", "name, 1,024 bytes"): "LIM-1",
    ("names.json", "name, 1,025 bytes"): "LIM-1",
    ("maps.json", "value of 513"): "LIM-3",
    ("pages.json", "256 entries"): "LIM-4",
    ("pages.json", "count 257 at level 0"): "LIM-4",
    ("pages.json", "level 15, 2^40 entries"): "LIM-5",
    ("pages.json", "level 16"): "LIM-5",
    ("pages.json", "level 9, 2^40 entries"): "LIM-6",
    ("pages.json", "2^40+1 entries"): "LIM-6",
    ("pages.json", "level 10, 2^40 entries"): "MAP-5",
    ("pages.json", "2^40 entries and one"): "MAP-5",
    ("names.json", "path, 4,096 names"): "LIM-7",
    ("nodes.json", "symlink of 4,096"): "LIM-8",
    ("snapshots.json", "label of 256"): "LIM-10",
    ("names.json", "tool, 128 bytes"): "LIM-12",
    ("entries.json", "16,385 bytes"): "LIM-14",
    ("json.json", "128 arrays"): "LIM-16",
    ("json.json", "129 arrays"): "LIM-16",
    ("attributes.json", "extended attributes"): "LIM-19",
    ("attributes.json", "an extended name of 256"): "LIM-19",
    ("attributes.json", "a user of 256"): "LIM-20",
    ("attributes.json", "65,537 holes"): "LIM-21",
}
