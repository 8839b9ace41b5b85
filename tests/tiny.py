"""Settings that make a network train in a second."""

TINY = [
    *("--set=input.height=32", "--set=input.width=32", "--set=model.filters=[8]", "--set=model.dense=[16]"),
    *("--set=train.epochs=3", "--set=train.precision=float32", "--set=train.export=none"),
]
