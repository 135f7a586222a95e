// SPDX-License-Identifier: Apache-2.0
// @grpc/grpc-js with our .proto files against a hub. Reads one JSON object from standard input: {address, name, protos,
// roots, desks: {police: {certificate, key}, …}, prepared: [base64 of a Message, …]}; runs each test below and prints a
// line of JSON for each, {test, error}: error is null where it passed.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const given = JSON.parse(await text(process.stdin));
const options = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };
const files = ["relay", "audit", "directory"].map((name) => `amana/v1/${name}.proto`);
const definition = loader.loadSync([...files, "grpc/health/v1/health.proto", "google/rpc/status.proto"], {
  ...options,
  includeDirs: [given.protos, "/usr/include"],
});
const api = grpc.loadPackageDefinition(definition);
const opened = [];

function client(desk, service = api.amana.v1.Relay, changes = {}) {
  const files = { ...given.desks[desk], ...changes };
  const read = (file) => (file ? readFileSync(file) : null);
  const credentials = grpc.credentials.createSsl(readFileSync(given.roots), read(files.key), read(files.certificate));
  const made = new service(given.address, credentials, {
    "grpc.ssl_target_name_override": given.name,
    "grpc.default_authority": given.name,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": 8 << 20,
    ...changes.options,
  });
  opened.push(made);
  return made;
}

function call(from, method, request = {}, seconds = 30) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + seconds * 1000;
    from[method](request, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    if (error.code === undefined) throw error;
    return error;
  }
  return assert.fail("it was not refused");
}

// ErrorInfo.reason in grpc-status-details-bin. proto-loader decodes no single messages, so its bytes are read here:
// after the Any's type comes the tag of its value and a length, then the tag of the reason and its length.
function reason(error) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const type = "type.googleapis.com/google.rpc.ErrorInfo";
  const value = bytes.subarray(bytes.indexOf(type) + type.length + 2);
  assert.equal(value[0], 0x0a);
  return value.subarray(2, 2 + value[1]).toString();
}

function ended(stream) {
  return new Promise((resolve) => {
    stream.on("error", resolve);
    stream.on("end", () => resolve(null));
  });
}

const decoded = (bytes) => {
  const { requestDeserialize } = api.amana.v1.Relay.service.Send;
  return requestDeserialize(Buffer.from(bytes, "base64"));
};

const tests = {
  async health_is_served() {
    const health = client("police", api.grpc.health.v1.Health);
    assert.equal((await call(health, "Check", { service: "" })).status, "SERVING");
    assert.equal((await refused(call(health, "Check", { service: "nobody.Knows" }))).code, grpc.status.NOT_FOUND);
  },

  async a_checkpoint_and_a_status_come() {
    const checkpoint = await call(client("police", api.amana.v1.Audit), "Checkpoint");
    assert.equal(checkpoint.origin, "igad.amana.example/log");
    assert.equal(checkpoint.root.length, 32);
    const status = await call(client("police"), "Status");
    assert.ok(status.checkpoint.size >= checkpoint.size);
  },

  async a_roster_is_looked_up() {
    const directory = client("police", api.amana.v1.Directory);
    assert.ok((await call(directory, "Lookup", { unit: "et/ics/moyale" })).roster.length > 0);
    const error = await refused(call(directory, "Lookup", { unit: "et/no/body" }));
    assert.equal(error.code, grpc.status.PERMISSION_DENIED);
  },

  async a_message_is_sent_and_a_second_time_gets_the_same_receipt() {
    const relay = client("police");
    const message = decoded(given.prepared[0]);
    const receipt = await call(relay, "Send", message);
    assert.ok(receipt.checkpoint.size > receipt.index);
    assert.ok(receipt.content.includes(createHash("sha256").update(message.header).digest()));
    assert.deepEqual(await call(relay, "Send", message), receipt);
  },

  async a_refusal_has_its_reason_in_the_details() {
    const error = await refused(call(client("post"), "Send", decoded(given.prepared[1])));
    assert.equal(error.code, grpc.status.PERMISSION_DENIED);
    assert.equal(reason(error), "SENDER_MISMATCH");
    assert.ok(error.details.length > 0);
  },

  async an_unknown_method_is_unimplemented() {
    const relay = client("police");
    const pass = (bytes) => bytes;
    const error = await new Promise((resolve) =>
      relay.makeUnaryRequest("/amana.v1.Relay/Nothing", pass, pass, Buffer.alloc(0), resolve),
    );
    assert.equal(error.code, grpc.status.UNIMPLEMENTED);
  },

  async a_mebibyte_is_taken_and_two_are_refused() {
    const relay = client("police");
    const send = (size) => refused(call(relay, "Send", { header: Buffer.from("x"), sealed_body: Buffer.alloc(size) }));
    assert.equal((await send(1 << 20)).code, grpc.status.INVALID_ARGUMENT);
    assert.equal((await send(2 << 20)).code, grpc.status.RESOURCE_EXHAUSTED);
    await call(relay, "Status");
  },

  async a_stream_that_is_paused_lets_other_calls_pass_and_then_ends() {
    const police = client("police");
    for (const message of given.prepared.slice(2)) await call(police, "Send", decoded(message));
    const post = client("post");
    const stream = post.Receive({ once: true, max_unacknowledged: 64 }, { deadline: Date.now() + 60000 });
    const seen = [];
    const first = new Promise((resolve) => {
      stream.on("data", (delivery) => {
        seen.push(delivery);
        if (seen.length === 1) {
          stream.pause();
          resolve();
        }
      });
    });
    const end = ended(stream);
    await first;
    for (let i = 0; i < 50; i++) await call(post, "Status");
    assert.equal(seen.length, 1);
    stream.resume();
    assert.equal(await end, null);
    const incoming = seen.filter((delivery) => delivery.what === "incoming");
    assert.ok(incoming.length >= Math.min(given.prepared.length - 2, 64));
    assert.ok(incoming.every(({ incoming: { seq, entry } }) => seq === entry.index));
  },

  async a_deadline_ends_a_stream() {
    const auditor = client("auditor");
    const stream = auditor.Receive({}, { deadline: Date.now() + 500 });
    stream.resume();
    assert.equal((await ended(stream)).code, grpc.status.DEADLINE_EXCEEDED);
    await call(auditor, "Status");
  },

  async a_cancelled_stream_leaves_the_connection() {
    const auditor = client("auditor");
    const stream = auditor.Receive({});
    stream.resume();
    const end = ended(stream);
    await new Promise((resolve) => stream.on("metadata", resolve));
    stream.cancel();
    assert.equal((await end).code, grpc.status.CANCELLED);
    await call(auditor, "Status");
  },

  async a_second_stream_of_a_device_ends_the_first() {
    const auditor = client("auditor");
    const first = auditor.Receive({});
    first.resume();
    const end = ended(first);
    await new Promise((resolve) => first.on("metadata", resolve));
    const second = auditor.Receive({ once: true });
    second.resume();
    assert.equal(await ended(second), null);
    assert.equal((await end).code, grpc.status.ABORTED);
  },

  async a_thousand_calls_one_after_another() {
    const relay = client("police");
    for (let i = 0; i < 1000; i++) await call(relay, "Status");
  },

  async no_certificate_and_a_wrong_one_are_refused() {
    for (const changes of [{ certificate: null, key: null }, given.desks.officer]) {
      const error = await refused(call(client("police", undefined, changes), "Status", {}, 10));
      assert.ok([grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED].includes(error.code), error.message);
    }
  },

  async another_hubs_name_is_not_found_here() {
    const changes = { options: { "grpc.ssl_target_name_override": "hub.ke.amana.example" } };
    const error = await refused(call(client("police", undefined, changes), "Status", {}, 10));
    assert.ok([grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED].includes(error.code), error.message);
  },
};

for (const [test, run] of Object.entries(tests)) {
  let error = null;
  try {
    await run();
  } catch (caught) {
    error = caught.stack ?? String(caught);
  }
  for (const made of opened.splice(0)) made.close();
  console.log(JSON.stringify({ test, error }));
}
