"""What other libraries and textbooks call the operations, and what an expression writes instead."""

from __future__ import annotations

WRITTEN = {
    "`log(…)`, the natural logarithm": ("ln",),
    "`log(…)/log(2)`": ("log2",),
    "`sin(…)/cos(…)`": ("tan",),
    "`a + b`": ("add",),
    "`a - b`": ("sub", "subtract"),
    "`a*b`, element by element": ("mul", "multiply"),
    "`a/b`": ("div", "divide"),
    "`a**b`": ("pow", "power"),
    "`a @ b`": ("mm", "bmm", "matmul"),
    "`a.T`": ("t",),
    "`minimum(maximum(x, low), high)`": ("clip", "clamp"),
    "`concat([a, b])`": ("cat", "concatenate"),
    "`reverse(…)`": ("flip",),
    "`mean(…)`": ("avg", "average"),
    "`sigmoid(…)`": ("expit", "logistic"),
    "`silu(…)`": ("swish",),
    "`mse(y, t)`": ("mse_loss", "mseloss"),
    "`bce(y, t)`": ("bceloss", "binary_cross_entropy"),
    "`softmax_cross_entropy(z, t)`": ("crossentropyloss",),
}
"""What to write, and the names for it that are known from elsewhere, in lower case."""

_BY_NAME = {name: written for written, names in WRITTEN.items() for name in names}


def written_instead(name: str) -> str | None:
    """Return what to write for an operation that is called `name` elsewhere, or None where no such name is known."""
    return _BY_NAME.get(name.casefold())
