"""Probes: small zero-shot NER models that are trained on the splits of a dataset, to see whether difficulty follows."""
