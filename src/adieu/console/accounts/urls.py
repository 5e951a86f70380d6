"""Addresses of signing up and in, account settings and terms; the names of the doors are allauth's."""

from allauth.account.views import account_inactive, logout, password_reset_from_key_done
from django.urls import path
from django.views.generic import RedirectView

from adieu.console.accounts import codes, entrance, settings, terms

# allauth has more doors: links by mail, codes for signing in, several addresses. They are not here,
# so they are shut.
urlpatterns = [
    path("accounts/login/", entrance.SignIn.as_view(), name="account_login"),
    path("accounts/logout/", logout, name="account_logout"),
    path("accounts/inactive/", account_inactive, name="account_inactive"),
    path("accounts/signup/", entrance.SignUp.as_view(), name="account_signup"),
    path("accounts/reauthenticate/", entrance.ProveAgain.as_view(), name="account_reauthenticate"),
    path("accounts/confirm-email/", codes.SignUpCode.as_view(), name="account_email_verification_sent"),
    path("accounts/email/", RedirectView.as_view(pattern_name="account_settings"), name="account_email"),
    path("accounts/password/change/", entrance.ChangePassword.as_view(), name="account_change_password"),
    path("accounts/password/reset/", entrance.AskForReset.as_view(), name="account_reset_password"),
    path(
        "accounts/password/reset/confirm/",
        codes.ResetCode.as_view(),
        name="account_confirm_password_reset_code",
    ),
    path(
        "accounts/password/reset/complete/",
        codes.SetPassword.as_view(),
        name="account_complete_password_reset",
    ),
    path(
        "accounts/password/reset/done/",
        password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
    path("account/", settings.account_settings, name="account_settings"),
    path("account/sessions/end-others/", settings.end_other_sessions, name="end_other_sessions"),
    path("account/sessions/<str:session_id>/end/", settings.end_session, name="end_session"),
    path("terms/", terms.show, name="terms"),
    path("terms/agree/", terms.agree, name="terms_agree"),
]
