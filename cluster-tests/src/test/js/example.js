// The example of the README, beside a node: node example.js [HOST:PORT]
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const contract = loader.loadSync(['kdelta/v1/kv.proto', 'kdelta/v1/watch.proto'], {
  includeDirs: [__dirname + '/../../../../proto/src/main/protobuf'],
});
const { kdelta } = grpc.loadPackageDefinition(contract);
const server = process.argv[2] || '127.0.0.1:7878';
const kv = new kdelta.v1.Kv(server, grpc.credentials.createInsecure());
const bo = { namespace: 'users', key: 'bo' };

kv.put({ ...bo, value: Buffer.from('{"name":"Bo"}') }, (failure, written) => {
  if (failure) throw failure;
  // With the token of the last answer the next one is as new, on whatever node.
  kv.get({ ...bo, causalToken: written.causalToken }, (failure, got) => {
    if (failure) throw failure;
    console.log('read', got.version.value.toString());
    kv.close();
  });
});
