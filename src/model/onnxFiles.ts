/**
 * Which ONNX files of a folder are to be run, by their names alone: those of transformers.js, with the
 * suffix of their precision. Not whether they fit the machine.
 */

import { badInput } from '../errors.ts';

/** One graph, or encoder and decoder; the first of which all files are there counts. */
const SETS: readonly (readonly string[])[] = [
  ['encoder_model', 'decoder_model_merged'],
  ['model'],
  ['decoder_model_merged'],
];

/** By how near they are to the weights that the model was trained with, but int8 before half. */
const SUFFIXES = ['', '_quantized', '_fp16', '_int8', '_uint8', '_q8', '_q4', '_q4f16', '_bnb4'];

/**
 * @param names all files of the folder `onnx`
 * @param file the one that is wanted, or the decoder's of two
 * @param subject the model, for messages
 */
export function chooseOnnxFiles(
  names: readonly string[],
  file: string | undefined,
  subject: string,
): readonly string[] {
  const there = new Set(names);
  if (file !== undefined && !there.has(file)) {
    throw badInput(`${subject}: has no file onnx/${file} (it has ${listed(names)})`);
  }
  for (const suffix of SUFFIXES) {
    for (const set of SETS) {
      const files = set.map((base) => `${base}${suffix}.onnx`);
      const isWanted = file === undefined || files.includes(file);
      if (isWanted && files.every((name) => there.has(name))) return files;
    }
  }
  if (file === undefined) {
    throw badInput(
      `${subject}: has no ONNX file that can be run (its folder onnx has ${listed(names)})`,
    );
  }
  return [file];
}

function listed(names: readonly string[]): string {
  const found = names.filter((name) => name.endsWith('.onnx'));
  return found.length === 0 ? 'none' : found.join(', ');
}
