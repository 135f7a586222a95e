# SPDX-License-Identifier: Apache-2.0
"""What a plain HTTP/2 client sees: curl and nghttp, with a desk's certificate and without."""
import subprocess

import pytest

from conftest import NAME


def curl(live, *args, certificate=True, path="/"):
    desk, port = live.desk("police"), live.hub.address.split(":")[1]
    identity = ["--cert", desk.certificate, "--key", desk.key] if certificate else []
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--http2", "--max-time", "20", "--cacert", desk.roots, *identity,
         "--resolve", f"{NAME}:{port}:127.0.0.1", *args, f"https://{NAME}:{port}{path}"],
        capture_output=True, text=True, errors="replace",
    )


def test_a_browsers_get_is_a_404_without_a_word(live):
    done = curl(live, "--write-out", "%{http_version} %{http_code} %{size_download}")
    assert done.returncode == 0 and done.stdout == "2 404 0", done


def test_a_post_of_another_content_type_is_a_415(live):
    done = curl(live, "--data", "{}", "--header", "content-type: application/json", "--write-out", "%{http_code}",
                "--output", "/dev/null")
    assert done.stdout == "415", done


def test_http_1_is_not_spoken(live):
    since = len(live.hub.log.all)
    done = curl(live, "--http1.1")
    assert done.returncode == 35 and done.stdout == "", done
    assert "at=alpn" in live.hub.log.wait(r"^refused ", since)


def test_nobody_gets_in_without_a_certificate(live):
    since = len(live.hub.log.all)
    done = curl(live, certificate=False)
    assert done.returncode in (35, 56) and done.stdout == "", done  # TLS 1.3 tells a client after its own handshake
    assert "no certificate" in live.hub.log.wait(r"^refused ", since)


def test_tls_1_2_is_not_spoken(live):
    done = curl(live, "--tls-max", "1.2")
    assert done.returncode == 35 and done.stdout == "", done


def test_nghttp_sees_a_404_and_an_orderly_end(live):
    desk, port = live.desk("police"), live.hub.address.split(":")[1]
    done = subprocess.run(
        ["nghttp", "--verbose", "--no-dep", f"--cert={desk.certificate}", f"--key={desk.key}", "--timeout=20",
         f"https://127.0.0.1:{port}/"], capture_output=True, text=True, timeout=30,
    )
    assert ":status: 404" in done.stdout, done.stdout
    assert "PROTOCOL_ERROR" not in done.stdout and "INTERNAL_ERROR" not in done.stdout, done.stdout


# --- gRPC by hand
def post(live, tmp_path, data, *headers, path="/amana.v1.Audit/Checkpoint"):
    """The answer's HTTP status, its header lines (trailers last) and its body."""
    body, heads, answer = tmp_path / "body", tmp_path / "heads", tmp_path / "answer"
    body.write_bytes(data)
    answer.write_bytes(b"")
    done = curl(live, "--data-binary", f"@{body}", "--dump-header", heads, "--output", answer, *headers, path=path)
    assert done.returncode == 0, done
    lines = [line.strip() for line in heads.read_text(errors="replace").splitlines() if line.strip()]
    return lines[0].split()[1], dict(line.split(": ", 1) for line in lines[1:]), answer.read_bytes()


GRPC = ("--header", "te: trailers", "--header", "user-agent: by-hand")
EMPTY = bytes(5)  # a message of no bytes


@pytest.mark.parametrize("kind", ["application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8"])
def test_each_name_of_the_content_type_is_taken_and_the_status_comes_in_trailers(live, tmp_path, kind):
    status, heads, answer = post(live, tmp_path, EMPTY, *GRPC, "--header", f"content-type: {kind}")
    assert (status, heads["grpc-status"], heads["grpc-accept-encoding"]) == ("200", "0", "identity")
    assert answer[0] == 0 and int.from_bytes(answer[1:5], "big") == len(answer) - 5 > 0


@pytest.mark.parametrize("kind", ["application/grpc+json", "application/grpc-web", "application/grpcx"])
def test_another_codec_is_a_415(live, tmp_path, kind):
    assert post(live, tmp_path, EMPTY, *GRPC, "--header", f"content-type: {kind}")[0] == "415"


# What is sent, with which further headers: the status in an answer of trailers alone.
WRONG = {
    "no message": (b"", (), "3"),
    "two messages where one belongs": (EMPTY * 2, (), "3"),
    "a message and a half": (EMPTY + bytes(3), (), "13"),
    "half a message": (b"\0\0\0\0\x09x", (), "13"),
    "a compressed message": (b"\1\0\0\0\0", (), "12"),
    "a flag that nobody knows": (b"\x80\0\0\0\0", (), "12"),
    "a message longer than the method takes": (b"\0\x40\0\0\0" + bytes(100), (), "8"),
    "a message that is no protobuf": (b"\0\0\0\0\1\xff", (), "3"),
    "an encoding": (EMPTY, ("grpc-encoding: gzip",), "12"),
    "a timeout of nine digits": (EMPTY, ("grpc-timeout: 123456789S",), "13"),
    "a timeout without a unit": (EMPTY, ("grpc-timeout: 5",), "13"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_call_that_is_wrong_gets_its_status_in_trailers_alone(live, tmp_path, case):
    data, more, code = WRONG[case]
    headers = [part for line in ("content-type: application/grpc", *more) for part in ("--header", line)]
    status, heads, answer = post(live, tmp_path, data, *GRPC, *headers)
    assert (status, heads["grpc-status"], answer) == ("200", code, b""), heads
    assert heads["grpc-message"]
    assert case != "an encoding" or heads["grpc-accept-encoding"] == "identity"


def test_a_client_that_does_not_say_te_is_answered_all_the_same(live, tmp_path):
    status, heads, _ = post(live, tmp_path, EMPTY, "--header", "content-type: application/grpc", "--header", "te:")
    assert (status, heads["grpc-status"]) == ("200", "0")


def test_metadata_that_nobody_knows_is_passed_over(live, tmp_path):
    more = [part for n in range(20) for part in ("--header", f"x-{n}-bin: AAAA")]
    status, heads, _ = post(live, tmp_path, EMPTY, *GRPC, "--header", "content-type: application/grpc", *more)
    assert (status, heads["grpc-status"]) == ("200", "0")
