"""Run a program that does not outlive its starter: `python tether.py <starter pid> <signal> <user or -> program
[argument ...]`.

The kernel sends the signal when the starter dies, even by SIGKILL. The request has to be made inside the new process
after it changed its user, and Python cannot safely do that between fork and exec when it has threads; hence this small
program, which replaces itself with the one it starts. Where the kernel has no such request (not Linux), the next start
stops what was left.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def main(starter: int, signal: int, *, user: str, program: list[str]) -> None:
    """Become `program`, as `user` unless that is "-"; ends at once when the starter is gone already."""
    if user != "-":
        entry = pwd.getpwnam(user)
        # Groups first: without root they cannot be changed any more.
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    # After the change of user: changing it clears the request (prctl(2)).
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    # The starter may have died before the request was made; then nobody would ever send the signal.
    if os.getppid() != starter:
        sys.exit("the starter is gone")
    os.execv(program[0], program)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), user=sys.argv[3], program=sys.argv[4:])
