"""Figures over the whole service, on the sync session."""

from app.reports.repository import AuthorFigure, ReportRepository, RoleFigure
from sessionscope.database.session import ReadSession
from sessionscope.reading.paging import PageOf
from sessionscope.reading.schemas import PageQuery


class ReportService:
    """Answers questions about all rows at once."""

    def __init__(self, read_session: ReadSession) -> None:
        # Each answer is one block that gives the connection back at its end: the server's thread that turns
        # the answer into JSON may have to wait for threads that wait for this very connection.
        self._session = read_session
        self._reports = ReportRepository(read_session)

    def count_users(self) -> int:
        """Return the number of users."""
        with self._session.begin():
            return self._reports.count_users()

    def users_by_role(self) -> list[RoleFigure]:
        """Return the number of users of each role that somebody has."""
        with self._session.begin():
            return self._reports.users_by_role()

    def posts_per_author(self, query: PageQuery) -> PageOf[AuthorFigure]:
        """Return a part of all users with their number of posts, most first."""
        with self._session.begin():
            return self._reports.posts_per_author(query)

    def email_domains(self, query: PageQuery) -> PageOf[str]:
        """Return a part of the distinct domains of all email addresses, in alphabetical order."""
        with self._session.begin():
            return self._reports.email_domains(query)
