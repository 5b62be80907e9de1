"""Expressions compiled into functions; what fails is told by its number, never by a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import DecimalException
from types import TracebackType
from typing import TYPE_CHECKING, Any

from jinja2 import Template, nodes
from jinja2.exceptions import SecurityError, TemplateAssertionError, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import Undefined
from jinja2.utils import pass_context

from runner.mapping.budget import begin
from runner.mapping.expressions import Expression
from runner.mapping.sandbox import Language
from runner.mapping.values import ForbiddenCharacterError, NotWritableError

if TYPE_CHECKING:
    from jinja2.runtime import Context

STORE = "@store"
RESULTS = "@results"

FOREIGN = (TypeError, ValueError, ArithmeticError, LookupError, DecimalException, TemplateError, RecursionError)
"""What an expression may fail with; the texts may quote values and are never passed on."""


def language() -> Language:
    """Give the environment of expressions."""
    made = Language()
    made.filters[STORE] = _store
    return made


@pass_context
def _store(context: Context, value: Any, number: int) -> None:
    if isinstance(value, Undefined):
        str(value)  # raises here, where the expression is known
    context.parent[RESULTS][number] = value


FAILURES = (*FOREIGN, ForbiddenCharacterError, NotWritableError)
"""All that a statement may fail with."""


class ExpressionFailedError(Exception):
    """
    An expression failed on a row.

    Attributes:
        number: Which one, as the statements were numbered.
        reason: English, without values.
    """

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number
        self.reason = reason


class Program:
    """
    Statements compiled into one function; a statement's line number is its own number plus one.

    What fails is told by that number, since all lines of the compiled code are known to come from one of them.
    """

    def __init__(self, environment: Language, statements: Sequence[nodes.Node], name: str) -> None:
        """
        Compile.

        Raises:
            TemplateAssertionError: A filter or test does not exist.
        """
        self._name = f"<{name}>"
        tree = nodes.Template(list(statements), lineno=1)
        tree.set_environment(environment)
        code = environment.compile(tree, name, self._name)
        self._template = Template.from_code(environment, code, {})

    def context(self, values: Mapping[str, Any]) -> Context:
        """Give what a run sees, and begin to count what it does; several programs may run on one after the other."""
        begin()
        return self._template.new_context(dict(values))

    def run(self, context: Context) -> None:
        """
        Run all statements.

        Raises:
            ExpressionFailedError: One failed; our own exceptions (``EmptyUsedError`` …) pass through.
        """
        try:
            for _ in self._template.root_render_func(context):
                pass
        except FAILURES as error:
            raise ExpressionFailedError(self.number_of(error.__traceback__), failure(error)) from error

    def number_of(self, trace: TracebackType | None) -> int:
        """Number of the statement that a trace passes through."""
        line = 1
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._name:
                line = self._template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line - 1


def failure(error: BaseException) -> str:
    """Say what an expression or template failed with, without any value."""
    if isinstance(error, NotWritableError):
        return f"it writes {error}"
    if isinstance(error, ForbiddenCharacterError):
        return "it writes a character that XML forbids"
    if isinstance(error, UndefinedError | SecurityError | TemplateSyntaxError | TemplateAssertionError):
        return " ".join(str(error.message or type(error).__name__).rstrip(".").split())  # names only, none are values
    return type(error).__name__


def statement(expression: nodes.Expr, filter_name: str, number: int) -> nodes.ExprStmt:
    """Hand an expression's value to a filter that the author cannot name, together with the statement's number."""
    call = nodes.Filter(expression, filter_name, [nodes.Const(number)], [], None, None)
    made: nodes.ExprStmt = numbered(nodes.ExprStmt(call), number)
    return made


def numbered(node: Any, number: int) -> Any:
    """Give a node, and all below it, the line that stands for a statement's number."""
    node.set_lineno(number + 1, override=True)
    return node


class Several:
    """Named expressions that are computed together, e.g. the columns of a write-back."""

    def __init__(self, environment: Language, expressions: Mapping[str, Expression], name: str) -> None:
        self.names = tuple(expressions)
        self.expressions = tuple(expressions.values())
        self._program = Program(
            environment,
            [statement(each.tree, STORE, number) for number, each in enumerate(self.expressions)],
            name,
        )

    def where(self, number: int) -> str:
        """Place of an expression."""
        return self.expressions[number].where

    def compute(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """
        Give name → value, as expressions see it.

        Raises:
            ExpressionFailedError: One failed.
        """
        return self.computed(self._program.context(values))

    def computed(self, context: Context) -> dict[str, Any]:
        """Do the same on a context of ``Program.context`` that others ran on before; raises as ``compute``."""
        results: dict[int, Any] = {}
        context.parent[RESULTS] = results
        self._program.run(context)
        return {name: results[number] for number, name in enumerate(self.names)}
