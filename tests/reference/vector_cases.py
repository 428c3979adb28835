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
