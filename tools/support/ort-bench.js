// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// ort-bench.js MODEL SECONDS THREADS [DIM=N ...]: inferences per second of ONNX Runtime's CPU provider on zero-mean
// pseudo-random inputs, one request at a time with all threads inside it. Open dims not named are 1.
const ort = require('onnxruntime-node');

async function main() {
  const [model, seconds, threads, ...dims] = process.argv.slice(2);
  const sizes = Object.fromEntries(dims.map((d) => d.split('=')).map(([k, v]) => [k, Number(v)]));
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: Number(threads), graphOptimizationLevel: 'all' });
  const feeds = {};
  for (const input of session.inputMetadata) {
    const shape = input.shape.map((d) => (typeof d === 'number' && d > 0 ? d : sizes[d] ?? 1));
    const count = shape.reduce((a, b) => a * b, 1);
    const data = input.type === 'int64' ? BigInt64Array.from({ length: count }, (_, i) => BigInt(i % 2))
      : input.type === 'int32' ? Int32Array.from({ length: count }, (_, i) => i % 2)
      : Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898));
    feeds[input.name] = new ort.Tensor(input.type, data, shape);
  }
  await session.run(feeds);
  const start = process.hrtime.bigint();
  let runs = 0;
  while (Number(process.hrtime.bigint() - start) < Number(seconds) * 1e9) {
    await session.run(feeds);
    ++runs;
  }
  console.log((runs / (Number(process.hrtime.bigint() - start) / 1e9)).toFixed(3));
}

main().catch((error) => { console.error(String(error)); process.exit(1); });
