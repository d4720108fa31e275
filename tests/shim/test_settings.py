"""Settings: what is accepted, what is refused and how, and what they never show."""

import base64
import os
import resource
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shim.settings import BadSettings, Problem, Settings, cautions, load_settings, settings_table
from shim.settings.loading import known_names
from tests.shim.certificates import write_certificate

SEALING = Fernet.generate_key().decode()


def problems(environ: Mapping[str, str], env_file: Path | None = None) -> tuple[Problem, ...]:
    """What loading complains about."""
    with pytest.raises(BadSettings) as refused:
        load_settings(environ, env_file=env_file)
    return refused.value.problems


def only_problem(environ: Mapping[str, str], env_file: Path | None = None) -> Problem:
    """The one thing loading complains about."""
    (problem,) = problems(environ, env_file)
    return problem


def write(path: Path, text: str) -> str:
    """The name of a new file with this text, as a variable holds it."""
    path.write_text(text, encoding="utf-8")
    return str(path)


class TestAccepted:
    """Values that are taken, and as what."""

    def test_nothing_set_gives_the_documented_defaults(self):
        """Without any variable the service runs on loopback, exact, with a state in the working folder."""
        settings = load_settings({})
        assert (settings.host, settings.port, settings.ops_port) == ("127.0.0.1", 8080, 8081)
        assert (settings.api_url, settings.oauth_url) == ("https://api.zoom.us/v2", "https://zoom.us/oauth/token")
        assert (settings.fidelity, settings.profile, settings.pass_through) == ("exact", "live", "caller")
        assert settings.state_path == Path("shim-state.db")
        assert (settings.plan, settings.rate_share, settings.cache_mib) == ("business", 0.8, 32)
        assert (settings.deadline, settings.drain) == (12.0, 5.0)

    def test_the_process_environment_is_not_read(self, monkeypatch):
        """Only the mapping that is handed over counts, also for settings made in code."""
        monkeypatch.setenv("SHIM_PORT", "9999")
        assert (load_settings({}).port, Settings(host="::1").port) == (8080, 8080)

    @pytest.mark.parametrize(
        ("name", "text", "member", "value"),
        [
            ("SHIM_PORT", "0", "port", 0),
            ("SHIM_OPS_PORT", "0", "ops_port", 0),
            ("SHIM_HOST", "::", "host", "::"),
            ("SHIM_HOST", "shim.example.com", "host", "shim.example.com"),
            ("SHIM_DEADLINE", " 2.5 ", "deadline", 2.5),
            ("SHIM_DRAIN", "0", "drain", 0.0),
            ("SHIM_RATE_SHARE", "50", "rate_share", 50.0),
            ("SHIM_LOG_LEVEL", "WARNING", "log_level", "warning"),
            ("ZOOM_API_URL", "http://127.0.0.1:8443/base/v2/", "api_url", "http://127.0.0.1:8443/base/v2"),
            ("ZOOM_API_URL", "HTTPS://api.zoomgov.com/v2", "api_url", "https://api.zoomgov.com/v2"),
            ("SHIM_STATE_URL", "memory://", "state_path", None),
            ("SHIM_STATE_URL", "sqlite:///state/shim.db", "state_path", Path("state/shim.db")),
            ("SHIM_STATE_URL", "sqlite:////var/lib/shim/state.db", "state_path", Path("/var/lib/shim/state.db")),
            ("SHIM_FIDELITY", "", "fidelity", "exact"),
            ("SHIM_RULES", "  ", "rules", load_settings({}).rules),
        ],
    )
    def test_a_good_value_is_taken(self, name, text, member, value):
        """Numbers, choices and addresses arrive in their own type; an empty variable counts as not set."""
        assert value == getattr(load_settings({name: text}), member)

    def test_other_programs_variables_are_left_alone(self):
        """Names outside SHIM_* and ZOOM_* are nobody's business here."""
        assert Settings() == load_settings({"PATH": "/bin", "ZOOMED": "1", "shim_port": "1"})

    def test_settings_cannot_be_changed(self):
        """A settings value is frozen."""
        with pytest.raises(ValidationError):
            load_settings({}).port = 1


class TestRefused:
    """Values and names that are not, and what is said."""

    def test_every_problem_is_reported_at_once(self, tmp_path):
        """One look is enough: unknown names, bad values, files and secrets are all named, each with its remedy."""
        found = problems(
            {
                "SHIM_PROFLIE": "docs",
                "SHIM_PORT": "eighty",
                "SHIM_FIDELITY": "perfect",
                "SHIM_TLS_CERT": str(tmp_path / "absent.pem"),
                "SHIM_RULES": write(tmp_path / "rules.toml", 'nonsense = "on"'),
                "SHIM_STATE_URL": "redis:state.example.com",
                "SHIM_TOKEN_KEYS_FILE": str(tmp_path / "absent.keys"),
                "SHIM_DEADLINE": "0",
            }
        )
        assert [problem.name for problem in found] == [
            "SHIM_PROFLIE",
            "SHIM_TOKEN_KEYS_FILE",
            "SHIM_PORT",
            "SHIM_TLS_CERT",
            "SHIM_FIDELITY",
            "SHIM_RULES",
            "SHIM_STATE_URL",
            "SHIM_DEADLINE",
        ]
        assert all(problem.what and problem.remedy for problem in found)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("SHIM_HOST", "http://127.0.0.1"),
            ("SHIM_HOST", "[::1]"),
            ("SHIM_HOST", "256.1.1.1"),
            ("SHIM_HOST", "-shim"),
            ("SHIM_PORT", "-1"),
            ("SHIM_PORT", "65536"),
            ("SHIM_PORT", "80.5"),
            ("SHIM_OPS_PORT", "8080"),
            ("SHIM_PASS_THROUGH", "app"),
            ("SHIM_PROFILE", "guide"),
            ("SHIM_PLAN", "enterprise"),
            ("SHIM_RATE_SHARE", "0"),
            ("SHIM_RATE_SHARE", "inf"),
            ("SHIM_CACHE_MIB", "0"),
            ("SHIM_DEADLINE", "60.5"),
            ("SHIM_DEADLINE", "nan"),
            ("SHIM_DRAIN", "-1"),
            ("SHIM_LOG_FORMAT", "xml"),
            ("SHIM_LOG_LEVEL", "loud"),
            ("ZOOM_API_URL", "api.zoom.us/v2"),
            ("ZOOM_API_URL", "ftp://api.zoom.us/v2"),
            ("ZOOM_API_URL", "https:///v2"),
            ("ZOOM_API_URL", "https://api.zoom.us:port/v2"),
            ("ZOOM_API_URL", "https://name:pass@api.zoom.us/v2"),
            ("ZOOM_API_URL", "https://api.zoom.us/v2?"),
            ("ZOOM_API_URL", "https://api.zoom.us/v 2"),
            ("ZOOM_API_URL", "https://api.zoom.us\\@evil.example.com/v2"),
            ("ZOOM_API_URL", "https://api.zoom.us\\v2"),
            ("ZOOM_OAUTH_URL", "https://zoom.us/oauth/token#top"),
            ("SHIM_STATE_URL", "sqlite://"),
            ("SHIM_STATE_URL", "sqlite:///"),
            ("SHIM_STATE_URL", "sqlite:///:memory:"),
            ("SHIM_STATE_URL", "sqlite:///state.db?mode=ro"),
            ("SHIM_STATE_URL", "memory"),
            ("SHIM_STATE_URL", "redis://"),
            ("SHIM_STATE_URL", "redis://:password@"),
            ("SHIM_STATE_URL", "redis://state.example.com:port"),
            ("SHIM_STATE_URL", "redis://state.example.com/name"),
            ("SHIM_STATE_URL", "redis://state.example.com/0?socket_timeout=9"),
            ("SHIM_STATE_URL", "rediss://state.example.com/0#0"),
            ("SHIM_STATE_URL", "redis://user:p assword@state.example.com"),
            ("SHIM_STATE_URL", "unix:///run/redis.sock"),
            ("SHIM_TOKEN_KEYS", "c2hvcnQ="),
            ("SHIM_TOKEN_KEYS", ","),
        ],
    )
    def test_a_bad_value_names_its_setting(self, name, text):
        """A value out of its bounds is one problem under its own name."""
        assert name == only_problem({name: text}).name

    @pytest.mark.parametrize(
        ("name", "remedy"),
        [
            ("SHIM_PROT", "did you mean SHIM_PORT?"),
            ("SHIM_LOGLEVEL", "did you mean SHIM_LOG_LEVEL?"),
            ("SHIM_API_URL", "did you mean ZOOM_API_URL?"),
            ("SHIM_TOKEN_KEY_FILE", "did you mean SHIM_TOKEN_KEYS_FILE?"),
            ("ZOOM_WEBHOOK_SECRET_TOKEN", "remove it; this version has no such name"),
            ("SHIM_PREFETCH", "remove it; this version has no such name"),
            ("SHIM_TLS_KEY_FILE", "did you mean SHIM_TLS_KEY?"),
            ("SHIM_SERVICE_HOST", "set enableServiceLinks: false, or rename the Service"),
            ("SHIM_PORT_8080_TCP", "set enableServiceLinks: false, or rename the Service"),
        ],
    )
    def test_an_unknown_name_is_refused_with_the_nearest_known_one(self, name, remedy):
        """A misspelt variable is never silently ignored."""
        assert Problem(name, only_problem({name: "x"}).what, remedy) == only_problem({name: "x"})

    def test_an_unknown_field_cannot_be_made_in_code(self):
        """The constructor is as strict as the environment."""
        with pytest.raises(ValidationError):
            Settings.model_validate({"SHIM_PROT": 1})


class TestFiles:
    """The files that settings name."""

    def test_the_env_file_gives_what_the_environment_does_not(self, tmp_path):
        """Comments, quotes, `export` and other programs' lines are fine; the environment wins."""
        path = write(
            tmp_path / "env", "# ours\nexport SHIM_PORT=9000\nSHIM_PLAN='pro'\nTZ=UTC\n\nSHIM_DRAIN=1 # short\n"
        )
        settings = load_settings({"SHIM_ENV_FILE": path, "SHIM_PORT": "9001"})
        assert (settings.port, settings.plan, settings.drain) == (9001, "pro", 1.0)

    def test_an_empty_variable_hides_the_env_files_line(self, tmp_path):
        """`SHIM_PLAN=` in the environment goes back to the default."""
        path = write(tmp_path / "env", "SHIM_PLAN=pro\n")
        assert load_settings({"SHIM_PLAN": ""}, env_file=Path(path)).plan == "business"

    def test_the_argument_wins_over_the_variable(self, tmp_path):
        """`--env-file` replaces SHIM_ENV_FILE."""
        path = write(tmp_path / "env", "SHIM_PLAN=pro\n")
        assert load_settings({"SHIM_ENV_FILE": "absent"}, env_file=Path(path)).plan == "pro"

    def test_every_bad_line_of_the_env_file_is_named(self, tmp_path):
        """Broken lines, unknown names and a second env file are reported together."""
        path = write(tmp_path / "env", "SHIM_PORT=1\nSHIM_PLAN\n='x\nSHIM_PLAM=pro\nSHIM_ENV_FILE=other\n")
        found = [str(problem) for problem in problems({}, Path(path))]
        assert found == [
            "SHIM_ENV_FILE names a file whose line 2 is wrong: write NAME=value",
            "SHIM_ENV_FILE names a file whose line 3 is wrong: write NAME=value",
            "SHIM_ENV_FILE stands in the env file itself: remove that line",
            "SHIM_PLAM is unknown: did you mean SHIM_PLAN?",
        ]

    def test_an_env_file_that_is_not_there_is_a_problem(self, tmp_path):
        """A named file must exist."""
        assert only_problem({}, tmp_path / "absent").name == "SHIM_ENV_FILE"

    def test_rules_are_read_and_judged(self, tmp_path):
        """The rules file becomes the translation's options."""
        path = write(tmp_path / "rules.toml", 'missed_label = "missed"\n')
        assert load_settings({"SHIM_RULES": path}).rules.options.missed_label == "missed"

    def test_every_unknown_rule_and_option_is_named(self, tmp_path):
        """All mistakes of the rules file stand in its problem."""
        path = write(tmp_path / "rules.toml", 'missed_lable = "missed"\npage_count = "maybe"\n')
        what = only_problem({"SHIM_RULES": path}).what
        assert ("missed_lable" in what, "page_count" in what) == (True, True)

    @pytest.mark.parametrize("content", [b"missed_label =", b"\xff\xfe", b"missed_label = true"])
    def test_a_broken_rules_file_is_a_problem(self, tmp_path, content):
        """No TOML, no text, no option: refused."""
        (tmp_path / "rules.toml").write_bytes(content)
        assert only_problem({"SHIM_RULES": str(tmp_path / "rules.toml")}).name == "SHIM_RULES"

    def test_number_locations_are_read(self, tmp_path):
        """Prefix and place, quoted or not, with or without a byte order mark; blank lines are nothing."""
        path = write(tmp_path / "places.csv", '\ufeffprefix,place\n+1202,Washington\n\n+4420,"London, UK"\n')
        places = load_settings({"SHIM_NUMBER_LOCATIONS": path}).number_locations.places
        assert {"+1202": "Washington", "+4420": "London, UK"} == places

    def test_every_bad_line_of_the_number_locations_is_named(self, tmp_path):
        """Each bad line is named by number and fault; what stands in it is not repeated."""
        lines = [
            "place,prefix",
            "+1202,Washington",
            "1202,No plus",
            "+1303,",
            "+1404",
            "+1202,Twice",
            '+1505,"open',
            "",
        ]
        what = only_problem({"SHIM_NUMBER_LOCATIONS": write(tmp_path / "places.csv", "\n".join(lines))}).what
        assert what == (
            "names a file with mistakes (line 1: the header is not prefix,place; "
            "line 3: the prefix is not + and up to 15 digits; line 4: the place is empty; line 5: not two cells; "
            "line 6: the prefix stands twice; line 7: not two cells)"
        )

    def test_a_fitting_chain_and_key_are_taken(self, tmp_path):
        """A certificate and its own key make HTTPS."""
        certificate, key = write_certificate(tmp_path, name="api.example.com")
        settings = load_settings({"SHIM_TLS_CERT": str(certificate), "SHIM_TLS_KEY": str(key)})
        assert (settings.tls_cert, settings.tls_key) == (certificate, key)

    @pytest.mark.parametrize("given", ["SHIM_TLS_CERT", "SHIM_TLS_KEY"])
    def test_half_of_a_chain_is_a_problem(self, tmp_path, given):
        """Certificate and key come together or not at all."""
        certificate, key = write_certificate(tmp_path, name="api.example.com")
        paths = {"SHIM_TLS_CERT": str(certificate), "SHIM_TLS_KEY": str(key)}
        assert only_problem({given: paths[given]}).name == "SHIM_TLS_KEY"

    def test_another_certificates_key_is_a_problem(self, tmp_path):
        """A key that does not fit its certificate is found before the first client comes."""
        certificate, _ = write_certificate(tmp_path, name="one.example.com")
        _, key = write_certificate(tmp_path, name="two.example.com")
        assert "does not fit" in only_problem({"SHIM_TLS_CERT": str(certificate), "SHIM_TLS_KEY": str(key)}).what

    def test_a_key_behind_a_pass_phrase_is_refused_without_asking(self, tmp_path):
        """Nobody is there to type a pass phrase; the loading must not wait for one."""
        certificate, key = write_certificate(tmp_path, name="api.example.com", passphrase=b"open sesame")
        assert only_problem({"SHIM_TLS_CERT": str(certificate), "SHIM_TLS_KEY": str(key)}).name == "SHIM_TLS_KEY"


class TestSecrets:
    """Where secrets come from, and that they never come out."""

    def test_keys_come_from_the_variable_or_its_file(self, tmp_path):
        """Commas or line ends part the keys; the order is kept."""
        keys = [Fernet.generate_key().decode() for _ in range(2)]
        by_file = load_settings({"SHIM_TOKEN_KEYS_FILE": write(tmp_path / "keys", "\n".join(keys) + "\n")})
        assert keys == [key.get_secret_value() for key in by_file.token_keys]
        assert by_file == load_settings({"SHIM_TOKEN_KEYS": ", ".join(keys)})

    def test_a_secret_given_twice_is_a_problem(self, tmp_path):
        """Nobody has to guess which of the two was meant."""
        key = Fernet.generate_key().decode()
        found = only_problem({"SHIM_TOKEN_KEYS": key, "SHIM_TOKEN_KEYS_FILE": write(tmp_path / "keys", key)})
        assert str(found) == "SHIM_TOKEN_KEYS_FILE is set beside SHIM_TOKEN_KEYS: set only one of the two"

    def test_an_empty_secret_file_is_a_problem(self, tmp_path):
        """A secret that was not written yet is not the same as none."""
        path = write(tmp_path / "keys", "\n")
        assert only_problem({"SHIM_TOKEN_KEYS_FILE": path}).what == "names an empty file"

    @given(
        st.binary(min_size=32, max_size=32), st.sampled_from([repr, str, lambda settings: settings.model_dump_json()])
    )
    def test_a_key_is_never_shown(self, raw, show):
        """No way to write the settings down shows a key."""
        key = base64.urlsafe_b64encode(raw).decode()
        assert key not in show(load_settings({"SHIM_TOKEN_KEYS": key}))

    @given(
        st.sampled_from([name for name in known_names() if name != "SHIM_HOST"]),
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=24, max_size=64),
    )
    def test_a_secret_in_the_wrong_place_is_not_repeated(self, name, secret):
        """Whatever setting a secret was pasted into by mistake, the problem does not show it, nor does its cause."""
        with pytest.raises(BadSettings) as refused:
            load_settings({name: f"sk-{secret}:@x", "SHIM_PORT": "none"})
        shown = " ".join(str(link) for link in (refused.value, refused.value.__cause__, refused.value.__context__))
        assert secret not in shown


class TestShown:
    """The settings written down, for operators and for the README."""

    def test_only_differences_are_shown_under_the_operators_names(self):
        """The repr names what was chosen and leaves out what was not."""
        settings = load_settings({"SHIM_PORT": "9000", "SHIM_LOG_LEVEL": "info", "SHIM_PLAN": "pro"})
        assert repr(settings) == "Settings(SHIM_PORT=9000, SHIM_PLAN='pro')"

    def test_a_files_setting_shows_its_path_alone(self, tmp_path):
        """Rules and places are shown by the file they came from."""
        path = write(tmp_path / "places.csv", "prefix,place\n+1202,Washington\n")
        assert repr(load_settings({"SHIM_NUMBER_LOCATIONS": path})) == f"Settings(SHIM_NUMBER_LOCATIONS='{path}')"

    def test_the_table_has_one_row_for_every_setting(self):
        """No setting can be added without its row, and every row says what the setting means."""
        rows = [row.strip("| ").split(" | ") for row in settings_table().splitlines()[2:]]
        named = [name.strip("`") for names, _, _ in rows for name in names.split(", ")]
        assert sorted(known_names()) == sorted(named)
        assert all(len(meaning) > 20 for _, _, meaning in rows)

    def test_the_table_shows_each_default_as_an_operator_writes_it(self):
        """A default of the table, set as a variable, changes nothing."""
        rows = [row.strip("| ").split(" | ") for row in settings_table().splitlines()[2:]]
        written = {names.split("`")[1]: default.strip("`") for names, default, _ in rows if default.count("`") == 2}
        assert len(written) == 16
        assert Settings() == load_settings(written)


class TestCautions:
    """What works but may surprise."""

    def test_the_defaults_in_a_writable_folder_raise_none(self, tmp_path, monkeypatch):
        """A plain set-up is quiet."""
        monkeypatch.chdir(tmp_path)
        assert () == cautions(load_settings({}))

    @pytest.mark.parametrize(
        ("environ", "words"),
        [
            ({"SHIM_RATE_SHARE": "1.5"}, "SHIM_RATE_SHARE is above 1"),
            ({"SHIM_STATE_URL": "memory://"}, "remembered ids and page tokens end with the process"),
            ({"SHIM_STATE_URL": "sqlite:///absent/folder/state.db"}, "a folder that cannot be written"),
            ({"SHIM_STATE_URL": "sqlite:///here"}, "no writable file"),
            ({"ZOOM_API_URL": "http://zoom.example.com/v2"}, "ZOOM_API_URL is plain http"),
            ({"SHIM_STATE_URL": "rediss://:p@state.example.com"}, "SHIM_TOKEN_KEYS is not set"),
            ({"SHIM_STATE_URL": "rediss://u@state.example.com", "SHIM_TOKEN_KEYS": SEALING}, "names no password"),
            ({"SHIM_STATE_URL": "redis://:p@state.example.com", "SHIM_TOKEN_KEYS": SEALING}, "is plain redis"),
        ],
    )
    def test_what_may_surprise_is_said(self, tmp_path, monkeypatch, environ, words):
        """Each doubtful choice is one sentence."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "here").mkdir()
        (caution,) = cautions(load_settings(environ))
        assert words in caution

    def test_keys_of_ones_own_keep_page_tokens_alive_without_a_state(self):
        """With keys given, only the ids end with a process whose state is in memory."""
        keys = Fernet.generate_key().decode()
        (caution,) = cautions(load_settings({"SHIM_STATE_URL": "memory://", "SHIM_TOKEN_KEYS": keys}))
        assert caution == "SHIM_STATE_URL is memory://: remembered ids end with the process"

    def test_few_open_files_are_said(self, tmp_path, monkeypatch):
        """A low limit of open files is named with its figure."""
        monkeypatch.chdir(tmp_path)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        try:
            (caution,) = cautions(load_settings({}))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert "open files is 512" in caution

    def test_judging_leaves_no_trace(self, tmp_path, monkeypatch):
        """Loading and judging settings writes nothing, not even the state's file."""
        monkeypatch.chdir(tmp_path)
        cautions(load_settings({}))
        assert [] == os.listdir(tmp_path)
