// An ensemble served by OpenAI's API, so that any program that can ask OpenAI can ask it:
//
//   POST /v1/completions  {"prompt": "the"}   ->   text by  p = sum_i w_i p_i
//
// The same from a shell: npx lmfuse serve recipe.yml

import { ensemble, openModel, startServer } from 'lmfuse';

const currentFolder = import.meta.dirname;
const fused = ensemble({
  ensemble: 'linear',
  members: [
    { model: await openModel('models/house.arpa', { currentFolder }), weight: 0.5 },
    { model: await openModel('models/garden.arpa', { currentFolder }), weight: 0.5 },
  ],
});
const server = await startServer(fused, { port: 0, modelId: 'house-and-garden' });

const response = await fetch(`${server.url}/v1/completions`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ model: 'house-and-garden', prompt: 'the', max_tokens: 8, logprobs: 1 }),
});
const { model, choices } = await response.json();
const [{ text, finish_reason: finish, logprobs }] = choices;

console.log(`${response.status} ${model}: "the" is continued by "${text}" (${finish})`);
logprobs.tokens.forEach((token, i) => {
  console.log(
    `${JSON.stringify(token).padEnd(8)}  ${Math.exp(logprobs.token_logprobs[i]).toFixed(4)}`,
  );
});
await server.close(1000);
await fused.close();
