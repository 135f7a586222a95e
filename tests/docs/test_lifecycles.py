# SPDX-License-Identifier: Apache-2.0
"""The drawing of the lives of messages is XML, and names every state and every kind that moves or begins one; so with the
second person and on the way to a recipient."""
import os
import pathlib
import re
import xml.etree.ElementTree as tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRAWING = pathlib.Path(os.environ["AMANA_BUILD"]) / "docs/lifecycles.svg"
SVG = "{http://www.w3.org/2000/svg}"


def texts(drawing, kind):
    return [t.text for t in drawing.iter(f"{SVG}text") if t.get("class") == kind]


def test_the_drawing_is_xml_and_names_every_state_of_the_protocol():
    drawing = tree.parse(DRAWING).getroot()
    assert drawing.tag == f"{SVG}svg"
    relay = (ROOT / "proto/amana/v1/relay.proto").read_text()
    named = []
    for states in ("LifeState", "ReleaseState", "DeliveryState"):
        codes = re.search(rf"message {states} \{{\s*enum Code \{{(.*?)\}}", relay, re.S)[1]
        named += re.findall(r"^\s*(\w+) = [1-9]\d*;", codes, re.M)
    assert len(named) == 20 + 4 + 6
    assert set(texts(drawing, "name")) == set(named)


def test_the_drawing_has_a_life_for_every_root_and_every_move_of_the_table():
    drawing = tree.parse(DRAWING).getroot()
    roots = {"ALERT", "REQUEST", "REFERRAL", "USE_PERMISSION", "CORRECTION", "ERASURE", "CONTEST", "SUBJECT_ACCESS", "HIT",
             "CANCEL", "WITHDRAW", "Release", "Delivery"}
    assert set(texts(drawing, "root")) == roots
    rows = re.findall(r"^    (?:ROW|ROW_ON|CROSS)\(([A-Z_]+),", (ROOT / "proto/model/life.c").read_text(), re.M)
    passages = re.findall(r"^    \{[RD]\(\w+\), PASSAGE_(\w+),", (ROOT / "proto/model/passage.c").read_text(), re.M)
    assert len(rows) > 80 and len(passages) > 10
    assert len(texts(drawing, "move")) + len(texts(drawing, "move time")) == len(rows) + len(passages) + 2  # an alert's valid_until


def test_it_is_drawn_how_a_release_and_a_delivery_end():
    drawing = tree.parse(DRAWING).getroot()
    states = {}
    for group in drawing.iter(f"{SVG}g"):
        boxes = [r.get("class") for r in group.iter(f"{SVG}rect")]
        names = [t.text for t in group.iter(f"{SVG}text") if t.get("class") == "name"]
        states[group.find(f"{SVG}title").text] = dict(zip(names, boxes))
    assert states["Release"] == {"PENDING_RELEASE": "state", "RELEASED": "end", "RETURNED": "end", "LAPSED": "state"}
    assert states["Delivery"] == {"QUEUED": "state", "RELAYED": "state", "DELIVERED": "state", "PEER_REFUSED": "end", "RETRIEVED": "end",
                                  "EXPIRED": "state"}


def test_every_move_stays_within_the_picture():
    drawing = tree.parse(DRAWING).getroot()
    _, _, width, height = map(int, drawing.get("viewBox").split())
    for element in drawing.iter(f"{SVG}circle"):
        assert 0 < int(element.get("cx")) < width and 0 < int(element.get("cy")) < height


def test_every_label_is_seen_whole():
    """It ends where it stands, and its letters are 12 pixels high: a capital is no wider than 8.4."""
    for element in tree.parse(DRAWING).getroot().iter(f"{SVG}text"):
        if element.get("class").startswith("move"):
            assert int(element.get("x")) >= 8.4 * len(element.text), element.text


def test_what_time_alone_does_is_drawn_too():
    drawing = tree.parse(DRAWING).getroot()
    [alert] = [g for g in drawing.iter(f"{SVG}g") if g.find(f"{SVG}title").text == "ALERT"]
    assert [t.text for t in alert.iter(f"{SVG}text") if t.get("class") == "move time"] == ["valid_until passes"] * 2  # of NEW and ACKNOWLEDGED
