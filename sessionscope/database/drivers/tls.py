"""Turns the TLS options of MySQL's clients into an SSL context, which all of its Python drivers take."""

import ssl
from functools import partial
from typing import Any, Final

from sessionscope.database.drivers.connecting import Open
from sessionscope.database.drivers.words import Convert, Words, flag, one_of, refuse

# Source: https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode
TLS: Final[dict[str, Convert]] = {
    "ssl_mode": one_of(
        "DISABLED",
        "PREFERRED",
        "REQUIRED",
        "VERIFY_CA",
        "VERIFY_IDENTITY",
        synonyms={"true": "REQUIRED", "false": "DISABLED"},
    ),
    "ssl_ca": str,
    "ssl_capath": str,
    "ssl_cert": str,
    "ssl_key": str,
    "ssl_key_password": str,
    "ssl_cipher": str,
    # Names of SQLAlchemy and pymysql.
    "ssl_check_hostname": flag,
    "ssl_verify_cert": flag,
    "ssl_verify_identity": flag,
    "ssl_disabled": flag,
}


def tls_context(words: Words) -> ssl.SSLContext | None:
    """Return the context that *words* ask for, or None if they disable TLS.

    Raises:
        ConfigurationError: A certificate or key can't be read.
    """
    mode = tls_mode(words)
    if mode == "DISABLED":
        return None
    try:
        return _context(mode, words)
    except OSError as error:
        # An SSLError has a better text in its own attribute.
        reason = getattr(error, "reason", None) or error.strerror
        raise refuse(f"ssl_ca, ssl_cert, ssl_key or ssl_cipher can't be used: {reason}") from None


def tls_connect(mode: str, context: ssl.SSLContext | None, connect: Open) -> Open:
    """Return a version of an async driver's *connect* that follows *mode*.

    With a context, aiomysql connects without TLS if the server has none, which is right only for PREFERRED.
    asyncmy fails then, which is right only for the stricter modes.
    """
    if context is None:
        return connect
    with_tls = partial(connect, ssl=context)
    return _preferring(with_tls, connect) if mode == "PREFERRED" else _insisting(with_tls)


def _preferring(with_tls: Open, without: Open) -> Open:
    async def connect(**keywords: Any) -> Any:
        try:
            return await with_tls(**keywords)
        except Exception as error:
            if not isinstance(error.__cause__, ssl.SSLError):
                raise
        return await without(**keywords)

    return connect


def _insisting(with_tls: Open) -> Open:
    async def connect(**keywords: Any) -> Any:
        connection = await with_tls(**keywords)
        writer = getattr(connection, "_writer", None)
        if writer is not None and writer.get_extra_info("ssl_object") is None:
            connection.close()
            raise ConnectionRefusedError("TLS is required, and the server has none")
        return connection

    return connect


def _context(mode: str, words: Words) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=words.get("ssl_ca"), capath=words.get("ssl_capath"))
    # Python 3.13 is strict by default, and refuses the certificates that servers generate for themselves.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = mode == "VERIFY_IDENTITY"
    if mode == "PREFERRED" or (mode == "REQUIRED" and not _names_authorities(words)):
        context.verify_mode = ssl.CERT_NONE
    if "ssl_cert" in words:
        context.load_cert_chain(words["ssl_cert"], words.get("ssl_key"), words.get("ssl_key_password"))
    if "ssl_cipher" in words:
        context.set_ciphers(words["ssl_cipher"])
    return context


def tls_mode(words: Words) -> str:
    """Return the mode that is given, or the one that the other arguments imply; if in doubt, the stricter one."""
    if "ssl_mode" in words:
        return str(words["ssl_mode"])
    if words.get("ssl_disabled"):
        return "DISABLED"
    if words.get("ssl_verify_identity"):
        return "VERIFY_IDENTITY"
    if words.get("ssl_verify_cert", _names_authorities(words)):
        return "VERIFY_IDENTITY" if words.get("ssl_check_hostname", _names_authorities(words)) else "VERIFY_CA"
    if "unix_socket" in words:
        # Nothing can eavesdrop on a socket file.
        return "DISABLED"
    return "REQUIRED" if words.keys() & TLS.keys() else "PREFERRED"


def _names_authorities(words: Words) -> bool:
    return "ssl_ca" in words or "ssl_capath" in words
