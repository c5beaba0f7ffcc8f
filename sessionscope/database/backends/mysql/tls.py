"""Turns the TLS options of MySQL's clients into an SSL context, which all of its Python drivers take."""

import ssl
from typing import Any, Final, Self

from sessionscope.database.backends.query import Arguments, Convert, flag, one_of, refuse

# Source: https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode
_MODES: Final = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
TLS: Final[dict[str, Convert]] = {
    "ssl_mode": one_of(*_MODES, synonyms={"true": "REQUIRED", "false": "DISABLED"}),
    **dict.fromkeys(("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_key_password", "ssl_cipher"), str),
    # Names of SQLAlchemy and pymysql.
    **dict.fromkeys(("ssl_check_hostname", "ssl_verify_cert", "ssl_verify_identity", "ssl_disabled"), flag),
}


class PreferredTLS(ssl.SSLContext):
    """A context for TLS if the server has it, without a check of its certificate.

    With its own context, pymysql loads the system's certificates for each connection, which takes longer than
    the rest of connecting.
    """

    def __new__(cls) -> Self:
        """Return a context that checks no certificate."""
        context = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


def without_tls(driver: str) -> dict[str, Any]:
    """Return the arguments with which *driver* uses no TLS. By default, pymysql would."""
    return {"ssl": None, "ssl_disabled": True} if driver == "pymysql" else {"ssl": None}


def tls_context(arguments: Arguments) -> ssl.SSLContext | None:
    """Return the context that *arguments* ask for, or None if they disable TLS.

    Raises:
        ConfigurationError: A certificate or key can't be read.
    """
    mode = tls_mode(arguments)
    if mode == "DISABLED":
        return None
    try:
        return _context(mode, arguments)
    except OSError as error:
        # An SSLError has a better text in its own attribute.
        reason = getattr(error, "reason", None) or error.strerror
        raise refuse(f"ssl_ca, ssl_cert, ssl_key or ssl_cipher can't be used: {reason}") from None


def _context(mode: str, arguments: Arguments) -> ssl.SSLContext:
    file, directory = arguments.get("ssl_ca"), arguments.get("ssl_capath")
    if mode == "PREFERRED":
        context: ssl.SSLContext = PreferredTLS()
        if _names_authorities(arguments):
            context.load_verify_locations(file, directory)
    else:
        context = ssl.create_default_context(cafile=file, capath=directory)
        # Python 3.13 is strict by default, and refuses the certificates that servers generate for themselves.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = mode == "VERIFY_IDENTITY"
        if mode == "REQUIRED" and not _names_authorities(arguments):
            context.verify_mode = ssl.CERT_NONE
    if "ssl_cert" in arguments:
        context.load_cert_chain(arguments["ssl_cert"], arguments.get("ssl_key"), arguments.get("ssl_key_password"))
    if "ssl_cipher" in arguments:
        context.set_ciphers(arguments["ssl_cipher"])
    return context


def tls_mode(arguments: Arguments) -> str:
    """Return the mode that is given, or the one that the other arguments imply; if in doubt, the stricter one."""
    if "ssl_mode" in arguments:
        return str(arguments["ssl_mode"])
    if arguments.get("ssl_disabled"):
        return "DISABLED"
    if arguments.get("ssl_verify_identity"):
        return "VERIFY_IDENTITY"
    if arguments.get("ssl_verify_cert", _names_authorities(arguments)):
        return "VERIFY_IDENTITY" if arguments.get("ssl_check_hostname", _names_authorities(arguments)) else "VERIFY_CA"
    if "unix_socket" in arguments:
        # Nothing can eavesdrop on a socket file.
        return "DISABLED"
    return "REQUIRED" if arguments.keys() & TLS.keys() else "PREFERRED"


def _names_authorities(arguments: Arguments) -> bool:
    return "ssl_ca" in arguments or "ssl_capath" in arguments
