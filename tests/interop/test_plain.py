# SPDX-License-Identifier: Apache-2.0
"""What a plain HTTP/2 client sees: curl and nghttp, with a desk's certificate and without."""
import subprocess

from conftest import NAME


def curl(live, *args, certificate=True):
    desk, port = live.desk("police"), live.hub.address.split(":")[1]
    identity = ["--cert", desk.certificate, "--key", desk.key] if certificate else []
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--http2", "--max-time", "20", "--cacert", desk.roots, *identity,
         "--resolve", f"{NAME}:{port}:127.0.0.1", *args, f"https://{NAME}:{port}/"],
        capture_output=True, text=True,
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
