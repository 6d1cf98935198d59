/** Endpoints that answer a list of texts with a list: labels, translations, vectors. */

import { generateText, type TextOptions } from '../model/generate/generateText.ts';
import type { Item, RequestOptions, TokenModel, WrittenText } from '../model/languageModel.ts';
import { labelPrediction } from '../task/data/prediction.ts';
import { badRequest } from './apiError.ts';
import type { ClassifyRequest, EmbeddingRequest, TranslateRequest } from './schema/requests.ts';
import type { ClassifyResponse, EmbeddingResponse, TranslateResponse } from './schema/responses.ts';
import { type Call, cannot } from './service.ts';
import { seedOf } from './writeTokens.ts';

interface TextsRequest {
  readonly input: string | readonly string[];
  readonly truncate?: boolean | number | undefined;
}

function itemsOf({ input }: TextsRequest): Item[] {
  const texts = typeof input === 'string' ? [input] : input;
  return texts.map((text, i) => ({ id: String(i), text }));
}

/** A request, and the members that it turns out to be without. */
function requestOf({ truncate = false }: TextsRequest, { signal }: Call) {
  const missing = new Set<string>();
  const options: RequestOptions = {
    ...{ truncate, signal },
    onMissing: ({ member }) => missing.add(member),
  };
  return { options, missing: () => (missing.size > 0 ? { missing: [...missing] } : {}) };
}

export async function answerClassify(body: ClassifyRequest, call: Call): Promise<ClassifyResponse> {
  const { model, modelId } = call;
  if (!model.classify) throw cannot(call, 'does not label texts');
  const items = itemsOf(body);
  const { options, missing } = requestOf(body, call);
  const rows = await model.classify.logProbabilities(items, options);
  const { labels } = model.classify;
  const data = items.map(({ id }, index) => {
    const { label, probabilities = {} } = labelPrediction(id, labels, rows[index]!);
    return { index, label, probabilities };
  });
  return { object: 'list', model: modelId, data, ...missing() };
}

export async function answerTranslate(
  body: TranslateRequest,
  call: Call,
): Promise<TranslateResponse> {
  const { next, write } = call.model;
  const items = itemsOf(body);
  const { options, missing } = requestOf(body, call);
  const written =
    next?.kind === 'sequence_to_sequence'
      ? await translateAll(next, items, { ...translationOptions(body, call), ...options })
      : await writeAll(write, items, options, body, call);
  const data = written.map(({ text, logProbability: logprob }, index) => ({
    ...{ index, text },
    ...(logprob === undefined ? {} : { logprob }),
  }));
  return { object: 'list', model: call.modelId, data, ...missing() };
}

/** Texts at a time. */
const BATCH = 16;

async function translateAll(
  next: TokenModel,
  items: readonly Item[],
  options: TextOptions,
): Promise<WrittenText[]> {
  const written: WrittenText[] = [];
  for (let start = 0; start < items.length; start += BATCH) {
    const texts = items.slice(start, start + BATCH).map(({ text }) => text);
    const found = await generateText(next, texts, options);
    for (const { hypotheses } of found) {
      const [best] = hypotheses;
      written.push(best ? { text: best.text, logProbability: best.sumLogProb } : { text: '' });
    }
  }
  return written;
}

function translationOptions(body: TranslateRequest, { drawSeed }: Call): TextOptions {
  const draws = DRAWING.some((name) => body[name] !== undefined) && body.temperature !== 0;
  const asked = {
    beams: body.beams,
    lengthPenalty: body.length_penalty,
    maxNewTokens: body.max_tokens,
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    seed: draws ? seedOf(body, drawSeed) : undefined,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

const DRAWING = ['temperature', 'top_p', 'top_k', 'seed'] as const;

const SETTINGS = [...DRAWING, 'beams', 'length_penalty', 'max_tokens'] as const;

async function writeAll(
  write: Call['model']['write'],
  items: readonly Item[],
  options: RequestOptions,
  body: TranslateRequest,
  call: Call,
): Promise<readonly WrittenText[]> {
  if (!write) throw cannot(call, 'does not translate texts');
  const given = SETTINGS.find((name) => body[name] !== undefined);
  if (given === undefined) return write.texts(items, options);
  throw badRequest(
    `${given}: is not supported: ${call.modelId} writes by settings of its own`,
    ...(['unsupported_parameter', given] as const),
  );
}

export async function answerEmbeddings(
  body: EmbeddingRequest,
  call: Call,
): Promise<EmbeddingResponse> {
  const { model, modelId } = call;
  if (!model.embed) throw cannot(call, 'does not embed texts');
  const vectors = await model.embed.vectors(itemsOf(body), requestOf(body, call).options);
  const form = body.encoding_format === 'base64' ? base64Of : (vector: Float32Array) => [...vector];
  const data = vectors.map((vector, index) => ({
    ...{ object: 'embedding' as const, index },
    embedding: form(vector),
  }));
  return { object: 'list', model: modelId, data };
}

function base64Of(vector: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(4 * vector.length));
  vector.forEach((value, i) => {
    bytes.setFloat32(4 * i, value, true);
  });
  return btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
}
