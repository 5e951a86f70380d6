"""What the vault's server may be set to, value by value (Rules P2, P3)."""

import pytest

from adieu.vault import requirements

# As PostgreSQL comes, but for what docs/how-to/postgresql.md sets.
FIT = {
    "wal_recycle": "off",
    "archive_mode": "off",
    "wal_keep_size": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "-1",
    "log_error_verbosity": "terse",
    "log_min_messages": "warning",
}


def problems(**changed: str) -> list[str]:
    return list(requirements._wrong_settings(FIT | changed))


def test_what_the_documentation_sets_is_fit() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wal_recycle", "on"),
        ("archive_mode", "on"),
        ("archive_mode", "always"),
        ("wal_keep_size", "64"),
        ("summarize_wal", "on"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_min_duration", "250"),
        ("pgaudit.log_parameter", "on"),
        ("log_statement", "mod"),
        ("log_statement", "all"),
        ("log_min_duration_statement", "0"),
        ("log_min_duration_sample", "100"),
        ("log_transaction_sample_rate", "0.01"),
        ("log_error_verbosity", "default"),
        ("log_error_verbosity", "verbose"),
    ],
)
def test_each_value_that_breaks_the_promise_is_one_problem(name: str, value: str) -> None:
    [problem] = problems(**{name: value})
    assert problem.startswith(f"{name} is {value}, so ")
    assert "set it to '" in problem


def test_statements_may_be_logged_without_their_values() -> None:
    assert problems(log_statement="all", log_min_duration_statement="0", log_parameter_max_length="0") == []


def test_details_of_errors_that_are_not_logged_at_all_show_nothing() -> None:
    assert problems(log_error_verbosity="default", log_min_messages="panic") == []


def test_every_setting_that_is_looked_at_is_asked_for() -> None:
    assert {*FIT, *(each.name for each in requirements.NEEDED)} == set(requirements.SETTINGS)
