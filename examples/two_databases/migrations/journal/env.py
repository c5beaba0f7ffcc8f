from examples.two_databases.shop import JournalBase, ShopSettings
from sessionscope.migrations import environment

environment.run(JournalBase.metadata, lambda: ShopSettings().journal)
