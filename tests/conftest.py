"""What holds for every test: property tests draw the same examples on every run and on every machine."""

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
