"""
The one sandbox that expressions and templates run in.

Names of a row are columns before they are anything of Python; of Python's own, only what is listed here is reached.
Nothing can be called that could load, loop or grow without bound, so a mapping from elsewhere can at worst be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.runtime import Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.tests import TESTS as DEFAULT_TESTS
from jinja2.visitor import NodeTransformer

from runner.mapping.budget import begin, counted, spend
from runner.mapping.filters import COUNTING, OURS, bounded, escaped, is_number, text
from runner.mapping.problems import nearest
from runner.mapping.values import PLAIN, Empty, Record, is_blank, written

if TYPE_CHECKING:
    from jinja2.compiler import Frame
    from jinja2.runtime import Context

FILTERS = (
    *("abs", "count", "d", "default", "first", "join", "last", "length", "list", "lower", "map", "max", "min"),
    *(
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "select",
        "selectattr",
        "sort",
        "sum",
        "trim",
        "unique",
        "upper",
    ),
)
"""Jinja's own filters that may be used; ``default``, ``join``, ``replace``, ``round`` and ``sum`` are ours."""

TESTS = (
    *("boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "ge", "greaterthan", "gt", "in"),
    *("integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none", "number", "odd", "sequence"),
    *("string", "true", "undefined", "upper", "==", "!=", "<", "<=", ">", ">="),
)
"""Jinja's own tests that may be used; ``none`` is ours."""

METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(
        {
            *("upper", "lower", "strip", "lstrip", "rstrip", "split", "removeprefix", "removesuffix"),
            *("startswith", "endswith", "isdigit", "isalpha", "isalnum", "find", "count"),
        }
    ),
    datetime: frozenset({"year", "month", "day", "hour", "minute", "second", "date"}),
    date: frozenset({"year", "month", "day"}),
}
"""Attributes and methods of values that may be used."""

_OF_JINJA = frozenset({"jinja2.environment", "jinja2.runtime"})
"""Modules of what a template meets of Jinja's own."""


class _Exact(NodeTransformer):
    """Make ``~`` write XML's forms, numbers with a point exact, and what is repeated count."""

    def visit_For(self, node: nodes.For) -> Any:  # noqa: N802  jinja2 calls it so
        return self._counting(node)

    def visit_Macro(self, node: nodes.Macro) -> Any:  # noqa: N802  jinja2 calls it so
        return self._counting(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> Any:  # noqa: N802  jinja2 calls it so
        return self._counting(node)

    def visit_Template(self, node: nodes.Template) -> Any:  # noqa: N802  jinja2 calls it so
        return self._counting(node)

    def _counting(self, node: Any) -> Any:
        """Count the text of a body each time that the body is run."""
        self.generic_visit(node)
        amount = nodes.Const(sum(len(each.data) for each in node.find_all(nodes.TemplateData)), lineno=node.lineno)
        count = nodes.Filter(amount, "@spend", [], [], None, None, lineno=node.lineno)
        node.body.insert(0, nodes.ExprStmt(count, lineno=node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Concat:  # noqa: N802  jinja2 calls it so
        self.generic_visit(node)
        node.nodes = [nodes.Filter(each, "written", [], [], None, None, lineno=node.lineno) for each in node.nodes]
        return node

    def visit_Const(self, node: nodes.Const) -> nodes.Expr:  # noqa: N802  jinja2 calls it so
        if not isinstance(node.value, float):
            return node
        text = nodes.Const(repr(node.value), lineno=node.lineno)
        return nodes.Filter(text, "@decimal", [], [], None, None, lineno=node.lineno)


def exact(tree: nodes.Node, environment: SandboxedEnvironment) -> nodes.Node:
    """Rewrite a parsed expression or template so that its numbers and texts come out in XML's forms."""
    changed: nodes.Node = _Exact().visit(tree)
    changed.set_environment(environment)
    return changed


class _Missing(StrictUndefined):
    """A name that a record lacks; the nearest right one is looked for when it is told, since many have a default."""

    __slots__ = ("_record",)

    def __init__(self, record: Record, name: str) -> None:
        super().__init__(name=name)
        self._record = record

    @property
    def _undefined_message(self) -> str:
        name = self._undefined_name
        close = nearest(str(name), self._record)
        meant = f", did you mean {close!r}?" if close else ""
        place = self._record.label.rstrip(".")
        return f"there is no {name!r}{f' in {place}' if place else ''}{meant}"


class _Code(CodeGenerator):
    """Writes a value by one call that gives its form, counts it and escapes it, instead of one call for each."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if self._is_escaping(frame):
            self.write("environment.escaped(")
        else:
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if self._is_escaping(frame):
            self.write(")")
        else:
            super()._output_child_post(node, frame, finalize)

    @staticmethod
    def _is_escaping(frame: Frame) -> bool:
        return frame.eval_ctx.autoescape and not frame.eval_ctx.volatile


class Language(SandboxedEnvironment):
    """Jinja as mappings speak it."""

    code_generator_class = _Code
    escaped = staticmethod(escaped)

    intercepted_binops = frozenset({"+", "-", "*", "/", "**", "%"})

    def __init__(self, templates: str | None = None) -> None:
        """Make one for expressions, or for the templates of a folder."""
        super().__init__(
            undefined=StrictUndefined,
            autoescape=templates is not None,
            finalize=text if templates is not None else None,
            loader=FileSystemLoader(templates) if templates is not None else None,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            auto_reload=False,
            extensions=[],
        )
        self._parsed: dict[Path, nodes.Template] = {}
        self._parts: dict[Path, tuple[str, ...]] = {}
        self._undeclared: dict[Path, frozenset[str]] = {}
        self.globals.clear()
        known: dict[str, Callable[..., Any]] = {**{name: DEFAULT_FILTERS[name] for name in FILTERS}, **OURS}
        self.filters = {name: each if name in COUNTING else counted(each) for name, each in known.items()}
        tests: Mapping[str, Any] = DEFAULT_TESTS
        self.tests = {name: counted(tests[name]) for name in TESTS} | {"none": _is_none}

    def parsed(self, path: Path) -> nodes.Template:
        """
        Give a file's tree, to be looked at; read once, since several document types share their parts.

        Raises:
            TemplateSyntaxError: It is no template, or cannot be read at all.
        """
        if path not in self._parsed:
            try:
                text = path.read_text("utf-8")
            except UnicodeDecodeError as error:
                line = path.read_bytes().count(b"\n", 0, error.start) + 1
                raise TemplateSyntaxError("it is not UTF-8", line) from None
            except OSError as error:
                raise TemplateSyntaxError(f"it cannot be read: {error.strerror}", 1) from None
            self._parsed[path] = self.parse(text)
        return self._parsed[path]

    def parts(self, path: Path) -> tuple[str, ...]:
        """Give the templates that a file imports or includes; a computed name is none."""
        if path not in self._parts:
            self._parts[path] = tuple(filter(None, meta.find_referenced_templates(self.parsed(path))))
        return self._parts[path]

    def undeclared(self, path: Path) -> frozenset[str]:
        """Give the names that a file reads and nothing in it sets; its filters are known to exist."""
        if path not in self._undeclared:
            self._undeclared[path] = frozenset(meta.find_undeclared_variables(self.parsed(path)))
        return self._undeclared[path]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        begin()
        tree = super()._parse(source, name, filename)
        assert isinstance(tree, nodes.Template)
        exact(tree, self)
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Give a name of a record, or what is listed of a plain value."""
        if type(obj) is Record:
            value: Any = obj.data.get(attribute)
            kind = type(value)
            if kind in PLAIN and not is_blank(value):  # given at once, as Record.value would; so are a map and NULL
                return value
            if kind is dict:
                return Record(value, f"{obj.label}{attribute}.", lenient=obj.lenient)
            if value is None and attribute in obj.data:
                return Empty(f"{obj.label}{attribute}")
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Give a name of a record, an element of a list, or what is listed of a plain value."""
        if isinstance(obj, Record):
            return self._of_record(obj, argument)
        if isinstance(obj, Empty):
            return obj
        if isinstance(argument, str):
            return self._of_value(obj, argument)
        return super().getitem(obj, argument)

    @staticmethod
    def _of_record(record: Record, name: Any) -> Any:
        try:
            return record.value(name)
        except KeyError:
            return _Missing(record, str(name))

    def _of_value(self, value: Any, name: str) -> Any:
        if isinstance(value, Undefined):
            return super().getattr(value, name)
        if type(value).__module__ in _OF_JINJA and not name.startswith("_"):
            return super().getattr(value, name)  # a macro of an imported template, or `loop`
        for kind, allowed in METHODS.items():
            if isinstance(value, kind) and name in allowed:
                return getattr(value, name)
        return self.undefined(f"{name!r} is nothing that a mapping may use here", name=name, exc=SecurityError)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called, and count it."""
        if type(obj) is Macro and not kwargs:  # what ``super`` comes to for it
            spend()
            return obj(context.eval_ctx, *args)
        receiver = getattr(obj, "__self__", "")
        spend(len(receiver) if isinstance(receiver, str) else 0)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute exactly, and only with numbers."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return written(left) + written(right)
        if operator == "**" or not (is_number(left) and is_number(right)):
            if isinstance(left, Empty) or isinstance(right, Empty):
                return left * right  # raises, naming the column
            raise SecurityError(f"{operator} is for numbers only")
        if operator == "/":
            return Decimal(left) / Decimal(right)
        return bounded(super().call_binop(context, operator, left, right))


def _is_none(value: Any) -> bool:
    return value is None or isinstance(value, Empty)
