"""Leave the network before a checkpoint that is a program is loaded (docs/what-runs-code.md).

Linux lets a process move into a network of its own, which leads nowhere. Other systems do not, and
some containers and distributions forbid it.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
"""`CLONE_NEWUSER` and `CLONE_NEWNET` of Linux."""

SET_FLAGS, UP = 0x8914, 0x1
"""`SIOCSIFFLAGS` and `IFF_UP`."""


def leave() -> bool:
    """Leave every network but a loopback of this process alone.

    Call it before a second thread starts: Linux refuses a process of several.

    Returns
    -------
    bool
        Whether the system let it.
    """
    user, group = os.getuid(), os.getgid()
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if unshare is None:
        return False
    if unshare(NEW_NETWORK) != 0:  # which only an administrator may; others within a user namespace
        if unshare(NEW_USER | NEW_NETWORK) != 0:
            return False
        _keep_identity(user, group)
    with contextlib.suppress(OSError), socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh", b"lo", UP))
    return True


def _keep_identity(user: int, group: int) -> None:
    """Have the same numbers in the new user namespace; without them files have no known owner."""
    with contextlib.suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


if __name__ == "__main__":
    sys.exit(0 if leave() else 1)
