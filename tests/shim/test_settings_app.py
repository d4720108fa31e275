"""Settings of a service with an app's credentials of its own: what belongs together, and who may call it."""

import pytest
from pydantic import SecretStr

from shim.settings import BadSettings, ClientKey, Problem, cautions, load_settings, settings_table

KEY, OTHER_KEY = "k" * 32, "o" * 32
APP = {"ZOOM_ACCOUNT_ID": "acct", "ZOOM_CLIENT_ID": "client", "ZOOM_CLIENT_SECRET": "hush"}
WHOLE = {**APP, "SHIM_CLIENT_KEYS": f"alpha:{KEY}"}


def problems(environ: dict[str, str]) -> list[tuple[str, str]]:
    """Which settings loading complains about, and what of."""
    with pytest.raises(BadSettings) as refused:
        load_settings(environ)
    assert all(problem.remedy for problem in refused.value.problems)
    return [(problem.name, problem.what) for problem in refused.value.problems]


def what_is_wrong_with(keys: str) -> str:
    """What is said of these client keys alone."""
    ((name, what),) = problems({**APP, "SHIM_CLIENT_KEYS": keys})
    assert name == "SHIM_CLIENT_KEYS"
    return what


class TestTheApp:
    """Account, client id and client secret."""

    def test_all_three_make_a_service_with_credentials_of_its_own(self):
        """They are taken as they are, the secret as a secret."""
        settings = load_settings(WHOLE)
        assert (True, "acct", "client") == (settings.is_app, settings.zoom_account_id, settings.zoom_client_id)
        assert SecretStr("hush") == settings.zoom_client_secret

    def test_none_of_them_leaves_the_callers_their_own(self):
        """A service without any passes bearers on."""
        settings = load_settings({})
        assert (False, None, ()) == (settings.is_app, settings.zoom_client_secret, settings.client_keys)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (
                ["ZOOM_ACCOUNT_ID"],
                [
                    ("ZOOM_CLIENT_ID", "is missing beside ZOOM_ACCOUNT_ID"),
                    ("ZOOM_CLIENT_SECRET", "is missing beside ZOOM_ACCOUNT_ID"),
                ],
            ),
            (["ZOOM_CLIENT_ID"], [("ZOOM_CLIENT_ID", "stands without ZOOM_ACCOUNT_ID")]),
            (
                ["ZOOM_CLIENT_SECRET"],
                [("ZOOM_CLIENT_SECRET", "stands without ZOOM_ACCOUNT_ID and ZOOM_CLIENT_ID")],
            ),
            (
                ["ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID"],
                [("ZOOM_CLIENT_SECRET", "is missing beside ZOOM_ACCOUNT_ID and ZOOM_CLIENT_ID")],
            ),
            (["ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_SECRET"], [("ZOOM_CLIENT_ID", "is missing beside ZOOM_ACCOUNT_ID")]),
            (
                ["ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET"],
                [
                    ("ZOOM_CLIENT_ID", "stands without ZOOM_ACCOUNT_ID"),
                    ("ZOOM_CLIENT_SECRET", "stands without ZOOM_ACCOUNT_ID"),
                ],
            ),
        ],
    )
    def test_a_part_alone_is_a_problem(self, given, said):
        """All three or none, and no word of the client keys that would be missing next."""
        assert said == problems({name: APP[name] for name in given})

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("ZOOM_ACCOUNT_ID", "a b"),
            ("ZOOM_CLIENT_ID", "a:b"),
            ("ZOOM_CLIENT_ID", "ä"),
            ("ZOOM_CLIENT_SECRET", "a\tb"),
            ("ZOOM_CLIENT_SECRET", "ö"),
        ],
    )
    def test_what_no_header_carries_is_a_problem(self, name, text):
        """Blanks and foreign letters anywhere; a colon in the id would part it from the secret."""
        assert [name] == [named for named, _ in problems({**WHOLE, name: text})]

    def test_a_secret_may_hold_a_colon(self):
        """Only the first one parts the two."""
        assert load_settings({**WHOLE, "ZOOM_CLIENT_SECRET": "a:b"}).is_app

    def test_secrets_come_from_files_too(self, tmp_path):
        """The app's and the clients', the latter one a line if one likes."""
        (tmp_path / "secret").write_text("hush\n")
        (tmp_path / "keys").write_text(f"alpha:{KEY}\nbeta:{OTHER_KEY}\n")
        settings = load_settings(
            {
                "ZOOM_ACCOUNT_ID": "acct",
                "ZOOM_CLIENT_ID": "client",
                "ZOOM_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
                "SHIM_CLIENT_KEYS_FILE": str(tmp_path / "keys"),
            }
        )
        assert SecretStr("hush") == settings.zoom_client_secret
        assert ["alpha", "beta"] == [key.name for key in settings.client_keys]

    @pytest.mark.parametrize("show", [repr, str, lambda settings: settings.model_dump_json()])
    def test_no_secret_is_shown(self, show):
        """However the settings are written down."""
        shown = show(load_settings(WHOLE))
        assert ("hush" in shown, KEY in shown) == (False, False)


class TestClientKeys:
    """Who may call."""

    def test_entries_are_names_and_keys(self):
        """Parted by commas or blanks; the first colon ends the name; a name may stand twice."""
        keys = f"alpha:{KEY}, al.pha_2-:{OTHER_KEY}:x\nalpha:{OTHER_KEY}"
        assert (
            ClientKey("alpha", SecretStr(KEY)),
            ClientKey("al.pha_2-", SecretStr(f"{OTHER_KEY}:x")),
            ClientKey("alpha", SecretStr(OTHER_KEY)),
        ) == load_settings({**APP, "SHIM_CLIENT_KEYS": keys}).client_keys

    def test_they_are_required_with_the_apps_credentials(self):
        """Else anybody could use them."""
        assert [("SHIM_CLIENT_KEYS", "is missing beside ZOOM_ACCOUNT_ID")] == problems(APP)

    def test_they_are_refused_without(self):
        """They would open nothing, and be sent to Zoom."""
        said = [("SHIM_CLIENT_KEYS", "stands without ZOOM_ACCOUNT_ID")]
        assert said == problems({"SHIM_CLIENT_KEYS": f"alpha:{KEY}"})

    @pytest.mark.parametrize(
        ("entry", "fault"),
        [
            (KEY, "has no name"),
            (f":{KEY}", "has no name"),
            (f"{'n' * 65}:{KEY}", "has no name"),
            (f"al/pha:{KEY}", "has no name"),
            ("beta:", "has a key shorter than 32 characters"),
            (f"beta:{'x' * 31}", "has a key shorter than 32 characters"),
            (f"beta:{'ü' * 32}", "has a key with letters outside ASCII"),
            (f"beta:{'x' * 32}\x7f", "has a key with letters outside ASCII"),
            (f"beta:{KEY}", "has the key of its entry no. 1 again"),
            (f"alpha:{KEY}", "has the key of its entry no. 1 again"),
        ],
    )
    def test_a_bad_entry_is_named_by_its_place(self, entry, fault):
        """Never by what stands there."""
        what = what_is_wrong_with(f"alpha:{KEY},{entry}")
        assert (True, True) == (what.startswith(fault), what.endswith("in its entry no. 2"))
        assert (False, False) == (KEY in what, "beta" in what)

    def test_all_bad_entries_are_named_at_once(self):
        """One look is enough."""
        assert ["no. 1", "no. 3"] == [part[-5:] for part in what_is_wrong_with(f"short,b:{KEY},c:short").split("; ")]

    def test_a_list_of_nothing_is_a_problem(self):
        """Commas alone are a slip of the pen."""
        assert "holds no key" == what_is_wrong_with(" , ")


class TestPassThrough:
    """Whose credential other paths get."""

    @pytest.mark.parametrize(
        ("environ", "choice"),
        [
            ({}, "caller"),
            ({"SHIM_PASS_THROUGH": "off"}, "off"),
            (WHOLE, "off"),
            ({**WHOLE, "SHIM_PASS_THROUGH": "caller"}, "caller"),
            ({**WHOLE, "SHIM_PASS_THROUGH": " APP "}, "app"),
        ],
    )
    def test_the_default_goes_by_the_credentials(self, environ, choice):
        """Nobody is lent an app's credentials, or asked to bring a second one, without being told."""
        assert choice == load_settings(environ).pass_through

    def test_there_must_be_an_app_to_lend(self):
        """Without its credentials `app` means nothing."""
        assert [("SHIM_PASS_THROUGH", "is app without ZOOM_ACCOUNT_ID")] == problems({"SHIM_PASS_THROUGH": "app"})

    def test_nothing_is_said_of_it_beside_a_broken_app(self):
        """What is wrong is the app."""
        found = problems({"ZOOM_ACCOUNT_ID": "acct", "SHIM_PASS_THROUGH": "app"})
        assert ["ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET"] == [name for name, _ in found]

    @pytest.mark.parametrize(
        ("environ", "shown"), [(WHOLE, False), ({**WHOLE, "SHIM_PASS_THROUGH": "caller"}, True), ({}, False)]
    )
    def test_it_is_shown_when_it_was_chosen(self, environ, shown):
        """A default is not a difference."""
        assert shown == ("SHIM_PASS_THROUGH" in repr(load_settings(environ)))

    def test_the_table_tells_both_defaults(self):
        """As the operator would write them."""
        assert "| `SHIM_PASS_THROUGH` | `caller`; with server-to-server `off` |" in settings_table()

    def test_lending_is_cautioned_loudly(self, tmp_path, monkeypatch):
        """`check` says what every key can then do; lending nothing is quiet."""
        monkeypatch.chdir(tmp_path)
        (caution,) = cautions(load_settings({**WHOLE, "SHIM_PASS_THROUGH": "app"}))
        assert "EVERY CLIENT KEY MAY DO WHATEVER THE APP MAY" in caution
        assert () == cautions(load_settings(WHOLE))

    def test_an_endpoint_for_secrets_without_tls_is_cautioned(self, tmp_path, monkeypatch):
        """The app's secret would travel unencrypted."""
        monkeypatch.chdir(tmp_path)
        (caution,) = cautions(load_settings({**WHOLE, "ZOOM_OAUTH_URL": "http://zoom.example.com/oauth/token"}))
        assert "ZOOM_OAUTH_URL is plain http: credentials travel unencrypted" == caution

    def test_bearers_that_end_with_the_process_are_said(self):
        """Keys made at every start open nothing of before."""
        (caution,) = cautions(load_settings({**WHOLE, "SHIM_STATE_URL": "memory://"}))
        assert "remembered ids, page tokens and traded bearers end with the process" in caution


@pytest.mark.parametrize(("text", "value"), [("", "off"), ("ON", "on"), ("off", "off")])
def test_charges_are_off_unless_switched_on(text, value):
    """They cost heavy calls."""
    assert value == load_settings({"SHIM_CHARGES": text}).charges


def test_every_problem_is_reported_at_once():
    """Each under its own name, with a remedy."""
    environ = {**APP, "ZOOM_CLIENT_ID": "a b", "SHIM_CLIENT_KEYS": "alpha:short", "SHIM_CHARGES": "maybe"}
    with pytest.raises(BadSettings) as refused:
        load_settings(environ)
    assert [
        Problem("ZOOM_CLIENT_ID", "holds blanks, colons or letters outside ASCII", refused.value.problems[0].remedy),
        Problem(
            "SHIM_CLIENT_KEYS",
            "has a key shorter than 32 characters in its entry no. 1",
            refused.value.problems[1].remedy,
        ),
        Problem("SHIM_CHARGES", "should be 'off' or 'on'", "give off or on"),
    ] == list(refused.value.problems)
