"""Units of work: their transaction options, their commits, and when they are run again."""

from sessionscope.transactions.retry import RetryPolicy
from sessionscope.transactions.unit_of_work import AsyncTransactions, Transactions

__all__ = ["AsyncTransactions", "RetryPolicy", "Transactions"]
