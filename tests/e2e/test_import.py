# SPDX-License-Identifier: Apache-2.0
"""A submission made with the HTCDS survey form becomes the draft of an alert; what isn't understood is named."""
import json
import subprocess

import pytest
import world as w

VERSION = "vSmt4GQA3C9uBMLPEVfgND"  # of the form that is known
SUBMISSION = w.DATA / "odk-submission.xml"


@pytest.fixture(scope="module")
def empty_world(file_world):
    return file_world  # nothing is sent in it


def imported(world, path=SUBMISSION):
    out = world.amana("police", "import", str(path)).ok().out
    return json.loads("\n".join(line for line in out.splitlines() if not line.startswith("//"))), out


def changed(world, *pairs, name="changed.xml"):
    text = SUBMISSION.read_text()
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    world.path(name).write_text(text)
    return world.path(name)


def test_every_answer_of_the_form_has_its_place_in_the_draft(empty_world):
    draft, out = imported(empty_world)
    person = draft["alert"]["persons"][0]
    assert [n["text"] for n in person["names"]] == ["Hawa", "Example"]
    assert (person["sex"], person["birth"], person["citizenships"]) == ("FEMALE", {"date": "2010-05-17"}, ["et"])
    assert person["roles"] == ["PRESUMED_VICTIM"] and draft["flags"]["child"] is True and draft["consent"] == "GIVEN"
    victim = person["victim"]
    assert (victim["status"], victim["decided_by"], victim["industry"]) == ("POSSIBLE", "NGO", "T")
    assert victim["control_methods"] == ["WITHHOLDS_DOCUMENTS", "FALSE_PROMISES"]
    assert victim["exploitation"] == ["SERVITUDE", "OTHER"] and victim["exploited_at"] == {"text": "Addis Ababa"}
    assert person["whereabouts"] == {"city": "Marsabit", "country": "ke", "text": "behind the market"}
    assert "Asked for help at the counter & was brought to the desk" in draft["alert"]["summary"]
    assert "A. Caseworker" not in out and "case worker's name was left out" in out and "uuid:0d2cfa4e" in out


def test_the_draft_once_completed_is_one_that_can_be_sent(empty_world):
    world = empty_world
    draft, _ = imported(world)
    draft |= {"case_ref": "ke/dci/2026/004300", "legal_basis": "PALERMO_PROTOCOL", "handling": ["H0"],
              "recipients": [{"unit": "et/mowsa/protection", "part": "ACTION"},
                             {"unit": "ke/dcs/child-protection", "part": "COPY"}]}
    draft["flags"]["protection"] = "NO"
    draft["alert"] |= {"title": "Girl from Sololo, in a household in Addis Ababa", "actions": ["LOCATE_AND_REPORT"],
                       "instructions": "Locate, do not question.", "contact": {"office": "Desk", "telephone": "+254200000001"},
                       "child_safeguard": {"guardian": "not known", "officer": "Child protection desk",
                                           "best_interest": "to be found and kept safe"}}
    world.path("done.json").write_text(json.dumps(draft))
    world.amana("police", "send", "--dry-run", "done.json").ok()


def test_an_answer_of_another_version_of_the_form_is_named_and_nothing_is_guessed(empty_world):
    other = changed(empty_world, (VERSION, "vOTHER"), ("<prs_Title/>", "<prs_Title/>\n  <prs_Tribe>Borana</prs_Tribe>"),
                    (">Feminine<", ">Female<"), ("NGO", "Ngo"))
    result = empty_world.amana("police", "import", str(other)).exits(65).says(
        'version "vOTHER"', "vSmt4GQA3C9uBMLPEVfgND", "3 of its", 'prs_Tribe = "Borana"', 'prs_Gender = "Female"',
        'vic_TraffickingStatusDecisionMakingOrg = "Ngo"')
    assert result.out == ""
    same = changed(empty_world, (VERSION, "vOTHER"))
    empty_world.amana("police", "import", str(same)).ok().says("all of its answers are understood")


@pytest.mark.parametrize("before,after,named", [
    ("<prs_Title/>", "<prs_First_Name>Amina</prs_First_Name>", ['prs_First_Name = "Hawa"', 'prs_First_Name = "Amina"']),
    ("<prs_Title/>", "<vic><prs_Title>Dr</prs_Title></vic><vic><prs_Title>Ms</prs_Title></vic>",
     ['vic/prs_Title = "Dr"', 'vic/prs_Title = "Ms"']),
    ("<prs_Title/>", '<k:prs_Title xmlns:k="urn:k">Dr</k:prs_Title>', ['k:prs_Title = "Dr"']),
    ("2010-05-17", "2010-02-30", ['prs_Birthdate = "2010-02-30"']),
    ("2010-05-17", "2010- 5-17", ['prs_Birthdate = "2010- 5-17"']),
    ("2010-05-17", "2110-05-17", ['prs_Birthdate = "2110-05-17"']),
    ("T_Activities", "T_Household", ["vic_ForcedLabourIndustry"]),
    ("T_ActivitiesOfHouseholdsAsEmployers", "F_Manufacturing", ["vic_ForcedLabourIndustry"]),
    ("Servitude Other", "Servitude Slavery", ["vic_TypeOfExploitation"]),
])
def test_what_could_be_meant_in_two_ways_is_named_and_nothing_is_made_of_it(empty_world, before, after, named):
    result = empty_world.amana("police", "import", str(changed(empty_world, (before, after)))).exits(65)
    result.says("none was guessed", *named)
    assert result.out == ""


def test_a_long_answer_is_lost_nowhere(empty_world):
    long = {name: name[4] * 4000 + "END" for name in ("prs_Salutation", "prs_Title", "cas_ReferringOrganisation",
                                                      "cas_ReasonForIncomingReferral", "cas_IncomingReferralDetails")}
    text = SUBMISSION.read_text().replace("<prs_Title/>", "")
    text = "\n".join(line for line in text.splitlines() if not any(f"<{name}>" in line for name in long))
    empty_world.path("long.xml").write_text(text.replace("<__version__>", "".join(f"<{n}>{v}</{n}>" for n, v in long.items()) + "<__version__>"))
    draft, _ = imported(empty_world, empty_world.path("long.xml"))
    said = draft["alert"]["summary"] + draft["alert"]["persons"][0]["description"]
    assert all(value in said for value in long.values())


def test_nothing_in_a_submission_gets_out_of_the_comment_that_names_it(empty_world):
    _, out = imported(empty_world, changed(empty_world, ("uuid:0d2cfa4e-", 'uuid:\n{"kind":"NOTE"}\u009b')))
    assert out.split("\n")[0].startswith("// From a submission") and '{"kind":"NOTE"}' in out.split("\n")[0]
    assert "\u009b" not in out


def test_a_name_in_a_submission_neither_steers_a_terminal_nor_turns_its_text_around(empty_world):
    draft, out = imported(empty_world, changed(empty_world, ("Hawa", "Ha\u009b2J&#x202e;wa")))
    assert not set(out) & set("\u009b\u202e")
    assert draft["alert"]["persons"][0]["names"][0]["text"] == "Ha\u009b2J\u202ewa"


def test_who_has_not_agreed_is_said_first_and_who_is_no_victim_gets_no_role(empty_world):
    draft, out = imported(empty_world, changed(empty_world, (">TRUE<", ">FALSE<"), ("PossibleVictim", "NotAVictim")))
    assert "consent" not in draft and "has NOT agreed" in out
    assert "roles" not in draft["alert"]["persons"][0] and "roles must be said" in out


LAUGHS = "".join(f'<!ENTITY {b} "{10 * f"&{a};"}">' for a, b in zip("abcdefghijk", "bcdefghijkl"))


@pytest.mark.parametrize("text,says", [
    (f'<!DOCTYPE data [<!ENTITY a "ha">{LAUGHS}]><data><prs_Title>&l;</prs_Title></data>', "a document type is not allowed"),
    ('<!DOCTYPE data [<!ENTITY a SYSTEM "file:///etc/passwd">]><data><prs_Title>&a;</prs_Title></data>', "a document type is not allowed"),
    ('<!DOCTYPE data SYSTEM "file:///dev/zero"><data><prs_Title>Dr</prs_Title></data>', "a document type is not allowed"),
    ("<data><prs_Title>D\0r</prs_Title></data>", "this is no XML"),
    ("<data><prs_Title>Dr</prs_Title></data>\0", "this is no XML"),
    ("<data><prs_Title>&#0;</prs_Title></data>", "this is no XML"),
    ("<data><prs_Title>&#xD800;</prs_Title></data>", "this is no XML"),
    ("<data><prs_Title>Dr</prs_Title></data><data/>", "this is no XML"),
    ('<!DOCTYPE data [<!ENTITY a "aaa">]><data><prs_Title>&a;</prs_Title></data>', "a document type is not allowed"),
    ("<data><prs_Title>&b;</prs_Title></data>", "this is no XML"),
    ("<data>" + "<g>" * 9 + "</g>" * 9 + "</data>", "deeper than 8"),
    ("<data><prs_Title>" + "x" * 5000 + "</prs_Title></data>", "longer than 4096"),
    ("<data>" + "<a>1</a>" * 300 + "</data>", "more than 256 answers"),
    ("<data><prs_Title>Dr</data>", "this is no XML"),
    ("<data/>", "no answer is in it"),
    ("<data>Hawa</data>", "text beside an element"),
    ("<data><prs_First_Name>Ha<b/>wa</prs_First_Name></data>", "prs_First_Name: text beside an element"),
    ("<data><prs_First_Name><b/>wa</prs_First_Name></data>", "prs_First_Name: text beside an element"),
    ('<?xml version="1.0" encoding="ISO-8859-1"?><data><prs_Title>\u00e9</prs_Title></data>', "ISO-8859-1: a submission must be UTF-8"),
    ('<?xml version="1.0" encoding="UTF-16"?><data><prs_Title>Dr</prs_Title></data>', "UTF-16"),
])
def test_what_is_no_submission_is_refused_with_its_line(empty_world, text, says):
    empty_world.path("bad.xml").write_text(text)
    empty_world.amana("police", "import", "bad.xml").exits(65).says("nothing was made of it", "line 1", says)


def test_a_submission_past_its_size_is_refused_unread_and_one_at_it_is_read(empty_world):
    path, start, end = empty_world.path("large.xml"), b"<data><prs_Title>Dr</prs_Title><!--", b"--></data>"
    for size in (1 << 20, (1 << 20) + 1, 100 << 20):
        with open(path, "wb") as file:
            file.write(start)
            for _ in range(0, size - len(start) - len(end), 1 << 16):
                file.write(b"x" * (1 << 16))
            file.truncate(size - len(end))
            file.seek(size - len(end))
            file.write(end)
        said = empty_world.amana("police", "import", "large.xml")
        said.ok() if size == 1 << 20 else said.exits(65).says(f"it has {size} bytes, allowed are {1 << 20}" if size < 4 << 20 else f"at most {4 << 20} bytes")
    path.unlink()
    empty_world.amana("police", "import", "/dev/zero").exits(65).says("at most 4194304 bytes")


def test_a_submission_is_read_from_a_pipe_and_from_standard_input_as_well(empty_world):
    draft = empty_world.amana("police", "import", SUBMISSION).ok().out
    assert '"Hawa"' in draft
    assert empty_world.amana("police", "import", "-", stdin=SUBMISSION.read_text()).ok().out == draft
    piped = subprocess.run(["bash", "-c", f"{w.AMANA} -d police import <(cat {SUBMISSION})"], cwd=empty_world.folder, capture_output=True, text=True)
    assert (piped.returncode, piped.stdout) == (0, draft), piped.stderr


def test_what_is_empty_or_of_another_encoding_says_so_where_it_is_sent_and_where_it_is_imported(empty_world):
    """A text editor's "Unicode" is UTF-16."""
    path = empty_world.path("wide")
    for text in ('{"kind": "ALERT"}', "record\nPerson\n"):
        path.write_bytes(text.encode("utf-16"))
        for verb in ("send", "import"):
            empty_world.amana("police", verb, "wide").exits(65).says("line 1", "a byte that is not UTF-8, or a NUL: save the file as UTF-8")
    for text in ("", " \n"):
        path.write_text(text)
        for verb in ("send", "import"):
            empty_world.amana("police", verb, "wide").exits(65).says("it is empty")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1256"])
def test_bytes_of_another_encoding_are_refused_whatever_they_claim(empty_world, encoding):
    empty_world.path("bad.xml").write_bytes(SUBMISSION.read_text().replace("Hawa", "Hawa\u00e9").encode(encoding, "replace"))
    empty_world.amana("police", "import", "bad.xml").exits(65).says("nothing was made of it")


def test_a_submission_as_utf_8_with_its_mark_and_declared_so_is_read(empty_world):
    text = SUBMISSION.read_text().replace("<?xml version='1.0' ?>", "<?xml version='1.0' encoding='utf-8'?>")
    empty_world.path("mark.xml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    draft, _ = imported(empty_world, empty_world.path("mark.xml"))
    assert draft["alert"]["persons"][0]["names"][0]["text"] == "Hawa"
