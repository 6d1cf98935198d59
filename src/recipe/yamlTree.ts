/**
 * YAML text to the node trees of the `yaml` package, with the nesting bounded first.
 *
 * The package composes nodes recursively and runs regular expressions while it does. With the stack
 * nearly used up V8 cannot compile an expression and ends the process, which no `catch` can prevent;
 * so a text that nests too deeply has to be refused among its tokens.
 */

import { Composer, CST, type Document, Lexer, type LineCounter, Parser } from 'yaml';
import { badInput } from '../errors.ts';

/** A recipe needs about 12. */
const MAX_OPEN_TOKENS = 100;
/** Indicators, tags and anchors with nothing between; the lexer recurses over them. A recipe: 3. */
const MAX_RUN = 100;
const RUN_TYPES = new Set<CST.TokenType | null>([
  'space',
  'anchor',
  'tag',
  'seq-item-ind',
  'explicit-key-ind',
  'map-value-ind',
]);

export function parseYamlTrees(text: string, file: string, lineCounter: LineCounter): Document[] {
  const composer = new Composer({
    schema: 'core',
    // Compares all pairs of keys, which is quadratic; document.ts looks them up.
    uniqueKeys: false,
    prettyErrors: false,
    resolveKnownTags: false,
    lineCounter,
  });
  return [...composer.compose(boundedTokens(text, file, lineCounter))];
}

function* boundedTokens(text: string, file: string, counter: LineCounter): Generator<CST.Token> {
  const parser = new Parser(counter.addNewLine);
  counter.addNewLine(0);
  let run = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) yield refuseError(token, file, counter);
    run = RUN_TYPES.has(CST.tokenType(lexeme)) ? run + 1 : 0;
    if (parser.stack.length > MAX_OPEN_TOKENS || run > MAX_RUN) {
      const { line } = counter.linePos(parser.offset);
      throw badInput(`${file}:${line}: nested too deeply`);
    }
  }
  yield* parser.end();
}

/** The first error is told, and a text made of errors is not read to its end. */
function refuseError(token: CST.Token, file: string, counter: LineCounter): CST.Token {
  if (token.type !== 'error') return token;
  const { line } = counter.linePos(token.offset);
  throw badInput(`${file}:${line}: not valid YAML: ${token.message}`);
}
