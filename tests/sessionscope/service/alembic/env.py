from sessionscope.migrations import environment
from tests.sessionscope.service.models import Base
from tests.sessionscope.service.settings import Settings

environment.run(Base.metadata, Settings)
