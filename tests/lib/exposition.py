"""A strict parser of Prometheus' text format 0.0.4."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
VALUE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|NaN|[+-]Inf", re.I)


def parse(text):
    """{family: {type, help, samples: [(name, labels, value)]}}"""
    assert text.endswith("\n"), "the last line has no end"
    families, current, seen = {}, None, set()

    def family(name):
        return families.setdefault(name, dict(type=None, help=None, samples=[]))

    for line in text[:-1].split("\n"):
        assert line, "an empty line"
        if line.startswith("#"):
            m = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.*)", line)
            assert m, line
            kind, name, rest = m.groups()
            if name != current:
                assert name not in families, f"{name} begins twice"
            f, current = family(name), name
            key = kind.lower()
            assert f[key] is None and not f["samples"], line
            f[key] = rest
            if kind == "TYPE":
                assert rest in ("counter", "gauge", "summary", "histogram",
                                "untyped"), line
            continue
        m = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? (\S+)", line)
        assert m and VALUE.fullmatch(m.group(3)), line
        name, labels, value = m.groups()
        assert current is not None and families[current]["type"], line
        kind = families[current]["type"]
        assert name == current or (
            kind == "summary" and name in (current + "_sum",
                                           current + "_count")), line
        found, at = {}, 0
        while labels and at < len(labels):
            pair = LABEL.match(labels, at)
            assert pair and pair.group(1) not in found, line
            found[pair.group(1)] = pair.group(2)
            at = pair.end()
        if kind == "summary" and name == current:
            assert 0 <= float(found["quantile"]) <= 1, line
        if kind == "counter":
            assert name.endswith("_total") and float(value) >= 0, line
        key = name, tuple(sorted(found.items()))
        assert key not in seen, f"{line} twice"
        seen.add(key)
        families[current]["samples"].append((name, found, float(value)))
    return families
