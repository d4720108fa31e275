"""What `check --online` makes of answers: judged without asking anybody."""

from typing import Any

import pytest

from adapters.directory import KINDS
from adapters.errors import OwnCredentialFailed, ShimError, UpstreamBroken, UpstreamRefused, UpstreamSlow
from adapters.translation.options import Options
from adapters.upstream_errors import REASONS
from shim.online.findings import Finding, Standing, finding_of_app, finding_without_credential, findings
from shim.online.lookups import CALLS, CHARGES, DETAILS, DIRECTORIES, ELEMENT, LOOKUPS, ONE_USER, USERS, LookUp
from shim.online.seen import Answer, Seen, Totals
from shim.settings import Rules, Settings
from tests.adapters.fake_ports import SCOPE_MISSING
from tests.adapters.successor_bodies import row_body

FINE = Answer(body={})
LISTED = Answer(body={"call_history": [row_body(1)], "total_records": 1})
BOTH = Settings(rules=Rules(options=Options(recording_status="both")))
UNAUTHORISED = UpstreamRefused(401, 124, "Invalid access token.")


def judged(
    answers: dict[LookUp, Answer] | None = None,
    *,
    totals: Totals | None = None,
    granted: frozenset[str] | None = None,
    settings: Settings | None = None,
) -> dict[str, Finding]:
    """The findings by subject; look-ups a test does not speak of went well."""
    told = dict.fromkeys(LOOKUPS, FINE) | {CALLS: LISTED} | (answers or {})
    seen = Seen({lookup.name: answer for lookup, answer in told.items()}, totals or Totals(1, 0, 1), granted)
    return {finding.subject.partition(" (")[0]: finding for finding in findings(seen, settings or Settings())}


def first(failure: ShimError) -> list[Finding]:
    """The findings when the first call failed and nothing else was asked."""
    return list(findings(Seen({CALLS.name: Answer(failure=failure)}), Settings()))


class TestTable:
    """Look-up, scope, what is missing."""

    def test_every_directory_ids_come_from_is_a_look_up(self):
        """No directory can be added without its scope."""
        assert set(KINDS.values()) == {lookup.name for lookup in DIRECTORIES}

    def test_a_look_up_stands_once(self):
        """Names and subjects tell them apart."""
        assert len(LOOKUPS) == len({lookup.name for lookup in LOOKUPS}) == len({lookup.subject for lookup in LOOKUPS})

    @pytest.mark.parametrize("lookup", LOOKUPS, ids=lambda lookup: lookup.name)
    @pytest.mark.parametrize("scopes", [set(), {"phone:read:list_sites:admin", "phone:read:call_queue:admin"}])
    def test_other_scopes_grant_nothing(self, lookup, scopes):
        """Only the look-up's own scopes count."""
        assert not lookup.is_granted_by(frozenset(scopes))

    @pytest.mark.parametrize("lookup", LOOKUPS, ids=lambda lookup: lookup.name)
    def test_its_granular_and_each_classic_scope_grants_it(self, lookup):
        """One of them is enough."""
        assert all(lookup.is_granted_by(frozenset({scope})) for scope in (lookup.scope, *lookup.classic))


class TestLookUps:
    """One finding for each look-up."""

    def test_all_is_well(self):
        """Each look-up has one short line, in the order of the table, after the API and the credential."""
        subjects = ["Zoom's API", "credential", *(lookup.subject for lookup in LOOKUPS), "unrecorded calls"]
        found = judged()
        assert subjects == list(found)
        assert {Standing.OK} == {finding.standing for finding in found.values()}

    @pytest.mark.parametrize("lookup", LOOKUPS, ids=lambda lookup: lookup.name)
    @pytest.mark.parametrize("refused", [SCOPE_MISSING, UpstreamRefused(403, 200, "No permission.")])
    def test_a_missing_scope_is_named_with_what_it_costs(self, lookup, refused):
        """The remedy is the scope to add; list and details are what the service cannot do without."""
        finding = judged({lookup: Answer(failure=refused)})[lookup.subject]
        assert (Standing.FAILED if lookup in (CALLS, DETAILS) else Standing.MISSING) == finding.standing
        assert finding.seen.startswith(f"{lookup.without} (Zoom says {refused.status}/{refused.code} ")
        assert f"add the scope {lookup.scope}" == finding.remedy

    @pytest.mark.parametrize(
        ("failure", "seen", "remedy"),
        [
            (UpstreamRefused(503, None, ""), "answered 503 without Zoom's envelope", "try again later"),
            (UpstreamRefused(429, 429, "Too fast."), "Zoom says 429/429 Too fast", "try again later"),
            (UpstreamRefused(400, 300, "No."), "Zoom says 400/300 No", "look that code up in Zoom's documentation"),
            (UpstreamRefused(400, 2031, "Off."), "Zoom says 400/2031 Off", "have Zoom Phone enabled for the account"),
            (UpstreamSlow("deadline passed"), "deadline passed", "try again"),
            (UpstreamBroken("cut short"), "cut short", "try again"),
        ],
    )
    def test_another_failure_leaves_a_look_up_open(self, failure, seen, remedy):
        """What is needed has then failed, what is not is unknown."""
        found = judged({DETAILS: Answer(failure=failure), USERS: Answer(failure=failure)})
        assert Finding(Standing.FAILED, DETAILS.subject, seen, remedy) == found[DETAILS.subject]
        assert Finding(Standing.UNKNOWN, USERS.subject, seen, remedy) == found[USERS.subject]

    @pytest.mark.parametrize(
        ("granted", "standing", "seen"),
        [
            (None, Standing.UNKNOWN, "nothing to try it on"),
            ({ELEMENT.scope, ONE_USER.scope}, Standing.OK, "granted; nothing to try it on"),
            ({"phone:read:list_users:admin"}, Standing.MISSING, ELEMENT.without),
        ],
    )
    def test_what_could_not_be_tried_is_judged_by_the_scopes_named_with_the_token(self, granted, standing, seen):
        """Without those it stays open."""
        scopes = None if granted is None else frozenset(granted)
        finding = judged({ELEMENT: Answer()}, granted=scopes)[ELEMENT.subject]
        assert (standing, seen) == (finding.standing, finding.seen)

    @pytest.mark.parametrize(("charges", "asked"), [("off", "only for charged_call_logs=true"), ("on", "every row")])
    def test_the_charges_report_says_when_it_is_asked(self, charges, asked):
        """Who tells no charges may do without its scope."""
        found = findings(Seen({CALLS.name: LISTED, CHARGES.name: FINE}), Settings(charges=charges))
        assert [True] == [asked in finding.subject for finding in found if finding.subject.startswith(CHARGES.subject)]


class TestGate:
    """Is it Zoom, and does it take the credential?"""

    @pytest.mark.parametrize("failure", [UNAUTHORISED, UpstreamRefused(400, 124, "Access token is expired.")])
    def test_a_credential_that_is_refused_ends_the_check(self, failure):
        """Zoom answers, the credential has failed, nothing else is told."""
        api, credential = first(failure)
        assert (Standing.OK, Standing.FAILED) == (api.standing, credential.standing)
        assert "give a token that has not expired" == credential.remedy

    def test_a_token_of_another_zoom_is_named_as_that(self):
        """The app got a token that the API does not take."""
        _, credential = first(OwnCredentialFailed("refused"))
        assert (Standing.FAILED, "ZOOM_OAUTH_URL" in credential.remedy) == (credential.standing, True)

    @pytest.mark.parametrize(
        ("failure", "seen", "remedy"),
        [
            (UpstreamBroken("host not found"), "host not found", "check the host in ZOOM_API_URL"),
            (UpstreamBroken("certificate not trusted"), "certificate not trusted", "SSL_CERT_FILE"),
            (UpstreamBroken("proxy not reached"), "proxy not reached", "check HTTPS_PROXY"),
            (UpstreamBroken("status 302"), "status 302", "what answers there is not Zoom"),
            (UpstreamBroken("no JSON object"), "no JSON object", "what answers there is not Zoom"),
            (UpstreamRefused(404, None, ""), "answered 404 without Zoom's envelope", "what answers there is not Zoom"),
            (UpstreamRefused(502, None, ""), "answered 502 without Zoom's envelope", "try again later"),
            (UpstreamSlow("deadline passed"), "deadline passed", "check ZOOM_API_URL, HTTPS_PROXY"),
        ],
    )
    def test_what_is_not_zoom_or_not_there_ends_the_check(self, failure, seen, remedy):
        """One line says what was seen and where to look."""
        (api,) = first(failure)
        assert (Standing.FAILED, "Zoom's API", seen) == (api.standing, api.subject, api.seen)
        assert remedy in api.remedy

    @pytest.mark.parametrize("body", [{}, {"call_history": "none"}, {"ok": True}])
    def test_another_servers_json_is_no_list_of_calls(self, body: Any):
        """A 200 alone proves nothing."""
        (api,) = findings(Seen({CALLS.name: Answer(body=body)}), Settings())
        assert (Standing.FAILED, "answers with no list of calls") == (api.standing, api.seen)

    def test_a_limit_that_is_reached_is_no_refused_credential(self):
        """The list has failed, for now."""
        found = first(UpstreamRefused(429, 429, "Too fast."))
        assert [Standing.OK, Standing.OK, Standing.FAILED] == [finding.standing for finding in found]

    def test_every_way_to_no_answer_has_its_remedy(self):
        """A connection that fails for a known reason is never taken for another server."""
        answered = {"malformed", "cut short"}
        remedies = {word: first(UpstreamBroken(word))[0].remedy for word in set(REASONS.values()) - answered}
        assert [] == [word for word, remedy in remedies.items() if "is not Zoom" in remedy]


class TestWithoutCredential:
    """A call with a made-up bearer."""

    def test_zooms_own_refusal_is_the_proof(self):
        """401 in Zoom's envelope."""
        assert Finding(Standing.OK, "Zoom's API") == finding_without_credential(Answer(failure=UNAUTHORISED))

    @pytest.mark.parametrize(
        ("answer", "seen"),
        [
            (LISTED, "a bearer nobody gave out is accepted"),
            (Answer(failure=UpstreamRefused(401, None, "")), "gets answered 401 without Zoom's envelope"),
            (Answer(failure=UpstreamRefused(404, 2300, "Not here.")), "gets Zoom says 404/2300 Not here"),
            (Answer(failure=UpstreamBroken("not reached")), "not reached"),
        ],
    )
    def test_anything_else_is_not_zoom(self, answer, seen):
        """Also a yes."""
        finding = finding_without_credential(answer)
        assert (Standing.FAILED, True) == (finding.standing, finding.seen.endswith(seen))


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("invalid_client", "check ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET"),
        ("not reached", "check ZOOM_OAUTH_URL, HTTPS_PROXY"),
        ("host not found", "check the host in ZOOM_OAUTH_URL"),
        ("no token", "check ZOOM_OAUTH_URL and HTTPS_PROXY: what answers there is not Zoom"),
        ("a word of tomorrow", "check the app's three settings"),
    ],
)
def test_an_app_without_a_token_is_told_why(word, remedy):
    """The reason comes with the setting to look at."""
    finding = finding_of_app(OwnCredentialFailed(word))
    assert (Standing.FAILED, word, True) == (finding.standing, finding.seen, finding.remedy.startswith(remedy))


class TestUnrecorded:
    """Does a plain list have the calls nobody recorded?"""

    @pytest.mark.parametrize(
        ("totals", "settings", "standing", "remedy"),
        [
            pytest.param(Totals(12, 2, 10), Settings(), Standing.OK, "", id="all-there"),
            pytest.param(Totals(13, 2, 10), Settings(), Standing.OK, "", id="more-than-both"),
            pytest.param(Totals(2, 2, 10), Settings(), Standing.MISSING, "write recording_status", id="hidden"),
            pytest.param(Totals(0, 0, 1), Settings(), Standing.MISSING, "write recording_status", id="all-hidden"),
            pytest.param(Totals(2, 2, 10), BOTH, Standing.OK, "", id="hidden-and-asked-for"),
            pytest.param(Totals(12, 2, 10), BOTH, Standing.OK, "recording_status in SHIM_RULES may go", id="needless"),
            pytest.param(Totals(13, 2, 10), BOTH, Standing.MISSING, "remove recording_status", id="asking-twice-loses"),
            pytest.param(Totals(0, 0, 0), Settings(), Standing.UNKNOWN, "check again", id="no-calls"),
            pytest.param(Totals(None, 2, 10), Settings(), Standing.UNKNOWN, "compare a day", id="plain-untold"),
            pytest.param(Totals(12, None, 10), Settings(), Standing.UNKNOWN, "compare a day", id="one-untold"),
        ],
    )
    def test_three_totals_tell(self, totals, settings, standing, remedy):
        """The plain total is compared with recorded and unrecorded ones together."""
        finding = judged(totals=totals, settings=settings)["unrecorded calls"]
        assert (standing, True) == (finding.standing, finding.remedy.startswith(remedy))
        assert bool(remedy) == bool(finding.remedy)

    def test_the_figures_are_told(self):
        """An operator can see for himself."""
        finding = judged(totals=Totals(1200, 1200, 11400))["unrecorded calls"]
        assert "1,200 listed, 1,200 recorded and 11,400 not" == finding.seen


class TestWords:
    """What stands in a line."""

    def test_zooms_message_is_one_short_line_without_secrets(self):
        """Control characters are escaped, long texts cut, bearers masked."""
        message = "a\n\x1b[31mb Bearer abc.def " + "x" * 500
        finding = judged({USERS: Answer(failure=UpstreamRefused(400, 300, message))})[USERS.subject]
        assert finding.seen.startswith("Zoom says 400/300 a\\n\\x1b[31mb Bearer [redacted] xxx")
        assert (True, True) == (finding.seen.endswith("..."), len(finding.seen) < 230)

    def test_a_finding_is_told_in_columns(self):
        """Standing, subject, what was seen, what to do."""
        assert "missing  users: no ids; add it" == str(Finding(Standing.MISSING, "users", "no ids", "add it"))
        assert "ok       users" == str(Finding(Standing.OK, "users"))
