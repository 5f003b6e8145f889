"""Configurations, records and tables with values that nobody would write."""

import re
import shutil

VALUES = ["1000000000", "9223372036854775807", "18446744073709551615", "99999999999999999999", "0", "-1", "nan", "inf", "1e400", "1e308", "1.5", '"x"', "[]", "{}", "true", "0x7fffffffffffffff"]
NUMBERS = ["0", "-1", "1e308", "-1e308", "1e-320", "18446744073709551615", "9223372036854775808", "1e400", "null", '"x"', "[]", '"inf"', '"' + "x" * 100_000 + '"']

READ_CONFIG = [
    ["report", "RUN"],
    ["evaluate", "RUN", "--threads", "1"],
    ["train", "RUN", "--resume", "--threads", "1"],
    ["train", "RUN", "--epochs", "1", "--limit-train", "8", "--threads", "1"],
]


def attacks(on, rng):
    yield from configs(on)
    yield from records(on, rng)
    yield from tables(on)


def configs(on):
    """config.toml with every value replaced."""
    text = (on.template("finished") / "config.toml").read_text()
    changed = []
    for found in re.finditer(r"^(\w+) = ([^\[\n]+)$", text, re.M):
        changed += [(f"{found[1]} = {v}", text[: found.start(2)] + v + text[found.end(2) :]) for v in VALUES]
    found = re.search(r"widths = \[[^\]]*\]", text)
    for value in ("[1000000000, 1000000000]", "[4096, 4096]", "[1]", "[]", "[0, 1]", "[-1, 1]"):
        changed.append((f"widths = {value}", text[: found.start()] + "widths = " + value + text[found.end() :]))
    more = {"hidden": "1048576", "classes": "65536", "timesteps": "1024", "tau": "3.4e38", "threshold": "1e-45", "source": '"/dev"', "learning_rate": "1e300"}
    for key, value in [*more.items(), ("source", '"' + "a" * 100_000 + '"')]:
        changed.append((f"{key} = {value[:20]}", re.sub(rf"^{key} = .+$", f"{key} = {value}", text, flags=re.M)))
    changed.append(("a million lines", text + "\n# x" * 1_000_000))
    changed.append(("deep nesting", "a = " + "[" * 100_000 + "]" * 100_000 + "\n" + text))
    changed.append(("deep tables", text + "[" + "a." * 100_000 + "a]\n"))
    changed.append(("NUL bytes", text.replace("seed", "se\0ed", 1)))
    for what, new in changed:
        for argv in READ_CONFIG:
            if "--resume" in argv and what.startswith("epochs"):
                continue  # a long training is what was asked for
            words = " ".join(argv[:1] + argv[2:3])
            yield "config", f"{words}: {what}", lambda new=new, argv=argv: with_config(on, new, argv)


def with_config(on, text, argv):
    folder = on.folder("finished")
    if argv[0] == "train" and "--resume" not in argv:
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)
    (folder / "config.toml").write_text(text)
    return on.run([word.replace("RUN", str(folder)) for word in argv], folder)


def records(on, rng):
    """Numbers of every record replaced, then read by `report`."""
    for template in ("finished", "study", "correlate"):
        base = on.template(template)
        for path in sorted(base.rglob("*.json*")):
            text = path.read_text()
            places = [m for m in re.finditer(r'(?<=[:\[, ])-?\d+(\.\d+)?([eE][-+]?\d+)?(?=[,\]}\n ])', text)]
            for found in rng.sample(places, min(len(places), 40)):
                key = re.findall(r'"(\w+)"', text[max(0, found.start() - 60) : found.start()])
                for value in rng.sample(NUMBERS, 5):
                    new, name = text[: found.start()] + value + text[found.end() :], path.relative_to(base)
                    attempt = lambda template=template, name=name, new=new: with_record(on, template, name, new)
                    yield "records", f"{path.name} {key[-1] if key else ''} {value[:20]}", attempt


def with_record(on, template, name, text):
    folder = on.folder(template)
    (folder / name).write_text(text)
    return on.run(["report", folder, "--svg", folder / "svg"], folder, slow=10)


def tables(on):
    head = "id,op01,op02,op12,op03,op13,op23,test_acc\n"
    rows = "0,1,1,1,1,1,1,50\n1,2,2,2,2,2,2,60\n"
    many = ",".join(f"c{i}" for i in range(10**6))
    digits = many.replace("c", "")
    found = {
        "quotes": head + '"0","1","1","1","1","1","1","50"\n"1,x",2,2,2,2,2,2,60\n',
        "open quote": head + '"0,1,1,1,1,1,1,50\n' + rows * 1000,
        "NUL": head + "0\0,1,1,1,1,1,1,50\n1,2\0,2,2,2,2,2,60\n",
        "a million columns": many + "\n" + digits + "\n",
        "a million columns more": head.strip() + "," + many + "\n" + "".join(r + "," + digits + "\n" for r in rows.split()),
        "empty": "",
        "no rows": head,
        "byte order mark": "\ufeff" + head + rows,
        "Latin-1": (head + rows).encode() + b"2,\xe9,2,2,2,2,2,60\n",
        "CR": (head + rows).replace("\n", "\r"),
        "semicolons": (head + rows).replace(",", ";"),
        "inf": head + "0,1,1,1,1,1,1,inf\n" + rows,
        "1e400": head + "0,1,1,1,1,1,1,1e400\n" + rows,
        "1e308": head + "0,1,1,1,1,1,1,1e308\n1,2,2,2,2,2,2,-1e308\n2,3,3,3,3,3,3,1e308\n",
        "all alike": head + "0,1,1,1,1,1,1,50\n1,1,1,1,1,1,1,50\n",
        "other digits": head + "0,\u0661,1,1,1,1,1,10\n" + rows,
        "a cell of 1 MB": head + "0," + "9" * 10**6 + ",1,1,1,1,1,10\n" + rows,
        "escapes": head + "0,\x1b[31mred\x07,1,1,1,1,1,10\n" + rows,
        "a line of 50 MB": "a" * 50_000_000,
        "gzip": b"\x1f\x8b\x08\0" + bytes(range(256)) * 4,
    }
    for what, text in found.items():
        yield "tables", what, lambda text=text: with_table(on, text)
    for path in ("/tmp", "/dev/null", "/dev/zero"):
        words = ["correlate", "--table", path, "--data", on.images, "--widths", "8,16", "--threads", "1"]
        yield "tables", path, lambda words=words: on.run(words)


def with_table(on, text):
    """Ranks a table, and reports what was found."""
    table, out = on.place / "table.csv", on.place / "out"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    shutil.rmtree(out, ignore_errors=True)
    small = ["--batch", "8", "--widths", "8,16", "--threads", "1", "--score", "parameters,depth", "--seeds", "1"]
    verdict = on.run(["correlate", "--table", table, "--data", on.images, *small, "--out", out])
    if not verdict.reasons and (out / "correlate.json").exists():
        return on.run(["report", out], out)
    return verdict
