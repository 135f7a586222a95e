# SPDX-License-Identifier: Apache-2.0
"""A case goes out in the fields of HTCDS and comes back as a draft: all that the standard can carry, and no more."""
import json
import os
import re
import subprocess

import pytest
import world as w

CASE = "ke/dci/2026/004211"
PERSONS = [
    {"label": "girl-1", "names": [{"type": "GIVEN", "text": "Hawa"}, {"type": "FATHER", "text": "Guyo"}, {"type": "FAMILY", "text": "'=Example, \"H\""}],
     "sex": "FEMALE", "birth": {"date": "2012-05"}, "citizenships": ["ke", "et"], "languages": ["om", "sw"],
     "documents": [{"type": "PASSPORT", "number": "AK0712345"}], "roles": ["PRESUMED_VICTIM"], "actions": ["TAKE_INTO_PROTECTION"],
     "victim": {"status": "POSSIBLE", "decided_by": "POLICE", "recruitment": ["promise of school"], "exploitation": ["CHILD_LABOUR", "SERVITUDE"],
                "industry": "T", "age_when_trafficked": 13, "needs": ["water"], "recruitment_methods": ["THROUGH_ONLINE_SOCIAL_NETWORKS"],
                "control_methods": ["FALSE_PROMISES", "WITHHOLDS_DOCUMENTS"], "relation": "FAMILIAL", "recruitment_platforms": ["WHATS_APP", "QQ"],
                "recruited_at": {"text": "Sololo", "country": "ke"}, "exploited_at": {"text": "a house in Addis Ababa"},
                "consent": {"to": ["referral"], "given_at": "2026-11-20T08:00:00Z", "language": "om"}},
     "communications": [{"type": "TELEPHONE", "value": "+254711000222"}, {"type": "EMAIL", "value": "hawa@example.org"}],
     "whereabouts": {"city": "Marsabit", "country": "ke", "text": "behind the market"}},
    {"label": "driver", "names": [{"type": "GIVEN", "text": "Abdi"}], "sex": "MALE", "birth": {"date": "1980"}, "roles": ["SUSPECT"],
     "actions": ["DISCREET_CHECK"], "description": "Red cap.",
     "perpetrator": {"roles": ["drives"], "process_roles": ["TRANSPORTER", "SMUGGLER"], "details": "=Drives at night;\r\nnever by day"}},
    {"label": "brother", "names": [{"type": "ALIAS", "text": "Ali"}, {"type": "GRANDFATHER", "text": "Boru"}], "sex": "NOT_KNOWN",
     "age": {"from": 20, "to": 25}, "roles": ["WITNESS"], "deceased": True},
]
CARRIED = {"label", "names", "sex", "birth", "citizenships", "languages", "victim", "communications", "perpetrator", "deceased"}
LOST_OF_VICTIM = {"recruitment", "needs", "control", "relation_to_trafficker"}


def imported(world, path, desk="police"):
    out = world.amana(desk, "import", str(path)).ok().out
    return json.loads("\n".join(line for line in out.splitlines() if not line.startswith("//"))), out


def exported(world, desk="police"):
    for name, options in (("case.json", ()), ("case.csv", ("--csv",))):
        with open(world.path(name), "wb") as out:  # byte for byte
            subprocess.run([w.AMANA, "-d", desk, "export", "htcds", CASE, *options], cwd=world.folder, stdout=out, check=True,
                           env={**os.environ, **world.env()})


def step(event):
    """What HTCDS can carry of a step of the journey."""
    kept = {k: v for k, v in event.items() if k in ("type", "description")}
    place = {k: v for k, v in event["place"].items() if k in ("country", "city", "text")}
    if "coordinates" in event["place"]:
        place["coordinates"] = {k: event["place"]["coordinates"][k] for k in ("latitude", "longitude")}
    return kept | {"place": place} | ({"time": event["time"][:10] + "T00:00:00Z"} if "time" in event else {})


def carried(person):
    """What HTCDS can carry of a person that was sent."""
    kept = {k: v for k, v in person.items() if k in CARRIED}
    kept["names"] = [{**n, "type": "FAMILY" if n["type"] == "GRANDFATHER" else n["type"]} for n in person["names"] if n["type"] != "ALIAS"]
    if "documents" in person:
        kept["documents"] = [{"number": d["number"]} for d in person["documents"]]
    if "whereabouts" in person:
        kept["whereabouts"] = {k: v for k, v in person["whereabouts"].items() if k != "text"}
    if "PRESUMED_VICTIM" in person["roles"]:
        kept["roles"] = ["PRESUMED_VICTIM"]
    if "victim" in person:
        kept["victim"] = {k: v for k, v in person["victim"].items() if k not in LOST_OF_VICTIM}
        kept["victim"] |= {"recruited_at": {"text": "Sololo, ke"}, "consent": {}}
    if "perpetrator" in person:
        kept["perpetrator"] = {k: v for k, v in person["perpetrator"].items() if k != "roles"}
    return kept


@pytest.fixture(scope="module")
def sent(file_world):
    """A world whose police have sent an alert on three persons, released and mended; with its exports."""
    world = file_world
    world.supervisor()
    world.start_hub()
    draft = world.draft(subject_kind="GROUP", release=None, alert__persons=PERSONS, legal_basis="PALERMO_PROTOCOL")
    alert = world.amana("police", "send", draft).ok().id
    world.amana("chief", "release", alert, "--yes").ok()
    world.amana("police", "inbox").ok()
    exported(world)
    return world


def test_a_case_comes_back_from_json_and_from_csv_in_every_field_that_htcds_can_carry(sent):
    said = json.loads(sent.path("draft.json").read_text())["alert"]
    for name in ("case.json", "case.csv"):
        draft, _ = imported(sent, name)
        alert = draft["alert"]
        assert alert["persons"] == [carried(p) for p in PERSONS], name
        assert alert["summary"] == said["summary"] and alert["contact"] == said["contact"]
        assert alert["journey"] == [step(e) for e in said["journey"] if not e.get("expected")]
        assert draft["flags"]["child"] is True and draft["case_ref"] == (CASE if name == "case.json" else "ke/dci/2026/")


def test_what_htcds_cannot_carry_is_listed_and_not_guessed(sent):
    said = json.loads(sent.path("draft.json").read_text())["alert"]
    for name in ("case.json", "case.csv"):
        draft, out = imported(sent, name)
        lost = {of: set(fields.split(", ")) for of, fields in re.findall(r"^// HTCDS has no field for these of an? (\w+): (.*)\.$", out, re.M)}
        assert set(said) - set(draft["alert"]) == set(said) & lost["alert"] - set(draft["alert"])
        assert lost["alert"] >= {"title", "actions", "instructions", "vehicles", "palermo", "risks", "child_safeguard"}
        for person, back in zip(PERSONS, draft["alert"]["persons"]):
            assert set(person) - set(back) <= lost["person"]
            assert set(person.get("victim", {})) - set(back.get("victim", {})) <= lost["victim"]
        assert "expected" in lost["event"] and "roles" in lost["perpetrator"]
        for told in ("alert.persons[0].documents[0]: HTCDS has its number alone", "alert.persons[0].victim.consent: agreed to something",
                     "alert.persons[0].names[2]: FAMILY", "GRANDFATHER", "alert.persons[1].roles must be said",
                     "alert.persons[2]: no date of birth", "NOT_APPLICABLE", "alert.journey[1].time: HTCDS has the day 2026-11-24 alone"):
            assert told in out, told


def test_the_draft_says_what_is_missing_and_once_that_is_said_it_is_sent_and_says_the_same_again(sent):
    world = sent
    draft, out = imported(world, "case.csv")
    assert "To be said by a person: case_ref, recipients" in out
    world.path("back.json").write_text(out)
    world.amana("police", "send", "back.json").exits(65).says("nothing was sent")
    said = json.loads(world.path("draft.json").read_text())
    draft |= {key: said[key] for key in ("recipients", "legal_basis", "handling", "urgency", "urgency_reason")}
    draft |= {"case_ref": "ke/dci/2026/004299", "subject_kind": "GROUP"}
    draft["flags"]["protection"] = "NO"
    draft["alert"] |= {key: said["alert"][key] for key in ("title", "actions", "instructions", "child_safeguard")}
    girl, driver, brother = draft["alert"]["persons"]
    girl["documents"][0]["type"] = "PASSPORT"
    girl["victim"]["consent"] = PERSONS[0]["victim"]["consent"]
    driver["roles"], brother["roles"], brother["age"] = ["SUSPECT"], ["WITNESS"], {"from": 20, "to": 25}
    world.path("back.json").write_text(json.dumps(draft))
    alert = world.amana("police", "send", "back.json").ok().id
    world.amana("chief", "release", alert, "--yes").ok()
    world.amana("police", "inbox").ok()
    first, again = (json.loads(world.amana("police", "export", "htcds", case).ok().out)["records"] for case in (CASE, draft["case_ref"]))
    for record in first + again:
        record.pop("message")
    assert [r for r in again if r["record"] != "Case"] == [r for r in first if r["record"] != "Case"]


def test_what_other_messages_of_a_case_say_stands_in_words(world):
    alert = world.send("police", world.draft(handling=["H0"]))
    world.amana("post", "inbox").ok()
    world.amana("post", "hit", alert, world.example("hit")).ok()
    world.amana("police", "inbox").ok()
    world.draft("update.json", alert__title="White lorry at the barrier")
    update = world.amana("police", "update", alert, "update.json").ok().id  # which says the summary again
    world.amana("police", "cancel", update, "--outcome", "RESOLVED", "--reason", "=Found, \"all\" of them.").ok()
    exported(world)
    hit = json.loads(world.path("hit.json").read_text())["hit"]
    for name in ("case.json", "case.csv"):
        summary = imported(world, name)[0]["alert"]["summary"]
        said = json.loads(world.path("update.json").read_text())["alert"]["summary"]
        assert summary.split("\n")[:2] == [said, hit["summary"]] and summary.count(said) == 1 and 'Case closed: =Found, "all" of them.' in summary
        assert hit["contact"]["office"] in summary


# --- By files alone
HEADER, PERSON = '"record","label","prs_Gender"', '{"record": "Person", "prs_Gender": "Feminine"}'


def case(*records, standard="HTCDS 2.0", **more):
    return json.dumps({"standard": standard, "records": list(records), **more})


NO_EXPORTS = [
    ("", ["it is empty"]),
    ("\n\n", ["it is empty"]),
    ('"Person","p1","Feminine"\n', ["line 1", "the first line must name the columns", '"record"']),
    ("record;label\nPerson;p1\n", ["line 1", "with commas between them"]),
    (HEADER + "\n", ["no record is in it"]),
    (HEADER + ',"label"\n"Person","a","Feminine","b"\n', ["line 1", "label", "two columns have this name"]),
    (HEADER + ',""\n"Person","a","Feminine","b"\n', ["line 1", "a field without a name"]),
    (HEADER + ',"' + "x" * 200 + '"\n', ["line 1", "longer than 119 bytes"]),
    (",".join(["record"] + [f"c{i}" for i in range(300)]) + "\n", ["line 1", "more than 256 columns"]),
    (HEADER + '\n"Person","a\nb"\n', ["line 2", "2 cells, where the header has 3 columns"]),
    (HEADER + '\n\n"Person","a","Feminine","x"\n', ["line 3", "more cells than the header has columns"]),
    (HEADER + '\n"","a","Feminine"\n', ["line 2", "record", "is needed: Person, Event"]),
    (HEADER + '\n"Person","a","Fem"inine"\n', ["line 2", "a quote is out of place"]),
    (HEADER + '\n"Person","a","Feminine', ["line 2", "isn't closed"]),
    (HEADER + '\n"Person","a","' + "x" * 70000 + '"\n', ["line 2", "prs_Gender", "longer than 65536 bytes"]),
    (HEADER + '\n"Person","","Feminine"' * 5000 + "\n", ["line 4098", "more than 4096 records"]),
    (HEADER + '\n"Person","a","\udce9"\n', ["line 2", "not UTF-8"]),
    (HEADER + '\n"Person","a","\0"\n', ["line 2", "not UTF-8, or a NUL"]),
    ("{", ["line 1", "this is no JSON"]),
    ("[]", ["one object in { }"]),
    ("{}", ["records", "a list in [ ]"]),
    ('{"records": [],\n "records": []}', ["line 2", "duplicate object key"]),
    ('{"records": [{"record": "Person",\n "label": "a", "label": "b"}]}', ["line 2", "duplicate object key"]),
    ('{"records": ' + "[" * 100000, ["maximum parsing depth"]),
    (case(PERSON), ["records[0]", "must be an object"]),
    (case({"prs_Gender": "Feminine"}), ["records[0]", 'needs "record"']),
    (case({"record": 7}), ["records[0]", 'needs "record"']),
    (case({"record": "Person", "prs_Gender": None}), ["records[0].prs_Gender", "a text in quotes or a number"]),
    (case({"record": "Person", "prs_Gender": ["Feminine"]}), ["records[0].prs_Gender", "a text in quotes or a number"]),
    (case({"record": "Person", "prs_Gender": "a\0b"}), ["\\u0000"]),
    (case({"record": "Person", "prs_Gender": "\udc00"}), ["this is no JSON"]),
    (case({"record": "Person", "prs_FirstName": "x" * 70000}), ["records[0].prs_FirstName", "longer than 65536 bytes"]),
    (case({"record": "Person", **{f"c{i}": "x" for i in range(300)}}), ["records[0]", "more than 256 fields"]),
    (case(*[{"record": "Person", "label": f"p{i}"} for i in range(4097)]), ["more than 4096 records"]),
    (case({"record": "Person", "prs_Gender": "Feminine"}, author="x"), ['"author" is not understood']),
    (case({"record": "Person", "prs_Gender": "Feminine"}, case="case 7"), ["case", "is no reference of a case"]),
    (case(standard=2), ["standard", "a text in quotes"]),
    (" " * (4 * 1024 * 1024 + 1), ["4194304"]),
]


@pytest.mark.parametrize("text,says", NO_EXPORTS, ids=[" ".join(says) for _, says in NO_EXPORTS])
def test_what_is_no_export_is_refused_with_its_place(file_world, text, says):
    file_world.path("bad.csv").write_bytes(text.encode(errors="surrogateescape"))
    result = file_world.amana("police", "import", "bad.csv").exits(65).says(*says)
    assert result.out == ""


@pytest.mark.parametrize("record,says", [
    ({"record": "Vehicle", "registration": "KDA"}, ['records[0].record = "Vehicle": allowed: Person, Event']),
    ({"record": "Person", "prs_Tribe": "Borana"}, ['records[0].prs_Tribe = "Borana": no field that this program knows there']),
    ({"record": "Person", "prs_Firstname": "Hawa"}, ['did you mean "prs_FirstName"?']),
    ({"record": "Person", "prs_First_Name": "Hawa"}, ['prs_First_Name = "Hawa": no field']),
    ({"record": "Person", "hte_Type": "Transit"}, ['hte_Type = "Transit": no field']),
    ({"record": "Person", "label": "The Girl"}, ["label", "small letters, digits and -"]),
    ({"record": "Person", "prs_Gender": "Female"}, ['prs_Gender = "Female": allowed: Feminine, Masculine']),
    ({"record": "Person", "prs_Birthdate": "17/05/2010"}, ["prs_Birthdate", "YYYY-MM-DD"]),
    ({"record": "Person", "prs_Birthdate": "2110"}, ["prs_Birthdate", "not in the future"]),
    ({"record": "Person", "prs_Citizenship": "KE;Kenya"}, ["prs_Citizenship", "two capital letters"]),
    ({"record": "Person", "prs_PrimaryLanguage": "Oromo"}, ["prs_PrimaryLanguage", "ISO 639"]),
    ({"record": "Person", "prs_Deceased": "yes"}, ["prs_Deceased", "allowed: TRUE, FALSE"]),
    ({"record": "Person", "con_Consent": "yes"}, ["con_Consent", "allowed: TRUE, FALSE"]),
    ({"record": "Person", "vic_TypeOfExploitation": "Servitude,Other"}, ["vic_TypeOfExploitation", "allowed: ForcedLabour,"]),
    ({"record": "Person", "vic_TypeOfExploitation": ";"}, ["vic_TypeOfExploitation", "allowed: ForcedLabour,"]),
    ({"record": "Person", "vic_ForcedLabourIndustry": "T"}, ["vic_ForcedLabourIndustry", "sections of ISIC"]),
    ({"record": "Person", "vic_AgeWhenTrafficked": 12.5}, ["vic_AgeWhenTrafficked", "1 to 120"]),
    ({"record": "Event", "hte_Date": "2026-02-30"}, ["hte_Date", "a day: YYYY-MM-DD"]),
    ({"record": "Event", "hte_Country": "Kenya"}, ["hte_Country", "two capital letters"]),
    ({"record": "Event", "hte_Latitude": 91}, ["hte_Latitude", "-90 to 90"]),
    ({"record": "Referral", "spl_Type": "Prayer"}, ["spl_Type", "allowed: Education,"]),
])
def test_what_is_not_understood_is_named_with_what_is_allowed(file_world, record, says):
    file_world.path("case.json").write_text(case(record))
    result = file_world.amana("police", "import", "case.json").exits(65).says(*says, "none was guessed", "then import again")
    assert result.out == ""


def test_of_another_version_s_columns_it_is_named_which_are_not_understood(file_world):
    rows = ['"record","prs_FirstName","prs_Tribe","prs_Clan"'] + [f'"Person","Hawa {i}","Borana",""' for i in range(3)]
    file_world.path("case.csv").write_text("\n".join(rows))
    result = file_world.amana("police", "import", "case.csv").exits(65)
    assert result.says('line 2: prs_Tribe = "Borana"', "and in 2 more records").err.count("prs_Tribe") == 1
    assert "prs_Clan" not in result.err and result.out == ""  # it says nothing
    file_world.path("case.json").write_text(case({"record": "Person", "prs_Tribe": "Borana"}, standard="HTCDS 3.0"))
    file_world.amana("police", "import", "case.json").exits(65).says('version "HTCDS 3.0"', "knows HTCDS 2.0", "1 of its 2 values")
    file_world.path("case.json").write_text(case({"record": "Person", "prs_FirstName": "Hawa"}, standard="HTCDS 3.0"))
    file_world.amana("police", "import", "case.json").ok().says('version "HTCDS 3.0"', "all of its values are understood")


def test_a_person_s_description_has_nothing_of_the_person_s_before_it(file_world):
    said = [{"prs_Title": "Doctor", "prs_Salutation": "Mr"}, {"prs_Title": "Ms"}, {"prs_Gender": "Feminine"}]
    file_world.path("case.json").write_text(case(*({"record": "Person", **person} for person in said)))
    persons = imported(file_world, "case.json")[0]["alert"]["persons"]
    assert [p.get("description") for p in persons] == ["Addressed as Mr.\nTitle: Doctor.", "Title: Ms.", None]


def test_two_persons_of_one_label_are_named(file_world):
    file_world.path("case.json").write_text(case({"record": "Person", "label": "p1"}, {"record": "Person", "label": "p1"}))
    file_world.amana("police", "import", "case.json").exits(65).says('records[1].label = "p1"', "of one person alone")


def test_what_a_spreadsheet_made_of_a_file_is_read(file_world):
    """A mark at its start, other ends of lines, no quotes, columns in another order, an empty line."""
    file_world.path("case.csv").write_bytes("\ufeffprs_SecondName,prs_FirstName,record\n\nBoru,Hawa,Person\n".encode())
    draft, _ = imported(file_world, "case.csv")
    assert [n["text"] for n in draft["alert"]["persons"][0]["names"]] == ["Hawa", "Boru"]
    file_world.path("case.csv").write_text("record,cco_CaseComment\nComment, seen \n")
    assert imported(file_world, "case.csv")[0]["alert"]["summary"] == " seen "  # RFC 4180: space is part of a cell


@pytest.mark.parametrize("cell,text", [("'=1+1", "=1+1"), ("''=1+1", "'=1+1"), ("'@a", "@a"), ("'-1-1", "-1-1"), ("'+a", "+a"), ("-1", "-1"),
                                       ("'-1", "'-1"), ("+254 711", "+254 711"), ("'", "'"), ("'Hawa", "'Hawa"), ("=1+1", "=1+1")])
def test_a_cell_that_an_export_has_defused_is_read_as_it_was(file_world, cell, text):
    file_world.path("case.csv").write_text(f'record,cco_CaseComment\nComment,"{cell}"\n')
    assert imported(file_world, "case.csv")[0]["alert"]["summary"] == text


def test_who_has_not_agreed_and_a_case_worker_are_told(file_world):
    file_world.path("case.json").write_text(case({"record": "Person", "con_Consent": "FALSE"}, {"record": "Referral", "cas_ReferringPrimaryCaseWorker": "A. Caseworker"}))
    draft, out = imported(file_world, "case.json")
    assert "consent" not in draft and "alert.persons[0] has NOT agreed" in out
    assert "A. Caseworker" not in out and "case worker's name was left out" in out


def test_nothing_of_a_file_gets_out_of_the_comments_that_name_it(file_world):
    file_world.path("case.json").write_text(case({"record": "Event", "hte_Date": "2026-11-24"}, standard="\u001b[31m\n{"))
    result = file_world.amana("police", "import", "case.json").ok()
    assert "\u001b" not in result.out + result.err and "\n{" not in result.err
