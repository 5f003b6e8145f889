"""Writes that claim to have written nothing or one byte, and reads that claim the end."""

from calls import Calls
from folders import differences, digest, is_whole
from process import crashed


def trials(commands, _):
    for command in commands.all.values():
        calls = Calls(commands, command, ["write", "read"])
        for syscall, value in (("write", 0), ("write", 1), ("read", 0)):
            yield from calls.trials("short", syscall, f"retval={value}:when=N", expect)


def expect(commands, command, folder, run, _, __):
    """No panic; what was lost is seen now or by the next command, or repeated with the same result."""
    reasons = crashed(run)
    if run.rc != 0 or not differences(digest(folder), commands.undisturbed(command)):
        return reasons
    again = commands.place.execute(commands.line(command, folder, again=True))
    reasons += crashed(again)
    if again.rc == 0:
        left = differences(digest(folder), commands.undisturbed(command))
        # What cannot be read as what it is will be named by the first command that reads it.
        left = [name for name in left if (folder / name).is_file() and is_whole(folder / name)]
        reasons += [f"not noticed: {', '.join(left)}"] if left else []
    return reasons
