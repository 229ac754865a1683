"""The names that configs choose from, apart from what they name, so that checking a config imports nothing heavy."""

WEIGHTINGS = ("zipf", "linear_decay", "unweighted")
AGGREGATES = ("rows", "labels", "benchmarks")
SHORT_POLICIES = ("renormalise", "pad", "error")
NORMALISATIONS = ("lower_strip", "lower", "none")
MATCHES = ("examples", "types", "mentions", "profile", "mentions_per_example", "tokens_per_example")
SIMILARITIES = ("cosine", "angular")
EMBEDDER_KINDS = ("sentence_transformers", "transformers", "word_vectors")
POOLINGS = ("mean", "mean_with_padding", "cls")
SELECTION_METHODS = ("band", "quantile", "explicit")
SCORES = ("max", "entropy")
SCOPES = {"band": ("whole", "benchmark", "label"), "quantile": ("pooled", "per_benchmark", "union")}
SELECTS = ("train", "eval", "both")
UNSELECTED = ("drop", "exclude", "keep")
ZERO_SHOT = ("exact", "contains")
OUTPUT_FORMATS = ("parquet", "gliner", "gliner2", "conll", "flair", "spacy", "instructuie")
FIGURE_FORMATS = ("png", "svg", "pdf")
ENGINES = ("local", "ray")
PROBES = ("linear", "gliner")
LADDER_UNITS = ("position", "familiarity")
POOL_FORMATS = (
    *("demo", "gliner", "gliner2", "conll", "hf", "offsets"),
    *("pilener", "nuner", "neretrieve", "litset", "asknews", "fewnerd", "ontonotes"),
)
