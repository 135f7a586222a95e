# SPDX-License-Identifier: Apache-2.0
"""A BODY_REJECTED tells the sender that a body can't be read; it goes with the officer's next message."""
import os

import raw


def test_what_can_t_be_read_is_rejected_once_with_the_officer_s_next_message(world, pb):
    foreign = raw.Raw(world, pb)
    foreign.send(foreign.message())
    world.amana("post", "inbox").ok().says("kept, not shown")
    alert = world.send()
    world.amana("post", "inbox").ok()
    world.amana("post", "ack", alert).ok().says("could not be read (COMMITMENT)")
    world.amana("police", "inbox").ok().says("BODY_REJECTED", "the text is not the one that the header commits to")
    again = world.amana("post", "note", alert, "--title", "One more", "--text", "Word.").ok()
    assert "could not be read" not in again.out + again.err
    rejected = [e for e in world.amana("post", "sent").ok().out.splitlines() if "BODY_REJECTED" in e]
    assert len(rejected) == 1


def test_the_unread_mail_of_a_closed_unit_goes_back_and_is_sealed_anew_to_its_successor(world):
    read = world.send()
    world.amana("post", "inbox").ok()
    unread = world.amana("police", "send", world.draft(case_ref="ke/dci/2026/004444")).ok().id
    world.amana("et-registry", "admin", "member", "add", "et/ics/moyale", "--successor", "et/mowsa/protection").ok()
    world.amana("post", "inbox").ok().says("this unit is closed; its successor is et/mowsa/protection",
                                           f"{unread[:13]} could not be read (CANNOT_OPEN)")
    assert [e["in_reply_to"]["id"] for e in (line["header"] for line in world.amana("post", "--json", "sent").ok().json)
            if e["kind"] == "BODY_REJECTED"] == [unread]
    world.amana("police", "inbox").ok().says(f"seal it anew: `amana send --anew {unread[:13]}`", "successor is et/mowsa")
    world.amana("police", "send", "--anew", unread[:13]).ok().says(f"{unread[:13]} goes to et/mowsa/protection once more")
    shown = world.amana("et-protection", "--json", "inbox").ok().json
    again = next(line for line in shown if line["header"].get("references"))
    assert again["header"]["references"][0]["id"] == unread and again["body"]["alert"]["vehicles"]
    assert {r["unit"] for r in again["header"]["recipients"]} == {"et/mowsa/protection", "ke/dcs/child-protection"}
    world.amana("police", "send", "--anew", read).exits(66).says("nobody has said that it can't be opened")


# --- Each of its outcomes, of a sender who keeps to no rule
NOTE = {"title": "Seen", "text": "At the stage."}
SUSPECT = {**NOTE, "persons": [{"label": "p1", "roles": ["SUSPECT", "VICTIM"], "age": {"from": 30, "to": 40}, "description": "A scar."}]}
BOUND = {"id": raw.new_id(), "sender": "ke/dci/duty", "officer": "amana://ke/dci/transnational/officer/kdci-0001", "kind": 1,
         "case_ref": "ke/dci/2026/004212"}  # each by itself is another envelope's
OTHER, WRONG = "the body belongs to another envelope", "its flags are not those that the hub was given"
TEXT = "the text is not the one that the header commits to"


def spoilt(police, pb):
    """(what is wrong, outcome, what the reader is told, message)."""
    header, flags, text = police.text("NOTE", NOTE)
    plain = text.SerializeToString()
    sealed = police.body(header, plain)
    yield "a tag that isn't the text's", "CANNOT_OPEN", "", police.message(
        header, body=sealed[:-1] + bytes([sealed[-1] ^ 1]), flags=flags, plain=plain)
    header, flags, text = police.text("NOTE", NOTE)
    plain = text.SerializeToString()
    yield "another text", "COMMITMENT", TEXT, police.message(
        header, body=police.body(header, plain), flags=flags, plain=plain + b"?")
    for field, value in BOUND.items():
        yield f"binding.{field}", "BINDING", OTHER, police.letter("NOTE", NOTE, lambda text: setattr(text.binding, field, value))
    yield "one recipient fewer", "BINDING", OTHER, police.letter("NOTE", NOTE, lambda text: text.binding.recipients.pop())
    yield "recipients in another order", "BINDING", OTHER, police.letter("NOTE", NOTE, lambda text: text.binding.recipients.reverse())
    yield "another second", "BINDING", OTHER, police.letter("NOTE", NOTE, lambda text: text.binding.written_at.FromSeconds(1))
    yield "no binding", "BINDING", OTHER, police.letter("NOTE", NOTE, lambda text: text.ClearField("binding"))
    yield "a short nonce", "BINDING", OTHER, police.letter("NOTE", NOTE, lambda text: setattr(text, "nonce", os.urandom(31)))
    for what, flags in (("a child", {"child": True, "protection": 2}), ("whom it must not be told", {"protection": 3, "never_tell": ["er"]}),
                        ("another salt", {"protection": 2}), ("no flags", None)):
        packed = pb("message").Flags(salt=os.urandom(16), **flags).SerializeToString() if flags else b""
        yield f"flags: {what}", "BINDING", WRONG, police.letter("NOTE", NOTE, lambda text: setattr(text, "flags", packed))
    yield "no title", "SCHEMA", "note.title", police.letter("NOTE", {"text": "x"})
    yield "another kind's body", "SCHEMA", "", police.letter("NOTE", NOTE, lambda text: text.request.SetInParent())
    yield "a field of no list", "SCHEMA", "", police.letter("NOTE", NOTE, lambda text: text.MergeFromString(b"\xfa\x3f\x01x"))
    yield "a victim as a suspect", "ROLE_RULE", "note.persons[0].roles", police.letter("NOTE", SUSPECT)


def test_each_way_in_which_a_body_can_t_be_read_is_answered_with_its_own_outcome(world, pb):
    police, sent = raw.Raw(world, pb), {}
    with police.channel() as channel:
        for what, outcome, told, message in spoilt(police, pb):
            police.send(message, channel)
            sent[pb("message").Header.FromString(message.header).id] = what, outcome, told
    came = {line["header"]["id"]: line for line in world.amana("post", "--json", "inbox").ok().json if line.get("header")}
    for id, (what, outcome, told) in sent.items():
        assert (came[id].get("fault"), came[id]["body"]) == (outcome, None), (what, came[id].get("fault"))
        assert told in came[id]["fault_text"], (what, came[id]["fault_text"])
    draft = world.write("NOTE", {"title": "x", "text": "x"}, case_ref="et/ics/2026/000900",
                        recipients=[{"unit": "ke/dci/transnational", "part": "ACTION"}])
    world.amana("post", "send", draft).ok().says(*[f"could not be read ({outcome})" for _, outcome, _ in sent.values()])
    got = world.amana("police", "--json", "inbox").ok().json
    answers = {line["header"]["in_reply_to"]["id"]: line["header"]["outcome"] for line in got
               if line.get("header", {}).get("kind") == "BODY_REJECTED"}
    assert answers == {id: outcome for id, (_, outcome, _) in sent.items()}
    assert set(answers.values()) == {"CANNOT_OPEN", "BINDING", "COMMITMENT", "SCHEMA", "ROLE_RULE"}
    for line in got:
        if line.get("header", {}).get("kind") == "BODY_REJECTED":
            told = sent[line["header"]["in_reply_to"]["id"]][2]
            world.amana("police", "show", line["header"]["id"]).ok().says(line["header"]["outcome"], told)
