"""Which names in a file stand for accounts, addresses and claims, and where they are written."""

import ast
import re
from collections.abc import Iterator

# Where each table may be written; everywhere else a write is a side door.
HOMES = {
    # `locking.py` changes rows that are there, and no address; `rekeying.py` gives an address that is there
    # another key, and its claim goes with it.
    "Account": {"accounts/operations.py", "accounts/locking.py", "accounts/rekeying.py"},
    "EmailAddress": {"accounts/operations.py", "accounts/addresses.py", "accounts/rekeying.py"},
    "IdentityClaim": {"identities/operations.py", "identities/rekeying.py"},
}
LABELS = {
    "accounts.account": "Account",
    "account.emailaddress": "EmailAddress",
    "identities.identityclaim": "IdentityClaim",
}
MAKING = {
    prefix + name
    for prefix in ("", "a")
    for name in (
        "create",
        "bulk_create",
        "get_or_create",
        "update_or_create",
        "update",
        "bulk_update",
        "create_user",
        "create_superuser",
        "add_email",
        "add_new_email",
        "set_verified",
    )
}
SAVING = {"save", "asave", "save_base"}
# What is handed a model, and makes it writable or replaces a part of it.
OPENING = {"setattr", "modelform_factory", "modelformset_factory", "inlineformset_factory", "register"}
# What a save may not change without being a door.
IDENTIFYING = {"email", "verified", "user", "account", "key", "retired_at"}


class Names:
    """What a file calls the models, their managers and their rows."""

    def __init__(self, tree: ast.Module) -> None:
        self.models = {name: name for name in HOMES}
        self.rows: dict[str, str] = {}
        while True:
            before = len(self.models) + len(self.rows)
            for node in ast.walk(tree):
                self._learn(node)
            if len(self.models) + len(self.rows) == before:
                return

    def writes(self, tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
        """Find what makes or writes a model: rows, writing methods called or handed on, forms, patches."""
        named_saves = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_named(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                model = self._made_by(node)
            elif isinstance(node, ast.Attribute) and node not in named_saves:
                model = self._method_of(node)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                model = self._patched_or_formed(node)
            else:
                continue
            if model:
                yield node, model

    def model_of(self, expression: ast.expr) -> str:
        """Name the model that an expression is, through aliases, modules and look-ups by name."""
        match expression:
            case ast.Name(id=name):
                return self.models.get(name, "")
            case ast.Attribute(attr=name):
                return name if name in HOMES else ""
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=args):
                return self._looked_up(called, args)
            case _:
                return ""

    def about(self, expression: ast.expr) -> str:
        """Follow a chain such as `a.b(…).c` to the model that it begins with."""
        if model := self.model_of(expression) or self._known_row(expression):
            return model
        match expression:
            case ast.Call(func=ast.Name(), args=[first, *_]) if model := self.model_of(first):
                return model
            case (
                ast.Attribute(value=inner)
                | ast.Subscript(value=inner)
                | ast.Call(func=inner)
                | ast.Await(value=inner)
            ):
                return self.about(inner)
            case _:
                return ""

    def _known_row(self, expression: ast.expr) -> str:
        match expression:
            case ast.Attribute(attr="emailaddress_set"):
                return "EmailAddress"
            case ast.Name(id=name):
                return self.rows.get(name, "")
            case ast.Attribute(attr=name):
                return self.rows.get(f".{name}", "")
            case ast.Call(func=ast.Name(id=name)):
                return self.rows.get(f"{name}()", "")
            case _:
                return ""

    def _made_by(self, call: ast.Call) -> str:
        """Name the model of which a call makes a row, or which it is handed to be written."""
        if model := self.model_of(call.func):
            return model
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in OPENING:
            return next(filter(None, map(self.model_of, call.args)), "")
        is_write = isinstance(call.func, ast.Attribute) and name in MAKING | SAVING
        handed = [self.about(argument) for argument in call.args] if is_write else []
        return next(filter(None, handed), "")

    def _method_of(self, node: ast.Attribute) -> str:
        is_write = node.attr in MAKING | SAVING and isinstance(node.ctx, ast.Load)
        return self.about(node.value) if is_write else ""

    def _patched_or_formed(self, node: ast.Assign | ast.AnnAssign) -> str:
        """Name the model whose methods are replaced, or of which a form is made."""
        match node:
            case ast.Assign(targets=[ast.Attribute(value=patched)]):
                return self.model_of(patched)
            case (
                ast.Assign(targets=[ast.Name(id="model")], value=value)
                | ast.AnnAssign(target=ast.Name(id="model"), value=ast.expr() as value)
            ):
                return self.model_of(value)
            case _:
                return ""

    def _looked_up(self, called: str, args: list[ast.expr]) -> str:
        said = [str(arg.value) for arg in args if isinstance(arg, ast.Constant)]
        if called == "get_model":
            return LABELS.get(".".join(said).lower(), "")
        if called == "get_user_model":
            return "Account"
        if called == "getattr":
            return next((name for name in said if name in HOMES), "")
        return self.about(args[0]) if called == "type" and args else ""

    def _learn(self, node: ast.AST) -> None:
        match node:
            case ast.alias(name=name, asname=str(alias)) if name in HOMES:
                self.models[alias] = name
            case ast.Assign(targets=[target], value=value) | ast.NamedExpr(target=target, value=value):
                self._name(target, value)
            case (
                ast.For(target=ast.Name(id=name), iter=value)
                | ast.comprehension(target=ast.Name(id=name), iter=value)
            ) if model := self.about(value):
                self.rows[name] = model
            case (
                ast.arg(arg=name, annotation=ast.expr() as annotation)
                | ast.AnnAssign(target=ast.Name(id=name), annotation=annotation)
            ):
                self._annotate(name, annotation)
            case ast.FunctionDef(name=name, returns=ast.expr() as annotation):
                self._annotate(f"{name}()", annotation)
            case ast.ClassDef(name=name, bases=bases):
                # A proxy or a subclass writes the same table.
                for model in filter(None, map(self.model_of, bases)):
                    self.models[name] = model

    def _name(self, target: ast.expr, value: ast.expr) -> None:
        """Note what a model or a row is called, or several are unpacked into, or kept as on an object."""
        model, row = self.model_of(value), self.about(value)
        match target:
            case ast.Name(id=name) if name not in HOMES and model:
                self.models[name] = model
            case ast.Name(id=name) if name not in HOMES and row:
                self.rows[name] = row
            case ast.Attribute(attr=name) if row:
                self.rows[f".{name}"] = row
            case ast.Tuple() | ast.List() if row:
                self.rows |= {each.id: row for each in ast.walk(target) if isinstance(each, ast.Name)}

    def _annotate(self, name: str, annotation: ast.expr) -> None:
        words = set(re.findall(r"\w+", ast.unparse(annotation)))
        for alias, model in list(self.models.items()):
            if alias in words:
                # A name, and the same as an attribute: the fields of a class are annotated like names.
                self.rows |= {name: model, f".{name}": model}


def _is_named(call: ast.Call) -> bool:
    """Tell whether a save names what it changes, and none of it says whose an address is."""
    for keyword in call.keywords:
        if keyword.arg == "update_fields" and isinstance(keyword.value, ast.List | ast.Tuple | ast.Set):
            fields = [field.value for field in keyword.value.elts if isinstance(field, ast.Constant)]
            return len(fields) == len(keyword.value.elts) and not IDENTIFYING & set(map(str, fields))
    return False
