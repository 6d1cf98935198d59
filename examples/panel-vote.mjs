// Three endpoints answer a question, and the answer that most of them give is the panel's:
//
//   a* = argmax_a  sum_i w_i [canonical(answer_i) = a]
//
// Answers are compared by what follows "the answer is", so that $1,200 and 1200 are one vote. The
// endpoints are imitated here by a small server with OpenAI's API, which takes any model's name.

import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { ensemble, openModel } from 'lmfuse';

const ANSWERS = {
  ada: 'Twelve months at $100 each, so the answer is $1,200.',
  bob: '10 x 100: the answer is 1000',
  cleo: 'The answer is 1200.',
};

const server = createServer(async (request, response) => {
  const { model } = await json(request);
  const message = { role: 'assistant', content: ANSWERS[model] };
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const base = `http://127.0.0.1:${server.address().port}/v1`;
const members = await Promise.all(
  Object.keys(ANSWERS).map(async (name) => ({
    name,
    model: await openModel(`${base}#${name}`, { currentFolder: import.meta.dirname }),
  })),
);
const panel = ensemble({
  ensemble: 'vote',
  task: 'text-generation',
  extract: ['answer_is'],
  members,
});

const prompt = 'What do twelve months at $100 a month cost?';
const { text, report } = await panel.respond.respond({ prompt });
for (const { member, status } of report.calls) {
  console.log(`${member.padEnd(4)}  ${status}  ${ANSWERS[member]}`);
}
console.log(`panel (by ${report.winner}): ${text}`);
await panel.close();
server.close();
