"""Every setting works from the start, and a wrong one says so in one line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adieu.kit.environment import (
    SECRETS,
    WrongSetting,
    read_environment,
    refuse_readable_mail,
    setting_names,
)
from adieu.kit.setting_values import SignUp
from tests.support import certificates

LONG = "0123456789abcdef0123456789abcdef"
TEXT_WITHOUT_NUL = st.text().filter(lambda text: "\0" not in text)


def test_nothing_configured() -> None:
    environment = read_environment({})
    assert environment.data_dir == Path(".adieu").resolve()
    assert str(environment.bind) == "127.0.0.1:8000"
    assert environment.base_url == "http://127.0.0.1:8000"
    assert environment.signup is SignUp.OPEN
    assert environment.has_development_mailbox
    assert environment.is_on_loopback


def test_everything_configured(tmp_path: Path) -> None:
    terms = tmp_path / "terms.txt"
    terms.write_text("Be kind.")
    environment = read_environment(
        {
            "ADIEU_BASE_URL": "https://Console.example.org/",
            "ADIEU_BIND": "[::]:9000",
            "ADIEU_DATABASE_URL": "postgresql://adieu:s%40@db.example.org/adieu",
            "ADIEU_DATA_DIR": str(tmp_path),
            "ADIEU_MAIL_FROM": "Adieu <adieu@example.org>",
            "ADIEU_PEPPER": f"1:{LONG} 2:{LONG}x",
            "ADIEU_SECRET_KEY": LONG,
            "ADIEU_SIGNUP": "invitation",
            "ADIEU_SMTP_URL": "smtp://bob:p%40ss@smtp.example.org?starttls",
            "ADIEU_TERMS_FILE": str(terms),
            "ADIEU_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "ADIEU_VAULT_URL": "postgresql://adieu:s%40@vault.example.org/adieu_vault",
            "ADIEU_WEB_PROCESSES": "3",
        }
    )
    assert environment.base_url == "https://console.example.org"
    assert environment.is_https
    assert str(environment.bind) == "[::]:9000"
    assert environment.pepper == {1: LONG, 2: f"{LONG}x"}
    assert environment.terms == "Be kind."
    assert environment.web_processes == 3
    assert [str(network) for network in environment.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    smtp = environment.smtp_url
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.name, smtp.password) == ("smtp.example.org", 587, "bob", "p@ss")
    assert smtp.is_starttls


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("ADIEU_BASE_URL", "console.example.org", "address like https://"),
        ("ADIEU_BASE_URL", "https://example.org/console", "neither path"),
        ("ADIEU_BASE_URL", "https://bob:secret@example.org", "neither path"),
        ("ADIEU_BASE_URL", "ftp://example.org", "address like https://"),
        ("ADIEU_BIND", "127.0.0.1", "port is missing"),
        ("ADIEU_BIND", "127.0.0.1:0", "from 1 to 65535"),
        ("ADIEU_BIND", "127.0.0.1:65536", "from 1 to 65535"),
        ("ADIEU_BIND", "console.example.org:80", "IP address or localhost"),
        ("ADIEU_CLUSTER_PORTS", "19530", "two ports"),
        ("ADIEU_CLUSTER_PORTS", "80-90", "from 1024"),
        ("ADIEU_CLUSTER_PORTS", "19540-19530", "two ports"),
        ("ADIEU_CLUSTER_PORTS", "7000-9000", "8000, the console's own"),
        ("ADIEU_CLUSTER_BIND", "localhost", "an IP address"),
        ("ADIEU_CLUSTER_DOMAIN", "localhost", "a domain"),
        ("ADIEU_CLUSTER_DOMAIN", "-a.example.org", "a domain"),
        ("ADIEU_CLUSTER_DOMAIN", "a." * 120 + "org", "a domain"),
        ("ADIEU_CLUSTER_CERTIFICATE", "/no/such/file", "cannot be read"),
        ("ADIEU_CLUSTERS_PER_PROJECT", "0", "from 1 to 1000"),
        ("ADIEU_DATABASE_URL", "mysql://localhost/adieu", "postgresql://"),
        ("ADIEU_VAULT_URL", "vault.sqlite3", "postgresql://"),
        ("ADIEU_DATABASE_URL", "postgresql://localhost", "/DATABASE"),
        ("ADIEU_DATABASE_URL", "postgresql://localhost/adieu?nonsense=1", "postgresql://"),
        ("ADIEU_DATA_DIR", __file__, "not a folder"),
        ("ADIEU_MAIL_FROM", "nobody", "must be an address"),
        ("ADIEU_MAIL_FROM", "a@example.org\r\nBcc: b@example.org", "must be an address"),
        ("ADIEU_PEPPER", "short", "at least 32 characters"),
        ("ADIEU_PEPPER", f"1:{LONG} 1:{LONG}", "a version of its own"),
        ("ADIEU_PEPPER", f"{LONG} {LONG}", "VERSION:PEPPER"),
        ("ADIEU_SECRET_KEY", LONG[:31], "at least 32 characters"),
        ("ADIEU_SIGNUP", "Open", "open, invitation or closed"),
        ("ADIEU_SMTP_URL", "smtp.example.org", "smtp://"),
        ("ADIEU_SMTP_URL", "smtps://smtp.example.org?starttls", "does not fit"),
        ("ADIEU_SMTP_URL", "smtp://smtp.example.org?tls", "smtp://"),
        ("ADIEU_TERMS_FILE", "/no/such/file", "cannot be read"),
        ("ADIEU_TERMS_FILE", "/", "cannot be read"),
        ("ADIEU_TRUSTED_PROXIES", "10.0.0.1/8", "neither an IP address nor a network"),
        ("ADIEU_TRUSTED_PROXIES", "proxy.example.org", "neither an IP address nor a network"),
        ("ADIEU_WEB_PROCESSES", "0", "from 1 to 64"),
        ("ADIEU_WEB_PROCESSES", "65", "from 1 to 64"),
        ("ADIEU_WEB_PROCESSES", "two", "from 1 to 64"),
        ("ADIEU_SMPT_URL", "smtp://localhost", "perhaps ADIEU_SMTP_URL is meant"),
        ("ADIEU_", "", "is no setting"),
    ],
)
def test_wrong_value(name: str, value: str, part: str) -> None:
    with pytest.raises(WrongSetting) as caught:
        read_environment({name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert part in str(caught.value)


def test_clusters_are_reached_from_elsewhere_only_with_a_certificate(tmp_path: Path) -> None:
    # Rule K1
    files = certificates.make(tmp_path, "*.vectors.example.org")
    pair = {
        "ADIEU_CLUSTER_CERTIFICATE": str(files.certificate),
        "ADIEU_CLUSTER_CERTIFICATE_KEY": str(files.key),
    }
    everywhere = {"ADIEU_CLUSTER_BIND": "0.0.0.0"}  # noqa: S104
    named = {"ADIEU_CLUSTER_DOMAIN": "Vectors.example.org."}
    environment = read_environment({**pair, **everywhere, **named})
    assert environment.cluster_domain == "vectors.example.org"
    assert environment.cluster_bind == "0.0.0.0"  # noqa: S104
    assert read_environment({**pair, "ADIEU_CLUSTER_BIND": "10.0.0.5"}).cluster_bind == "10.0.0.5"
    assert read_environment({"ADIEU_CLUSTER_BIND": "::1"}).cluster_bind == "::1"
    key_alone = {"ADIEU_CLUSTER_CERTIFICATE_KEY": str(files.key)}
    for refused, name in (
        (everywhere, "ADIEU_CLUSTER_CERTIFICATE"),
        ({**everywhere, **named}, "ADIEU_CLUSTER_CERTIFICATE"),
        ({"ADIEU_CLUSTER_BIND": "10.0.0.5"}, "ADIEU_CLUSTER_CERTIFICATE"),
        (named, "ADIEU_CLUSTER_CERTIFICATE"),
        (key_alone, "ADIEU_CLUSTER_CERTIFICATE"),
        ({**pair, **everywhere}, "ADIEU_CLUSTER_DOMAIN"),
        ({"ADIEU_CLUSTER_CERTIFICATE": str(files.certificate)}, "ADIEU_CLUSTER_CERTIFICATE_KEY"),
        ({**pair, "ADIEU_CLUSTER_CERTIFICATE": str(files.authority)}, "ADIEU_CLUSTER_CERTIFICATE"),
        ({**pair, "ADIEU_CLUSTER_CERTIFICATE_KEY": __file__}, "ADIEU_CLUSTER_CERTIFICATE"),
    ):
        with pytest.raises(WrongSetting, match=f"^{name}: "):
            read_environment(refused)


@pytest.mark.parametrize("name", setting_names())
@given(value=TEXT_WITHOUT_NUL)
def test_any_value_works_or_is_refused_in_one_line(name: str, value: str) -> None:
    try:
        read_environment({name: value})
    except WrongSetting as error:
        assert str(error).isprintable()
        assert len(str(error)) < 300


@pytest.mark.parametrize("name", SECRETS)
def test_secret_from_file(name: str, tmp_path: Path) -> None:
    values = {
        "ADIEU_DATABASE_URL": "postgresql://localhost/adieu",
        "ADIEU_LEDGER": "postgresql://localhost/adieu_ledger",
        "ADIEU_METRICS_TOKEN": LONG,
        "ADIEU_MILVUS_TOKEN": "root:Milvus",
        "ADIEU_PEPPER": LONG,
        "ADIEU_SECRET_KEY": LONG,
        "ADIEU_SMTP_URL": "smtp://localhost",
        "ADIEU_VAULT_URL": "postgresql://localhost/adieu_vault",
    }
    file = tmp_path / "secret"
    file.write_text(values[name] + "\n")
    beside = {"ADIEU_MILVUS_URI": "http://milvus"} if name == "ADIEU_MILVUS_TOKEN" else {}
    assert read_environment({**beside, f"{name}_FILE": str(file)}) == read_environment(
        {**beside, name: values[name]}
    )
    with pytest.raises(WrongSetting, match="given twice"):
        read_environment({f"{name}_FILE": str(file), name: values[name]})
    with pytest.raises(WrongSetting, match=f"^{name}_FILE: .*cannot be read"):
        read_environment({f"{name}_FILE": str(tmp_path / "gone")})


def test_empty_counts_as_not_given() -> None:
    assert read_environment(dict.fromkeys(setting_names(), "")) == read_environment({})


def test_secrets_stay_out_of_what_is_shown() -> None:
    shown = repr(read_environment({"ADIEU_SECRET_KEY": LONG, "ADIEU_PEPPER": f"3:{LONG}"}))
    assert LONG not in shown


@pytest.mark.parametrize(
    "settings",
    [
        {"ADIEU_BIND": "192.0.2.1:8000"},
        {"ADIEU_BIND": "0.0.0.0:8000", "ADIEU_BASE_URL": "http://localhost:8000"},
        # A proxy on this machine lets others in.
        {"ADIEU_BASE_URL": "https://console.example.org"},
    ],
)
def test_development_mailbox_is_for_this_machine_only(settings: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match="ADIEU_SMTP_URL"):
        refuse_readable_mail(read_environment(settings))
    refuse_readable_mail(read_environment({**settings, "ADIEU_SMTP_URL": "smtp://localhost"}))
    refuse_readable_mail(read_environment({}))


def test_the_copy_of_the_vault_has_a_folder_of_its_own(tmp_path: Path) -> None:
    copy = tmp_path / "vault.copy"
    assert read_environment({"ADIEU_VAULT_COPY": str(copy)}).vault_copy == copy
    for settings, part in (
        ({"ADIEU_VAULT_COPY": str(tmp_path)}, "is a folder, not a file"),
        ({"ADIEU_VAULT_COPY": str(tmp_path / "nowhere" / "copy")}, "is not there"),
        ({"ADIEU_VAULT_COPY": str(copy), "ADIEU_DATA_DIR": str(tmp_path)}, "must be in another folder"),
        ({"ADIEU_VAULT_COPY": str(copy), "ADIEU_VAULT_URL": "postgresql://127.0.0.1/v"}, "with pg_dump"),
    ):
        with pytest.raises(WrongSetting, match=f"^ADIEU_VAULT_COPY: .*{part}"):
            read_environment(settings)


def test_everywhere_needs_a_base_url() -> None:
    with pytest.raises(WrongSetting, match=r"^ADIEU_BASE_URL: is needed"):
        read_environment({"ADIEU_BIND": "0.0.0.0:8000"})


def test_a_milvus_server_is_given_whole_or_not_at_all() -> None:
    environment = read_environment(
        {"ADIEU_MILVUS_URI": "https://Milvus.example.org", "ADIEU_MILVUS_TOKEN": "root:s:ecret"}
    )
    assert (environment.milvus_uri, environment.milvus_token) == (
        "https://milvus.example.org:19530",
        "root:s:ecret",
    )
    assert environment.has_milvus_server
    assert "s:ecret" not in repr(environment)
    gone = read_environment({"ADIEU_MILVUS_URI": "gone"})
    assert gone.is_milvus_gone
    assert not gone.has_milvus_server
    wrong = {
        "ADIEU_MILVUS_TOKEN": [
            {"ADIEU_MILVUS_URI": "http://milvus:19530"},
            {"ADIEU_MILVUS_URI": "http://milvus:19530", "ADIEU_MILVUS_TOKEN": "root"},
        ],
        "ADIEU_MILVUS_URI": [
            {"ADIEU_MILVUS_TOKEN": "root:Milvus"},
            *(
                {"ADIEU_MILVUS_URI": uri, "ADIEU_MILVUS_TOKEN": "root:Milvus"}
                for uri in (
                    "milvus:19530",
                    "http://root:Milvus@milvus:19530",
                    "http://milvus/v1",
                    "tcp://milvus",
                )
            ),
        ],
    }
    for name, tries in wrong.items():
        for each in tries:
            with pytest.raises(WrongSetting) as refused:
                read_environment(each)
            assert refused.value.name == name, each
