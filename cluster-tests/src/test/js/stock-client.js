// Goal: a program that knows nothing of kdelta but its contract can put, get, list, watch and tell
// errors apart. Method: the stock gRPC client of Node.js, with the .proto files of the project or with
// what the node tells by reflection, against a node that runs.
//
// node stock-client.js HOST:PORT protos FOLDER | reflection; exit code 0 when everything held.
const assert = require('node:assert/strict');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const [address, contract, folder] = process.argv.slice(2);
const credentials = grpc.credentials.createInsecure();
// Names as in the contract; reflection tells no others.
const settings = { keepCase: true, longs: String, enums: String, defaults: true };
const details = new protobuf.Root().loadSync(path.join(__dirname, 'details.proto'), { keepCase: true });
const deadline = () => ({ deadline: Date.now() + 30_000 });

// One call as a promise.
const call = (client, method, request) =>
  new Promise((answer, fail) =>
    client[method](request, deadline(), (failure, reply) => (failure ? fail(failure) : answer(reply))));

// The ErrorInfo of a failure, from the trailer that every gRPC library hands out.
function reasonOf(failure) {
  const [bytes] = failure.metadata.get('grpc-status-details-bin');
  const status = details.lookupType('google.rpc.Status').decode(bytes);
  assert.equal(status.code, failure.code);
  assert.equal(status.details.length, 1);
  assert.equal(status.details[0].type_url, 'type.googleapis.com/google.rpc.ErrorInfo');
  return details.lookupType('google.rpc.ErrorInfo').decode(status.details[0].value);
}

async function refused(code, reason, attempt) {
  const failure = await attempt.then(
    () => assert.fail(`${reason} was expected`),
    (thrown) => thrown);
  assert.equal(failure.code, code, failure.message);
  const info = reasonOf(failure);
  assert.equal(info.domain, 'kdelta');
  assert.equal(info.reason, reason);
  console.log(`ok ${reason} ${JSON.stringify(info.metadata)}`);
  return info;
}

// A FileDescriptorSet: each file is field 1.
function descriptorSet(files) {
  const writer = protobuf.Writer.create();
  for (const file of files) writer.uint32(10).bytes(file);
  return Buffer.from(writer.finish());
}

// What the node says that a service is.
function reflected(symbol) {
  const { grpc: known } = grpc.loadPackageDefinition(
    loader.loadSync(path.join(__dirname, 'reflection.proto'), settings));
  const client = new known.reflection.v1.ServerReflection(address, credentials);
  return new Promise((answer, fail) => {
    const stream = client.serverReflectionInfo(deadline());
    stream.on('error', fail);
    stream.on('data', ({ file_descriptor_response }) => {
      stream.end();
      answer(descriptorSet(file_descriptor_response.file_descriptor_proto));
    });
    stream.on('end', () => client.close());
    stream.write({ file_containing_symbol: symbol });
  });
}

async function services() {
  if (contract === 'protos') {
    const files = ['kdelta/v1/kv.proto', 'kdelta/v1/watch.proto'];
    const { kdelta } = grpc.loadPackageDefinition(
      loader.loadSync(files, { ...settings, includeDirs: [folder] }));
    return kdelta.v1;
  }
  assert.equal(contract, 'reflection');
  const found = {};
  for (const service of ['Kv', 'Watch']) {
    const set = await reflected(`kdelta.v1.${service}`);
    const { kdelta } = grpc.loadPackageDefinition(
      loader.loadFileDescriptorSetFromBuffer(set, settings));
    found[service] = kdelta.v1[service];
  }
  return found;
}

// Reads a watch until something was told of each of these keys; answers the last reply.
function told(watch, request, keys) {
  const missing = new Set(keys);
  return new Promise((answer, fail) => {
    const stream = watch.watch(request, deadline());
    stream.on('error', (failure) => {
      if (missing.size > 0) fail(failure);
      else assert.equal(failure.code, grpc.status.CANCELLED);
    });
    stream.on('data', (reply) => {
      for (const version of reply.versions) missing.delete(version.key);
      if (missing.size > 0) return;
      answer(reply);
      stream.cancel();
    });
  });
}

async function main() {
  const { Kv, Watch } = await services();
  const kv = new Kv(address, credentials);
  const watch = new Watch(address, credentials);
  const namespace = `stock-${contract}`;
  const put = (key, value, more) =>
    call(kv, 'put', { namespace, key, value: Buffer.from(JSON.stringify(value)), ...more });

  const first = await put('bo', { name: 'Bo', age: 30 }, { request_id: `first-${contract}` });
  assert.match(first.id, /^[0-9a-f]{64}$/);
  assert.equal(first.ack, 'ACK_LEVEL_LOCAL');
  const again = await put('bo', { name: 'Bo', age: 30 }, { request_id: `first-${contract}` });
  assert.equal(again.id, first.id);
  assert.equal(again.repeated_write, true);
  console.log(`ok put ${first.id}`);

  const got = await call(kv, 'get', { namespace, key: 'bo', causal_token: first.causal_token });
  assert.equal(got.version.value.toString(), '{"age":30,"name":"Bo"}');
  assert.equal(got.version.id, first.id);
  assert.equal(got.head_count, 1);
  await put('bo', { name: 'Bo', age: 31 }, { if_state: got.state });
  const before = await call(kv, 'get', { namespace, key: 'bo', at: { steps_back: 1 } });
  assert.equal(before.version.id, first.id);
  console.log('ok get, and one step back');

  for (const key of ['al', 'cy', 'di']) await put(key, { name: key });
  const keys = [];
  for (let pageToken = ''; ; ) {
    const page = await call(kv, 'listKeys', { namespace, page_size: 2, page_token: pageToken });
    keys.push(...page.keys);
    pageToken = page.next_page_token;
    if (pageToken === '') break;
  }
  assert.deepEqual(keys, ['al', 'bo', 'cy', 'di']);
  console.log('ok list in pages');

  const all = await told(watch, { namespace, from: 'START' }, keys);
  const onward = told(watch, { namespace, resume_token: all.resume_token }, ['ed']);
  await put('ed', { name: 'Ed' });
  assert.deepEqual((await onward).versions.map((version) => version.key), ['ed']);
  console.log('ok watch, and on with its token');

  await call(kv, 'delete', { namespace, key: 'di' });
  await refused(grpc.status.NOT_FOUND, 'NOT_FOUND', call(kv, 'get', { namespace, key: 'di' }));
  const conflict = await refused(
    grpc.status.ABORTED, 'CONFLICT', put('bo', {}, { if_state: got.state }));
  assert.equal(conflict.metadata.expected, `state ${got.state}`);
  await refused(grpc.status.ABORTED, 'CONFLICT', put('bo', {}, { if_absent: true }));
  const invalid = await refused(
    grpc.status.INVALID_ARGUMENT, 'INVALID',
    call(kv, 'put', { namespace, key: 'bad', value: Buffer.from('{"a":') }));
  assert.match(invalid.metadata.field, /^document at line 1/);
  await refused(
    grpc.status.INVALID_ARGUMENT, 'INVALID',
    call(kv, 'get', { namespace, key: 'bo', causal_token: Buffer.from('not one') }));
  kv.close();
  watch.close();
  console.log('ok');
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
