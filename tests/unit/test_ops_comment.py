"""`ops comment`: one comment per merge request, found again, changed in place, never by an older pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from ops.comment.text import LIMIT, Comment, harmless, read
from tests.unit.certificates import Wish, make
from tests.unit.gitlab_notes import ME, TOKEN, GitLab, Trouble, gitlab
from tests.unit.loopback import forget_surroundings
from tests.unit.ops_runs import ran
from tests.unit.scratch_git import forget_pipeline

FENCE = "```"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    forget_surroundings(monkeypatch, tmp_path)
    forget_pipeline(monkeypatch)
    monkeypatch.setenv("HUB_COMMENT_TOKEN", TOKEN)
    monkeypatch.setattr("ops.comment.notes.time.sleep", paused.append)
    paused.clear()
    with gitlab() as held:
        yield held


paused: list[float] = []


def section(folder: Path, stack: str, text: str) -> Path:
    place = folder / f"{stack}.md"
    place.write_text(text)
    return place


def comment(
    server: GitLab, *files: Path, pipeline: int = 10, ends: int = 0, more: tuple[str, ...] = ()
) -> Result:
    where = ("--api", server.api, "--project-id", "1", "--merge-request", "7", "--pipeline", str(pipeline))
    result = ran("comment", *where, *more, *files, ends=ends)
    assert TOKEN not in result.output + result.stderr
    return result


def mine(server: GitLab) -> list[str]:
    return [one["body"] for one in server.notes if one["author"]["id"] == ME]


def test_one_comment_is_written_and_then_changed_in_place(server: GitLab, tmp_path: Path) -> None:
    lab = section(tmp_path, "lab", "first\n")
    comment(server, lab)
    number = server.notes[0]["id"]
    section(tmp_path, "lab", "second\n")
    comment(server, lab, pipeline=11)
    assert [one["id"] for one in server.notes] == [number]
    assert "second" in mine(server)[0]
    assert "first" not in mine(server)[0]


def test_it_is_found_behind_many_notes_of_others(server: GitLab, tmp_path: Path) -> None:
    lab = section(tmp_path, "lab", "text\n")
    for number in range(5):
        server.say(f"Somebody's remark {number}")
    comment(server, lab)
    for number in range(5):
        server.say(f"Another remark {number}")
    section(tmp_path, "lab", "new\n")
    comment(server, lab, pipeline=11)
    assert len(mine(server)) == 1
    assert any("page=3" in one for one in server.asked)


def test_a_comment_that_only_looks_like_ours_stays(server: GitLab, tmp_path: Path) -> None:
    forged = Comment(key="preview", pipeline=99, sections={"lab": "All is well.\n"}).written()
    server.say(forged)
    server.say("A remark of the same user", ME)
    server.say(f"It said: {forged}", ME)
    comment(server, section(tmp_path, "lab", "Deletes all.\n"))
    assert server.notes[0]["body"] == forged
    assert len(mine(server)) == 3
    assert "Deletes all." in mine(server)[-1]


def test_jobs_of_one_pipeline_add_their_sections(server: GitLab, tmp_path: Path) -> None:
    lab, local = section(tmp_path, "lab", "of lab\n"), section(tmp_path, "local", "of local\n")
    comment(server, local)
    comment(server, lab)
    (text,) = mine(server)
    assert text.index("of lab") < text.index("of local")
    # A later one knows nothing of what the earlier one did.
    comment(server, lab, pipeline=11)
    assert "of local" not in mine(server)[0]


def test_an_older_pipeline_changes_nothing(server: GitLab, tmp_path: Path) -> None:
    lab = section(tmp_path, "lab", "new\n")
    comment(server, lab, pipeline=11)
    before = mine(server)
    section(tmp_path, "lab", "old\n")
    assert "pipeline 11, which is later: it stays" in comment(server, lab, pipeline=10).stderr
    assert mine(server) == before
    assert not any(one.startswith("PUT") for one in server.asked)


@pytest.mark.parametrize(("theirs", "wanted"), [(9, "ours"), (11, "theirs")])
def test_of_two_written_at_the_same_moment_one_is_left(
    server: GitLab, tmp_path: Path, theirs: int, wanted: str
) -> None:
    other = Comment(key="preview", pipeline=theirs, sections={"lab": "theirs\n"}).written()

    def write() -> None:
        server.say(other, ME)

    server.before_writing = write
    comment(server, section(tmp_path, "lab", "ours\n"), pipeline=10)
    (text,) = mine(server)
    assert wanted in text


def test_two_of_one_pipeline_written_at_the_same_moment_are_joined(server: GitLab, tmp_path: Path) -> None:
    other = Comment(key="preview", pipeline=10, sections={"local": "of local\n"}).written()

    def write() -> None:
        server.say(other, ME)

    server.before_writing = write
    comment(server, section(tmp_path, "lab", "of lab\n"), pipeline=10)
    (text,) = mine(server)
    assert "of lab" in text
    assert "of local" in text


def test_comments_of_another_key_stand_beside_it(server: GitLab, tmp_path: Path) -> None:
    lab = section(tmp_path, "lab", "text\n")
    comment(server, lab)
    comment(server, lab, more=("--key", "other"))
    assert len(mine(server)) == 2


def test_only_a_comment_that_is_there_is_changed(server: GitLab, tmp_path: Path) -> None:
    lab = section(tmp_path, "none", "This change touches no stack.\n")
    comment(server, lab, more=("--only-there",))
    assert mine(server) == []
    comment(server, section(tmp_path, "lab", "Deletes all.\n"))
    comment(server, lab, pipeline=11, more=("--only-there",))
    (text,) = mine(server)
    assert "Deletes all." not in text


def test_a_dry_run_prints_the_text_and_asks_nobody(server: GitLab, tmp_path: Path) -> None:
    told = comment(server, section(tmp_path, "lab", "text\n"), more=("--dry-run",)).stdout
    assert read(told, "preview") == Comment(key="preview", pipeline=10, sections={"lab": "text\n"})
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, "{}", "does not know the token"),
        (403, '{"error":"insufficient_scope","scope":"api"}', "lacks the scope `api`"),
        (403, '{"message":"403 Forbidden"}', "may not write a comment here"),
        (404, "{}", "no such project or merge request"),
        (302, "", "leads elsewhere"),
        (422, '{"message":"?"}', "refuses the request"),
        (200, "<html>Please sign in</html>", "does not answer as GitLab does"),
    ],
)
def test_what_gitlab_refuses_is_said_in_words(
    server: GitLab, tmp_path: Path, status: int, body: str, words: str
) -> None:
    server.trouble = [Trouble(status, body, {"Location": "http://127.0.0.1:1/"})]
    refused = comment(server, section(tmp_path, "lab", "text\n"), ends=2)
    assert words in refused.stderr
    assert "What to do:" in refused.stderr
    assert paused == []


def test_a_wrong_token_is_said_and_not_shown(
    server: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_COMMENT_TOKEN", "glpat-another-one")
    refused = comment(server, section(tmp_path, "lab", "text\n"), ends=2)
    assert "does not know the token" in refused.stderr
    assert "glpat-another-one" not in refused.stderr


def test_what_passes_is_waited_for(server: GitLab, tmp_path: Path) -> None:
    server.trouble = [Trouble(502), Trouble(429, headers={"Retry-After": "3"})]
    comment(server, section(tmp_path, "lab", "text\n"))
    assert len(mine(server)) == 1
    assert paused == [1.0, 3.0]


def test_what_does_not_pass_is_given_up(server: GitLab, tmp_path: Path) -> None:
    server.trouble = [Trouble(503) for _ in range(20)]
    refused = comment(server, section(tmp_path, "lab", "text\n"), ends=2)
    assert "GitLab does not work at the moment" in refused.stderr
    assert len(server.asked) == 4


@pytest.mark.parametrize("done", [True, False])
def test_an_answer_that_is_lost_makes_no_second_comment(server: GitLab, tmp_path: Path, done: bool) -> None:
    asked = server.answer

    def losing(method: str, url: str, body: object) -> object:
        if method == "POST" and not lost:
            lost.append(url)
            if done:
                asked(method, url, body)
            return 502, {}, {}
        return asked(method, url, body)

    lost: list[str] = []
    server.answer = losing  # type: ignore[assignment, method-assign]
    comment(server, section(tmp_path, "lab", "text\n"))
    assert len(mine(server)) == 1
    # It looks first, and writes again only where nothing is there.
    assert sum(one.startswith("POST") for one in server.asked) == (1 if done else 2)


def test_a_server_that_is_not_there_is_said_in_words(server: GitLab, tmp_path: Path) -> None:
    lab = section(tmp_path, "lab", "text\n")
    with gitlab() as gone:
        pass
    refused = comment(gone, lab, ends=2)
    assert "gives no answer" in refused.stderr
    assert "NO_PROXY" in refused.stderr


def test_the_proxy_of_the_environment_is_used(
    server: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
    lab = section(tmp_path, "lab", "text\n")
    where = ("--api", "http://gitlab.example/api/v4", "--project-id", "1", "--merge-request", "7")
    ran("comment", *where, lab)
    assert server.asked[0] == "GET http://gitlab.example/api/v4/user"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CI_SERVER_TLS_CA_FILE"])
def test_the_company_s_authorities_come_from_the_environment(
    server: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    # As long as the clock of whoever runs this goes.
    root = make("Company", wish=Wish(hosts=(), days=36500, authority=True))
    leaf = make("gitlab", root, Wish(hosts=(), addresses=("127.0.0.1",), days=36500))
    certificate, trusted = tmp_path / "server.pem", tmp_path / "company.pem"
    certificate.write_text(leaf.pem + leaf.key_pem)
    trusted.write_text(root.pem)
    lab = section(tmp_path, "lab", "text\n")
    with gitlab(certificate) as over_tls:
        assert "is not trusted" in comment(over_tls, lab, ends=2).stderr
        assert over_tls.asked == []
        monkeypatch.setenv(variable, str(trusted))
        comment(over_tls, lab)
        assert len(mine(over_tls)) == 1


def test_authorities_that_are_no_file_are_said_in_words(
    server: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_SERVER_TLS_CA_FILE", str(tmp_path / "nowhere.pem"))
    lab = section(tmp_path, "lab", "text\n")
    where = ("--api", "https://127.0.0.1:1/api/v4", "--project-id", "1", "--merge-request", "7")
    assert "nowhere.pem" in ran("comment", *where, lab, ends=2).stderr


def test_what_is_missing_is_named(server: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_COMMENT_TOKEN")
    refused = ran("comment", section(tmp_path, "lab", "text\n"), ends=2)
    assert "Not known: --api, --project-id, --merge-request, HUB_COMMENT_TOKEN." in refused.stderr
    assert "--dry-run" in refused.stderr
    assert "cannot be read" in ran("comment", "--dry-run", tmp_path / "gone.md", ends=2).stderr


def test_no_line_of_a_section_is_an_order_or_a_mark() -> None:
    marks = "<!-- ops section ends -->\n<!-- ops section: x -->\n"
    text = f"/merge\n  /close\n{FENCE}\n/etc/hosts\n{FENCE}\n{marks}/approve\n"
    safe = harmless(text)
    lines = safe.splitlines()
    assert [line for line in lines if line.startswith("/")] == ["/etc/hosts"]
    sections = {"lab": safe, "local": "kept\n"}
    assert read(Comment(key="preview", pipeline=1, sections=sections).written(), "preview") == Comment(
        key="preview", pipeline=1, sections=sections
    )


def test_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    line = "x" * 99 + "\n"
    long = f"### `lab`\n<details><summary>All</summary>\n\n````diff\n{line * 11_000}````\n\n</details>\n"
    written = Comment(
        key="preview", pipeline=1, sections={"lab": long, "local": "short\n", "prod": long}
    ).written()
    assert len(written) <= LIMIT
    assert written.count("too long for a comment") == 2
    assert written.count("<details>") == written.count("</details>") == 2
    assert written.count("\n````") == 4
    assert "short\n" in written
    short = Comment(key="preview", pipeline=1, sections={"lab": "text\n"})
    assert "too long" not in short.written()
