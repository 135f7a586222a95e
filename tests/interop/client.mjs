// SPDX-License-Identifier: Apache-2.0
// @grpc/grpc-js with our .proto files against a hub. Reads one JSON object from standard input: {address, name, protos,
// roots, desks: {police: {certificate, key}, …}, prepared: [base64 of a Message, …], ids,
// sign: the post's device key}; runs each test below and prints a
// line of JSON for each, {test, error}: error is null where it passed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
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

// --- RFC 9162: a leaf's path (§2.1.3.2), a whole tree (§2.1.1), two trees of one log (§2.1.4.2)
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const leafHash = (leaf) => sha256(Buffer.of(0), leaf);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

function pathRoot(leaf, index, size, path) {
  let [node, first, last] = [leafHash(leaf), index, size - 1];
  for (const part of path) {
    if (first & 1 || first === last) {
      node = nodeHash(part, node);
      while (first && !(first & 1)) [first, last] = [first >> 1, last >> 1];
    } else node = nodeHash(node, part);
    [first, last] = [first >> 1, last >> 1];
  }
  assert.equal(last, 0);
  return node;
}

function treeRoot(leaves) {
  if (leaves.length === 1) return leafHash(leaves[0]);
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return nodeHash(treeRoot(leaves.slice(0, half)), treeRoot(leaves.slice(half)));
}

function assertConsistent(older, newer, proof) {
  const path = older.size & (older.size - 1) ? proof : [older.root, ...proof];
  let [first, last, before, after] = [older.size - 1, newer.size - 1, path[0], path[0]];
  while (first & 1) [first, last] = [first >> 1, last >> 1];
  for (const part of path.slice(1)) {
    if (first & 1 || first === last) {
      [before, after] = [nodeHash(part, before), nodeHash(part, after)];
      while (first && !(first & 1)) [first, last] = [first >> 1, last >> 1];
    } else after = nodeHash(after, part);
    [first, last] = [first >> 1, last >> 1];
  }
  assert.equal(last, 0);
  assert.deepEqual([before, after], [older.root, newer.root]);
}

// --- Protobuf's wire form of what is signed: proto-loader encodes no single messages.
function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}
const field = (number, bytes) => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), Buffer.from(bytes)]);
const number = (at, value) => Buffer.concat([varint(at * 8), varint(value)]);

// A Retrieved about these deliveries.
function retrieved(incoming) {
  const seen = incoming.map(({ seq, message }) =>
    field(5, Buffer.concat([number(1, seq), field(2, sha256(message.header))])),
  );
  return Buffer.concat([
    field(1, "amana-retrieved-v1"),
    field(2, "igad.amana.example/log"),
    field(3, "amana://et/ics/moyale/device/d1"),
    field(4, number(1, Math.floor(Date.now() / 1000))),
    ...seen,
  ]);
}

async function all(stream) {
  const seen = [];
  stream.on("data", (item) => seen.push(item));
  const error = await ended(stream);
  if (error) throw error;
  return seen;
}

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

  async what_is_signed_for_is_told_to_the_sender_with_its_proof() {
    const [police, post] = [client("police"), client("post")];
    const deadline = () => ({ deadline: Date.now() + 60000 });
    const incoming = (await all(post.Receive({ once: true }, deadline()))).map((delivery) => delivery.incoming);
    const statement = retrieved(incoming);
    const sign = ["cms", "-sign", "-binary", "-cades", "-nosmimecap", "-md", "sha256", "-outform", "DER"];
    const keys = ["-signer", given.sign.certificate, "-inkey", given.sign.key];
    const signature = execFileSync("openssl", [...sign, ...keys], { input: statement });
    const done = await call(post, "Acknowledge", { retrievals: [{ statement, signature }] });
    assert.equal(done.entries.length, 1);
    assert.deepEqual(await all(post.Receive({ once: true }, deadline())), []);
    const [{ what, notice }, ...more] = await all(police.Receive({ once: true }, deadline()));
    assert.deepEqual([what, notice.index, more], ["notice", done.entries[0], []]);
    assert.ok(notice.content.includes(statement) && notice.content.includes(signature));
    const found = await call(client("police", api.amana.v1.Audit), "InclusionProof", { index: notice.index });
    assert.deepEqual(found.leaf.subarray(-32), sha256(notice.salt, notice.content));
    assert.deepEqual(pathRoot(found.leaf, notice.index, notice.checkpoint.size, notice.path), notice.checkpoint.root);
    assert.deepEqual((await call(police, "Acknowledge", { notices: [notice.index] })).entries, []);
    assert.deepEqual(await all(police.Receive({ once: true }, deadline())), []);
  },

  async a_receipt_is_asked_for_again_and_a_state_names_its_recipients() {
    const message = decoded(given.prepared[0]);
    const receipt = await call(client("police"), "Send", message);
    const id = given.ids[0];
    const pointer = { id, header_digest: sha256(message.header) };
    assert.deepEqual(await call(client("police", api.amana.v1.Audit), "Receipt", { message: pointer }), receipt);
    const [state] = (await call(client("police"), "Status", { ids: [id] })).messages;
    assert.equal(state.seq, receipt.index);
    assert.equal(state.recipients[0].unit, "et/ics/moyale");
    assert.equal(state.recipients[0].delivery, "RETRIEVED");
  },

  async entries_and_checkpoints_are_proved() {
    const audit = client("police", api.amana.v1.Audit);
    const older = await call(audit, "Checkpoint");
    await all(client("auditor", api.amana.v1.Audit).Replay({ reason: "makes an entry" }));
    const { path, checkpoint } = await call(audit, "ConsistencyProof", { old_size: older.size });
    assert.ok(checkpoint.size > older.size);
    assertConsistent(older, checkpoint, path);
    for (const index of [0, older.size - 1]) {
      const found = await call(audit, "InclusionProof", { index, size: older.size });
      assert.deepEqual(pathRoot(found.leaf, index, older.size, found.path), older.root);
    }
  },

  async a_replay_has_every_leaf_of_its_root() {
    const items = await all(client("auditor", api.amana.v1.Audit).Replay({ reason: "another country's auditor" }));
    const { size, root } = items[0].checkpoint;
    assert.equal(items.length, size);
    assert.deepEqual(treeRoot(items.map(({ leaf }) => leaf)), root);
    for (const { leaf, opened } of items) assert.deepEqual(leaf.subarray(-32), sha256(opened.salt, opened.content));
    const denied = await ended(client("police", api.amana.v1.Audit).Replay({ reason: "curiosity" }).resume());
    assert.equal(denied.code, grpc.status.PERMISSION_DENIED);
  },

  async health_is_watched() {
    const watch = client("police", api.grpc.health.v1.Health).Watch({ service: "" });
    const end = ended(watch);
    assert.equal((await new Promise((resolve) => watch.once("data", resolve))).status, "SERVING");
    watch.cancel();
    assert.equal((await end).code, grpc.status.CANCELLED);
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
