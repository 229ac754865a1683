"""The names that configs choose from, apart from what they name, so that checking a config imports nothing heavy."""

WEIGHTINGS = ("zipf", "linear_decay", "unweighted")
AGGREGATES = ("rows", "labels", "benchmarks")
SHORT_POLICIES = ("renormalise", "pad", "error")
NORMALISATIONS = ("lower_strip", "lower", "none")
MATCHES = ("examples", "types", "profile", "mentions")
POOL_FORMATS = ("demo", "gliner", "conll", "hf", "offsets")
