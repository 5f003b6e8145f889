"""Options at and beyond their limits."""

import shutil

from inputs import small_table

HUGE = ["0", "-1", "1e400", "1e308", "nan", "inf", "1e15", "1e16", "99999999999999999999", "18446744073709551615", "9223372036854775808"]
ODD = ["", " ", "\u0661\u0662", "\uff11\uff12", "1_000", "0x10", "1e3", "+5", "5 k", "\u200b5", "x" * 100_000, "5\n6", "\x1b[31m5"]
#: Long trainings, which are what was asked for.
LONG = {"1000000000", "1000000", "18446744073709551615", "9223372036854775808"}

SEARCH = ["--budget", "--batch", "--repeats", "--iterations", "--confirm", "--seed", "--memory", "--bits", "--cells", "--timesteps", "--threads"]
TRAIN = ["--epochs", "--limit-train", "--accumulate", "--learning-rate", "--label-smoothing", "--patience", "--checkpoint-minutes", "--seed", "--batch"]
CORRELATE = ["--seeds", "--seed", "--sample", "--batch", "--repeats"]

ARCHITECTURES = [
    "",
    "0",
    "/",
    "0311 0031 0003 0000/" * 50_000,
    "0" * 1_000_000,
    "0311 " * 200_000,
    "\u0660\u0663\u0661\u0661 0031 0003 0000",
    "spikenas-bench:",
    "spikenas-bench:" * 1000,
    "0311\n0031 0003 0000",
    "9999 9999 9999 9999",
    "0000 0000 0000 0000",
]


def attacks(on, _):
    search = ["search", *on.network, "--batch", "8", "--cells", "1", "--ops", "skip,conv3x3", "--confirm", "0"]
    train = ["train", *on.network, "--arch", "0311 0031 0003 0000", "--cells", "1", "--out", on.place / "out"]
    table = on.place / "t.csv"
    small_table(table)
    correlate = ["correlate", "--table", table, *without(on.network, "--preset"), "--score", "funnel,parameters"]
    tries = [(search, SEARCH), ([*train, "--epochs", "1", "--limit-train", "8"], TRAIN), (correlate, CORRELATE)]
    for argv, options in tries:
        for option in options:
            extra = ["--method", "random"] if option == "--iterations" else []
            for value in [*HUGE, *ODD, "1000000000", "1000000"]:
                if option == "--epochs" and value in LONG:
                    continue
                words = [*without(argv, option), *extra, f"{option}={value}"]
                yield "options", f"{argv[0]} {option} {value[:30]!r}", lambda words=words: fresh(on, words)
    for text in ARCHITECTURES:
        # A single argument may be 128 KiB on Linux.
        text = text[:120_000]
        for words in (["memory"], ["score", *on.network, "--batch", "8"]):
            words = [*words, "--arch", text]
            yield "options", f"{words[0]} --arch {len(text)} bytes {text[:20]!r}", lambda words=words: on.run(words)
    for value in ["1000000000,1", "4096,4096", "0,0", "1,1", "1", ",", "1,2,3", "\u0661,2", "4097,1"]:
        words = ["memory", "--arch", "0311 0031 0003 0000", "--widths", value]
        yield "options", f"--widths {value}", lambda words=words: on.run(words)
    for value in ["", "/", "/dev/null", "/proc", ".", "a" * 5000, "\n", "sample\x01", "nowhere"]:
        yield "options", f"--data {value[:20]!r}", lambda value=value: on.run(["data", "check", "--data", value])


def fresh(on, words):
    shutil.rmtree(on.place / "out", ignore_errors=True)
    return on.run(words)


def without(argv, option):
    """The words without an option and its value."""
    argv = list(map(str, argv))
    while option in argv:
        at = argv.index(option)
        del argv[at : at + 2]
    return argv
