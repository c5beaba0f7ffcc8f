from examples.two_databases.shop import ShopBase, ShopSettings
from sessionscope.migrations import environment

environment.run(ShopBase.metadata, ShopSettings)
