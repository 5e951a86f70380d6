"""The house rule that accounts and addresses come into being in a few known places (Rule C3)."""

import ast
from pathlib import Path

import pytest

from lints.rules import Source, no_side_doors

MODELS = "from adieu.accounts.models import Account\n"
ADDRESS = "from allauth.account.models import EmailAddress\n"


def findings(text: str, inside: str = "tenancy/invitations.py") -> list[str]:
    source = Source(path=Path(inside), inside=inside, text=text, tree=ast.parse(text))
    return [what for _, what in no_side_doors(source)]


@pytest.mark.parametrize(
    "text",
    [
        # Plainly.
        "Account.objects.create(email=sealed)",
        "Account(email=sealed).save()",
        "Account.objects.create_user(email=sealed)",
        "EmailAddress.objects.create(user=account, email=sealed)",
        "EmailAddress.objects.add_email(request, account, sealed)",
        "EmailAddress.objects.filter(email=sealed).update(verified=True)",
        "row.user.emailaddress_set.create(email=sealed, verified=True)",
        "IdentityClaim.objects.filter(key=key).update(account_id=bob, retired_at=None)",
        "async def f():\n    await EmailAddress.objects.acreate(email=sealed)",
        # By other names.
        "from adieu.accounts.models import Account as Login\nLogin.objects.create(email=sealed)",
        "import adieu.accounts.models as people\npeople.Account.objects.create(email=sealed)",
        "Model = apps.get_model('account', 'EmailAddress')\nModel.objects.create(email=sealed)",
        "apps.get_model('accounts.Account').objects.create(email=sealed)",
        "Model = get_user_model()\nModel(email=sealed)",
        "Model = getattr(models, 'Account')\nModel(email=sealed)",
        "manager = Account.objects\nmanager.create(email=sealed)",
        "class Login(Account):\n    class Meta:\n        proxy = True\nLogin(email=sealed)",
        "type(account)(email=sealed)\ndef f(account: Account): type(account)(email=sealed)",
        "QuerySet(EmailAddress).bulk_create(rows)",
        # Rows that were read.
        "def f(row: EmailAddress):\n    row.verified = True\n    row.save()",
        "def f(row: 'EmailAddress | None'):\n    row.set_verified()",
        "for row in EmailAddress.objects.all():\n    row.save()",
        "row = EmailAddress.objects.get(id=1)\nrow.save(update_fields=['verified'])",
        "[row] = EmailAddress.objects.all()\nrow.save()",
        "first, *_ = EmailAddress.objects.all()\nfirst.save()",
        "self.row = EmailAddress.objects.get(id=1)\nself.row.save()",
        "class Held:\n    row: EmailAddress\n    def keep(self):\n        self.row.save()",
        "def newest() -> EmailAddress: ...\nnewest().save()",
        "row = EmailAddress.objects.get(id=1)\nrow.save(update_fields=FIELDS)",
        "def f(row: Account):\n    models.Model.save(row)",
        "def f(row: EmailAddress):\n    super(EmailAddress, row).save()",
        # Handed on instead of called.
        "make = Account.objects.create\nmake(email=sealed)",
        "make = partial(EmailAddress.objects.create, email=sealed)",
        "list(map(EmailAddress.save, rows))",
        # The guard taken away.
        "EmailAddress.save = plain_save",
        "setattr(EmailAddress, 'save', plain_save)",
        # Forms and fixtures.
        "class F(ModelForm):\n    class Meta:\n        model = EmailAddress",
        "class V(CreateView):\n    model: type = EmailAddress",
        "modelform_factory(EmailAddress)",
        "inlineformset_factory(Account, EmailAddress)",
        "admin.site.register(Account)",
        "from django.contrib.auth.forms import UserCreationForm",
        "for each in deserialize('json', text):\n    each.save()",
        "call_command('loaddata', 'people.json')",
        "call_command('createsuperuser', interactive=False)",
        "execute_from_command_line(['adieu', 'loaddata', 'people.json'])",
        "ContentType.objects.get(model='emailaddress').model_class().objects.create()",
        # SQL.
        "sql.run('INSERT INTO accounts_account (id) VALUES (%s)', [1])",
        "sql.run('insert or ignore into account_emailaddress (email) values (%s)', [1])",
        "sql.run('UPDATE \"account_emailaddress\" SET verified = true')",
        "sql.run('UPDATE public.accounts_account SET email = %s', [1])",
        "sql.run('INSERT INTO main.account_emailaddress VALUES (1)')",
        "sql.run('UPDATE identities_identityclaim SET retired_at = NULL')",
        "sql.run(f'INSERT INTO accounts_account ({columns}) VALUES (1)')",
        "sql.run('INSERT INTO ' + 'accounts_account VALUES (1)')",
        "sql.run(f'INSERT INTO {table} VALUES (1)')",
        "sql.run('UPDATE ' + table + ' SET verified = true')",
        "cursor.copy('COPY account_emailaddress FROM STDIN')",
        # allauth's own ways, backends and addresses.
        "from allauth.account.views import email",
        "from allauth.account import views",
        "import allauth.account.views",
        "from allauth.account.forms import SignupForm",
        "from allauth.account.utils import complete_signup",
        "import allauth.account.internal.flows.signup as flow",
        "from allauth.headless.urls import urlpatterns",
        "from django.contrib import auth\nauth.login(request, account)",
        "path('accounts/', include('allauth.urls'))",
        "path('admin/', admin.site.urls)\npath('x/', include(admin.site.urls))",
        "verify_email_indirectly(request, account, sealed)",
        "get_adapter().new_user(request)",
        "class Magic(ModelBackend):\n    pass",
        "class Magic:\n    def authenticate(self, request, token):\n        return None",
        "get_model(label).objects.create()",
    ],
)
def test_a_side_door_is_found_and_told_where_it_belongs(text: str) -> None:
    found = findings(text)
    assert found
    assert all("accounts.operations.register" in what and "Rule C3" in what for what in found)


@pytest.mark.parametrize(
    "setting",
    [
        "AUTHENTICATION_BACKENDS = ['django.contrib.auth.backends.ModelBackend']",
        "AUTHENTICATION_BACKENDS += ['allauth.account.auth_backends.AuthenticationBackend']",
        "INSTALLED_APPS = ['allauth.socialaccount']",
        "INSTALLED_APPS = ['allauth.headless']",
        "INSTALLED_APPS = ['django.contrib.admin']",
    ],
)
def test_a_new_backend_or_an_app_that_brings_doors_is_found_in_the_settings(setting: str) -> None:
    assert findings(setting, inside="config/settings.py")


@pytest.mark.parametrize(
    "text",
    [
        "Account.objects.filter(id=1).exists()",
        "def f(account: Account):\n    account.save(update_fields=['password'])",
        "def f(account: Account):\n    return Organization.objects.create(owner_id=account.pk)",
        "EmailAddress.objects.filter(user_id=1, verified=True).first()",
        "operations.register(address=address, password=password, now=now)",
        "claim(kind='email', identifier=address, account_id=account_id)",
        "sql.run('SELECT id FROM accounts_account FOR UPDATE')",
        "sql.run('DELETE FROM account_emailaddress WHERE user_id = %s', [1])",
        "sql.run('UPDATE accounts_session SET last_seen_at = %s', [now])",
        "from allauth.account.views import logout",
        "class Key(HttpBearer):\n    def authenticate(self, request, token):\n        return token",
        "seen: dict[str, int] = {}\nseen.update(a=1)",
    ],
)
def test_reading_and_using_the_one_function_is_free(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("account = Account(email=sealed)\naccount.save()", "accounts/operations.py"),
        ("EmailAddress.save = _claiming(EmailAddress.save)", "accounts/addresses.py"),
        ("IdentityClaim.objects.filter(account_id=1).update(account_id=None)", "identities/operations.py"),
        ("super().confirm_email(request, address)", "accounts/adapter.py"),
    ],
)
def test_the_one_function_itself_may(text: str, inside: str) -> None:
    assert findings(text, inside=inside) == []


def test_the_places_for_one_table_are_not_open_for_another() -> None:
    assert findings("Account.objects.create(email=sealed)", inside="identities/operations.py")
    assert findings("IdentityClaim.objects.create(key=key)", inside="accounts/operations.py")
