"""The identifiers of a request come from its headers if they are fit for a log, and are made otherwise."""

import pytest

from sessionscope.request_ids import RequestIds, ids_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def ids(**headers: str) -> RequestIds:
    """Return the identifiers of a request with *headers*."""
    return ids_of([(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()])


class TestRequestId:
    @pytest.mark.parametrize("given", ["a", "A-1_b.c", "x" * 128])
    def test_short_and_plain_id_is_accepted(self, given: str) -> None:
        """An id that another service has given goes on through this one."""
        assert given == ids(x_request_id=given).request_id

    @pytest.mark.parametrize(
        "given", ["", "x" * 129, "a b", "a\nb", "a\x1b[31m", "a/b", "é", '"'], ids=lambda each: repr(each[:9])
    )
    def test_any_other_id_is_replaced(self, given: str) -> None:
        """An id that is too long or could forge a line never reaches the log."""
        made = ids(x_request_id=given).request_id
        assert (16, False) == (len(made), made == given)

    def test_each_request_without_an_id_gets_another_one(self) -> None:
        """New ids are random."""
        assert 100 == len({ids().request_id for _ in range(100)})


class TestTraceparent:
    @pytest.mark.parametrize(
        "traceparent",
        [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-more"],
        ids=["sampled", "not sampled", "a later version", "a later version with more fields"],
    )
    def test_trace_and_span_are_read(self, traceparent: str) -> None:
        """Later versions are read as the first one, as the specification asks."""
        assert (TRACE, SPAN) == ids(traceparent=traceparent)[1:]

    @pytest.mark.parametrize(
        "traceparent",
        [
            "",
            "00",
            f"ff-{TRACE}-{SPAN}-01",
            f"0-{TRACE}-{SPAN}-01",
            f"zz-{TRACE}-{SPAN}-01",
            f"00-{TRACE.upper()}-{SPAN}-01",
            f"00-{TRACE[1:]}-{SPAN}-01",
            f"00-{TRACE}-{SPAN[1:]}-01",
            f"00-{TRACE}-{SPAN}",
            f"00-{TRACE}-{SPAN}-0",
            f"00-{TRACE}-{SPAN}-0g",
            f"00-{'0' * 32}-{SPAN}-01",
            f"00-{TRACE}-{'0' * 16}-01",
            f"00-{TRACE}-{SPAN}-01-more",
            f"cc-{TRACE}-{SPAN}-01more",
            f"00_{TRACE}_{SPAN}_01",
            f" 00-{TRACE}-{SPAN}-01",
        ],
    )
    def test_invalid_traceparent_is_ignored(self, traceparent: str) -> None:
        """The request still has an id."""
        assert (16, "", "") == (len(ids(traceparent=traceparent).request_id), *ids(traceparent=traceparent)[1:])

    def test_two_are_as_good_as_none(self) -> None:
        """Nobody can tell which of them is right."""
        header = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())
        assert ("", "") == ids_of([header, header])[1:]
