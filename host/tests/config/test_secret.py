"""A secret does not leave the process by accident."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier.config.bounds import shown
from chandelier.config.secret import REDACTED, Secret


@given(st.text(min_size=1))
def test_no_way_of_writing_a_secret_shows_it(text: str) -> None:
    secret = Secret(text)

    assert str(secret) == repr(secret) == f"{secret}" == f"{secret!r}" == REDACTED
    assert f"{secret:>10}" == f"  {REDACTED}"
    assert secret.reveal() == text


def test_a_secret_stays_hidden_inside_other_things(caplog: pytest.LogCaptureFixture) -> None:
    @attrs.frozen
    class Login:
        password: Secret

    login = Login(Secret("hunter2"))

    logging.getLogger("bot").warning("%s %r %s", login, [login.password], {"password": login.password})

    assert "hunter2" not in caplog.text
    assert caplog.text.count(REDACTED) == 3


def test_a_secret_equals_the_same_secret_and_never_plain_text() -> None:
    assert Secret("hunter2") == Secret("hunter2")
    assert hash(Secret("hunter2")) == hash(Secret("hunter2"))
    assert Secret("hunter2") != Secret("hunter3")
    assert Secret("hunter2") != "hunter2"
    assert Secret("ключ") != Secret("key")


def test_a_secret_is_neither_pickled_nor_dumped_nor_changed() -> None:
    secret = Secret("hunter2")

    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(AttributeError):
        secret._value = "other"
    with pytest.raises(AttributeError):
        del secret._value
    assert copy.deepcopy([secret])[0] is secret
    assert copy.copy(secret) is secret


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Secret("")


def test_a_token_pasted_into_another_setting_is_not_echoed() -> None:
    """The error names what was found, but never a token: it would end in a log or a bug report."""
    token = "MTQ1NjA3NDQ0Mzk4MDgwMDAwMQ" + ".GaBcDe." + "x" * 38

    assert token[:20] not in shown(token)
    assert shown(["fine", token]) == f'["fine", "{REDACTED}"]'
