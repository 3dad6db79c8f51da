"""User and password for a server: from the environment or a netrc file, and never in sight."""

from __future__ import annotations

import ipaddress
import netrc
import os
from pathlib import Path

from cd22kg.errors import StoreError

USER, PASSWORD = "CD22KG_STORE_USER", "CD22KG_STORE_PASSWORD"  # names of variables


class Login:
    """A user and a password; neither is shown by `repr`."""

    __slots__ = ("_password", "_user")

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password

    def __repr__(self) -> str:
        return "Login(...)"

    def reveal(self) -> tuple[str, str]:
        """Return user and password, for the one who sends them."""
        return self._user, self._password


def find_login(host: str) -> Login | None:
    """Return the login for a host, if there is one.

    The environment comes first (``CD22KG_STORE_USER``, ``CD22KG_STORE_PASSWORD``), then the entry of the host in the
    file that ``NETRC`` names, or in ``~/.netrc``.

    Raises:
        StoreError: If one of the two variables is missing, or the file cannot be read.
    """
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if user and password:
        return Login(user, password)
    if user or password:
        raise StoreError(f"{USER} and {PASSWORD} go together", hint=f"set {PASSWORD if user else USER} as well")
    named = os.environ.get("NETRC", "")
    try:
        path = Path(named) if named else Path.home() / ".netrc"
        if not named and not path.is_file():
            return None
        found = netrc.netrc(path).hosts.get(host)  # not `authenticators`: `default` is for any host, also a wrong one
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", "") or "no rights, or no such file"
        raise StoreError(f"cannot read the logins in {named or '~/.netrc'}: {reason}", hint="mend NETRC") from None
    except (netrc.NetrcParseError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise StoreError(f"the logins in {named or '~/.netrc'} cannot be read{where}", hint="mend that file") from None
    return Login(found[0], found[2]) if found and found[0] and found[2] else None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
