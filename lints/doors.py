"""The rule that accounts, addresses and claims come into being in a few known places (Rule C3).

What a door makes is made by `accounts.operations.register`, becomes somebody's by the save that
`accounts.addresses` watches, and is claimed by `identities.operations.claim`. Nothing else writes them.
"""

import ast
import re
from collections.abc import Iterator

from lints.door_names import HOMES, Names

TABLES = {
    "accounts_account": "Account",
    "account_emailaddress": "EmailAddress",
    "account_emailconfirmation": "EmailAddress",
    "identities_identityclaim": "IdentityClaim",
}
# What allauth offers to make or verify, and who may call it.
FLOWS = {
    "new_user",
    "save_user",
    "setup_user_email",
    "sync_user_email_addresses",
    "verify_email",
    "verify_email_indirectly",
    "add_email",
    "confirm_email",
    "perform_login",
    "login",
    "alogin",
    "complete_signup",
    "execute_from_command_line",
    "model_class",
    "get_user_model",
    "deserialize",
}
FLOW_HOMES = {"accounts/adapter.py", "ops/main.py"}
# Who may use what allauth brings beside its models and plain views: forms, flows and adapters are ways in.
ALLAUTH_HOMES = {
    "accounts/adapter.py",
    "accounts/addresses.py",
    "accounts/backends.py",
    "accounts/forms.py",
    "accounts/listeners.py",
    "accounts/step_up.py",
    "console/accounts/codes.py",
    "console/accounts/entrance.py",
}
WAYS_IN = re.compile(
    r"allauth(?!\.account\.(?:models|views)$)(?:\.|$)|django\.contrib\.(?:admin|auth\.(?:forms|views|admin))\b"
)
RAW = re.compile(
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE(?:\s+ONLY|\s+OR\s+\w+)?|REPLACE\s+INTO|MERGE\s+INTO|COPY)"
    rf'\s+(?:"?\w+"?\.)?["`\[]?({"|".join(TABLES)})\b',
    re.IGNORECASE,
)
UNNAMED = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|REPLACE\s+INTO|COPY)\s+[\"'`]?(?:\{\}|%s)", re.IGNORECASE)
COMMANDS = {"loaddata", "createsuperuser", "testserver", "shell", "dbshell"}
BACKENDS = {"adieu.accounts.backends.VerifiedAddressBackend"}
BACKEND_HOME = "accounts/backends.py"
SETTINGS = "config/settings.py"
DOORS_APPS = re.compile(r"allauth\.(?!account$)\w+|django\.contrib\.admin\b")
# allauth's views that stand in the URL conf as they are; a new one is a door, so it is looked at first.
PLAIN_VIEWS = {"account_inactive", "logout", "password_reset_from_key_done"}
VIEWS_HOME = {"console/accounts/entrance.py", "console/accounts/codes.py"}
INSTEAD = (
    "accounts and addresses come to be by accounts.operations.register and by the save that claims"
    " (accounts/addresses.py), so that no retired address comes back by a side door (Rule C3); call those, or"
    " add the new place to lints/doors.py and the new door to docs/doors.py, with its try"
)


def side_doors(tree: ast.Module, inside: str) -> Iterator[tuple[int, str]]:
    """Find whatever makes accounts, addresses or claims, or opens a way in, where it does not belong."""
    yield from _writes(tree, inside)
    yield from _raw_writes(tree, inside)
    yield from _ways_in(tree, inside)


def _writes(tree: ast.Module, inside: str) -> Iterator[tuple[int, str]]:
    for node, model in Names(tree).writes(tree):
        if inside not in HOMES[model]:
            yield node.lineno, f"{ast.unparse(node)[:60]} writes {model}: {INSTEAD}"


def _raw_writes(tree: ast.Module, inside: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        text = _text_of(node)
        for found in RAW.finditer(text or ""):
            model = TABLES[found[1].lower()]
            if inside not in HOMES[model]:
                yield getattr(node, "lineno", 1), f"{' '.join(found[0].split())}: {INSTEAD}"
        if text and UNNAMED.search(text):
            yield getattr(node, "lineno", 1), f"a write to a table that is not named: name it, or {INSTEAD}"


def _ways_in(tree: ast.Module, inside: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        what = (
            _foreign_view(node, inside)
            or _way_in(node, inside)
            or _backend(node, inside)
            or _app_or_backend_setting(node, inside)
            or _flow(node, inside)
        )
        if what:
            yield getattr(node, "lineno", 1), f"{what}: {INSTEAD}"


def _text_of(node: ast.AST) -> str | None:
    """Give the text of a string; `{}` stands for what is put into it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text_of(part) or "{}" for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{_text_of(left) or '{}'}{_text_of(right) or '{}'}"
        case _:
            return None


def _foreign_view(node: ast.AST, inside: str) -> str:
    """Name a view of allauth that is used where it is not looked at."""
    if (
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("allauth")
        and "views" in ((node.module or "").split("."))
    ):
        names = {each.name for each in node.names}
        return "" if names <= PLAIN_VIEWS else f"allauth's views {', '.join(sorted(names - PLAIN_VIEWS))}"
    if isinstance(node, ast.ImportFrom) and any(each.name in {"views", "urls"} for each in node.names):
        is_allauths = (node.module or "").startswith("allauth")
        return "allauth's views" if is_allauths and inside not in VIEWS_HOME else ""
    if isinstance(node, ast.Import):
        found = [each.name for each in node.names if re.match(r"allauth\..*(views|urls)", each.name)]
        return f"{found[0]}" if found else ""
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("include"):
        text = " ".join(ast.unparse(argument) for argument in node.args)
        return f"include({text})" if re.search(r"allauth|django\.contrib|admin\.site", text) else ""
    return ""


def _way_in(node: ast.AST, inside: str) -> str:
    """Name what is imported of others' forms and flows where nobody looks at it."""
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    elif isinstance(node, ast.Import):
        modules = [each.name for each in node.names]
    else:
        return ""
    found = next((module for module in modules if WAYS_IN.match(module)), "")
    is_at_home = found.startswith("allauth") and inside in ALLAUTH_HOMES
    return "" if is_at_home else found


def _backend(node: ast.AST, inside: str) -> str:
    """Name a class that signs people in, outside of the one module for it."""
    if not isinstance(node, ast.ClassDef) or inside == BACKEND_HOME:
        return ""
    bases = " ".join(ast.unparse(base) for base in node.bases)
    has_authenticate = any(
        isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name in {"authenticate", "get_user"}
        for each in node.body
    )
    is_backend = re.search(r"\b(?:Authentication|Model|RemoteUser|Base)Backend\b", bases)
    # ninja's keys are credentials of accounts that are there.
    is_key = re.search(r"\b(?:HttpBearer|APIKey\w+|HttpBasicAuth)\b", bases)
    return f"{node.name} signs people in" if is_backend or (has_authenticate and not is_key) else ""


def _app_or_backend_setting(node: ast.AST, inside: str) -> str:
    if inside != SETTINGS or not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return ""
    if node.value.endswith("Backend") and "backends." in node.value and node.value not in BACKENDS:
        is_other = re.match(r"django\.(core|template|db|contrib\.(staticfiles|sessions))", node.value)
        return "" if is_other else f"the backend {node.value}"
    return f"the app {node.value}" if DOORS_APPS.fullmatch(node.value) else ""


def _flow(node: ast.AST, inside: str) -> str:
    """Name a helper of allauth or Django that makes, verifies or signs in."""
    if inside in FLOW_HOMES or not isinstance(node, ast.Call):
        return ""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    named = {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    if name == "call_command" and named & COMMANDS:
        return f"the command {', '.join(map(str, named & COMMANDS))}"
    # A look-up by a name that is made up as it runs could be of any model.
    if name == "get_model" and len(named) != len(node.args):
        return "get_model(…) of a name that cannot be read"
    return f"{name}(…)" if name in FLOWS else ""
