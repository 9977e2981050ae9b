"""Which folders of tests a marker expression can select nothing of, so that they are not read."""

import ast
import itertools


def can_select(expression: str, marker: str, others: frozenset[str]) -> bool:
    """Return whether `-m EXPRESSION` can select a test with a marker, and without some others.

    Parameters
    ----------
    expression
        As on the command line: names of markers with `and`, `or`, `not` and parentheses.
    marker
        The marker that each test of a folder carries.
    others
        Markers that no test of the folder carries. Any further marker may be there or not.

    Returns
    -------
    bool
        True also for an expression that is not understood: pytest judges it then.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        names = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})
        open_names = [name for name in names if name != marker and name not in others]
        return any(
            _evaluate(tree, {marker, *chosen})
            for n in range(len(open_names) + 1)
            for chosen in itertools.combinations(open_names, n)
        )
    except (SyntaxError, TypeError):
        return True


def _evaluate(node: ast.expr, present: set[str]) -> bool:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_evaluate(value, present) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_evaluate(value, present) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _evaluate(operand, present)
        case ast.Name(id=name):
            return name in present
    raise TypeError(f"{ast.unparse(node)} is not a marker expression")
