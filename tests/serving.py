from tests.testkit.serving import *  # noqa
