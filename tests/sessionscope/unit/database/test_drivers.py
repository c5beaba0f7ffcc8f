"""Each driver gets the options from the URL and the settings, in the form that it accepts."""

import inspect
import logging
import sqlite3
import ssl
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import OperationalError

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.mysql import tls
from sessionscope.database.backends.mysql.tls import PreferredTLS
from sessionscope.database.backends.query import read_query
from sessionscope.database.location import DatabaseLocation
from sessionscope.database.url import translate_driver
from sessionscope.settings import ConfigurationError, DatabaseSettings

POSTGRESQL = ("psycopg", "psycopg2", "asyncpg")
MYSQL = ("pymysql", "aiomysql", "asyncmy")
ASYNC = ("asyncpg", "aiomysql", "asyncmy")


def told(driver: str, rest: str = "//user@host/name", **values: Any) -> dict[str, Any]:
    """Return the keywords that *driver* would be called with.

    Args:
        driver: Is skipped where it is not installed.
        rest: What follows the dialect in the URL.
        values: Settings.
    """
    pytest.importorskip(driver)
    backend = "postgresql" if driver in POSTGRESQL else "mysql"
    written = f"{backend}+{driver}:{rest}"
    url = translate_driver(make_url(written), is_async=driver in ASYNC)
    target = backend_of(backend).destination(url, DatabaseSettings(url=written, **values))
    dialect: Dialect = target.url.get_dialect()()
    return dict(dialect.create_connect_args(target.url)[1]) | target.arguments


def refused(driver: str, query: str) -> str:
    """Return what is wrong with *query*."""
    with pytest.raises(ConfigurationError) as caught:
        told(driver, f"//user:s3cr3t@host/name?{query}")
    assert "s3cr3t" not in str(caught.value)
    return str(caught.value)


def taken_by(driver: str, keywords: dict[str, Any]) -> None:
    """Check that *driver* takes all of *keywords*, without connecting.

    Raises:
        Exception: It doesn't.
    """
    module: Any = pytest.importorskip(driver)
    keywords = {name: value for name, value in keywords.items() if name not in ("async_creator_fn", "limits")}
    if driver == "psycopg":
        keywords.pop("prepare_threshold", None)
        module.conninfo.make_conninfo(**keywords)
    elif driver == "psycopg2":
        module.extensions.parse_dsn(module.extensions.make_dsn(**keywords))
    else:
        function = module.Connection if driver in MYSQL else module.connect
        # SQLAlchemy keeps this one to itself.
        keywords.pop("prepared_statement_cache_size", None)
        inspect.signature(function).bind(**keywords)


VALUES = {"sslmode": "require", "sslnegotiation": "postgres", "direct_tls": "false"}


def words_of(driver: str) -> set[str]:
    """Return the words that the installed *driver* says it knows."""
    module: Any = pytest.importorskip(driver)
    if driver == "psycopg":
        return {option.keyword.decode() for option in module.pq.Conninfo.get_defaults()} | {"prepare_threshold"}
    if driver == "psycopg2":
        return {word for word in words_of("psycopg") - {"prepare_threshold"} if parses(module, word)}
    return set(inspect.signature(module.connect).parameters)


def parses(psycopg2: Any, word: str) -> bool:
    """Tell whether the libpq of psycopg2, which may be older than psycopg's, knows *word*."""
    try:
        return bool(psycopg2.extensions.parse_dsn(f"{word}=1"))
    except psycopg2.Error:
        return False


# Words that have their place in a URL, and arguments that no URL can give.
NOT_GIVEN = {
    *("host", "port", "user", "password", "passwd", "database", "dbname", "db"),
    *("dsn", "loop", "connection_class", "record_class", "server_settings"),
    *("conv", "cursorclass", "cursor_cls", "auth_plugin_map", "sock", "password_creator", "query_callback"),
    *("autocommit", "client_flag", "defer_connect", "echo", "compress", "named_pipe"),
    # Other names of words that are given.
    *("ssl", "timeout", "direct_tls"),
}
# Files that would be read at once.
FILES = {"ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_key_password", "ssl_cipher"}
# The drivers of one container.
PAIRS = [
    *[("psycopg", "asyncpg"), ("psycopg2", "asyncpg"), ("asyncpg", "psycopg")],
    *[("pymysql", "aiomysql"), ("pymysql", "asyncmy"), ("aiomysql", "pymysql"), ("asyncmy", "pymysql")],
]


class TestEveryWord:
    @pytest.mark.parametrize(("driver", "other"), PAIRS)
    def test_one_url_with_all_of_them_suits_both_drivers(self, driver: str, other: str) -> None:
        """Every word that either driver knows is taken, and what the other one alone knows does not reach this one."""
        known = (words_of(driver) | words_of(other)) - NOT_GIVEN - FILES
        # "1" is a text, a number, a time and a flag.
        query = {name: VALUES.get(name, "1") for name in known}
        written = URL.create("x", query=query).render_as_string().partition("?")[2]
        keywords = told(driver, f"//user@host/name?{written}")
        taken_by(driver, keywords)
        own = known & words_of(driver) - {"connect_timeout", "application_name", "ssl_disabled"}
        given = keywords | dict.fromkeys(keywords.get("dsn", "").partition("?")[2].replace("=1", "").split("&"))
        assert {name for name in own if not name.startswith("ssl_")} <= given.keys()

    @pytest.mark.parametrize("driver", POSTGRESQL + MYSQL)
    def test_every_driver_accepts_no_arguments(self, driver: str) -> None:
        """The settings alone cause no errors either."""
        for pgbouncer in (False, True):
            taken_by(driver, told(driver, statement_timeout=2.5, pgbouncer=pgbouncer))


class TestUnknownWords:
    @pytest.mark.parametrize(
        ("driver", "query", "problem"),
        [
            ("psycopg", "sslmod=require", "postgresql+psycopg takes no argument 'sslmod' (did you mean sslmode?)"),
            (
                "asyncpg",
                "aplication_name=x",
                "postgresql+asyncpg takes no argument 'aplication_name' (did you mean application_name?)",
            ),
            ("aiomysql", "charst=utf8", "mysql+aiomysql takes no argument 'charst' (did you mean charset?)"),
            ("pymysql", "ssl-ka=x", "mysql+pymysql takes no argument 'ssl-ka' (did you mean ssl_ca?)"),
            ("pymysql", "colation=x", "mysql+pymysql takes no argument 'colation' (did you mean collation?)"),
            (
                "psycopg2",
                "client_encodin=utf8",
                "postgresql+psycopg2 takes no argument 'client_encodin' (did you mean client_encoding?)",
            ),
            ("psycopg", "hostadr=x", "postgresql+psycopg takes no argument 'hostadr' (did you mean hostaddr?)"),
            (
                "asyncpg",
                "drect_tls=true",
                "postgresql+asyncpg takes no argument 'drect_tls' (did you mean direct_tls?)",
            ),
        ],
    )
    def test_the_error_names_word_driver_and_the_nearest_known(self, driver: str, query: str, problem: str) -> None:
        """A slip is found when the engine is built, not by a TypeError when it connects."""
        assert f"database URL: {problem}" == refused(driver, query)

    def test_every_problem_is_told(self) -> None:
        """Each problem has a line of its own."""
        assert 2 == len(refused("psycopg", "sslmod=require&connect_timeout=soon").splitlines())

    @pytest.mark.parametrize(
        ("driver", "query", "reason"),
        [
            ("psycopg", "connect_timeout=soon", "a number of seconds above 0"),
            ("asyncpg", "connect_timeout=0", "a number of seconds above 0"),
            ("asyncpg", "statement_cache_size=many", "a whole number"),
            ("psycopg", "keepalives=perhaps", "true or false"),
            ("psycopg2", "sslmode=required", "disable, allow, prefer, require, verify-ca, verify-full"),
            ("aiomysql", "ssl-mode=on", "DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY"),
            ("psycopg", "application_name=a&application_name=b", "given twice"),
            ("asyncpg", "ssl=require&sslmode=require", "given twice"),
            ("psycopg", "password=s3cr3t&password=s3cr3t", "given twice"),
            ("asyncpg", "direct_tls=perhaps", "postgres, direct"),
            ("asyncmy", "local_infile=perhaps", "true or false"),
        ],
    )
    def test_a_wrong_value_is_told_what_it_may_be(self, driver: str, query: str, reason: str) -> None:
        """The value is not shown, because it may be a secret in the wrong place."""
        assert reason in refused(driver, query)

    def test_unknown_sqlite_arguments_are_refused(self) -> None:
        """SQLite's dialect would ignore unknown arguments."""
        settings = DatabaseSettings(url="sqlite:///x.db?time_out=3")
        with pytest.raises(ConfigurationError, match="did you mean timeout"):
            backend_of("sqlite").destination(settings.url.get_secret_value(), settings)

    @pytest.mark.parametrize("query", ["timeout=3", "mode=ro&timeout=3&uri=true"])
    def test_sqlite_arguments_are_passed_on(self, query: str) -> None:
        """The URL goes to its dialect as it is."""
        settings = DatabaseSettings(url=f"sqlite:///x.db?{query}")
        target = backend_of("sqlite").destination(settings.url.get_secret_value(), settings)
        assert query in target.url.render_as_string()


PASSWORDS = ["p@ss", "50%", "a/b", "a:b", "%40", "@%/:?#[]&= +", "it's", 'say "x"', "back\\slash", " ", "ключ", "🔑"]


class TestPasswords:
    @pytest.mark.parametrize("driver", POSTGRESQL + MYSQL)
    @pytest.mark.parametrize("password", PASSWORDS)
    def test_passwords_reach_the_server_unchanged(self, driver: str, password: str) -> None:
        """The server gets any password unchanged, in UTF-8."""
        written = URL.create("x", "user", password, "host", database="name").render_as_string(hide_password=False)
        given: str = told(driver, written.removeprefix("x:"))["password"]
        sent = given.encode("latin-1") if driver in MYSQL else given.encode()
        assert password.encode() == sent

    @pytest.mark.parametrize("driver", POSTGRESQL)
    def test_passwords_may_be_in_the_query(self, driver: str) -> None:
        """URLs of libpq allow this too."""
        keywords = told(driver, "//host/?user=ann&password=%25&dbname=other")
        assert ("ann", "%", "other") == (
            keywords["user"],
            keywords["password"],
            keywords["database" if driver == "asyncpg" else "dbname"],
        )


LIMITS = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 13000,
}
SERVER_LIMITS = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3 -c tcp_user_timeout=13000"
)


class TestPostgreSQL:
    @pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
    def test_libpq_gets_its_words(self, driver: str) -> None:
        """Times are whole seconds, and server settings are options. Options in the URL come last and win."""
        keywords = told(
            driver,
            "//host/name?sslmode=verify-full&sslrootcert=ca.pem&options=-c%20work_mem=64MB",
            statement_timeout=1.5,
        )
        assert {
            "host": "host",
            "dbname": "name",
            "sslmode": "verify-full",
            "sslrootcert": "ca.pem",
            "application_name": "app",
            "connect_timeout": 5,
            **LIMITS,
            "options": f"-c lock_timeout=10000 -c statement_timeout=1500 {SERVER_LIMITS} -c work_mem=64MB",
        } == keywords

    def test_asyncpg_gets_the_same_in_its_way(self) -> None:
        """TLS options go into a DSN, where asyncpg reads libpq's words. The others are arguments."""
        keywords = told(
            "asyncpg",
            "//host/name?sslmode=verify-full&sslrootcert=a%20b.pem&options=-c%20work_mem=64MB&application_name=jobs",
            statement_timeout=1.5,
        )
        assert {
            "host": "host",
            "database": "name",
            "dsn": "postgresql://?sslmode=verify-full&sslrootcert=a+b.pem",
            "timeout": 5.0,
            "server_settings": {
                "application_name": "jobs",
                "options": f"-c lock_timeout=10000 -c statement_timeout=1500 {SERVER_LIMITS} -c work_mem=64MB",
            },
            "connection_class": keywords["connection_class"],
        } == keywords

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("ssl=require", "sslmode=require"),
            ("ssl=true", "sslmode=require"),
            ("ssl=false", "sslmode=disable"),
            ("sslmode=Verify-CA", "sslmode=verify-ca"),
        ],
    )
    def test_ssl_is_sslmode(self, query: str, expected: str) -> None:
        """The name `ssl` is that of asyncpg and JDBC, and every driver accepts it."""
        assert expected.partition("=")[2] == told("psycopg", f"//host/name?{query}")["sslmode"]
        assert f"postgresql://?{expected}" == told("asyncpg", f"//host/name?{query}")["dsn"]

    def test_the_systems_certificates_are_asyncpgs_true(self) -> None:
        """By itself, asyncpg would look for a file called `system`."""
        keywords = told("asyncpg", "//host/name?sslmode=verify-full&sslrootcert=system")
        assert (True, None) == (keywords["ssl"], keywords.get("dsn"))

    def test_the_urls_times_come_first(self) -> None:
        """Both libpq's name and asyncpg's name are accepted."""
        assert 3 == told("psycopg", "//host/name?timeout=2.5")["connect_timeout"]
        assert 2.5 == told("asyncpg", "//host/name?connect_timeout=2.5")["timeout"]

    def test_a_lost_safeguard_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """A security option that asyncpg lacks is logged."""
        told("psycopg", "//host/name?channel_binding=require")
        assert [] == caplog.messages
        told("asyncpg", "//host/name?channel_binding=require")
        assert "channel_binding" in caplog.text

    @pytest.mark.parametrize(
        ("query", "kept"),
        [
            ("client_encoding=latin1", {"client_encoding": "latin1"}),
            ("hostaddr=10.0.0.1", {"hostaddr": "10.0.0.1"}),
            ("min_protocol_version=3.0&max_protocol_version=3.2", {"min_protocol_version": "3.0"}),
            ("oauth_issuer=x&oauth_client_id=y", {"oauth_issuer": "x", "oauth_client_id": "y"}),
            ("sslkeylogfile=keys", {"sslkeylogfile": "keys"}),
        ],
    )
    def test_what_libpq_alone_knows_is_left_out_for_asyncpg(
        self, caplog: pytest.LogCaptureFixture, query: str, kept: dict[str, str]
    ) -> None:
        """One URL is for both drivers; what gets lost is logged."""
        if not kept.keys() <= words_of("psycopg"):
            pytest.skip("psycopg's libpq is older than the word")
        caplog.set_level(logging.INFO)
        assert kept.items() <= told("psycopg", f"//host/name?{query}").items()
        assert [] == caplog.messages
        assert not kept.keys() & told("asyncpg", f"//host/name?{query}").keys()
        assert all(name in caplog.text for name in kept)

    def test_what_asyncpg_alone_knows_is_left_out_for_libpq(self) -> None:
        """The reverse holds too."""
        query = "service=mine&servicefile=services.conf&max_cached_statement_lifetime=60"
        expected = {"service": "mine", "servicefile": "services.conf", "max_cached_statement_lifetime": 60}
        assert expected.items() <= told("asyncpg", f"//host/name?{query}").items()
        keywords = told("psycopg2", f"//host/name?{query}")
        assert ("mine", False) == (keywords["service"], "max_cached_statement_lifetime" in keywords)

    @pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
    def test_tls_from_the_start_has_a_name_of_each(self, driver: str) -> None:
        """What asyncpg calls direct_tls is libpq's sslnegotiation, and one of them serves both."""
        for query in ("direct_tls=true&sslmode=require", "sslnegotiation=direct&sslmode=require"):
            assert "direct" == told(driver, f"//host/name?{query}")["sslnegotiation"]
            assert "sslnegotiation=direct" in told("asyncpg", f"//host/name?{query}")["dsn"]

    @pytest.mark.parametrize("driver", POSTGRESQL)
    def test_an_address_alone_is_the_host(self, driver: str) -> None:
        """Without it asyncpg would go to this machine."""
        assert "10.0.0.1" == (told(driver, "///name?hostaddr=10.0.0.1")["host"])

    def test_psycopgs_own_word(self) -> None:
        """The text in the URL becomes None or a number, because psycopg does not accept it as text."""
        assert None is told("psycopg", "//host/name?prepare_threshold=None")["prepare_threshold"]
        assert 3 == told("psycopg", "//host/name?prepare_threshold=3")["prepare_threshold"]

    @pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
    def test_limits_on_silence_in_the_url_win(self, driver: str) -> None:
        """The setting gives those limits that the URL doesn't."""
        keywords = told(driver, "//host/name?keepalives_idle=60&tcp_user_timeout=0", network_timeout=30)
        assert (60, 6, 0) == tuple(
            keywords[name] for name in ("keepalives_idle", "keepalives_interval", "tcp_user_timeout")
        )


class TestPgBouncer:
    @pytest.mark.parametrize("driver", POSTGRESQL)
    def test_no_startup_parameter_that_it_refuses(self, driver: str) -> None:
        """The timeouts are set in each transaction instead."""
        keywords = told(driver, pgbouncer=True, statement_timeout=1)
        assert "options" not in keywords | keywords.get("server_settings", {})

    def test_no_statement_is_prepared_for_later(self) -> None:
        """The next transaction has another server connection."""
        assert 0 == told("asyncpg", "//host/name?statement_cache_size=50", pgbouncer=True)["statement_cache_size"]
        assert None is told("psycopg", "//host/name?prepare_threshold=5", pgbouncer=True)["prepare_threshold"]
        assert "prepare_threshold" not in told("psycopg2", pgbouncer=True)


class TestHosts:
    @pytest.mark.parametrize(
        ("rest", "hosts", "ports"),
        [
            ("///name?host=a:1&host=b:2", ["a", "b"], [1, 2]),
            ("///name?host=a,b&port=1,2", ["a", "b"], [1, 2]),
            ("///name?host=a&host=b", ["a", "b"], [5432, 5432]),
            ("///name?host=a&host=b&port=6", ["a", "b"], [6, 6]),
            ("//user@a,b/name", ["a", "b"], [5432, 5432]),
            ("///name?host=[::1]:7&host=fe80::1", ["::1", "fe80::1"], [7, 5432]),
        ],
    )
    def test_every_form_reaches_every_driver(self, rest: str, hosts: list[str], ports: list[int]) -> None:
        """The hosts are texts with commas for libpq, and lists with all ports for asyncpg."""
        for driver in ("psycopg", "psycopg2"):
            keywords = told(driver, rest)
            assert (",".join(hosts), ",".join(map(str, ports))) == (keywords["host"], str(keywords["port"]))
        keywords = told("asyncpg", rest)
        assert (hosts, ports) == (keywords["host"], keywords["port"])

    @pytest.mark.parametrize(
        ("rest", "host", "port"),
        [
            ("//[::1]:7/name", "::1", 7),
            ("///name?host=/var/run/postgresql", "/var/run/postgresql", 5432),
            ("///name?host=db:6", "db", 6),
            ("//db/name?port=6", "db", 6),
        ],
    )
    def test_one_host_in_any_form(self, rest: str, host: str, port: int) -> None:
        """A directory of sockets is accepted too."""
        for driver in POSTGRESQL:
            keywords = told(driver, rest)
            assert (host, port) == (keywords["host"], int(keywords["port"]))

    @pytest.mark.parametrize("query", ["host=a:1&host=b:2&port=3", "host=a,b&port=1,2,3", "host=a:x&host=b:2"])
    def test_ports_must_fit(self, query: str) -> None:
        """Each host has one."""
        assert "port" in refused("psycopg", query)

    def test_asyncpg_gives_each_host_its_time(self) -> None:
        """The wanted kind of server goes along."""
        keywords = told("asyncpg", "///name?host=a&host=b&target_session_attrs=standby")
        assert ("standby", True) == (keywords["target_session_attrs"], callable(keywords["async_creator_fn"]))


class TestMySQL:
    @pytest.mark.parametrize("driver", MYSQL)
    def test_texts_are_whole_unicode(self, driver: str) -> None:
        """MySQL's own utf8 has no emoji; the URL may say otherwise."""
        assert "utf8mb4" == told(driver)["charset"]
        assert "latin1" == told(driver, "//host/name?charset=latin1")["charset"]

    def test_without_a_word_tls_is_preferred(self) -> None:
        """As pymysql does by itself; the others would go without."""
        assert isinstance(told("pymysql")["ssl"], PreferredTLS)
        assert "ssl_disabled" not in told("pymysql")

    @pytest.mark.parametrize("driver", MYSQL)
    def test_preferred_tls_uses_the_ciphers_that_are_given(self, driver: str) -> None:
        """The other TLS options count too, even if TLS is only preferred."""
        context = told(driver, "//host/name?ssl-mode=PREFERRED&ssl-cipher=AES256-GCM-SHA384")["ssl"]
        older = [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
        assert ["AES256-GCM-SHA384"] == older

    def test_disabled_is_told(self) -> None:
        """The driver that would ask for TLS is told not to."""
        assert told("pymysql", "//host/name?ssl-mode=DISABLED")["ssl_disabled"] is True

    @pytest.mark.parametrize("driver", MYSQL)
    def test_a_file_that_is_not_there_is_a_wrong_setting(self, driver: str) -> None:
        """A missing file is reported at once."""
        assert "ssl_ca" in refused(driver, "ssl-ca=/nowhere/ca.pem")

    @pytest.mark.parametrize("driver", MYSQL)
    def test_a_hyphen_is_an_underscore(self, driver: str) -> None:
        """Clients' options and drivers' arguments differ in no more."""
        assert 3 == told(driver, "//host/name?connect-timeout=3")["connect_timeout"]


class TestNewConnections:
    def test_one_that_refuses_its_settings_is_closed(self) -> None:
        """The pool would not know such a connection, so it is closed at once."""
        opened = sqlite3.connect(":memory:")
        engine = create_engine("sqlite://", creator=lambda: opened)
        settings = DatabaseSettings()
        backend_of("mysql").prepare(engine, settings, DatabaseLocation(settings))
        with pytest.raises(OperationalError):
            engine.connect()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            opened.execute("SELECT 1")


class TestTLS:
    @pytest.mark.parametrize(
        ("query", "mode"),
        [
            ("", "PREFERRED"),
            ("?ssl-mode=preferred", "PREFERRED"),
            ("?ssl-mode=DISABLED", "DISABLED"),
            ("?ssl=false", "DISABLED"),
            ("?ssl_disabled=true", "DISABLED"),
            ("?unix_socket=/run/mysqld.sock", "DISABLED"),
            ("?ssl_mode=REQUIRED", "REQUIRED"),
            ("?ssl=true", "REQUIRED"),
            ("?ssl_cipher=AES256-SHA", "REQUIRED"),
            ("?ssl_ca=x&ssl-mode=REQUIRED", "REQUIRED"),
            ("?ssl_ca=x", "VERIFY_IDENTITY"),
            ("?ssl_capath=x&ssl_check_hostname=false", "VERIFY_CA"),
            ("?ssl_ca=x&ssl_verify_cert=false", "REQUIRED"),
            ("?ssl_verify_cert=true", "VERIFY_CA"),
            ("?ssl_verify_identity=true", "VERIFY_IDENTITY"),
        ],
    )
    def test_the_words_of_all_clients_come_to_a_mode(self, query: str, mode: str) -> None:
        """If clients differ, the stricter mode is chosen."""
        url = make_url(f"mysql+pymysql://host/name{query}")
        renamed = {"ssl": "ssl_mode", "ssl-mode": "ssl_mode"}
        assert mode == tls.tls_mode(read_query(url, {"unix_socket": str, **tls.TLS}, renamed=renamed))

    @pytest.mark.parametrize(
        ("mode", "verify", "checks_name"),
        [
            ("PREFERRED", ssl.CERT_NONE, False),
            ("REQUIRED", ssl.CERT_NONE, False),
            ("VERIFY_CA", ssl.CERT_REQUIRED, False),
            ("VERIFY_IDENTITY", ssl.CERT_REQUIRED, True),
        ],
    )
    def test_a_mode_checks_what_it_says(self, mode: str, verify: ssl.VerifyMode, *, checks_name: bool) -> None:
        """A mode means the same as in MySQL's clients."""
        context = tls.tls_context({"ssl_mode": mode})
        assert context is not None
        assert (verify, checks_name) == (context.verify_mode, context.check_hostname)

    def test_disabled_has_none(self) -> None:
        """Without TLS, there is no context."""
        assert None is tls.tls_context({"ssl_mode": "DISABLED"})
